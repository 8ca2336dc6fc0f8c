//! Matrix product around a tile that the caller supplies.
//!
//! ```text
//! c[m, n] = sum_k a[m, k] b[k, n]
//! ```
//!
//! Plain wasm SIMD multiplies and adds in two instructions. The relaxed `madd` needs one, which nearly doubles the
//! speed of a core, but a browser that does not know it rejects the whole module. So the tile, the innermost loop, is
//! loaded at run time if the browser supports it. The loops around it are the classic scheme (Goto and van de Geijn,
//! "Anatomy of High-Performance Matrix Multiplication", 2008): `b` is cut into blocks that stay in a cache and packed
//! in strips of 12 columns; the rows of `a` are packed in strips of 3.

#[cfg(not(target_family = "wasm"))]
use crate::pieces::Gemm;
use crate::{after::After, matrix::Matrix};

/// Rows of a tile.
const MR: usize = 3;
/// Columns of a tile.
const NR: usize = 12;
/// Depth of a block. A strip of `b` is then 12 kB and fits the first-level cache.
const KC: usize = 256;
/// Columns of a block, which is then 250 kB and fits the second-level cache.
const NC: usize = 20 * NR;

/// `c += a @ b`, 3 rows by 12 columns.
///
/// # Safety
/// `a` is `[depth, 3]` and `b` is `[depth, 12]`, with `depth` at least 1; `c` is 3 rows of 12 numbers, with `stride`
/// bytes from the start of one row to the next.
pub type Tile =
    unsafe extern "C" fn(a: *const f32, b: *const f32, depth: usize, c: *mut f32, stride: usize);

/// The implementation of a product on the CPU.
#[derive(Clone, Copy)]
pub enum Kernel {
    /// The `gemm` crate, on all threads.
    #[cfg(not(target_family = "wasm"))]
    Gemm,
    /// The same on the thread that calls, for products that threads share among them.
    #[cfg(not(target_family = "wasm"))]
    GemmAlone,
    /// The loops here around a tile, which take no transposed `a`.
    Tile(Tile),
}

impl Kernel {
    /// The same on the thread that calls.
    pub fn alone(self) -> Self {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Gemm => Self::GemmAlone,
            alone => alone,
        }
    }

    #[cfg(not(target_family = "wasm"))]
    fn is_alone(self) -> bool {
        matches!(self, Self::GemmAlone)
    }
}

/// `a @ b`, row-major, and what comes after.
///
/// # Panics
/// If `a.cols` differs from `b.rows`, a matrix has fewer numbers than its shape needs, or a bias has not one for each column.
pub fn matmul(kernel: Kernel, a: Matrix<'_>, b: Matrix<'_>, after: After<'_>) -> Vec<f32> {
    after.check(b);
    let size = size(a, b);
    match kernel {
        #[cfg(not(target_family = "wasm"))]
        Kernel::Gemm | Kernel::GemmAlone => {
            let product = Gemm {
                a,
                b,
                adds: false,
                before: After::Nothing,
                after,
            };
            let mut c = Vec::with_capacity(size);
            // SAFETY: the capacity is that of the product, all of which is written.
            unsafe {
                product.write(c.as_mut_ptr(), kernel.is_alone());
                c.set_len(size);
            }
            c
        }
        Kernel::Tile(tile) => {
            let mut c = vec![0.0; size];
            add_tiles(tile, a, b, &mut c);
            after.change_rows(&mut c, b.cols);
            c
        }
    }
}

/// `c += a @ b`, row-major, after something else is done to `c`.
///
/// # Panics
/// As [`matmul`], and if `c` has not the size of the product.
pub fn add_matmul(kernel: Kernel, before: After<'_>, a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32]) {
    before.check(b);
    assert_eq!(c.len(), size(a, b), "the size of the product");
    match kernel {
        #[cfg(not(target_family = "wasm"))]
        Kernel::Gemm | Kernel::GemmAlone => {
            let product = Gemm {
                a,
                b,
                adds: true,
                before,
                after: After::Nothing,
            };
            // SAFETY: it has the size of the product.
            unsafe { product.write(c.as_mut_ptr(), kernel.is_alone()) }
        }
        Kernel::Tile(tile) => {
            before.change_rows(c, b.cols);
            add_tiles(tile, a, b, c);
        }
    }
}

/// Numbers of a product.
fn size(a: Matrix<'_>, b: Matrix<'_>) -> usize {
    let size = a.rows.checked_mul(b.cols);
    size.expect("a product that fits an address space")
}

