//! Products by the `gemm` crate, natively.
//!
//! The crate can share a product among threads, which then meet after each block of the depth: six times in the product
//! with `W_out` of GPT-2 small. Here threads share pieces of the result, and meet once. What comes after the product, an
//! activation say, is done to each piece while a cache still holds it.

use rayon::prelude::*;

use crate::{
    matmul::{After, Matrix},
    rows::vectorised,
};

/// Products of fewer multiplications are not worth a handover to other threads.
const ALONE: usize = 192 * 192 * 192;

/// Columns of a piece, at least and at most: what a register holds times a few. Each piece rearranges its columns of `b`.
const COLUMNS: [usize; 2] = [64, 192];

/// Rows of a piece at least, for which rearranging its columns of `b` takes little of the time.
const ROWS: usize = 192;

/// `c = a @ b`, or `c += bias + a @ b`; then what comes after.
pub struct Gemm<'a> {
    pub a: Matrix<'a>,
    pub b: Matrix<'a>,
    /// Added to numbers that are there, with a bias of as many numbers as `c` has columns, if any; `None` where there are
    /// none yet.
    pub onto: Option<Option<&'a [f32]>>,
    pub after: After<'a>,
}

/// The result, row-major, pieces of which are written by several threads.
#[derive(Clone, Copy)]
struct Out(*mut f32);

// SAFETY: no two threads write the same piece, and nobody reads one before all are written.
unsafe impl Send for Out {}
unsafe impl Sync for Out {}

impl Gemm<'_> {
    /// Compute it, on the thread that calls or on all.
    ///
    /// # Safety
    /// `c` has room for the product, and numbers in it where it is added to them.
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
        if is_alone || m.saturating_mul(n).saturating_mul(a.cols) < ALONE {
            // SAFETY: all of `c`, as the caller says.
            return unsafe { self.piece(c, [0, 0], [m, n]) };
        }
        let [width, height] = size_of_pieces([m, n], rayon::current_num_threads());
        let across = n.div_ceil(width);
        let pieces = (0..across * m.div_ceil(height)).into_par_iter();
        pieces.for_each(|piece| {
            let (i, j) = (piece / across * height, piece % across * width);
            // SAFETY: pieces do not overlap, and lie in `c`.
            unsafe { self.piece(c, [i, j], [height.min(m - i), width.min(n - j)]) };
        });
    }

    /// One piece, from a row and a column on.
    ///
    /// # Safety
    /// As [`Gemm::write`]; the piece lies in `c` and no other thread uses it. The matrices are checked.
    unsafe fn piece(&self, c: Out, [i, j]: [usize; 2], [m, n]: [usize; 2]) {
        let (a, b) = (self.a.part([i, 0]), self.b.part([0, j]));
        let [[a_rs, a_cs], [b_rs, b_cs]] = [a.strides(), b.strides()];
        let stride = self.b.cols;
        // SAFETY: in `c`, as the caller says.
        let c = unsafe { c.0.add(i * stride + j) };
        // SAFETY: rows of the piece, in which there are numbers when this is called.
        let row = |i: usize| unsafe { std::slice::from_raw_parts_mut(c.add(i * stride), n) };
        let change = |how: After<'_>| {
            vectorised(
                #[inline(always)]
                || {
                    for i in 0..m {
                        how.change(row(i), j);
                    }
                },
            );
        };
        if let Some(Some(bias)) = self.onto {
            change(After::Bias(bias));
        }
        let adds = self.onto.is_some();
        let alpha = if adds { 1.0 } else { 0.0 };
        // SAFETY: both matrices are checked, `c` is the caller's promise.
        unsafe {
            gemm::gemm(
                m,
                n,
                a.cols,
                c,
                1,
                stride as isize,
                adds,
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
        if !matches!(self.after, After::Nothing) {
            change(self.after);
        }
    }
}

/// Columns and rows of a piece of `[m, n]`: two pieces or more for each thread, of few columns rather than of few rows.
fn size_of_pieces([m, n]: [usize; 2], threads: usize) -> [usize; 2] {
    let [least, most] = COLUMNS;
    let pieces = 2 * threads;
    let width = n.div_ceil(pieces).next_multiple_of(least).min(most);
    let height = m.div_ceil(pieces.div_ceil(n.div_ceil(width)));
    [width, height.max(ROWS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_pieces_of_a_large_product() {
        assert_eq!(size_of_pieces([1300, 3072], 2), [192, 1300]);
        assert_eq!(size_of_pieces([1300, 768], 2), [192, 1300]);
        assert_eq!(size_of_pieces([1300, 64], 2), [64, 325]);
        assert_eq!(size_of_pieces([1300, 768], 16), [64, 434]);
        assert_eq!(size_of_pieces([40, 768], 16), [64, 192]);
    }
}
