//! The product on the CPU around a tile that is given from outside: for browsers that know a fused multiply-add.

use burn::{
    backend::Flex,
    tensor::{Tensor, TensorData},
};
use pathpatch_kernels::{Matrix, Tile, matmul as product};

use super::host::{Held, on_cpu};

/// `x @ w` on the CPU, the weights read where they are; `x` is given back where it is elsewhere, or where the weights
/// cannot be read so.
///
/// # Shapes
/// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`; returns `[rows, d_out]`
#[expect(
    clippy::result_large_err,
    reason = "no error: the operand is handed back"
)]
pub fn matmul(tile: Tile, x: Tensor<2>, w: &Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let device = x.device();
    if !on_cpu(&device) {
        return Err(x);
    }
    let ([m, k], [_, n]) = (x.dims(), w.dims());
    let Ok(weights) = w.clone().try_into_primitive::<Flex>() else {
        return Err(x);
    };
    let layout = weights.layout();
    let (stride, is_transposed) = match *layout.strides() {
        [stride, 1] => (stride, false),
        [1, stride] => (stride, true),
        _ => return Err(x),
    };
    let w = Matrix {
        values: &weights.storage()[layout.start_offset()..],
        rows: k,
        cols: n,
        stride: stride.unsigned_abs(),
        is_transposed,
    };
    let x = Held::of(&x);
    let x = Matrix {
        values: x.numbers(),
        rows: m,
        cols: k,
        stride: k,
        is_transposed: false,
    };
    let product = TensorData::new(product(tile, x, w), [m, n]);
    Ok(Tensor::from_data(product, &device))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    /// 3 rows by 12 columns, as a [`Tile`] adds them.
    unsafe extern "C" fn tile(
        a: *const f32,
        b: *const f32,
        depth: usize,
        c: *mut f32,
        stride: usize,
    ) {
        for (k, row, col) in (0..depth * 36).map(|i| (i / 36, i / 12 % 3, i % 12)) {
            // SAFETY: the caller's promise.
            unsafe {
                *c.byte_add(row * stride).add(col) += *a.add(3 * k + row) * *b.add(12 * k + col);
            }
        }
    }

    #[test]
    fn the_product_is_burns_for_whole_weights_some_of_their_columns_and_transposed_ones() {
        let device = Device::flex();
        let random =
            |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let (x, w) = (random([5, 40]), random([40, 30]));
        let transposed = random([30, 40]).transpose();
        for w in [w.clone(), w.narrow(1, 7, 14), transposed.clone(), transposed.narrow(1, 3, 9)] {
            let ours = matmul(tile, x.clone(), &w).expect("weights that are read where they are");
            let difference = (ours - x.clone().matmul(w)).abs().max();
            assert!(difference.into_scalar::<f32>() < 1e-5);
        }
    }
}