/// `c += a @ b`, row-major.
fn add_tiles(tile: Tile, a: Matrix<'_>, b: Matrix<'_>, c: &mut [f32]) {
    assert_eq!(a.cols, b.rows, "columns of a and rows of b");
    assert!(!a.is_transposed, "rows of a one after the other");
    let (m, n, k) = (a.rows, b.cols, a.cols);
    let mut packed_a = vec![0.0; m.next_multiple_of(MR) * KC.min(k)];
    let mut packed_b = vec![0.0; NC.min(n.next_multiple_of(NR)) * KC.min(k)];
    for k0 in (0..k).step_by(KC) {
        let depth = KC.min(k - k0);
        pack_a(a, k0, depth, &mut packed_a);
        for n0 in (0..n).step_by(NC) {
            let cols = NC.min(n - n0);
            pack_b(b, (k0, n0), (depth, cols), &mut packed_b);
            for (b, j) in packed_b.chunks_exact(NR * depth).zip((0..cols).step_by(NR)) {
                for (a, i) in packed_a.chunks_exact(MR * depth).zip((0..m).step_by(MR)) {
                    let size = [MR.min(m - i), NR.min(cols - j)];
                    add_tile(tile, [a, b], depth, &mut c[i * n + n0 + j..], n, size);
                }
            }
        }
    }
}

/// Add the product of two strips to `c`. `rows` and `cols` may be smaller than the tile at the edges of `c`.
#[inline(always)]
fn add_tile(
    tile: Tile,
    [a, b]: [&[f32]; 2],
    depth: usize,
    c: &mut [f32],
    stride: usize,
    [rows, cols]: [usize; 2],
) {
    assert!(a.len() == MR * depth && b.len() == NR * depth && depth > 0);
    let add = |c: &mut [f32], stride: usize| {
        assert!(c.len() >= (MR - 1) * stride + NR);
        // SAFETY: the asserts check the lengths that `Tile` requires.
        unsafe {
            tile(
                a.as_ptr(),
                b.as_ptr(),
                depth,
                c.as_mut_ptr(),
                size_of::<f32>() * stride,
            )
        };
    };
    if [rows, cols] == [MR, NR] {
        return add(c, stride);
    }
    let mut whole = [0.0; MR * NR];
    add(&mut whole, NR);
    for (whole, c) in whole.chunks_exact(NR).zip(c.chunks_mut(stride)).take(rows) {
        c.iter_mut()
            .zip(whole)
            .take(cols)
            .for_each(|(c, x)| *c += x);
    }
}

/// Pack strips of rows, each column by column; missing rows are zero.
fn pack_a(a: Matrix<'_>, k0: usize, depth: usize, packed: &mut [f32]) {
    let strips = packed.chunks_exact_mut(MR * depth);
    for (packed, first) in strips.zip((0..a.rows).step_by(MR)) {
        for i in 0..MR {
            let packed = packed[i..].iter_mut().step_by(MR);
            if first + i < a.rows {
                let row = &a.values[(first + i) * a.stride + k0..][..depth];
                packed.zip(row).for_each(|(p, a)| *p = *a);
            } else {
                packed.for_each(|p| *p = 0.0);
            }
        }
    }
}

/// Pack strips of columns, each row by row; missing columns are zero.
fn pack_b(
    b: Matrix<'_>,
    (k0, n0): (usize, usize),
    (depth, cols): (usize, usize),
    packed: &mut [f32],
) {
    if b.is_transposed {
        return pack_columns(b, (k0, n0), (depth, cols), packed);
    }
    for row in 0..depth {
        let values = &b.values[(k0 + row) * b.stride + n0..][..cols];
        // Whole strips separately: copies of a fixed length compile to loads and stores, not calls.
        let (whole, rest) = values.as_chunks::<NR>();
        let mut place = row * NR;
        for values in whole {
            packed[place..][..NR].copy_from_slice(values);
            place += depth * NR;
        }
        if !rest.is_empty() {
            packed[place..][..NR].fill(0.0);
            packed[place..][..rest.len()].copy_from_slice(rest);
        }
    }
}

