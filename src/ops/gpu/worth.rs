//! What changes of queries or of keys are worth where z is followed by its gradient, with the softmax of each query exact.
//!
//! ```text
//! worth = g v^T - (its mean under the pattern);  effect = sum over queries of softmax(changed scores) . worth
//! ```
//!
//! A workgroup goes over all queries of one head for one change, and over the keys of each as attention does.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::index::index,
    buffer::{empty, tensor, vector_size},
    contiguous::buffer,
    keys::{KEYS, LOWEST, QUERIES, dot, largest_of, length, weight_of},
    moves::pick,
};

/// Effects of changes on whole heads, `[change, head]`, and on each row's query, `[rows, change, head]`: see
/// [`attention_changes`](crate::ops::attention_changes).
pub fn attention_changes(
    [q, k, v]: [&Tensor<4>; 3],
    g: &Tensor<4>,
    of_queries: &Tensor<4>,
    delta: &Tensor<2>,
    is_of_keys: bool,
) -> Option<(Tensor<2>, Tensor<3>)> {
    let [heads, batch, rows, d_head] = q.dims();
    let before = k.dims()[2] - rows;
    let changes = delta.dims()[0] / (batch * rows);
    let [q, k, v, g] = [buffer(q)?, buffer(k)?, buffer(v)?, buffer(g)?];
    let (of_queries, delta) = (buffer(of_queries)?, buffer(delta)?);
    // Those on whole heads first: in one buffer, as WebGPU promises no more than eight for a kernel.
    let effects = empty(&q, [1 + rows, changes, heads]);
    let vector = vector_size([d_head]);
    // SAFETY: rows beyond the last are computed as the last, and not written; keys stay below the last row.
    unsafe {
        worth::launch_unchecked(
            &q.client.clone(),
            CubeCount::new_2d(heads as u32, changes as u32),
            CubeDim::new_2d(KEYS as u32, QUERIES as u32),
            vector,
            q.into_buffer_arg(),
            k.into_buffer_arg(),
            v.into_buffer_arg(),
            g.into_buffer_arg(),
            of_queries.into_buffer_arg(),
            delta.into_buffer_arg(),
            effects.clone().into_buffer_arg(),
            before,
            rows,
            batch,
            u32::from(is_of_keys),
            1.0 / (d_head as f32).sqrt(),
            d_head / vector,
        );
    }
    let effects = tensor::<3>(effects).reshape([1 + rows, changes * heads]);
    // Views would be copies by a kernel of Burn's where they do not begin and end at a multiple of what the adapter asks for.
    let part = |rows| pick(&effects, &index(rows, &effects.device()));
    let (whole, of_rows) = (part(0..1)?, part(1..1 + rows)?);
    Some((
        whole.reshape([changes, heads]),
        of_rows.reshape([rows, changes, heads]),
    ))
}

#[cube(launch_unchecked)]
fn worth<N: Size>(
    q: &[Vector<f32, N>],
    k: &[Vector<f32, N>],
    v: &[Vector<f32, N>],
    g: &[Vector<f32, N>],
    of_queries: &[f32],
    delta: &[Vector<f32, N>],
    effects: &mut [f32],
    before: usize,
    rows: usize,
    batch: usize,
    is_of_keys: u32,
    scale: f32,
    #[comptime] d_head: usize,
) {
    let (keys, size) = (length(KEYS, rows), length(d_head, rows));
    let (lane, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let (head, change) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let d_model = CUBE_COUNT_X as usize * d_head;
    let at = y * KEYS;
    let mut scores = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut worths = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut sums = Shared::<[f32]>::new_slice(QUERIES);
    let mut of_all = 0.0f32;
    for block in 0..rows.div_ceil(QUERIES) {
        let first = block * QUERIES;
        let row = min(first + y, rows - 1);
        let position = before + row;
        let end = before + min(first + QUERIES, rows);
        let mut of_row = 0.0f32;
        for prompt in 0..batch {
            let sequence = head * batch + prompt;
            let at_q = (sequence * rows + row) * d_head;
            let at_k = sequence * (before + rows) * d_head;
            let at_delta = ((change * batch + prompt) * rows) * d_model + head * d_head;
            let mean = of_queries[2 * (sequence * rows + row) + 1];
            let mut largest = LOWEST.runtime();
            let mut total = 0.0f32;
            let mut effect = 0.0f32;
            for tile in 0..end.div_ceil(KEYS) {
                let key = tile * KEYS + lane;
                let mut score = LOWEST.runtime();
                let mut of_key = 0.0f32;
                if key <= position {
                    let at_key = at_k + key * d_head;
                    score = dot::<N>(q, at_q, k, at_key, size);
                    if is_of_keys == 0 {
                        let delta_row = at_delta + row * d_model;
                        score += dot::<N>(delta, delta_row, k, at_key, size);
                    } else if key >= before {
                        let delta_row = at_delta + (key - before) * d_model;
                        score += dot::<N>(delta, delta_row, q, at_q, size);
                    }
                    score *= scale;
                    of_key = dot::<N>(g, at_q, v, at_key, size) - mean;
                }
                scores[at + lane] = score;
                worths[at + lane] = of_key;
                sync_cube();
                let now = largest_of(&scores, at, keys, largest);
                let shrink = weight_of(largest - now);
                total *= shrink;
                effect *= shrink;
                for i in 0..keys {
                    // A score that is masked adds nothing.
                    if scores[at + i] > LOWEST {
                        let weight = weight_of(scores[at + i] - now);
                        total += weight;
                        effect += weight * worths[at + i];
                    }
                }
                largest = now;
                sync_cube();
            }
            of_row += effect / total;
        }
        if first + y < rows {
            of_all += of_row;
            if lane == 0 {
                let of_rows = (1 + row) * CUBE_COUNT_Y as usize;
                effects[(of_rows + change) * CUBE_COUNT_X as usize + head] = of_row;
            }
        }
    }
    if lane == 0 {
        sums[y] = of_all;
    }
    sync_cube();
    if lane == 0 && y == 0 {
        let mut sum = 0.0f32;
        for i in 0..QUERIES {
            sum += sums[i];
        }
        effects[change * CUBE_COUNT_X as usize + head] = sum;
    }
}
