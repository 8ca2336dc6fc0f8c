//! Causal attention of rows over a shared past, both read where they are, however long the past is.
//!
//! A workgroup computes some queries of one head of one sequence: each unit the score of one key and one query, then some
//! numbers of z for its query.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::past::Past,
    buffer::{empty, indices, tensor, vector_size},
    contiguous::buffer,
    keys::{KEYS, LOWEST, QUERIES, largest_of, length, weight_of},
};

/// See [`attend`](crate::ops::attend()); `one` is the row of each prompt whose query is wanted, and all are where it is
/// `None`.
///
/// # Shapes
/// - `qkv`: `[sequence * rows, 3 * d_model]` before its bias `b`, `[3 * d_model]`
/// - returns `[sequence * queries, d_model]`
pub fn attend(
    qkv: &Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    one: Option<&Tensor<1, Int>>,
) -> Option<Tensor<2>> {
    let [flat, width] = qkv.dims();
    let (d_model, sequences) = (width / 3, flat / rows);
    let d_head = d_model / n_heads;
    let (qkv, b) = (buffer(qkv)?, buffer(b)?);
    let nothing = || empty(&qkv, [4]);
    let (before, prompts, past_k, past_v) = match past {
        None => (0, 1, nothing(), nothing()),
        Some(Past { k, v }) => {
            let [prompts, _, before, _] = k.dims();
            (before, prompts, buffer(k)?, buffer(v)?)
        }
    };
    let (asked, one_of) = match one {
        None => (rows, nothing()),
        Some(rows) => (1, indices(rows)?),
    };
    let prompts = one.map_or(prompts, |rows| rows.dims()[0]);
    let z = empty(&qkv, [sequences * asked, d_model]);
    let vector = vector_size([d_head]);
    let count = |n: usize| n as u32;
    // SAFETY: queries beyond the last are computed as the last, and not written; keys stay below the last row.
    unsafe {
        attention::launch_unchecked(
            &qkv.client.clone(),
            CubeCount::new_3d(
                count(asked.div_ceil(QUERIES)),
                count(n_heads),
                count(sequences),
            ),
            CubeDim::new_2d(KEYS as u32, QUERIES as u32),
            vector,
            qkv.into_buffer_arg(),
            b.into_buffer_arg(),
            past_k.into_buffer_arg(),
            past_v.into_buffer_arg(),
            one_of.into_buffer_arg(),
            z.clone().into_buffer_arg(),
            before,
            rows,
            prompts,
            asked,
            u32::from(one.is_some()),
            1.0 / (d_head as f32).sqrt(),
            d_head / vector,
        );
    }
    Some(tensor(z))
}

#[cube(launch_unchecked)]
fn attention<N: Size>(
    qkv: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    past_k: &[Vector<f32, N>],
    past_v: &[Vector<f32, N>],
    one_of: &[i32],
    z: &mut [Vector<f32, N>],
    before: usize,
    rows: usize,
    prompts: usize,
    asked: usize,
    is_one: u32,
    scale: f32,
    #[comptime] d_head: usize,
) {
    let (keys, size) = (length(KEYS, rows), length(d_head, rows));
    let (lane, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let (head, sequence) = (CUBE_POS_Y as usize, CUBE_POS_Z as usize);
    let d_model = CUBE_COUNT_Y as usize * d_head;
    let first_query = CUBE_POS_X as usize * QUERIES;
    let query = min(first_query + y, asked - 1);
    let prompt = sequence % prompts;
    let mut row = query;
    // All queries of a workgroup look at the keys up to its last one; a single one may be anywhere.
    let mut end = before + min(first_query + QUERIES, rows);
    if is_one > 0 {
        row = one_of[prompt] as usize;
        end = before + rows;
    }
    let position = before + row;

    let mut of_q = Shared::<[Vector<f32, N>]>::new_slice(comptime!(QUERIES * d_head));
    let mut scores = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut weights = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    // Each unit's numbers of z: every so many of the head's.
    let each = comptime!(d_head.div_ceil(KEYS));
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    let at_q = (sequence * rows + row) * 3 * d_model + head * d_head;
    #[unroll]
    for i in 0..each {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
        let at = lane + i * KEYS;
        if at < d_head {
            of_q[y * d_head + at] =
                (qkv[at_q + at] + bias[head * d_head + at]) * Vector::new(scale);
        }
    }
    sync_cube();

    let at_past = (prompt * CUBE_COUNT_Y as usize + head) * before * d_head;
    let at_rows = sequence * rows * 3 * d_model + head * d_head;
    let at_bias = head * d_head;
    let mut largest = LOWEST.runtime();
    let mut total = 0.0f32;
    for tile in 0..end.div_ceil(KEYS) {
        let key = tile * KEYS + lane;
        let mut score = LOWEST.runtime();
        if key <= position {
            let mut products = Vector::<f32, N>::new(0.0f32);
            if key < before {
                let at = at_past + key * d_head;
                for i in 0..size {
                    products += of_q[y * d_head + i] * past_k[at + i];
                }
            } else {
                let at = at_rows + (key - before) * 3 * d_model + d_model;
                for i in 0..size {
                    let k = qkv[at + i] + bias[at_bias + d_model + i];
                    products += of_q[y * d_head + i] * k;
                }
            }
            score = Vector::vector_sum(products);
        }
        scores[y * KEYS + lane] = score;
        sync_cube();
        let now = largest_of(&scores, y * KEYS, keys, largest);
        let mut weight = 0.0f32;
        if key <= position {
            weight = weight_of(score - now);
        }
        weights[y * KEYS + lane] = weight;
        let shrink = weight_of(largest - now);
        largest = now;
        sync_cube();
        total *= shrink;
        for i in 0..keys {
            total += weights[y * KEYS + i];
        }
        let first = tile * KEYS;
        #[unroll]
        for i in 0..each {
            let at = lane + i * KEYS;
            if at < d_head {
                let mut sum = sums.index(i).read() * Vector::new(shrink);
                for key in first..min(first + KEYS, end) {
                    let weight = Vector::<f32, N>::new(weights[y * KEYS + key - first]);
                    if key < before {
                        sum += weight * past_v[at_past + key * d_head + at];
                    } else {
                        let place = at_rows + (key - before) * 3 * d_model + 2 * d_model;
                        sum += weight * (qkv[place + at] + bias[at_bias + 2 * d_model + at]);
                    }
                }
                sums.index(i).store(sum);
            }
        }
    }
    if first_query + y < asked {
        let place = (sequence * asked + query) * d_model + head * d_head;
        #[unroll]
        for i in 0..each {
            let at = lane + i * KEYS;
            if at < d_head {
                z[place + at] = sums.index(i).read() / Vector::new(total);
            }
        }
    }
}
