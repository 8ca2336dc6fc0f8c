//! Sums over a few tokens of each prompt.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, groups, indices, tensor},
    contiguous::buffer,
};

const UNITS: usize = 64;

/// See [`signed_sum`](crate::ops::signed_sum).
///
/// # Shapes
/// - `values`: `[edge, batch, token]`; `ids` and `signs`: `[1, batch, set]`; returns `[edge, batch, 1]`
pub fn signed_sum(
    values: &Tensor<3>,
    ids: &Tensor<3, Int>,
    signs: &Tensor<3>,
) -> Option<Tensor<3>> {
    let [edges, batch, tokens] = values.dims();
    let [_, _, set] = signs.dims();
    let (values, ids, signs) = (buffer(values)?, indices(ids)?, buffer(signs)?);
    let sums = empty(&values, [edges, batch, 1]);
    // SAFETY: units beyond the last prompt do nothing, and the ids are places among the tokens.
    unsafe {
        sum_of_sets::launch_unchecked(
            &values.client.clone(),
            groups((edges * batch).div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            values.into_buffer_arg(),
            ids.into_buffer_arg(),
            signs.into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            edges * batch,
            batch,
            tokens,
            set,
        );
    }
    Some(tensor(sums))
}

#[cube(launch_unchecked)]
fn sum_of_sets(
    values: &[f32],
    ids: &[i32],
    signs: &[f32],
    sums: &mut [f32],
    n: usize,
    batch: usize,
    tokens: usize,
    set: usize,
) {
    let at = ABSOLUTE_POS;
    if at >= n {
        terminate!();
    }
    let of_prompt = at % batch * set;
    let mut sum = 0.0f32;
    for i in 0..set {
        let id = ids[of_prompt + i] as usize;
        sum += signs[of_prompt + i] * values[at * tokens + id];
    }
    sums[at] = sum;
}
