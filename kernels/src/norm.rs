//! Normalising rows, and adding a bias to them.

use crate::rows::{moments, rows_of};

/// `(x - mean(x)) / sqrt(var(x) + eps)` of each row of `width` numbers, in place.
pub fn normalise(x: &mut [f32], width: usize, eps: f32) {
    rows_of(
        x,
        width,
        #[inline(always)]
        |_, row| {
            let (mean, variance) = moments(row);
            let inverse = 1.0 / (variance + eps).sqrt();
            row.iter_mut().for_each(|x| *x = (*x - mean) * inverse);
        },
    );
}

/// `x + b` of each row, in place.
pub fn add_bias(x: &mut [f32], b: &[f32]) {
    rows_of(x, b.len(), |_, row| {
        row.iter_mut().zip(b).for_each(|(x, b)| *x += b);
    });
}
