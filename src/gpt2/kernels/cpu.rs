//! The kernels on the CPU: loops over the tensors' own bytes, vectorised for the machine they run on.
//!
//! Burn's flex backend hands out a tensor's bytes without a copy where nothing else holds the tensor, so
//! each kernel works in place. The loops are plain Rust over slices, written so that the compiler
//! vectorises them: `pulp` compiles each for every instruction set (AVX-512 where there is one) and picks
//! at run time; in wasm they become 128-bit SIMD.

use burn::tensor::{Tensor, TensorData};
use pulp::Arch;

use super::{Past, Queries};

/// Independent partial sums of a reduction: one AVX-512 register, or four of 128 bits.
const LANES: usize = 16;

/// Rows in a task of a thread: large enough to be worth handing over.
#[cfg(not(target_family = "wasm"))]
const ROWS_IN_TASK: usize = 16;

pub fn normalise(x: Tensor<2>, eps: f32) -> Tensor<2> {
    in_place(x, |_, row| {
        let n = row.len() as f32;
        let mean = sum(row, |x| x) / n;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / n;
        let inverse = 1.0 / (variance + eps).sqrt();
        row.iter_mut().for_each(|x| *x = (*x - mean) * inverse);
    })
}

pub fn gelu_bias(x: Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
    let b = b.to_data();
    let b = floats(&b);
    in_place(x, |_, row| {
        for (x, b) in row.iter_mut().zip(b) {
            *x = gelu(*x + b);
        }
    })
}

pub fn add_to_residual(resid: Tensor<2>, x: Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
    let [_, width] = x.dims();
    let (resid, b) = (resid.into_data(), b.to_data());
    let (resid, b) = (floats(&resid), floats(&b));
    in_place(x, |i, row| {
        let resid = &resid[i * width..][..width];
        for ((x, resid), b) in row.iter_mut().zip(resid).zip(b) {
            *x += resid + b;
        }
    })
}

pub fn attend(
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    let device = qkv.device();
    let d_model = qkv.dims()[1] / 3;
    let d_head = d_model / n_heads;
    let [prompts, _, n_past, _] = past.map_or([1, n_heads, 0, d_head], |p| p.k.dims());
    let b = b.to_data();
    let b = floats(&b);
    // One "row" is all of a sequence.
    let sequences = qkv.dims()[0] / rows;
    let qkv = in_place(
        qkv.reshape([sequences, rows * 3 * d_model]),
        |_, sequence| {
            for row in sequence.chunks_exact_mut(3 * d_model) {
                row.iter_mut().zip(b).for_each(|(x, b)| *x += b);
            }
        },
    );
    let qkv = qkv.into_data();
    let qkv = floats(&qkv);
    let past = past.map(|past| [past.k.to_data(), past.v.to_data()]);
    let past: [&[f32]; 2] = past
        .as_ref()
        .map_or([&[], &[]], |past| past.each_ref().map(floats));
    let asked = queries.count(rows);
    let scale = 1.0 / (d_head as f32).sqrt();
    let z = Tensor::<2>::empty([sequences, asked * d_model], &device);
    let z = in_place(z, |s, z| {
        let prompt = s % prompts;
        let sequence = &qkv[s * rows * 3 * d_model..][..rows * 3 * d_model];
        let mut weights = vec![0.0; n_past + rows];
        for (i, z) in z.chunks_exact_mut(d_model).enumerate() {
            let row = match queries {
                Queries::All => i,
                Queries::One(of_prompt) => of_prompt[s % of_prompt.len()],
            };
            for (head, z) in z.chunks_exact_mut(d_head).enumerate() {
                let before = (prompt * n_heads + head) * n_past * d_head;
                let [past_k, past_v] =
                    past.map(|x| x[before..][..n_past * d_head].chunks_exact(d_head));
                let of_rows = |part: usize| {
                    let rows = sequence.chunks_exact(3 * d_model).take(row + 1);
                    rows.map(move |r| &r[part * d_model + head * d_head..][..d_head])
                };
                let q = &sequence[row * 3 * d_model + head * d_head..][..d_head];
                let weights = &mut weights[..n_past + row + 1];
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
    z.reshape([sequences * asked, d_model])
}

/// A tensor's numbers. Every tensor that this crate makes is of this type.
fn floats(data: &TensorData) -> &[f32] {
    data.as_slice().expect("a tensor of f32")
}

/// Change each row of a tensor, by its index, in parallel where there are threads.
fn in_place(x: Tensor<2>, change: impl Fn(usize, &mut [f32]) + Sync) -> Tensor<2> {
    let device = x.device();
    let [rows, width] = x.dims();
    let mut data = x.into_data();
    let values = data.as_mut_slice::<f32>().expect("a tensor of f32");
    let arch = Arch::new();
    let block = |(i, block): (usize, &mut [f32]), rows_in_block: usize| {
        arch.dispatch(|| {
            for (j, row) in block.chunks_exact_mut(width).enumerate() {
                change(i * rows_in_block + j, row);
            }
        });
    };
    #[cfg(target_family = "wasm")]
    block((0, values), rows);
    #[cfg(not(target_family = "wasm"))]
    {
        use rayon::prelude::*;
        let tasks = rows
            .div_ceil(2 * rayon::current_num_threads())
            .min(ROWS_IN_TASK);
        values
            .par_chunks_mut(tasks.max(1) * width)
            .enumerate()
            .for_each(|task| block(task, tasks.max(1)));
    }
    Tensor::from_data(data, &device)
}

/// Sum of `f` over a row. Separate lanes, since the order of float additions binds the compiler.
#[inline(always)]
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for i in 0..LANES {
            lanes[i] += f(block[i]);
        }
    }
    let rest: f32 = rest.iter().map(|x| f(*x)).sum();
    lanes.iter().sum::<f32>() + rest
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|s| *s = exp(*s - max));
    let inverse = 1.0 / sum(scores, |s| s);
    scores.iter_mut().for_each(|s| *s *= inverse);
}

/// GPT-2's GELU, `x/2 (1 + tanh(u))` with `u = sqrt(2/pi) (x + 0.044715 x^3)`, by way of
/// `(1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))`.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    const MINUS_TWO_ROOT: f32 = -1.595_769_1;
    x / (1.0 + exp(MINUS_TWO_ROOT * (x + 0.044_715 * x * x * x)))
}

/// `e^x` to 2 units in the last place: `2^n e^r` with `|r| <= ln(2)/2`, and Cephes's polynomial for `e^r`.
/// Below -87 and above 88 it stays at the value there. NaN stays NaN.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Added and taken away again, it leaves the nearest integer; its low bits then hold that integer.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 5.000_000_1e-1;
    let e_r = p * r * r + r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    e_r * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_2_units_in_the_last_place() {
        for i in -870_000..=880_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(error < 2.4e-7, "exp({x}): {error}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1e30) < 1e-37);
    }

    #[test]
    fn gelu_is_that_of_f64() {
        for i in -200_000..=200_000 {
            let x = f64::from(i) * 1e-4;
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            let exact = 0.5 * x * (1.0 + u.tanh());
            let error = (f64::from(gelu(x as f32)) - exact).abs();
            assert!(error < 1e-6 * x.abs().max(1.0), "gelu({x}): {error}");
        }
        assert!(gelu(f32::NAN).is_nan());
    }
}
