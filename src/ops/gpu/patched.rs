//! The change of z of heads each of which has its query, key or value changed: see [`attend`](super::attend).

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};
use pathpatch_kernels::Input;

use super::{
    super::index::index,
    buffer::{empty, indices, tensor, vector_size},
    contiguous::buffer,
    keys::{KEYS, LOWEST, QUERIES, largest_of, length, weight_of},
};

/// See [`change_of_z`](crate::ops::change_of_z).
///
/// # Shapes
/// - `delta`: `[variant, prompt, rows, d_head]`, also returned; `of`: the head and the input of each variant
/// - q and z: `[head, prompt, rows, d_head]`; k and v: `[head, prompt, pos, d_head]`
pub fn change_of_z(
    delta: &Tensor<4>,
    of: &[(usize, Input)],
    [q, k, v, z]: [&Tensor<4>; 4],
) -> Option<Tensor<4>> {
    let shape = delta.dims();
    let [variants, prompts, rows, d_head] = shape;
    let before = k.dims()[2] - rows;
    let device = delta.device();
    let delta = buffer(delta)?;
    // The head of each variant, then which of q, k and v is changed.
    let of = of.iter().flat_map(|(head, input)| [*head, *input as usize]);
    let of = indices(&index(of, &device))?;
    let [q, k, v, z] = [buffer(q)?, buffer(k)?, buffer(v)?, buffer(z)?];
    let change = empty(&delta, shape);
    let vector = vector_size([d_head]);
    // SAFETY: queries beyond the last are computed as the last, and not written; keys stay below the last row.
    unsafe {
        patched::launch_unchecked(
            &delta.client.clone(),
            CubeCount::new_3d(
                rows.div_ceil(QUERIES) as u32,
                prompts as u32,
                variants as u32,
            ),
            CubeDim::new_2d(KEYS as u32, QUERIES as u32),
            vector,
            delta.into_buffer_arg(),
            of.into_buffer_arg(),
            q.into_buffer_arg(),
            k.into_buffer_arg(),
            v.into_buffer_arg(),
            z.into_buffer_arg(),
            change.clone().into_buffer_arg(),
            before,
            rows,
            1.0 / (d_head as f32).sqrt(),
            d_head / vector,
        );
    }
    Some(tensor(change))
}

#[cube(launch_unchecked)]
fn patched<N: Size>(
    delta: &[Vector<f32, N>],
    of: &[i32],
    q: &[Vector<f32, N>],
    k: &[Vector<f32, N>],
    v: &[Vector<f32, N>],
    z: &[Vector<f32, N>],
    change: &mut [Vector<f32, N>],
    before: usize,
    rows: usize,
    scale: f32,
    #[comptime] d_head: usize,
) {
    let (keys, size) = (length(KEYS, rows), length(d_head, rows));
    let (lane, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let (prompt, variant) = (CUBE_POS_Y as usize, CUBE_POS_Z as usize);
    let prompts = CUBE_COUNT_Y as usize;
    let sequence = of[2 * variant] as usize * prompts + prompt;
    let part = of[2 * variant + 1];
    let first_query = CUBE_POS_X as usize * QUERIES;
    let row = min(first_query + y, rows - 1);
    let position = before + row;
    let end = before + min(first_query + QUERIES, rows);
    let at_delta = (variant * prompts + prompt) * rows * d_head;
    let at_q = (sequence * rows + row) * d_head;
    let at_k = sequence * (before + rows) * d_head;

    let mut of_q = Shared::<[Vector<f32, N>]>::new_slice(comptime!(QUERIES * d_head));
    let mut scores = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let mut weights = Shared::<[f32]>::new_slice(comptime!(QUERIES * KEYS));
    let each = comptime!(d_head.div_ceil(KEYS));
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for i in 0..each {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
        let at = lane + i * KEYS;
        if at < d_head {
            let mut number = q[at_q + at];
            if part == 0 {
                number += delta[at_delta + row * d_head + at];
            }
            of_q[y * d_head + at] = number * Vector::new(scale);
        }
    }
    sync_cube();

    let mut largest = LOWEST.runtime();
    let mut total = 0.0f32;
    for tile in 0..end.div_ceil(KEYS) {
        let key = tile * KEYS + lane;
        let mut score = LOWEST.runtime();
        if key <= position {
            let mut products = Vector::<f32, N>::new(0.0f32);
            let at = at_k + key * d_head;
            for i in 0..size {
                products += of_q[y * d_head + i] * k[at + i];
            }
            if part == 1 && key >= before {
                let at = at_delta + (key - before) * d_head;
                for i in 0..size {
                    products += of_q[y * d_head + i] * delta[at + i];
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
                    sum += weight * v[at_k + key * d_head + at];
                    if part == 2 && key >= before {
                        sum += weight * delta[at_delta + (key - before) * d_head + at];
                    }
                }
                sums.index(i).store(sum);
            }
        }
    }
    if first_query + y < rows {
        #[unroll]
        for i in 0..each {
            let at = lane + i * KEYS;
            if at < d_head {
                let patched = sums.index(i).read() / Vector::new(total);
                change[at_delta + row * d_head + at] = patched - z[at_q + at];
            }
        }
    }
}
