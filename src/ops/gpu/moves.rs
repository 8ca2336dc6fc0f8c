//! Numbers moved: tensors put one behind the other, rows picked.

use burn::{
    backend::Cube,
    tensor::{Int, Tensor},
};
use burn_cubecl::{
    cubecl::{self, prelude::*},
    tensor::CubeTensor,
};

use super::{
    buffer::{empty_of, groups, indices, tensor, vector_size, where_it_is},
    contiguous::{Route, buffer, copy},
};

const UNITS: usize = 64;

/// Tensors one behind the other along a dimension: see [`cat`](crate::ops::cat).
pub fn cat<const D: usize>(parts: &[Tensor<D>], dim: usize) -> Option<Tensor<D>> {
    let parts: Option<Vec<CubeTensor>> = parts.iter().map(where_it_is).collect();
    let parts = parts?;
    let mut shape: Vec<usize> = parts[0].meta.shape().iter().copied().collect();
    shape[dim] = parts.iter().map(|part| part.meta.shape()[dim]).sum();
    let whole = empty_of(&parts[0], &shape);
    let strides: Vec<usize> = whole.meta.strides().iter().copied().collect();
    let mut start = 0;
    for part in parts {
        let of_part: Vec<usize> = part.meta.shape().iter().copied().collect();
        let route = Route::new(&of_part, part.meta.strides(), &strides)?;
        copy(part, whole.clone(), route, start);
        start += of_part[dim] * strides[dim];
    }
    Some(tensor(whole))
}

/// Some rows, in any order: see [`pick`](crate::ops::pick).
///
/// # Shapes
/// - `x`: `[rows, width]`; returns `[picked, width]`
pub fn pick(x: &Tensor<2>, rows: &Tensor<1, Int>) -> Option<Tensor<2>> {
    let [_, width] = x.dims();
    let [n] = rows.dims();
    let (x, rows) = (buffer(x)?, indices(rows)?);
    let y = empty_of(&x, &[n, width]);
    let vector = vector_size([width]);
    let numbers = n * width / vector;
    // SAFETY: units beyond the last number do nothing, and the rows are rows of `x`.
    unsafe {
        pick_rows::launch_unchecked(
            &x.client.clone(),
            groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            rows.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            numbers,
            width / vector,
        );
    }
    Some(Tensor::from_primitive::<Cube>(y))
}

#[cube(launch_unchecked)]
fn pick_rows<N: Size>(
    x: &[Vector<f32, N>],
    rows: &[i32],
    y: &mut [Vector<f32, N>],
    numbers: usize,
    width: usize,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    y[at] = x[rows[at / width] as usize * width + at % width];
}
