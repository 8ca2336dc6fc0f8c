//! Numbers moved and added. On a GPU these are a few kernels for tensors of any shape, where Burn compiles one for each number
//! of dimensions; elsewhere they are Burn's operations.

use burn::tensor::{Int, Tensor};

#[cfg(feature = "webgpu")]
use super::gpu;

/// Tensors one behind the other along a dimension.
///
/// # Panics
/// Without a tensor, as Burn's.
pub fn cat<const D: usize>(parts: Vec<Tensor<D>>, dim: usize) -> Tensor<D> {
    #[cfg(feature = "webgpu")]
    if let Some(whole) = gpu::cat(&parts, dim) {
        return whole;
    }
    Tensor::cat(parts, dim)
}

/// Some rows, in any order, as a tensor of their own.
///
/// # Shapes
/// - `x`: `[rows, width]`; returns `[picked, width]`
pub fn pick(x: Tensor<2>, rows: &Tensor<1, Int>) -> Tensor<2> {
    #[cfg(feature = "webgpu")]
    if let Some(picked) = gpu::pick(&x, rows) {
        return picked;
    }
    x.select(0, rows.clone())
}

/// `x + y`, with `y` repeated along the first dimensions of `x`.
///
/// # Shapes
/// - `x`: as returned; `y`: the last dimensions of `x`
pub fn add<const D: usize, const E: usize>(x: Tensor<D>, y: Tensor<E>) -> Tensor<D> {
    #[cfg(feature = "webgpu")]
    if let Some(sum) = gpu::add(&x, 1.0, &y) {
        return sum;
    }
    x + y.unsqueeze()
}

/// `x - y`, likewise.
///
/// # Shapes
/// As [`add`].
pub fn subtract<const D: usize, const E: usize>(x: Tensor<D>, y: Tensor<E>) -> Tensor<D> {
    #[cfg(feature = "webgpu")]
    if let Some(difference) = gpu::add(&x, -1.0, &y) {
        return difference;
    }
    x - y.unsqueeze()
}
