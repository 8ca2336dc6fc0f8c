//! The steps between the matrix products of a GPT-2 block, on slices, one pass over memory each.
//!
//! A crate of its own so that it is compiled for speed where the rest is compiled for size. The loops are
//! plain Rust, written so that the compiler vectorises them: natively `pulp` compiles each for every
//! instruction set (AVX-512 where there is one) and picks at run time, and rows are shared out among
//! threads; in wasm they become 128-bit SIMD on one thread.

mod math;
mod matmul;

pub use matmul::{Matrix, Tile, matmul};

use math::{dot, exp, sum};

/// Rows in a task of a thread: large enough to be worth handing over.
#[cfg(not(target_family = "wasm"))]
const ROWS_IN_TASK: usize = 16;

/// `(x - mean(x)) / sqrt(var(x) + eps)` of each row of `width` numbers, in place.
pub fn normalise(x: &mut [f32], width: usize, eps: f32) {
    rows_of(x, width, |_, row| {
        let n = row.len() as f32;
        let mean = sum(row, |x| x) / n;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / n;
        let inverse = 1.0 / (variance + eps).sqrt();
        row.iter_mut().for_each(|x| *x = (*x - mean) * inverse);
    });
}

/// `gelu(x + b)` of each row, GELU by tanh, in place.
pub fn gelu_tanh_bias(x: &mut [f32], b: &[f32]) {
    after_bias(x, b, math::gelu_tanh);
}

/// `gelu(x + b)` of each row, GELU by the error function, in place.
pub fn gelu_bias(x: &mut [f32], b: &[f32]) {
    after_bias(x, b, math::gelu);
}

/// `s / (1 + exp(-slope s))` of each row's `s = x + b`, in place.
pub fn swish_bias(x: &mut [f32], b: &[f32], slope: f32) {
    after_bias(x, b, |x| math::swish(x, slope));
}

/// `max(x + b, 0)` of each row, in place.
pub fn relu_bias(x: &mut [f32], b: &[f32]) {
    after_bias(x, b, math::relu);
}

/// `tanh(x + b)` of each row, in place.
pub fn tanh_bias(x: &mut [f32], b: &[f32]) {
    after_bias(x, b, math::tanh);
}

/// `f(x + b)` of each row, in place.
#[inline(always)]
fn after_bias(x: &mut [f32], b: &[f32], f: impl Fn(f32) -> f32 + Sync) {
    rows_of(x, b.len(), |_, row| {
        for (x, b) in row.iter_mut().zip(b) {
            *x = f(*x + b);
        }
    });
}

/// `x += resid + b`, row by row.
pub fn add_to_residual(x: &mut [f32], resid: &[f32], b: &[f32]) {
    let width = b.len();
    rows_of(x, width, |i, row| {
        let resid = &resid[i * width..][..width];
        for ((x, resid), b) in row.iter_mut().zip(resid).zip(b) {
            *x += resid + b;
        }
    });
}

/// What attention is computed from.
pub struct Attention<'a> {
    /// Queries, keys and values of all heads side by side, `[sequence, rows, 3 * d_model]`, before `bias`.
    pub qkv: &'a mut [f32],
    /// `[3 * d_model]`.
    pub bias: &'a [f32],
    /// Keys of the positions before the rows, `[prompt, head, past, d_head]`, prompts fastest among
    /// sequences; empty where the rows start their sequence.
    pub past_k: &'a [f32],
    /// Values likewise.
    pub past_v: &'a [f32],
    /// The row of each prompt that asks; every row where `None`.
    pub queries: Option<&'a [usize]>,
    /// Prompts of the batch.
    pub prompts: usize,
    /// Rows of a sequence.
    pub rows: usize,
    /// Heads.
    pub n_heads: usize,
}

/// Causal attention of all heads into `z`, `[sequence, queries, d_model]`.
pub fn attend(attention: Attention<'_>, z: &mut [f32]) {
    let Attention {
        qkv,
        bias,
        past_k,
        past_v,
        queries,
        prompts,
        rows,
        n_heads,
    } = attention;
    let width = bias.len();
    let (d_model, d_head) = (width / 3, width / 3 / n_heads);
    let past = past_k.len() / (prompts * d_model);
    rows_of(qkv, width, |_, row| {
        row.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
    });
    let qkv = &*qkv;
    let asked = if queries.is_some() { 1 } else { rows };
    let scale = 1.0 / (d_head as f32).sqrt();
    rows_of(z, asked * d_model, |s, z| {
        let sequence = &qkv[s * rows * width..][..rows * width];
        let mut weights = vec![0.0; past + rows];
        for (i, z) in z.chunks_exact_mut(d_model).enumerate() {
            let row = queries.map_or(i, |of_prompt| of_prompt[s % prompts]);
            for (head, z) in z.chunks_exact_mut(d_head).enumerate() {
                let before = (s % prompts * n_heads + head) * past * d_head;
                let [past_k, past_v] =
                    [past_k, past_v].map(|x| x[before..][..past * d_head].chunks_exact(d_head));
                let of_rows = |part: usize| {
                    let rows = sequence.chunks_exact(width).take(row + 1);
                    rows.map(move |r| &r[part * d_model + head * d_head..][..d_head])
                };
                let q = &sequence[row * width + head * d_head..][..d_head];
                let weights = &mut weights[..past + row + 1];
                for (w, k) in weights.iter_mut().zip(past_k.chain(of_rows(1))) {
                    *w = scale * dot(q, k);
                }
                softmax(weights);
                z.fill(0.0);
                for (w, v) in weights.iter().zip(past_v.chain(of_rows(2))) {
                    z.iter_mut().zip(v).for_each(|(z, v)| *z += w * v);
                }
            }
        }
    });
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|s| *s = exp(*s - max));
    let inverse = 1.0 / sum(scores, |s| s);
    scores.iter_mut().for_each(|s| *s *= inverse);
}

/// Change each row by its index, in parallel where there are threads.
#[cfg(not(target_family = "wasm"))]
fn rows_of(x: &mut [f32], width: usize, change: impl Fn(usize, &mut [f32]) + Sync) {
    use rayon::prelude::*;
    let arch = pulp::Arch::new();
    let rows = x.len() / width;
    let in_task = rows.div_ceil(2 * rayon::current_num_threads());
    let in_task = in_task.clamp(1, ROWS_IN_TASK);
    let tasks = x.par_chunks_mut(in_task * width).enumerate();
    tasks.for_each(|(i, task)| {
        arch.dispatch(|| {
            for (j, row) in task.chunks_exact_mut(width).enumerate() {
                change(i * in_task + j, row);
            }
        });
    });
}

/// Change each row by its index.
#[cfg(target_family = "wasm")]
fn rows_of(x: &mut [f32], width: usize, change: impl Fn(usize, &mut [f32])) {
    for (i, row) in x.chunks_exact_mut(width).enumerate() {
        change(i, row);
    }
}
