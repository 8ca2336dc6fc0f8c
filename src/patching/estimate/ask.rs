//! What is asked of estimates.

use crate::patching::{graph::Edge, patch::LayerNorm, scores::Scores};

/// Which estimates are wanted.
pub(in crate::patching) struct Ask<'e> {
    /// Never [`Scores::Exact`].
    pub scores: Scores,
    pub layer_norm: LayerNorm,
    pub edges: &'e [Edge],
    /// Whether they are wanted split by position too.
    pub by_position: bool,
}
