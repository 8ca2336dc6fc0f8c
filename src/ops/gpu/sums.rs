//! Sums and differences.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, groups, tensor, vector_size},
    contiguous::buffer,
};

const UNITS: usize = 64;

/// `x + factor y`, with `y` repeated until it is as long as `x`.
///
/// # Shapes
/// - `x`: as returned; `y`: as many numbers as the last dimensions of `x` have
pub fn add<const D: usize, const E: usize>(
    x: &Tensor<D>,
    factor: f32,
    y: &Tensor<E>,
) -> Option<Tensor<D>> {
    let shape = x.dims();
    let (numbers, of_y) = (shape.iter().product(), y.dims().iter().product());
    let (x, y) = (buffer(x)?, buffer(y)?);
    let sum = empty(&x, shape);
    let vector = vector_size([numbers, of_y]);
    let groups = groups((numbers / vector).div_ceil(UNITS));
    // SAFETY: units beyond the last number do nothing.
    unsafe {
        add_numbers::launch_unchecked(
            &x.client.clone(),
            groups,
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            y.into_buffer_arg(),
            sum.clone().into_buffer_arg(),
            numbers / vector,
            of_y / vector,
            factor,
        );
    }
    Some(tensor(sum))
}

#[cube(launch_unchecked)]
fn add_numbers<N: Size>(
    x: &[Vector<f32, N>],
    y: &[Vector<f32, N>],
    sum: &mut [Vector<f32, N>],
    numbers: usize,
    of_y: usize,
    factor: f32,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    sum[at] = x[at] + Vector::new(factor) * y[at % of_y];
}
