//! What a forward pass keeps for patching, by TransformerLens's hook names.

use burn::tensor::Tensor;

/// Activations of one block on the rows it was run on.
///
/// Per-head tensors have the head before the position (`[batch, head, pos, d_head]`), as the matrix
/// products want them; TransformerLens has `[batch, pos, head, d_head]`.
#[derive(Debug, Clone)]
pub struct BlockCache {
    /// `hook_resid_pre`, `[batch, pos, d_model]`.
    pub resid_pre: Tensor<3>,
    /// `ln1.hook_scale`, `[batch, pos, 1]`.
    pub ln1_scale: Tensor<3>,
    /// `attn.hook_q`, `[batch, head, pos, d_head]`.
    pub q: Tensor<4>,
    /// `attn.hook_k`, `[batch, head, pos, d_head]`.
    pub k: Tensor<4>,
    /// `attn.hook_v`, `[batch, head, pos, d_head]`.
    pub v: Tensor<4>,
    /// `attn.hook_pattern`, `[batch, head, pos (query), pos (key)]`.
    pub pattern: Tensor<4>,
    /// `attn.hook_z`, `[batch, head, pos, d_head]`.
    pub z: Tensor<4>,
    /// `hook_resid_mid`, `[batch, pos, d_model]`.
    pub resid_mid: Tensor<3>,
    /// `hook_resid_post`, `[batch, pos, d_model]`.
    pub resid_post: Tensor<3>,
}

/// The activations of a whole forward pass.
#[derive(Debug, Clone)]
pub struct ActivationCache {
    /// One entry a block, first to last.
    pub blocks: Vec<BlockCache>,
}

impl ActivationCache {
    /// The residual stream after the last block, `[batch, pos, d_model]`.
    pub fn final_resid(&self) -> Tensor<3> {
        self.blocks[self.blocks.len() - 1].resid_post.clone()
    }
}
