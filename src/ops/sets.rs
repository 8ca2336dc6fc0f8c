//! Sums over a few tokens of each prompt.

use burn::tensor::{Int, Tensor};

#[cfg(feature = "webgpu")]
use super::gpu;

/// For each prompt the sum of the values at its ids, each with its sign.
///
/// # Shapes
/// - `values`: `[edge, batch, token]`; `ids` and `signs`: `[1, batch, set]`; returns `[edge, batch, 1]`
pub fn signed_sum(values: Tensor<3>, ids: &Tensor<3, Int>, signs: &Tensor<3>) -> Tensor<3> {
    #[cfg(feature = "webgpu")]
    if let Some(sums) = gpu::signed_sum(&values, ids, signs) {
        return sums;
    }
    let [edges, ..] = values.dims();
    let [_, batch, set] = ids.dims();
    let read = values.gather(2, ids.clone().expand([edges, batch, set]));
    (read * signs.clone()).sum_dim(2)
}
