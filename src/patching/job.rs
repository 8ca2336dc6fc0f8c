//! A piece of a sweep that can be done anywhere that has the model, the prompts and the metric.

use std::{future::Future, ops::Range};

use serde::{Deserialize, Serialize};

use super::{
    graph::{Edge, Stage},
    window::Window,
};
use crate::error::Result;

/// One run of the model to be measured: an edge patched in the base run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// What is patched.
    pub edge: Edge,
    /// The only position at which it is, or every one where `None`.
    pub at: Option<usize>,
}

/// Variants whose receivers read at one stage, on some prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Where the receivers read.
    pub enter: Stage,
    /// The positions that are worked on.
    pub window: Window,
    /// The prompts, counted from 0.
    pub prompts: Range<usize>,
    /// What is patched, by receiver, then sender.
    pub variants: Vec<Variant>,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// `[variant][prompt]`, the metric as measured; one number for all prompts where the metric gives but one.
    pub values: Vec<Vec<f32>>,
}

/// Something that does jobs.
pub(super) trait Executor {
    /// Do a job.
    ///
    /// # Errors
    /// Those of the device and of a pause.
    fn run(&mut self, job: &Job) -> impl Future<Output = Result<Done>>;
}
