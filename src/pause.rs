//! Pauses between the steps of a computation: other events are handled, and a caller may stop it.

use std::{future::Future, pin::Pin};

use crate::error::Result;

/// Asked by a computation, after each step, whether it may go on.
pub trait Pause {
    /// Resolves when the computation may go on.
    ///
    /// # Errors
    /// Whatever ends the computation; `Code::Cancelled` when the caller has cancelled it.
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>>;
}

/// Never waits and never ends a computation: for a thread that does nothing else.
#[derive(Debug, Clone, Copy)]
pub struct NoPause;

impl Pause for NoPause {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
