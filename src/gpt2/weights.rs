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
use crate::ops::Product;

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
