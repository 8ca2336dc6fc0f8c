//! LayerNorm without weight and bias, what it makes of changes, and the way back through it: one workgroup for each row.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, groups, tensor, vector_size},
    contiguous::buffer,
};

/// Units of a workgroup.
const UNITS: usize = 64;

/// Normalised rows and their scale: see [`layer_norm`](crate::ops::layer_norm).
///
/// # Shapes
/// - `x`: `[.., width]`; returns `[.., width]` and `[.., 1]`
pub fn layer_norm<const D: usize>(x: &Tensor<D>, eps: f64) -> Option<(Tensor<D>, Tensor<D>)> {
    let shape = x.dims();
    let (rows, width) = rows_of(shape);
    let mut of_scale = shape;
    of_scale[D - 1] = 1;
    let x = buffer(x)?;
    let (normalised, scale) = (empty(&x, shape), empty(&x, of_scale));
    let vector = vector_size([width]);
    // SAFETY: a workgroup beyond the last row does nothing, and vectors are counted by the width.
    unsafe {
        normalise::launch_unchecked(
            &x.client.clone(),
            groups(rows),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            normalised.clone().into_buffer_arg(),
            scale.clone().into_buffer_arg(),
            rows,
            width / vector,
            1.0 / width as f32,
            eps as f32,
        );
    }
    Some((tensor(normalised), tensor(scale)))
}

/// What changes of the input make of the output: see [`norm_change`](crate::ops::norm_change).
///
/// # Shapes
/// - `base`: `[rows, width]`; `delta`: `[n, rows, width]`, also returned
pub fn norm_change(
    base: &Tensor<2>,
    delta: &Tensor<3>,
    eps: f64,
    is_frozen: bool,
) -> Option<Tensor<3>> {
    let shape = delta.dims();
    let [_, of_base, width] = shape;
    let (rows, _) = rows_of(shape);
    let (base, delta) = (buffer(base)?, buffer(delta)?);
    let change = empty(&base, shape);
    let vector = vector_size([width]);
    // SAFETY: as above; rows of the base are counted by its own number.
    unsafe {
        change_of::launch_unchecked(
            &base.client.clone(),
            groups(rows),
            CubeDim::new_1d(UNITS as u32),
            vector,
            base.into_buffer_arg(),
            delta.into_buffer_arg(),
            change.clone().into_buffer_arg(),
            rows,
            of_base,
            width / vector,
            1.0 / width as f32,
            eps as f32,
            u32::from(is_frozen),
        );
    }
    Some(tensor(change))
}

/// The gradient with respect to the input: see [`through_norm`](crate::ops::through_norm).
///
/// # Shapes
/// - `x`: `[.., rows, width]`, the first dimensions of which may be 1; `gradient`: `[.., rows, width]`, also returned
pub fn through_norm<const D: usize>(
    x: &Tensor<D>,
    gradient: &Tensor<D>,
    eps: f64,
) -> Option<Tensor<D>> {
    let shape = gradient.dims();
    let (rows, width) = rows_of(shape);
    let (of_x, _) = rows_of(x.dims());
    let (x, gradient) = (buffer(x)?, buffer(gradient)?);
    let through = empty(&x, shape);
    let vector = vector_size([width]);
    // SAFETY: as above.
    unsafe {
        backwards::launch_unchecked(
            &x.client.clone(),
            groups(rows),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            gradient.into_buffer_arg(),
            through.clone().into_buffer_arg(),
            rows,
            of_x,
            width / vector,
            1.0 / width as f32,
            eps as f32,
        );
    }
    Some(tensor(through))
}

/// How many rows there are, and how wide they are.
fn rows_of<const D: usize>(shape: [usize; D]) -> (usize, usize) {
    let width = shape[D - 1];
    (shape.iter().product::<usize>() / width, width)
}

#[cube(launch_unchecked)]
fn normalise<N: Size>(
    x: &[Vector<f32, N>],
    normalised: &mut [Vector<f32, N>],
    scale: &mut [f32],
    rows: usize,
    width: usize,
    share: f32,
    eps: f32,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let start = row * width;
    let unit = UNIT_POS as usize;
    let mean = mean_of::<N>(x, start, width, share, &mut partial);
    let mut squares = Vector::<f32, N>::new(0.0f32);
    let mut i = unit;
    while i < width {
        let centred = x[start + i] - mean;
        squares += centred * centred;
        i += UNITS;
    }
    let root = (total::<N>(squares, &mut partial) * share + eps).sqrt();
    let inverse = Vector::<f32, N>::new(1.0f32 / root);
    let mut i = unit;
    while i < width {
        normalised[start + i] = (x[start + i] - mean) * inverse;
        i += UNITS;
    }
    if unit == 0 {
        scale[row] = root;
    }
}

