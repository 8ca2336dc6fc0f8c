//! The positions that are worked on.
//!
//! By causality a patch changes nothing before the first position at which its deltas are not zero, and what comes after
//! the last position that the metric reads reaches no metric. Everything between is the window.

use serde::{Deserialize, Serialize};

/// Consecutive positions of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first position.
    pub first: usize,
    /// How many positions: at least 1, but for a prompt that ends before the rows over which means are taken.
    pub rows: usize,
}

impl Window {
    /// The positions from `first` up to, but not including, `end`.
    pub(super) fn between(first: usize, end: usize) -> Self {
        Self {
            first,
            rows: end - first,
        }
    }

    /// The position after the last: as many positions as are run at all.
    pub fn end(self) -> usize {
        self.first + self.rows
    }

    /// The smallest window with all positions of both.
    pub(super) fn with(self, other: Self) -> Self {
        Self::between(self.first.min(other.first), self.end().max(other.end()))
    }
}
