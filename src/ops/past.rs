//! What comes before the rows of a sequence.

use burn::tensor::Tensor;

/// Keys and values of the positions before the rows, shared by all sequences of the same prompt.
#[derive(Debug, Clone)]
pub struct Past {
    /// `[prompt, head, past, d_head]`.
    pub k: Tensor<4>,
    /// `[prompt, head, past, d_head]`.
    pub v: Tensor<4>,
}