#[cube(launch_unchecked)]
fn change_of<N: Size>(
    base: &[Vector<f32, N>],
    delta: &[Vector<f32, N>],
    change: &mut [Vector<f32, N>],
    rows: usize,
    of_base: usize,
    width: usize,
    share: f32,
    eps: f32,
    is_frozen: u32,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let start = row * width;
    let start_base = row % of_base * width;
    let unit = UNIT_POS as usize;
    let mean = mean_of::<N>(base, start_base, width, share, &mut partial);
    let mean_delta = mean_of::<N>(delta, start, width, share, &mut partial);
    let mut squares = Vector::<f32, N>::new(0.0f32);
    let mut squares_changed = Vector::<f32, N>::new(0.0f32);
    let mut i = unit;
    while i < width {
        let centred = base[start_base + i] - mean;
        let changed = centred + (delta[start + i] - mean_delta);
        squares += centred * centred;
        squares_changed += changed * changed;
        i += UNITS;
    }
    let root = (total::<N>(squares, &mut partial) * share + eps).sqrt();
    let root_changed = (total::<N>(squares_changed, &mut partial) * share + eps).sqrt();
    let inverse = Vector::<f32, N>::new(1.0f32 / root);
    let inverse_changed = Vector::<f32, N>::new(1.0f32 / root_changed);
    let mut i = unit;
    while i < width {
        let delta = delta[start + i];
        if is_frozen > 0 {
            change[start + i] = delta * inverse;
        } else {
            let centred = base[start_base + i] - mean;
            let changed = centred + (delta - mean_delta);
            change[start + i] = changed * inverse_changed - centred * inverse;
        }
        i += UNITS;
    }
}

#[cube(launch_unchecked)]
fn backwards<N: Size>(
    x: &[Vector<f32, N>],
    gradient: &[Vector<f32, N>],
    through: &mut [Vector<f32, N>],
    rows: usize,
    of_x: usize,
    width: usize,
    share: f32,
    eps: f32,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let start = row * width;
    let start_x = row % of_x * width;
    let unit = UNIT_POS as usize;
    let mean = mean_of::<N>(x, start_x, width, share, &mut partial);
    let mean_gradient = mean_of::<N>(gradient, start, width, share, &mut partial);
    let mut squares = Vector::<f32, N>::new(0.0f32);
    let mut along = Vector::<f32, N>::new(0.0f32);
    let mut i = unit;
    while i < width {
        let centred = x[start_x + i] - mean;
        squares += centred * centred;
        along += centred * gradient[start + i];
        i += UNITS;
    }
    let root = (total::<N>(squares, &mut partial) * share + eps).sqrt();
    let inverse = 1.0f32 / root;
    // The mean of gradient times normalised, to be multiplied by what is only centred.
    let along = total::<N>(along, &mut partial) * share * inverse * inverse;
    let (inverse, along) = (Vector::<f32, N>::new(inverse), Vector::<f32, N>::new(along));
    let mut i = unit;
    while i < width {
        let centred = x[start_x + i] - mean;
        through[start + i] = (gradient[start + i] - mean_gradient - centred * along) * inverse;
        i += UNITS;
    }
}

/// The mean of the row that begins at `start`.
#[cube]
fn mean_of<N: Size>(
    x: &[Vector<f32, N>],
    start: usize,
    width: usize,
    share: f32,
    partial: &mut Shared<[f32]>,
) -> Vector<f32, N> {
    let mut sum = Vector::<f32, N>::new(0.0f32);
    let mut i = UNIT_POS as usize;
    while i < width {
        sum += x[start + i];
        i += UNITS;
    }
    Vector::<f32, N>::new(total::<N>(sum, partial) * share)
}

/// The sum over the units of a workgroup.
#[cube]
fn total<N: Size>(of_unit: Vector<f32, N>, partial: &mut Shared<[f32]>) -> f32 {
    partial[UNIT_POS as usize] = Vector::vector_sum(of_unit);
    sync_cube();
    let mut sum = 0.0f32;
    for i in 0..UNITS {
        sum += partial[i];
    }
    sync_cube();
    sum
}
