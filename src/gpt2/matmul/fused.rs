//! The product of `pathpatch_kernels`, where the browser has given us a fused multiply-add.

use std::sync::OnceLock;

use burn::{
    backend::Flex,
    tensor::{Tensor, TensorData},
};
pub use pathpatch_kernels::Tile;
use pathpatch_kernels::{Matrix, matmul as product};

use crate::gpt2::on_cpu;

static TILE: OnceLock<Tile> = OnceLock::new();

/// Multiply with this tile from now on.
pub fn multiply_with(tile: Tile) {
    TILE.get_or_init(|| tile);
}

/// Whether there is a tile to multiply with.
pub fn is_there() -> bool {
    TILE.get().is_some()
}

/// `x @ w` on the CPU, the weights read where they are; `x` is given back where there is no tile, or weights
/// that cannot be read so.
#[expect(
    clippy::result_large_err,
    reason = "no error: the operand is handed back"
)]
pub fn matmul(x: Tensor<2>, w: &Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let device = x.device();
    let Some(tile) = TILE.get().copied().filter(|_| on_cpu(&device)) else {
        return Err(x);
    };
    let ([m, k], [_, n]) = (x.dims(), w.dims());
    let Ok(weights) = w.clone().try_into_primitive::<Flex>() else {
        return Err(x);
    };
    let layout = weights.layout();
    let [stride, 1] = *layout.strides() else {
        return Err(x);
    };
    let w = Matrix {
        values: &weights.storage()[layout.start_offset()..],
        rows: k,
        cols: n,
        stride: stride.unsigned_abs(),
    };
    let x = x.into_data();
    let x = Matrix {
        values: x.as_slice().expect("a tensor of f32"),
        rows: m,
        cols: k,
        stride: k,
    };
    let product = TensorData::new(product(tile, x, w), [m, n]);
    Ok(Tensor::from_data(product, &device))
}
