//! Attention backwards, and what changes of it are worth, in kernels that hold no scores. There are such for GPUs; elsewhere
//! these give `None`, and callers go some heads and some queries at a time in Burn's operations.
#![cfg_attr(not(feature = "webgpu"), expect(unused_variables))]

use burn::tensor::Tensor;

#[cfg(feature = "webgpu")]
use super::gpu;

/// Attention backwards.
#[derive(Debug, Clone)]
pub struct Backwards {
    /// Gradients with respect to queries, keys and values on the rows, side by side, `[batch * rows, 3 * d_model]`.
    pub by_qkv: Tensor<2>,
    /// For each query the logarithm of the sum of its weights, and the mean of `by_z . v` under its pattern,
    /// `[head, batch, rows, 2]`.
    pub of_queries: Tensor<4>,
}

/// What changes are worth.
#[derive(Debug, Clone)]
pub struct Worth {
    /// `[change, head]`.
    pub whole: Tensor<2>,
    /// The share of each row, `[rows, change, head]`.
    pub of_rows: Tensor<3>,
}

/// Through attention, backwards.
///
/// # Shapes
/// - q and `by_z`, the gradient with respect to z: `[head, batch, rows, d_head]`; k and v: `[head, batch, pos, d_head]`
pub fn attention_backwards(qkv: [&Tensor<4>; 3], by_z: &Tensor<4>) -> Option<Backwards> {
    #[cfg(feature = "webgpu")]
    if let Some((by_qkv, of_queries)) = gpu::attention_backwards(qkv, by_z) {
        return Some(Backwards { by_qkv, of_queries });
    }
    None
}

/// What changes of all queries, or of all keys at once, are worth where z is followed by its gradient and the softmax is
/// exact; a row's share is that of its query.
///
/// # Shapes
/// - q, k, v and `by_z` as in [`attention_backwards`], which gives `of_queries`
/// - `delta`: `[change * batch * rows, d_model]`, of the keys where `is_of_keys`
pub fn attention_changes(
    qkv: [&Tensor<4>; 3],
    by_z: &Tensor<4>,
    of_queries: &Tensor<4>,
    delta: &Tensor<2>,
    is_of_keys: bool,
) -> Option<Worth> {
    #[cfg(feature = "webgpu")]
    if let Some((whole, of_rows)) = gpu::attention_changes(qkv, by_z, of_queries, delta, is_of_keys)
    {
        return Some(Worth { whole, of_rows });
    }
    None
}

/// What changes of a component of all heads are worth where it is followed by its gradient.
///
/// # Shapes
/// - `delta`: `[change * batch * rows, d_model]`
/// - `gradient`: `[batch * rows, width]`, of which the columns from `first` on belong to the component
pub fn linear_changes(
    delta: &Tensor<2>,
    gradient: &Tensor<2>,
    first: usize,
    n_heads: usize,
    batch: usize,
) -> Option<Worth> {
    #[cfg(feature = "webgpu")]
    if let Some((whole, of_rows)) = gpu::linear_changes(delta, gradient, first, n_heads, batch) {
        return Some(Worth { whole, of_rows });
    }
    None
}
