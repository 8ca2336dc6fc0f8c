//! Causal attention of heads whose queries are the last rows of a sequence.
//!
//! ```text
//! pattern = softmax(q k^T / sqrt(d_head) + mask);  z = pattern v
//! ```
//!
//! The queries may be fewer than the keys: when only the rows from some position on are recomputed, the
//! keys and values before it come from an earlier run.

use burn::tensor::{Device, Tensor, TensorData, activation::softmax};

use super::product::matmul;

/// Added to a masked score: far below any score, yet finite, because WGSL has no infinity.
const MASKED: f32 = -1e30;

/// The additive causal mask of the last `rows` of `pos` positions: 0 where query row `i`, at position
/// `pos - rows + i`, may look at key `j`; far below zero where `j` comes after it.
///
/// # Shapes
/// returns `[rows, pos]`
pub fn causal_mask(rows: usize, pos: usize, device: &Device) -> Tensor<2> {
    let of_query = |query| (0..pos).map(move |key| if key <= query { 0.0 } else { MASKED });
    let mask: Vec<f32> = (pos - rows..pos).flat_map(of_query).collect();
    Tensor::from_data(TensorData::new(mask, [rows, pos]), device)
}

/// Attention pattern and weighted values. Leading dimensions broadcast.
///
/// # Shapes
/// - `q`: `[.., rows, d_head]`, `k` and `v`: `[.., pos, d_head]`, `mask`: `[.., rows, pos]`
/// - returns pattern `[.., rows, pos]` and z `[.., rows, d_head]`
pub fn attention<const D: usize>(
    q: Tensor<D>,
    k: Tensor<D>,
    v: Tensor<D>,
    mask: Tensor<D>,
) -> (Tensor<D>, Tensor<D>) {
    let d_head = q.dims()[D - 1];
    let scores = matmul(q, k.transpose()) / (d_head as f64).sqrt() + mask;
    let pattern = softmax(scores, D - 1);
    let z = matmul(pattern.clone(), v);
    (pattern, z)
}
