//! Products natively, by the `gemm` crate, in pieces that threads share.
//!
//! The crate can share a product among threads by itself. They then meet after each block of the depth: six times in the
//! product with `W_out` of GPT-2 small. Here each piece of the result is one thread's work, and they meet once. A bias or an
//! activation is applied to a piece while a cache still holds it.

use std::ops::Range;

use rayon::prelude::*;

use crate::{after::After, matrix::Matrix, rows::vectorised};

/// Products of fewer multiplications are not worth a handover to other threads.
const ALONE: usize = 192 * 192 * 192;

/// Columns of a piece: three tiles of the crate's with AVX-512, eight with AVX2. The last piece has up to 63 more, or down to
/// 64.
const COLUMNS: usize = 192;

/// Fewest rows of a piece: with fewer, it takes too much of the time to pack its columns of `b`.
const ROWS: usize = 192;

/// `c = a @ b`, or `c += a @ b` where it `adds`.
pub struct Gemm<'a> {
    pub a: Matrix<'a>,
    pub b: Matrix<'a>,
    /// Whether the product is added to numbers that are there.
    pub adds: bool,
    /// How these are changed before it is added.
    pub before: After<'a>,
    /// How the result is changed.
    pub after: After<'a>,
}

/// The result, row-major.
struct Out(*mut f32);

// SAFETY: threads write pieces that do not overlap, and nobody reads before all are written.
unsafe impl Sync for Out {}

impl Gemm<'_> {
    /// Compute it, on the thread that calls or on all.
    ///
    /// # Safety
    /// `c` has room for the product, and numbers in it where it is added to them. Nobody else uses it meanwhile.
    ///
    /// # Panics
    /// If the shapes do not go together, or a matrix has fewer numbers than its shape needs.
    pub unsafe fn write(&self, c: *mut f32, is_alone: bool) {
        let (a, b) = (&self.a, &self.b);
        assert_eq!(a.cols, b.rows, "columns of a and rows of b");
        a.check();
        b.check();
        let (m, n) = (a.rows, b.cols);
        let c = Out(c);
        if is_alone || n == 1 || m.saturating_mul(n).saturating_mul(a.cols) < ALONE {
            // SAFETY: all of `c`, as the caller says.
            return unsafe { self.piece(&c, 0..m, 0..n) };
        }
        let cut = Cut::new([m, n], rayon::current_num_threads());
        (0..cut.pieces()).into_par_iter().for_each(|i| {
            let [rows, columns] = cut.piece(i);
            // SAFETY: pieces do not overlap, and lie in `c`.
            unsafe { self.piece(&c, rows, columns) };
        });
    }

    /// One piece.
    ///
    /// # Safety
    /// As [`Gemm::write`]; the piece lies in `c` and no other thread uses it. The matrices are checked.
    unsafe fn piece(&self, c: &Out, rows: Range<usize>, columns: Range<usize>) {
        let (m, n) = (rows.len(), columns.len());
        let a = self.a.part([rows.start, 0]);
        let b = self.b.part([0, columns.start]);
        let [[a_rs, a_cs], [b_rs, b_cs]] = [a.strides(), b.strides()];
        let stride = self.b.cols;
        // SAFETY: in `c`, as the caller says.
        let c = unsafe { c.0.add(rows.start * stride + columns.start) };
        let change = |how: After<'_>| {
            if matches!(how, After::Nothing) {
                return;
            }
            vectorised(
                #[inline(always)]
                || {
                    for i in 0..m {
                        // SAFETY: a row of the piece, which holds numbers when this is called.
                        let row = unsafe { std::slice::from_raw_parts_mut(c.add(i * stride), n) };
                        how.change(row, columns.start);
                    }
                },
            );
        };
        change(self.before);
        let alpha = if self.adds { 1.0 } else { 0.0 };
        // SAFETY: both matrices are checked, `c` is the caller's promise.
        unsafe {
            gemm::gemm(
                m,
                n,
                a.cols,
                c,
                1,
                stride as isize,
                self.adds,
                a.values.as_ptr(),
                a_cs,
                a_rs,
                b.values.as_ptr(),
                b_cs,
                b_rs,
                alpha,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        change(self.after);
    }
}

