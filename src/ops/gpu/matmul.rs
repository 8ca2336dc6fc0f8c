//! Plain products of small matrices, many at once.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::buffer::{buffer, empty, groups, tensor, where_it_is};

const UNITS: usize = 64;

/// `a @ b`; `None` where they are not on a GPU.
///
/// # Shapes
/// - `a`: `[.., m, k]`, `b`: `[.., k, n]`; leading dimensions are equal, or 1 in one of them
/// - returns `[.., m, n]`
pub fn matmul<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> Option<Tensor<D>> {
    where_it_is(a)?;
    let [of_a, of_b] = [a.dims(), b.dims()];
    let (m, k, n) = (of_a[D - 2], of_a[D - 1], of_b[D - 1]);
    let whole = |rows, columns| {
        let mut shape: [usize; D] = std::array::from_fn(|i| of_a[i].max(of_b[i]));
        (shape[D - 2], shape[D - 1]) = (rows, columns);
        shape
    };
    let shape = whole(m, n);
    let a = buffer(&a.clone().expand(whole(m, k)))?;
    let b = buffer(&b.clone().expand(whole(k, n)))?;
    let c = empty(&a, shape);
    let numbers: usize = shape.iter().product();
    // SAFETY: units beyond the last number do nothing.
    unsafe {
        dots::launch_unchecked(
            &a.client.clone(),
            groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            a.into_buffer_arg(),
            b.into_buffer_arg(),
            c.clone().into_buffer_arg(),
            numbers,
            m,
            k,
            n,
        );
    }
    Some(tensor(c))
}

#[cube(launch_unchecked)]
fn dots(a: &[f32], b: &[f32], c: &mut [f32], numbers: usize, m: usize, k: usize, n: usize) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    let (column, rows) = (at % n, at / n);
    // Rows of `a` lie one after the other, whichever of its matrices they are of.
    let (of_row, of_matrix) = (rows * k, rows / m * k * n);
    let mut sum = 0.0f32;
    for i in 0..k {
        sum += a[of_row + i] * b[of_matrix + i * n + column];
    }
    c[at] = sum;
}
