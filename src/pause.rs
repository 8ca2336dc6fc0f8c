//! Pauses between the steps of a computation: others get their turn, and a caller may stop it.

use std::{future::Future, pin::Pin};

use crate::error::Result;

/// Whom a computation asks, after each step, whether it may go on.
pub trait Pause {
    /// Resolves when the computation may go on.
    ///
    /// # Errors
    /// Whatever ends the computation; `Code::Cancelled` when the caller wants no more of it.
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>>;
}

/// Where nobody else waits: on a thread of one's own.
#[derive(Debug, Clone, Copy)]
pub struct NoPause;

impl Pause for NoPause {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
