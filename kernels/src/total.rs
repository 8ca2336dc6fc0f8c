//! The logarithm of a sum of exponentials, of which a part comes at a time.
//!
//! ```text
//! log sum_t exp(x[t]) = m + log sum_t exp(x[t] - m),  m the largest so far
//! ```
//!
//! When a larger number comes, the sum is scaled down to it (Milakov and Gimelshein, "Online normalizer calculation for
//! softmax", 2018).

use crate::{
    math::{exp, largest, sum},
    rows::rows_of,
};

/// The sums of some rows, as far as their numbers have come.
#[derive(Debug, Clone)]
pub struct Totals {
    /// For each row its largest number, then the sum of exponentials of the differences from it.
    parts: Vec<f32>,
}

impl Totals {
    /// Sums of nothing, for so many rows.
    pub fn new(rows: usize) -> Self {
        Self {
            parts: [f32::NEG_INFINITY, 0.0].repeat(rows),
        }
    }

    /// The logarithm of each row's sum, less a number of the row.
    pub fn logarithms(&self, less: &[f32]) -> Vec<f32> {
        let (rows, _) = self.parts.as_chunks::<2>();
        let log = |([largest, sum], less): (&[f32; 2], &f32)| {
            (f64::from(*largest) - f64::from(*less) + f64::from(*sum).ln()) as f32
        };
        rows.iter().zip(less).map(log).collect()
    }
}

/// Add more numbers of each row, `[rows, width]`.
///
/// # Panics
/// If there are other than the rows of `totals`.
pub fn add_to_totals(totals: &mut Totals, numbers: &[f32]) {
    let rows = totals.parts.len() / 2;
    assert!(numbers.len().is_multiple_of(rows.max(1)), "whole rows");
    let width = numbers.len() / rows.max(1);
    rows_of(
        &mut totals.parts,
        2,
        #[inline(always)]
        |i, total| {
            let numbers = &numbers[i * width..][..width];
            let most = largest(numbers);
            if most > total[0] {
                total[1] *= exp(total[0] - most);
                total[0] = most;
            }
            let most = total[0];
            total[1] += sum(
                numbers,
                #[inline(always)]
                |x| exp(x - most),
            );
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To 1e-6 of the number, or of 1 where that is larger, against f64.
    #[test]
    fn sums_in_parts_are_those_of_the_whole() {
        const ROWS: usize = 37;
        let number = |row: usize, i: usize| {
            let n = ((row * 131 + i * 37) % 1009) as f32 / 50.0 - 10.0;
            // Some rows far from 0, and one whose numbers are far apart.
            n * if row == 5 { 40.0 } else { 1.0 } + row as f32 * 3.0
        };
        for widths in [&[1][..], &[700], &[1, 5, 16, 300, 17]] {
            let mut totals = Totals::new(ROWS);
            let mut first = 0;
            for width in widths {
                let part =
                    (0..ROWS).flat_map(|r| (first..first + width).map(move |i| number(r, i)));
                add_to_totals(&mut totals, &part.collect::<Vec<f32>>());
                first += width;
            }
            let less: Vec<f32> = (0..ROWS).map(|row| row as f32).collect();
            for (row, log) in totals.logarithms(&less).into_iter().enumerate() {
                let all = (0..first).map(|i| f64::from(number(row, i)));
                let most = all.clone().fold(f64::MIN, f64::max);
                let exact = most - row as f64 + all.map(|x| (x - most).exp()).sum::<f64>().ln();
                let error = (f64::from(log) - exact).abs();
                assert!(error < 1e-6 * exact.abs().max(1.0), "row {row}: {error}");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for part in [[1.0, f32::NAN, 2.0], [f32::NAN; 3]] {
            let mut totals = Totals::new(1);
            add_to_totals(&mut totals, &part);
            add_to_totals(&mut totals, &[5.0, 6.0, 7.0]);
            assert!(totals.logarithms(&[0.0])[0].is_nan());
        }
        let mut totals = Totals::new(1);
        add_to_totals(&mut totals, &[1.0, f32::INFINITY]);
        assert!(!totals.logarithms(&[0.0])[0].is_finite());
    }
}
