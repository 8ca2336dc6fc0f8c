//! How attention goes over keys: some at a time, with the largest score so far and what is relative to it, so that memory
//! does not grow with the keys. Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018).

use burn::tensor::{Device, Tensor};
use burn_cubecl::cubecl::{self, prelude::*};

use super::buffer::where_it_is;

/// Keys that are taken at once, each with a unit for every query.
pub(super) const KEYS: usize = 16;
/// Queries of a workgroup.
pub(super) const QUERIES: usize = 4;

/// Numbers of a head at most: the queries of a workgroup, with two numbers for each of its scores, fit its memory.
pub fn widest_head(device: &Device) -> Option<usize> {
    let number = where_it_is(&Tensor::<1>::empty([1], device))?;
    let numbers = number.client.properties().hardware.max_shared_memory_size / size_of::<f32>();
    Some(numbers.saturating_sub(2 * QUERIES * KEYS) / QUERIES)
}
/// Below any score, yet finite, as WGSL has no infinity.
pub(super) const LOWEST: f32 = -1e30;

/// A length that compilers are not to know, as `rows` is at least 1. Drivers that compute on the CPU unroll loops of a known
/// length or of at most that, and compile those around barriers for seconds.
#[cube]
pub(super) fn length(#[comptime] n: usize, rows: usize) -> usize {
    n * rows / rows
}

/// The largest of so many scores from `at` on, one for each key, and of those before.
#[cube]
pub(super) fn largest_of(scores: &Shared<[f32]>, at: usize, keys: usize, before: f32) -> f32 {
    let mut largest = before;
    for i in 0..keys {
        largest = max(largest, scores[at + i]);
    }
    largest
}

/// `exp` of a difference that is at most 0.
#[cube]
pub(super) fn weight_of(difference: f32) -> f32 {
    max(difference, -80.0f32).exp()
}

/// The dot product of two vectors, where they are.
#[cube]
pub(super) fn dot<N: Size>(
    a: &[Vector<f32, N>],
    at_a: usize,
    b: &[Vector<f32, N>],
    at_b: usize,
    d_head: usize,
) -> f32 {
    let mut products = Vector::<f32, N>::new(0.0f32);
    for i in 0..d_head {
        products += a[at_a + i] * b[at_b + i];
    }
    Vector::vector_sum(products)
}
