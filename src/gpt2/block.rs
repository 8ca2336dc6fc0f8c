//! The weights of one transformer block.

use burn::tensor::Tensor;

use crate::ops::{Activation, Product};

/// One transformer block: attention, then MLP, each on a normalised copy of the residual stream.
#[derive(Debug, Clone)]
pub struct Block {
    /// Attention heads.
    pub n_heads: usize,
    /// Added to the variance under LayerNorm's root.
    pub eps: f64,
    /// What the MLP applies to its hidden layer.
    pub activation: Activation,
    /// Queries, keys and values of all heads side by side, `[d_model, 3 * n_heads * d_head]`. Scores are
    /// always divided by `sqrt(d_head)`: a model that scales them otherwise has the difference in its queries.
    pub w_qkv: Tensor<2>,
    /// Their biases, `[3 * n_heads * d_head]`; the value part is zero after folding.
    pub b_qkv: Tensor<1>,
    /// The value biases before they were folded into `b_o`, `[n_heads * d_head]`: part of what a head writes, so that
    /// zero ablation can take it away. `b_V + ln1.b W_V`, as folding LayerNorm makes it.
    pub b_v: Tensor<1>,
    /// Output map of the heads, `[n_heads * d_head, d_model]`.
    pub w_o: Tensor<2>,
    /// Bias of the attention output, `[d_model]`.
    pub b_o: Tensor<1>,
    /// `[d_model, d_mlp]`.
    pub w_in: Tensor<2>,
    /// `[d_mlp]`.
    pub b_in: Tensor<1>,
    /// `[d_mlp, d_model]`.
    pub w_out: Tensor<2>,
    /// `[d_model]`.
    pub b_out: Tensor<1>,
    /// What multiplies by these weights.
    pub product: Product,
}
