//! A point in the residual stream.

use serde::{Deserialize, Serialize};

/// A point in the residual stream, counted in the sublayers that have written before it: 0 after the embedding,
/// `2l + 1` after the attention of layer `l`, `2l + 2` after its MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stage(usize);

impl Stage {
    /// After the embedding: `hook_resid_pre` of the first layer.
    pub const EMBED: Self = Self(0);

    /// Before a layer: `hook_resid_pre`. Before the layer after the last, it is the final residual stream.
    pub fn pre(layer: usize) -> Self {
        Self(2 * layer)
    }

    /// Between a layer's attention and its MLP: `hook_resid_mid`.
    pub fn mid(layer: usize) -> Self {
        Self(2 * layer + 1)
    }

    /// After a layer: `hook_resid_post`.
    pub fn post(layer: usize) -> Self {
        Self(2 * layer + 2)
    }

    /// The layer whose attention or MLP reads here.
    pub fn layer(self) -> usize {
        self.0 / 2
    }

    /// Whether it stands between a layer's attention and its MLP.
    pub fn is_mid(self) -> bool {
        self.0 % 2 == 1
    }
}
