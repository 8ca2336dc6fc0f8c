//! Attention backwards: from the gradient with respect to z to those with respect to queries, keys and values.
//!
//! ```text
//! dp = g v^T;  ds = p (dp - mean of dp under p) / sqrt(d_head);  q: ds k;  k: ds^T q;  v: p^T g
//! ```
//!
//! One kernel goes over the keys of each query, for the query's gradient, the logarithm of the sum of its weights and the
//! mean; another, with those, over the queries of each key, in which keys and queries change places: a workgroup has some
//! keys, and takes queries some at a time. Neither holds scores.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, tensor, vector_size},
    contiguous::buffer,
    keys::{KEYS, LOWEST, QUERIES, dot, largest_of, length, weight_of},
};

/// See [`attention_backwards`](crate::ops::attention_backwards).
///
/// # Shapes
/// - `q` and `g`: `[head, batch, rows, d_head]`; `k` and `v`: `[head, batch, pos, d_head]`
/// - returns `[batch * rows, 3 * head * d_head]`, and for each query the logarithm of the sum of its weights and the mean of
///   `dp`, `[head, batch, rows, 2]`
pub fn attention_backwards(
    [q, k, v]: [&Tensor<4>; 3],
    g: &Tensor<4>,
) -> Option<(Tensor<2>, Tensor<4>)> {
    let [heads, batch, rows, d_head] = q.dims();
    let before = k.dims()[2] - rows;
    let [q, k, v, g] = [buffer(q)?, buffer(k)?, buffer(v)?, buffer(g)?];
    let of_queries = empty(&q, [heads, batch, rows, 2]);
    let by_qkv = empty(&q, [batch * rows, 3 * heads * d_head]);
    let vector = vector_size([d_head]);
    let groups = || CubeCount::new_3d(rows.div_ceil(QUERIES) as u32, heads as u32, batch as u32);
    let units = CubeDim::new_2d(KEYS as u32, QUERIES as u32);
    let scale = 1.0 / (d_head as f32).sqrt();
    let client = q.client.clone();
    // SAFETY: rows beyond the last are computed as the last, and not written; keys and queries stay below the last.
    unsafe {
        to_queries::launch_unchecked(
            &client,
            groups(),
            units,
            vector,
            q.clone().into_buffer_arg(),
            k.clone().into_buffer_arg(),
            v.clone().into_buffer_arg(),
            g.clone().into_buffer_arg(),
            of_queries.clone().into_buffer_arg(),
            by_qkv.clone().into_buffer_arg(),
            before,
            rows,
            scale,
            d_head / vector,
        );
        to_keys::launch_unchecked(
            &client,
            groups(),
            units,
            vector,
            q.into_buffer_arg(),
            k.into_buffer_arg(),
            v.into_buffer_arg(),
            g.into_buffer_arg(),
            of_queries.clone().into_buffer_arg(),
            by_qkv.clone().into_buffer_arg(),
            before,
            rows,
            scale,
            d_head / vector,
        );
    }
    Some((tensor(by_qkv), tensor(of_queries)))
}

