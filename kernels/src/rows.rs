//! Rows of numbers: shared among threads, summed up, made to weights.

use crate::math::{exp, largest, sum};

/// Most rows in one thread's task; enough to be worth the handover.
#[cfg(not(target_family = "wasm"))]
const ROWS_IN_TASK: usize = 16;

/// Mean and variance of a row.
#[inline(always)]
pub fn moments(row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(row, |x| x) / n;
    let variance = sum(
        row,
        #[inline(always)]
        |x| (x - mean) * (x - mean),
    ) / n;
    (mean, variance)
}

/// Weights from scores, in place.
#[inline(always)]
pub fn softmax(scores: &mut [f32]) {
    let inverse = 1.0 / exponentials(scores, largest(scores));
    scores.iter_mut().for_each(|s| *s *= inverse);
}

/// The exponentials of the differences from the largest score, in place, and their sum.
#[inline(always)]
pub fn exponentials(scores: &mut [f32], most: f32) -> f32 {
    scores.iter_mut().for_each(
        #[inline(always)]
        |s| *s = exp(*s - most),
    );
    sum(scores, |s| s)
}

/// Call `change` with the index of each row and the row, in parallel.
///
/// It is compiled for each instruction set as far as it is inlined, so closures on the way are marked for that: otherwise
/// the compiler calls a copy for the oldest processors.
#[cfg(not(target_family = "wasm"))]
pub fn rows_of(x: &mut [f32], width: usize, change: impl Fn(usize, &mut [f32]) + Sync) {
    use rayon::prelude::*;
    let arch = pulp::Arch::new();
    let rows = x.len() / width;
    let in_task = rows.div_ceil(2 * rayon::current_num_threads());
    let in_task = in_task.clamp(1, ROWS_IN_TASK);
    let tasks = x.par_chunks_mut(in_task * width).enumerate();
    tasks.for_each(|(i, task)| {
        arch.dispatch(
            #[inline(always)]
            || {
                for (j, row) in task.chunks_exact_mut(width).enumerate() {
                    change(i * in_task + j, row);
                }
            },
        );
    });
}

/// Call `change` with the index of each row and the row.
#[cfg(target_family = "wasm")]
pub fn rows_of(x: &mut [f32], width: usize, change: impl Fn(usize, &mut [f32])) {
    for (i, row) in x.chunks_exact_mut(width).enumerate() {
        change(i, row);
    }
}
