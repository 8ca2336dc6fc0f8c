//! Pauses between the steps of a computation, so that other events are handled and the caller can stop it.

use std::{future::Future, pin::Pin};

use crate::error::Result;

/// A computation awaits this after each step.
pub trait Pause {
    /// Resolves when the computation may go on.
    ///
    /// # Errors
    /// Any error ends the computation; `Code::Cancelled` when the caller has cancelled it.
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>>;
}

/// Never waits and never stops a computation: for a thread that does nothing else.
#[derive(Debug, Clone, Copy)]
pub struct NoPause;

impl Pause for NoPause {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
