//! Views made contiguous, and weights that are stored as f16 made f32.

use burn::tensor::{DType, Tensor};
use burn_cubecl::{
    cubecl::{self, prelude::*},
    kernel,
    tensor::CubeTensor,
};

use super::buffer::{empty_of, groups, numbers_of, vector_size, where_it_is};

const UNITS: usize = 64;

/// Dimensions that a copy goes over, once those that lie one after the other are one.
const DIMENSIONS: usize = 4;

/// Where numbers lie: sizes of dimensions, and what lies between neighbours in each, of where they are read and written.
pub(super) struct Route {
    sizes: [usize; DIMENSIONS],
    from: [usize; DIMENSIONS],
    to: [usize; DIMENSIONS],
}

impl Route {
    /// `None` for more dimensions than a copy goes over.
    pub(super) fn new(shape: &[usize], from: &[usize], to: &[usize]) -> Option<Self> {
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
pub(super) fn copy(x: CubeTensor, y: CubeTensor, route: Route, start: usize) {
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
    let numbers_of_x = numbers_of(&x);
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
            numbers_of_x,
        );
    }
}

/// A view's numbers, one after the other, as f32.
pub(super) fn contiguous(x: CubeTensor) -> CubeTensor {
    let shape: Vec<usize> = x.meta.shape().iter().copied().collect();
    let y = empty_of(&x, &shape);
    let Some(route) = Route::new(&shape, x.meta.strides(), y.meta.strides()) else {
        return kernel::into_contiguous(x);
    };
    copy(x, y.clone(), route, 0);
    y
}

/// A tensor's buffer, its numbers one after the other and f32; `None` where it is not on a GPU.
pub(super) fn buffer<const D: usize>(x: &Tensor<D>) -> Option<CubeTensor> {
    let stored = as_stored(x)?;
    Some(match stored.dtype {
        DType::F16 => contiguous(stored),
        _ => stored,
    })
}

/// The same, but f16 where that is how the tensor's numbers are stored and they lie one after the other.
pub(super) fn as_stored<const D: usize>(x: &Tensor<D>) -> Option<CubeTensor> {
    let buffer = where_it_is(x)?;
    // Where there is one of something, it does not matter what lies between two of it.
    let (shape, strides) = (buffer.meta.shape(), buffer.meta.strides());
    let mut next = 1;
    let is_contiguous = shape.iter().zip(strides.iter()).rev().all(|(n, stride)| {
        let is_next = *n == 1 || *stride == next;
        next *= n;
        is_next
    });
    if !is_contiguous {
        return Some(contiguous(buffer));
    }
    let CubeTensor {
        client,
        handle,
        meta,
        device,
        dtype,
        ..
    } = buffer;
    let shape = meta.shape().clone();
    Some(CubeTensor::new_contiguous(
        client, device, shape, handle, dtype,
    ))
}

#[cube(launch_unchecked)]
fn move_numbers<W: Float, N: Size>(
    x: &[Vector<W, N>],
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
    #[define(W)] _w: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    let (rest, i_3) = (at / size_3, at % size_3);
    let (rest, i_2) = (rest / size_2, rest % size_2);
    let (i_0, i_1) = (rest / size_1, rest % size_1);
    y[start + i_0 * to_0 + i_1 * to_1 + i_2 * to_2 + i_3 * to_3] =
        Vector::cast_from(x[i_0 * from_0 + i_1 * from_1 + i_2 * from_2 + i_3 * from_3]);
}
