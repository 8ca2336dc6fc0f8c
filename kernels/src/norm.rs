//! Normalising rows, and adding a bias to them.

use crate::rows::{add, moments, new_rows, rows_of};

/// `(x - mean(x)) / sqrt(var(x) + eps)` of each row of `width` numbers.
pub fn normalise(x: &[f32], width: usize, eps: f32) -> Vec<f32> {
    new_rows(
        x.len() / width,
        width,
        #[inline(always)]
        |i, out| {
            let row = &x[i * width..][..width];
            let (mean, variance) = moments(row);
            let inverse = 1.0 / (variance + eps).sqrt();
            out.iter_mut()
                .zip(row)
                .for_each(|(y, x)| *y = (x - mean) * inverse);
        },
    )
}

/// `x + b` of each row, in place.
pub fn add_bias(x: &mut [f32], b: &[f32]) {
    rows_of(
        x,
        b.len(),
        #[inline(always)]
        |_, row| add(row, b),
    );
}