/// The same where columns are stored one after the other.
fn pack_columns(
    b: Matrix<'_>,
    (k0, n0): (usize, usize),
    (depth, cols): (usize, usize),
    packed: &mut [f32],
) {
    let strips = packed.chunks_exact_mut(NR * depth);
    for (packed, first) in strips.zip((0..cols).step_by(NR)) {
        for j in 0..NR {
            let packed = packed[j..].iter_mut().step_by(NR);
            if first + j < cols {
                let column = &b.values[(n0 + first + j) * b.stride + k0..][..depth];
                packed.zip(column).for_each(|(p, b)| *p = *b);
            } else {
                packed.for_each(|p| *p = 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        activation::Activation,
        testing::{KERNELS, assert_near, numbers},
        tile::plain_tile,
    };

    /// One number of a matrix.
    fn number(x: Matrix<'_>, row: usize, column: usize) -> f32 {
        match x.is_transposed {
            false => x.values[row * x.stride + column],
            true => x.values[column * x.stride + row],
        }
    }

    #[test]
    fn products_with_all_remainders_agree_with_the_definition() {
        let some = |i: usize| ((i * 37) % 101) as f32 / 50.0 - 1.0;
        let numbers: Vec<f32> = (0..700 * 300).map(some).collect();
        for [m, k, n] in [
            [1, 1, 1],
            [2, 3, 11],
            [3, 256, 12],
            [4, 257, 13],
            [7, 300, 240],
            [5, 600, 253],
        ] {
            let of = |rows, cols, stride, from: usize, is_transposed| Matrix {
                values: &numbers[from..],
                rows,
                cols,
                stride,
                is_transposed,
            };
            let a = of(m, k, k + 2, 5, false);
            let both = [of(k, n, n + 3, 9, false), of(k, n, k + 3, 9, true)];
            let kernels = [Kernel::Gemm, Kernel::GemmAlone, Kernel::Tile(plain_tile)];
            for (b, kernel) in both.into_iter().flat_map(|b| kernels.map(|k| (b, k))) {
                let c = matmul(kernel, a, b, After::Nothing);
                let mut twice = c.clone();
                add_matmul(kernel, After::Nothing, a, b, &mut twice);
                for i in 0..m {
                    for j in 0..n {
                        let term = |l: usize| number(a, i, l) * number(b, l, j);
                        let exact: f64 = (0..k).map(|l| f64::from(term(l))).sum();
                        let size: f64 = (0..k).map(|l| f64::from(term(l).abs())).sum();
                        // Rounding is in proportion to what is added up.
                        for (c, times) in [(&c, 1.0), (&twice, 2.0)] {
                            let error = (f64::from(c[i * n + j]) - times * exact).abs();
                            assert!(
                                error <= 4e-6 * times * size,
                                "{m} x {k} x {n} at {i}, {j}, {times} times: {error} of {size}"
                            );
                        }
                    }
                }
            }
        }
    }

    /// Products that threads share, of many columns and of few, one for a single thread, and none; operands that stand in
    /// larger ones, and `b` by its columns too.
    #[test]
    fn what_comes_after_a_product_is_done_to_all_of_it() {
        let gelu = Activation::GeluTanh;
        for [m, k, n] in [
            [210, 130, 400],
            [1500, 150, 40],
            [9, 20, 30],
            [3, 0, 5],
            [0, 4, 5],
        ] {
            let (of_a, of_b) = (numbers(m * (k + 2), 1), numbers((k + 3) * (n + 3), 2));
            let (bias, resid) = (numbers(n, 3), numbers(m * n, 4));
            let of = |values, [rows, cols]: [usize; 2], is_transposed| Matrix {
                values,
                rows,
                cols,
                stride: if is_transposed { rows } else { cols } + 2,
                is_transposed,
            };
            let a = of(&of_a, [m, k], false);
            for b in [false, true].map(|by_columns| of(&of_b, [k, n], by_columns)) {
                let exact = |i: usize| {
                    let term = |l: usize| number(a, i / n, l) * number(b, l, i % n);
                    (0..k).map(|l| f64::from(term(l))).sum::<f64>() as f32
                };
                let plain: Vec<f32> = (0..m * n).map(exact).collect();
                let sum = |x: &[f32], y: &[f32]| -> Vec<f32> {
                    x.iter().zip(y.iter().cycle()).map(|(x, y)| x + y).collect()
                };
                let with_bias = sum(&plain, &bias);
                let mut activated = plain.clone();
                After::Activation(&bias, gelu).change_rows(&mut activated, n);
                for (i, kernel) in KERNELS.into_iter().flatten().enumerate() {
                    let what = format!("{m} x {k} x {n} by kernel {i}");
                    let by = |after| matmul(kernel, a, b, after);
                    assert_near(&by(After::Nothing), &plain, &what);
                    assert_near(&by(After::Bias(&bias)), &with_bias, &what);
                    assert_near(&by(After::Activation(&bias, gelu)), &activated, &what);
                    for (before, product) in
                        [(After::Nothing, &plain), (After::Bias(&bias), &with_bias)]
                    {
                        let mut c = resid.clone();
                        add_matmul(kernel, before, a, b, &mut c);
                        assert_near(&c, &sum(&resid, product), &what);
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a bias for each column")]
    fn a_bias_of_another_width_is_refused() {
        let x = Matrix::whole(&[1.0; 4], 2);
        matmul(KERNELS[2].expect("a kernel"), x, x, After::Bias(&[1.0; 4]));
    }
}