/// How a product is cut: two pieces or more for each thread, as far as they have columns and rows enough.
///
/// The crate adds up a few rows and columns in another order than many. So columns are cut alike for any number of threads,
/// and rows only into many: the number of threads changes no bit.
struct Cut {
    shape: [usize; 2],
    down: usize,
    across: usize,
}

impl Cut {
    fn new([m, n]: [usize; 2], threads: usize) -> Self {
        let across = ((n + 128) / COLUMNS).max(1);
        let down = (2 * threads).div_ceil(across).min(m / ROWS).max(1);
        Self {
            shape: [m, n],
            down,
            across,
        }
    }

    fn pieces(&self) -> usize {
        self.down * self.across
    }

    /// Rows and columns of a piece.
    fn piece(&self, i: usize) -> [Range<usize>; 2] {
        let [m, n] = self.shape;
        let (i, j) = (i / self.across, i % self.across);
        let end = match j + 1 == self.across {
            true => n,
            false => (j + 1) * COLUMNS,
        };
        [i * m / self.down..(i + 1) * m / self.down, j * COLUMNS..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        matmul::{Kernel, matmul},
        testing::{bits_by, numbers},
    };

    const THREADS: [usize; 5] = [1, 2, 3, 8, 64];

    #[test]
    fn pieces_cover_a_product_once_and_none_is_small() {
        for m in [1, 30, 191, 192, 385, 1300, 5000] {
            for n in [2, 63, 64, 193, 255, 256, 400, 768, 1600, 50257] {
                let columns = |threads| {
                    let cut = Cut::new([m, n], threads);
                    let mut seen = vec![0; m * n.div_ceil(64)];
                    let mut columns = Vec::new();
                    for [rows, of] in (0..cut.pieces()).map(|i| cut.piece(i)) {
                        assert!(rows.len() >= m.min(ROWS), "{m} rows, {threads} threads");
                        assert!(of.len() >= n.min(64), "{n} columns");
                        assert!(of.start.is_multiple_of(64));
                        for block in of.start / 64..of.end.div_ceil(64) {
                            rows.clone()
                                .for_each(|row| seen[row * n.div_ceil(64) + block] += 1);
                        }
                        columns.push(of);
                    }
                    assert!(seen.iter().all(|times| *times == 1), "{m} x {n}");
                    columns.dedup();
                    columns.truncate(cut.across);
                    columns
                };
                let [alone, others @ ..] = THREADS.map(columns);
                assert!(others.iter().all(|others| *others == alone));
            }
        }
        // A step of GPT-2 small: every thread has two.
        for (n, threads) in [(64, 2), (768, 2), (768, 8), (2304, 16), (3072, 16)] {
            assert!(Cut::new([1300, n], threads).pieces() >= 2 * threads);
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        // Few rows, and few columns; many of both; one row and two, as of logits.
        for [m, k, n] in [
            [30, 768, 768],
            [577, 768, 64],
            [385, 64, 768],
            [450, 600, 200],
            [1, 768, 10_000],
            [2, 768, 5_000],
        ] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            for is_transposed in [false, true] {
                let a = Matrix::whole(&a, k);
                let b = match is_transposed {
                    false => Matrix::whole(&b, n),
                    true => Matrix::whole(&b, k).transposed(),
                };
                let by = |threads| bits_by(threads, || matmul(Kernel::Gemm, a, b, After::Nothing));
                let [alone, others @ ..] = THREADS.map(by);
                assert!(others.iter().all(|c| *c == alone), "{m} x {k} x {n}");
            }
        }
    }
}
