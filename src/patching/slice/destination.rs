//! What the receivers of one layer start from.

use std::cell::OnceCell;

use burn::tensor::Tensor;

/// A run at one layer, heads first: rows of `q`, all positions of `k` and `v`.
pub(in crate::patching) struct Destination {
    /// `[head, batch, rows, d_head]`.
    pub q: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub k: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub v: Tensor<4>,
    /// `[head, batch, rows, d_head]`.
    pub z: Tensor<4>,
    /// `[batch * rows, d_model]`.
    pub resid_pre: Tensor<2>,
    /// `[batch * rows, d_model]`.
    pub resid_mid: Tensor<2>,
    /// `resid_mid W_in`, `[batch * rows, d_mlp]`, once it has been wanted.
    pub(super) mid_by_w_in: OnceCell<Tensor<2>>,
}
