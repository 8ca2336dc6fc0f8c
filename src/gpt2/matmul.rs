//! A layer's inputs times its weights.

use burn::tensor::Tensor;

/// `x @ w`.
///
/// # Shapes
/// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`
/// - returns `[rows, d_out]`
pub fn matmul(x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
    #[cfg(target_family = "wasm")]
    if let Some(tile) = fused::tile(&x.device()) {
        return fused::matmul(tile, x, w);
    }
    x.matmul(w.clone())
}

/// The product of `pathpatch_kernels`, where the browser has given us a fused multiply-add.
#[cfg(target_family = "wasm")]
pub mod fused {
    use std::sync::OnceLock;

    use burn::{
        backend::Flex,
        tensor::{Device, Tensor, TensorData},
    };
    use pathpatch_kernels::{Matrix, Tile, matmul as product};

    use crate::gpt2::on_cpu;

    static TILE: OnceLock<Tile> = OnceLock::new();

    /// Multiply with this tile from now on.
    pub fn multiply_with(tile: Tile) {
        TILE.get_or_init(|| tile);
    }

    /// The tile for a device, if there is one.
    pub fn tile(device: &Device) -> Option<Tile> {
        TILE.get().copied().filter(|_| on_cpu(device))
    }

    /// `x @ w` on the CPU, the weights read where they are.
    pub fn matmul(tile: Tile, x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        let device = x.device();
        let ([m, k], [_, n]) = (x.dims(), w.dims());
        let weights = w.clone().try_into_primitive::<Flex>();
        let weights = weights.expect("a tensor on the CPU");
        let layout = weights.layout();
        let [stride, 1] = *layout.strides() else {
            return x.matmul(w.clone());
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
        Tensor::from_data(TensorData::new(product(tile, x, w), [m, n]), &device)
    }
}
