//! The weights of a GPT-2 as TransformerLens processes them by default.
//!
//! LayerNorm's weight and bias are folded into the linear map that follows, maps that write to the
//! residual stream are centred, the unembedding is centred over the vocabulary, and the value biases
//! are folded into `b_o`. Where a model scales its attention scores by something else than `1/sqrt(d_head)`
//! ([`Config::query_scale`]), that factor is folded into the queries' weights and bias: effects are those of
//! TransformerLens, whose `hook_q` differs from ours by the factor. What is left of LayerNorm is `x - mean(x)`
//! over its root mean square, and the model's log-probabilities are unchanged. `checkpoint::process` makes these
//! weights; the two tables of tokens, which may be one, are processed as they are read.

use burn::tensor::{Device, Tensor};

use super::{config::Config, embedding::Embedding, layers::Layers, unembed::Unembed};
use crate::ops::{Activation, Product};

/// A GPT-2 on a device.
#[derive(Debug, Clone)]
pub struct Gpt2 {
    /// Its shape.
    pub config: Config,
    /// Token embedding, as the checkpoint has it: the rows that are read are centred.
    pub embed: Embedding,
    /// Position embedding, `[n_ctx, d_model]`.
    pub w_pos: Tensor<2>,
    /// The transformer blocks, first to last.
    pub layers: Layers,
    /// The final LayerNorm and the unembedding.
    pub unembed: Unembed,
}

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

impl Gpt2 {
    /// The device that holds the weights.
    pub fn device(&self) -> Device {
        self.embed.device()
    }

    /// Multiply by all weights with this product from now on.
    pub fn multiply_with(&mut self, product: Product) {
        self.layers.multiply_with(product);
        self.unembed.product = product;
    }
}
