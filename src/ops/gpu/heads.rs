//! Queries, keys and values by head, from the product that gives them side by side.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, tensor, vector_size},
    contiguous::buffer,
};

const UNITS: usize = 64;

/// See [`by_head`](crate::ops::by_head).
///
/// # Shapes
/// - `qkv`: `[sequence * rows, 3 * d_model]` before its bias `b`, `[3 * d_model]`
/// - returns q, k and v, each `[sequence, head, rows, d_head]`
pub fn by_head(
    qkv: &Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    sequences: usize,
) -> Option<[Tensor<4>; 3]> {
    let [flat, width] = qkv.dims();
    let (rows, d_head) = (flat / sequences, width / 3 / n_heads);
    let (qkv, b) = (buffer(qkv)?, buffer(b)?);
    let parts = [(); 3].map(|()| empty(&qkv, [sequences, n_heads, rows, d_head]));
    let vector = vector_size([d_head]);
    let numbers = flat * width / vector;
    let [q, k, v] = parts
        .clone()
        .map(burn_cubecl::tensor::CubeTensor::into_buffer_arg);
    // SAFETY: units beyond the last number do nothing.
    unsafe {
        split::launch_unchecked(
            &qkv.client.clone(),
            super::buffer::groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            vector,
            qkv.into_buffer_arg(),
            b.into_buffer_arg(),
            q,
            k,
            v,
            numbers,
            rows,
            n_heads,
            d_head / vector,
        );
    }
    Some(parts.map(tensor))
}

#[cube(launch_unchecked)]
fn split<N: Size>(
    qkv: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    q: &mut [Vector<f32, N>],
    k: &mut [Vector<f32, N>],
    v: &mut [Vector<f32, N>],
    numbers: usize,
    rows: usize,
    n_heads: usize,
    d_head: usize,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    let d_model = n_heads * d_head;
    let (row, column) = (at / (3 * d_model), at % (3 * d_model));
    let (part, of_part) = (column / d_model, column % d_model);
    let (head, i) = (of_part / d_head, of_part % d_head);
    let to = ((row / rows * n_heads + head) * rows + row % rows) * d_head + i;
    let x = qkv[at] + bias[column];
    if part == 0 {
        q[to] = x;
    } else if part == 1 {
        k[to] = x;
    } else {
        v[to] = x;
    }
}
