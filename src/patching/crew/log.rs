//! What was done when, by whom.

use serde::{Deserialize, Serialize};
use web_time::{SystemTime, UNIX_EPOCH};

/// A step of a chunk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrewEvent {
    /// The chunk on a part, counted from 0 in a sweep.
    pub job: usize,
    /// The layer; one more than the last where the metric is read.
    pub layer: usize,
    /// Whether the chunk's variants enter there.
    pub enters: bool,
    /// Who did it.
    pub worker: usize,
    /// When it began, in seconds of the clock of all workers.
    pub began: f64,
    /// When it ended.
    pub ended: f64,
}

/// Seconds of the clock of all workers.
pub(in crate::patching) fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
