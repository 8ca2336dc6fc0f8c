//! One row of each sequence, taken out or put back among zeros.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, groups, indices, tensor, vector_size},
    contiguous::buffer,
};

const UNITS: usize = 64;

/// One row of each sequence: see [`Queries::select`](crate::ops::Queries::select).
///
/// # Shapes
/// - `x`: `[sequence * rows, width]`; `one`: the row of each prompt, prompts fastest among sequences
/// - returns `[sequence, width]`
pub fn take(x: &Tensor<2>, one: &Tensor<1, Int>, rows: usize) -> Option<Tensor<2>> {
    let [flat, width] = x.dims();
    between(x, one, rows, [flat / rows, width], false)
}

/// The reverse, with zeros in all other rows.
///
/// # Shapes
/// - `x`: `[sequence, width]`; returns `[sequence * rows, width]`
pub fn put_back(x: &Tensor<2>, one: &Tensor<1, Int>, rows: usize) -> Option<Tensor<2>> {
    let [sequences, width] = x.dims();
    between(x, one, rows, [sequences * rows, width], true)
}

fn between(
    x: &Tensor<2>,
    one: &Tensor<1, Int>,
    rows: usize,
    [to_rows, width]: [usize; 2],
    is_back: bool,
) -> Option<Tensor<2>> {
    let [prompts] = one.dims();
    let (x, one) = (buffer(x)?, indices(one)?);
    let y = empty(&x, [to_rows, width]);
    let vector = vector_size([width]);
    let numbers = to_rows * width / vector;
    // SAFETY: units beyond the last number do nothing, and the row of each prompt is one of its sequence.
    unsafe {
        move_rows::launch_unchecked(
            &x.client.clone(),
            groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            one.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            numbers,
            width / vector,
            rows,
            prompts,
            u32::from(is_back),
        );
    }
    Some(tensor(y))
}

#[cube(launch_unchecked)]
fn move_rows<N: Size>(
    x: &[Vector<f32, N>],
    one: &[i32],
    y: &mut [Vector<f32, N>],
    numbers: usize,
    width: usize,
    rows: usize,
    prompts: usize,
    is_back: u32,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    let (row, column) = (at / width, at % width);
    if is_back == 0 {
        let from = row * rows + one[row % prompts] as usize;
        y[at] = x[from * width + column];
    } else {
        let sequence = row / rows;
        y[at] = Vector::new(0.0f32);
        if row % rows == one[sequence % prompts] as usize {
            y[at] = x[sequence * width + column];
        }
    }
}
