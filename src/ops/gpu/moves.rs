//! Numbers moved: views made contiguous, tensors put one behind the other, rows picked.

use burn::{
    backend::Cube,
    tensor::{Int, Tensor},
};
use burn_cubecl::{
    cubecl::{self, prelude::*},
    kernel,
    tensor::CubeTensor,
};

use super::buffer::{buffer, empty_of, groups, indices, tensor, vector_size};

const UNITS: usize = 64;

/// Dimensions that a copy goes over, once those that lie one after the other are one.
const DIMENSIONS: usize = 4;

/// Where numbers lie: sizes of dimensions, and what lies between neighbours in each, of where they are read and written.
struct Route {
    sizes: [usize; DIMENSIONS],
    from: [usize; DIMENSIONS],
    to: [usize; DIMENSIONS],
}

impl Route {
    /// `None` for more dimensions than a copy goes over.
    fn new(shape: &[usize], from: &[usize], to: &[usize]) -> Option<Self> {
        let mut all: Vec<[usize; 3]> = Vec::new();
        for ((n, from), to) in shape.iter().zip(from).zip(to) {
            if *n == 1 {
                continue;
            }
            match all.last_mut() {
                Some([m, f, t]) if *f == n * from && *t == n * to => {
                    [*m, *f, *t] = [*m * n, *from, *to];
                }
                _ => all.push([*n, *from, *to]),
            }
        }
        let missing = DIMENSIONS.checked_sub(all.len())?;
        let mut route = Self {
            sizes: [1; DIMENSIONS],
            from: [0; DIMENSIONS],
            to: [0; DIMENSIONS],
        };
        for (i, [n, from, to]) in all.into_iter().enumerate() {
            let i = i + missing;
            (route.sizes[i], route.from[i], route.to[i]) = (n, from, to);
        }
        if missing == DIMENSIONS {
            (route.from[DIMENSIONS - 1], route.to[DIMENSIONS - 1]) = (1, 1);
        }
        Some(route)
    }
}

/// Copy along a route, to the numbers from `start` on.
fn copy(x: CubeTensor, y: CubeTensor, route: Route, start: usize) {
    let last = DIMENSIONS - 1;
    let Route {
        mut sizes,
        mut from,
        mut to,
    } = route;
    let is_whole = from[last] == 1 && to[last] == 1;
    let vector = match is_whole {
        true => vector_size([
            sizes[last],
            from[2],
            from[1],
            from[0],
            to[2],
            to[1],
            to[0],
            start,
        ]),
        false => 1,
    };
    if vector > 1 {
        sizes[last] /= vector;
        for i in 0..last {
            from[i] /= vector;
            to[i] /= vector;
        }
    }
    let numbers: usize = sizes.iter().product();
    if numbers == 0 {
        return;
    }
    // SAFETY: units beyond the last number do nothing; the route is that of the two tensors.
    unsafe {
        move_numbers::launch_unchecked(
            &x.client.clone(),
            groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            y.into_buffer_arg(),
            numbers,
            sizes[1],
            sizes[2],
            sizes[3],
            from[0],
            from[1],
            from[2],
            from[3],
            start / vector,
            to[0],
            to[1],
            to[2],
            to[3],
        );
    }
}

/// A view's numbers, one after the other.
pub(super) fn contiguous(x: CubeTensor) -> CubeTensor {
    let shape: Vec<usize> = x.meta.shape().iter().copied().collect();
    let y = empty_of(&x, &shape);
    let Some(route) = Route::new(&shape, x.meta.strides(), y.meta.strides()) else {
        return kernel::into_contiguous(x);
    };
    copy(x, y.clone(), route, 0);
    y
}

/// Tensors one behind the other along a dimension: see [`cat`](crate::ops::cat).
pub fn cat<const D: usize>(parts: &[Tensor<D>], dim: usize) -> Option<Tensor<D>> {
    let parts: Option<Vec<CubeTensor>> = parts.iter().map(super::buffer::where_it_is).collect();
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
fn move_numbers<N: Size>(
    x: &[Vector<f32, N>],
    y: &mut [Vector<f32, N>],
    numbers: usize,
    size_1: usize,
    size_2: usize,
    size_3: usize,
    from_0: usize,
    from_1: usize,
    from_2: usize,
    from_3: usize,
    start: usize,
    to_0: usize,
    to_1: usize,
    to_2: usize,
    to_3: usize,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    let (rest, i_3) = (at / size_3, at % size_3);
    let (rest, i_2) = (rest / size_2, rest % size_2);
    let (i_0, i_1) = (rest / size_1, rest % size_1);
    y[start + i_0 * to_0 + i_1 * to_1 + i_2 * to_2 + i_3 * to_3] =
        x[i_0 * from_0 + i_1 * from_1 + i_2 * from_2 + i_3 * from_3];
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
