//! Rows of a table by token.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::shown::Shown,
    buffer::{empty, groups, indices, numbers_of, tensor, vector_size},
    contiguous::{as_stored, buffer},
};

const UNITS: usize = 64;

/// See [`look_up`](crate::ops::look_up).
///
/// # Shapes
/// - `parts`: `[rows, width]` each, of as many rows as the first but for the last; returns `[ids, width]`
pub fn look_up(parts: &[Tensor<2>], ids: &Tensor<1, Int>, shown: Shown<'_>) -> Option<Tensor<2>> {
    let [n] = ids.dims();
    let [each, width] = parts[0].dims();
    let ids = indices(ids)?;
    let rows = empty(&ids, [n, width]);
    let nothing = || empty(&ids, [4]);
    let (from, by, share, is_scaled) = match shown {
        Shown::Plain => (nothing(), nothing(), 0.0, false),
        Shown::Centred => (nothing(), nothing(), 1.0 / width as f32, false),
        Shown::Scaled { from, by } => (buffer(from)?, buffer(by)?, 0.0, true),
    };
    let vector = vector_size([width]);
    for (i, part) in parts.iter().enumerate() {
        let [of_part, _] = part.dims();
        let part = as_stored(part)?;
        let numbers = numbers_of(&part);
        // SAFETY: a workgroup beyond the last id does nothing, as does one whose row another part has.
        unsafe {
            find::launch_unchecked(
                &part.client.clone(),
                groups(n),
                CubeDim::new_1d(UNITS as u32),
                vector,
                part.into_buffer_arg(),
                ids.clone().into_buffer_arg(),
                from.clone().into_buffer_arg(),
                by.clone().into_buffer_arg(),
                rows.clone().into_buffer_arg(),
                n,
                i * each,
                i * each + of_part,
                width / vector,
                share,
                u32::from(is_scaled),
                numbers,
            );
        }
    }
    Some(tensor(rows))
}

#[cube(launch_unchecked)]
fn find<W: Float, N: Size>(
    table: &[Vector<W, N>],
    ids: &[i32],
    from: &[Vector<f32, N>],
    by: &[Vector<f32, N>],
    rows: &mut [Vector<f32, N>],
    count: usize,
    first: usize,
    end: usize,
    width: usize,
    share: f32,
    is_scaled: u32,
    #[define(W)] _w: ElemType,
) {
    let at = CUBE_POS;
    if at >= count {
        terminate!();
    }
    let id = ids[at] as usize;
    let is_here = id >= first && id < end;
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let unit = UNIT_POS as usize;
    let mut start = 0usize.runtime();
    if is_here {
        start = (id - first) * width;
    }
    let mut sum = Vector::<f32, N>::new(0.0f32);
    let mut i = unit;
    while i < width {
        sum += Vector::cast_from(table[start + i]);
        i += UNITS;
    }
    partial[unit] = Vector::vector_sum(sum);
    sync_cube();
    let mut total = 0.0f32;
    for i in 0..UNITS {
        total += partial[i];
    }
    let mean = Vector::<f32, N>::new(total * share);
    if is_here {
        let mut i = unit;
        while i < width {
            let mut row = Vector::<f32, N>::cast_from(table[start + i]) - mean;
            if is_scaled > 0 {
                row = (row - from[i]) * by[i];
            }
            rows[at * width + i] = row;
            i += UNITS;
        }
    }
}
