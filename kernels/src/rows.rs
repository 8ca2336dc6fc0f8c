//! Rows of numbers: shared among threads, summed up, made to weights.

#[cfg(not(target_family = "wasm"))]
use std::mem::MaybeUninit;

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

/// `x + y`, in place.
#[inline(always)]
pub fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

/// Call `change` with the index of each row of `width` numbers and the row. Threads share the rows; the loop is
/// [`vectorised`].
#[cfg(not(target_family = "wasm"))]
pub fn rows_of<T: Send>(x: &mut [T], width: usize, change: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    let rows = x.len() / width;
    let in_task = rows.div_ceil(2 * rayon::current_num_threads());
    let in_task = in_task.clamp(1, ROWS_IN_TASK);
    let tasks = x.par_chunks_mut(in_task * width).enumerate();
    tasks.for_each(|(i, task)| {
        vectorised(
            #[inline(always)]
            || {
                for (j, row) in task.chunks_exact_mut(width).enumerate() {
                    change(i * in_task + j, row);
                }
            },
        );
    });
}

/// Call `change` with the index of each row of `width` numbers and the row.
#[cfg(target_family = "wasm")]
pub fn rows_of(x: &mut [f32], width: usize, change: impl Fn(usize, &mut [f32])) {
    for (i, row) in x.chunks_exact_mut(width).enumerate() {
        change(i, row);
    }
}

/// New rows of `width` numbers: `fill` is called with the index of each and with the row, which holds zeros, in parallel.
#[cfg(not(target_family = "wasm"))]
pub fn new_rows(rows: usize, width: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut made = Vec::with_capacity(rows * width);
    // A thread writes a row's zeros just before it fills the row, so that they are still in its cache.
    rows_of(
        &mut made.spare_capacity_mut()[..rows * width],
        width,
        #[inline(always)]
        |i, row| {
            row.fill(MaybeUninit::new(0.0));
            // SAFETY: zeros are written.
            fill(i, unsafe { row.assume_init_mut() });
        },
    );
    // SAFETY: all rows are written.
    unsafe { made.set_len(rows * width) };
    made
}

/// New rows of `width` numbers: `fill` is called with the index of each and with the row, which holds zeros.
#[cfg(target_family = "wasm")]
pub fn new_rows(rows: usize, width: usize, fill: impl Fn(usize, &mut [f32])) -> Vec<f32> {
    let mut made = vec![0.0; rows * width];
    rows_of(&mut made, width, fill);
    made
}

/// Run a loop as it is compiled for this processor's instructions.
///
/// It is compiled for each set of them as far as it is inlined, so closures on the way are marked for that: otherwise a copy
/// for the oldest processors is called. `pulp` would take the closure itself, but calls it as an `FnOnce`: through a
/// function of the compiler's that has no such mark.
#[cfg(not(target_family = "wasm"))]
pub fn vectorised(run: impl FnMut()) {
    struct Loop<F>(F);
    impl<F: FnMut()> pulp::NullaryFnOnce for Loop<F> {
        type Output = ();

        #[inline(always)]
        fn call(mut self) {
            (self.0)();
        }
    }
    pulp::Arch::new().dispatch(Loop(run));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_changed_once_whatever_the_number_of_rows() {
        for rows in [0, 1, 2, 15, 16, 17, 100, 1000] {
            let of = |i: usize, j: usize| (3 * i + j) as f32;
            let fill = |i: usize, row: &mut [f32]| {
                assert_eq!(row, [0.0; 3]);
                row.iter_mut().enumerate().for_each(|(j, x)| *x = of(i, j));
            };
            let mut made = new_rows(rows, 3, fill);
            let numbers = |by: f32| (0..3 * rows).map(move |i| by * i as f32);
            assert!(made.iter().copied().eq(numbers(1.0)));
            rows_of(&mut made, 3, |i, row| {
                row.iter_mut().enumerate().for_each(|(j, x)| *x += of(i, j));
            });
            assert!(made.into_iter().eq(numbers(2.0)));
        }
    }
}
