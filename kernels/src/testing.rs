//! What the tests of several files share.

use crate::{matmul::Kernel, tile::plain_tile};

/// A loop, and each kernel.
pub const KERNELS: [Option<Kernel>; 3] = [None, Some(Kernel::Gemm), Some(Kernel::Tile(plain_tile))];

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

/// The bits of numbers that so many threads compute.
pub fn bits_by(threads: usize, compute: impl FnOnce() -> Vec<f32> + Send) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let found = pool.build().expect("threads").install(compute);
    found.into_iter().map(f32::to_bits).collect()
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