#[cube(launch_unchecked)]
fn to_queries<N: Size>(
    q: &[Vector<f32, N>],
    k: &[Vector<f32, N>],
    v: &[Vector<f32, N>],
    g: &[Vector<f32, N>],
    of_queries: &mut [f32],
    by_qkv: &mut [Vector<f32, N>],
    before: usize,
    rows: usize,
    scale: f32,
    #[comptime] d_head: usize,
) {
    let (keys, size) = (length(KEYS, rows), length(d_head, rows));
    let (lane, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let heads = CUBE_COUNT_Y as usize;
    let (head, prompt) = (CUBE_POS_Y as usize, CUBE_POS_Z as usize);
    let sequence = head * CUBE_COUNT_Z as usize + prompt;
    let first = CUBE_POS_X as usize * QUERIES;
    let row = min(first + y, rows - 1);
    let position = before + row;
    let end = before + min(first + QUERIES, rows);
    let at_q = (sequence * rows + row) * d_head;
    let at_k = sequence * (before + rows) * d_head;
    let at = y * KEYS;

    let mut scores = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut worth = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut largest = LOWEST.runtime();
    let mut total = 0.0f32;
    let mut mean = 0.0f32;
    for tile in 0..end.div_ceil(KEYS) {
        let key = tile * KEYS + lane;
        let mut score = LOWEST.runtime();
        let mut of_key = 0.0f32;
        if key <= position {
            score = dot::<N>(q, at_q, k, at_k + key * d_head, size) * scale;
            of_key = dot::<N>(g, at_q, v, at_k + key * d_head, size);
        }
        scores[at + lane] = score;
        worth[at + lane] = of_key;
        sync_cube();
        let now = largest_of(&scores, at, keys, largest);
        let shrink = weight_of(largest - now);
        total *= shrink;
        mean *= shrink;
        for i in 0..keys {
            // A score that is masked adds nothing.
            if scores[at + i] > LOWEST {
                let weight = weight_of(scores[at + i] - now);
                total += weight;
                mean += weight * worth[at + i];
            }
        }
        largest = now;
        sync_cube();
    }
    mean /= total;
    let log_total = largest + total.ln();
    if first + y < rows && lane == 0 {
        of_queries[2 * (sequence * rows + row)] = log_total;
        of_queries[2 * (sequence * rows + row) + 1] = mean;
    }

    let each = comptime!(d_head.div_ceil(KEYS));
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..each {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
    }
    for tile in 0..end.div_ceil(KEYS) {
        let key = tile * KEYS + lane;
        let mut change = 0.0f32;
        if key <= position {
            let score = dot::<N>(q, at_q, k, at_k + key * d_head, size) * scale;
            let of_key = dot::<N>(g, at_q, v, at_k + key * d_head, size);
            change = weight_of(score - log_total) * (of_key - mean) * scale;
        }
        scores[at + lane] = change;
        sync_cube();
        let first_key = tile * KEYS;
        #[unroll]
        for i in 0..each {
            let place = lane + i * KEYS;
            if place < d_head {
                let mut sum = sums.index(i).read();
                for key in first_key..min(first_key + KEYS, end) {
                    let change = Vector::<f32, N>::new(scores[at + key - first_key]);
                    sum += change * k[at_k + key * d_head + place];
                }
                sums.index(i).store(sum);
            }
        }
        sync_cube();
    }
    if first + y < rows {
        let to = ((prompt * rows + row) * 3 * heads + head) * d_head;
        #[unroll]
        for i in 0..each {
            let place = lane + i * KEYS;
            if place < d_head {
                by_qkv[to + place] = sums.index(i).read();
            }
        }
    }
}

#[cube(launch_unchecked)]
fn to_keys<N: Size>(
    q: &[Vector<f32, N>],
    k: &[Vector<f32, N>],
    v: &[Vector<f32, N>],
    g: &[Vector<f32, N>],
    of_queries: &[f32],
    by_qkv: &mut [Vector<f32, N>],
    before: usize,
    rows: usize,
    scale: f32,
    #[comptime] d_head: usize,
) {
    let size = length(d_head, rows);
    let (lane, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let heads = CUBE_COUNT_Y as usize;
    let (head, prompt) = (CUBE_POS_Y as usize, CUBE_POS_Z as usize);
    let sequence = head * CUBE_COUNT_Z as usize + prompt;
    let first = CUBE_POS_X as usize * QUERIES;
    let row = min(first + y, rows - 1);
    let at_q = sequence * rows * d_head;
    let at_k = (sequence * (before + rows) + before + row) * d_head;
    let at = y * KEYS;

    let mut weights = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut changes = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let each = comptime!(d_head.div_ceil(KEYS));
    let mut by_k = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    let mut by_v = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..each {
        by_k.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
        by_v.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
    }
    // Queries before the workgroup's first key do not look at any of its keys.
    for tile in first / KEYS..rows.div_ceil(KEYS) {
        let query = tile * KEYS + lane;
        let mut weight = 0.0f32;
        let mut change = 0.0f32;
        if query >= row && query < rows {
            let of_query = 2 * (sequence * rows + query);
            let score = dot::<N>(q, at_q + query * d_head, k, at_k, size) * scale;
            let of_key = dot::<N>(g, at_q + query * d_head, v, at_k, size);
            weight = weight_of(score - of_queries[of_query]);
            change = weight * (of_key - of_queries[of_query + 1]) * scale;
        }
        weights[at + lane] = weight;
        changes[at + lane] = change;
        sync_cube();
        let first_query = tile * KEYS;
        #[unroll]
        for i in 0..each {
            let place = lane + i * KEYS;
            if place < d_head {
                let mut of_k = by_k.index(i).read();
                let mut of_v = by_v.index(i).read();
                for query in first_query..min(first_query + KEYS, rows) {
                    let weight = Vector::<f32, N>::new(weights[at + query - first_query]);
                    let change = Vector::<f32, N>::new(changes[at + query - first_query]);
                    of_k += change * q[at_q + query * d_head + place];
                    of_v += weight * g[at_q + query * d_head + place];
                }
                by_k.index(i).store(of_k);
                by_v.index(i).store(of_v);
            }
        }
        sync_cube();
    }
    if first + y < rows {
        let to = ((prompt * rows + row) * 3 * heads + heads + head) * d_head;
        #[unroll]
        for i in 0..each {
            let place = lane + i * KEYS;
            if place < d_head {
                by_qkv[to + place] = by_k.index(i).read();
                by_qkv[to + heads * d_head + place] = by_v.index(i).read();
            }
        }
    }
}
