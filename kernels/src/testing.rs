//! What the tests of several files share.

use crate::matmul::Kernel;

/// No kernel, and each that there is.
pub const KERNELS: [Option<Kernel>; 3] = [None, Some(Kernel::Gemm), Some(Kernel::Tile(tile))];

/// The tile of relaxed SIMD in plain Rust: 3 rows by 12 columns.
pub unsafe extern "C" fn tile(
    a: *const f32,
    b: *const f32,
    depth: usize,
    c: *mut f32,
    stride: usize,
) {
    for k in 0..depth {
        for i in 0..3 {
            for j in 0..12 {
                // SAFETY: the caller upholds the contract of `Tile`.
                unsafe { *c.byte_add(i * stride).add(j) += *a.add(3 * k + i) * *b.add(12 * k + j) };
            }
        }
    }
}

/// Numbers from -1 to 1 of a linear congruential generator.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut number = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| number()).collect()
}

/// Panics where two results differ by more than 2e-6 of the largest number, or by what is no number.
pub fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    let most = expected.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= 2e-6 * most,
            "{what}: {a}, expected {b} at {i}"
        );
    }
}
