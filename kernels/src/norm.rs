//! Normalising rows.

use crate::rows::{moments, new_rows};

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
