//! The logarithm of a sum of exponentials over more numbers than are held at once.

use burn::tensor::{Tensor, TensorData};
use pathpatch_kernels as cpu;

use super::host::{Held, on_cpu};

/// `log sum exp` of each row, of which some columns come at a time.
pub enum LogSum {
    /// Nothing yet.
    Empty,
    /// On the CPU, in one pass over the numbers.
    Loops(cpu::Totals),
    /// In Burn's operations: the largest number of each row and the sum of the exponentials less it, `[rows, 1]` each.
    Operations(Tensor<2>, Tensor<2>),
}

impl LogSum {
    /// With more columns of the same rows, `[rows, n]`.
    #[must_use]
    pub fn with(self, x: Tensor<2>) -> Self {
        if on_cpu(&x.device()) {
            let [rows, _] = x.dims();
            let mut totals = match self {
                Self::Loops(totals) => totals,
                _ => cpu::Totals::new(rows),
            };
            cpu::add_to_totals(&mut totals, Held::of(&x).numbers());
            return Self::Loops(totals);
        }
        let largest = x.clone().max_dim(1);
        match self {
            Self::Operations(before, sum) => {
                let largest = largest.max_pair(before.clone());
                let sum = sum * (before - largest.clone()).exp();
                let more = (x - largest.clone()).exp().sum_dim(1);
                Self::Operations(largest, sum + more)
            }
            _ => {
                let sum = (x - largest.clone()).exp().sum_dim(1);
                Self::Operations(largest, sum)
            }
        }
    }

    /// That of all columns so far, less a number of each row.
    ///
    /// # Shapes
    /// - `shift`: `[rows, 1]`, also returned
    ///
    /// # Panics
    /// Without a column.
    pub fn less(self, shift: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Empty => panic!("no numbers to add up"),
            Self::Loops(totals) => {
                let (dims, device) = (shift.dims(), shift.device());
                let log_sums = totals.logarithms(Held::of(&shift).numbers());
                Tensor::from_data(TensorData::new(log_sums, dims), &device)
            }
            Self::Operations(largest, sum) => (largest - shift) + sum.log(),
        }
    }
}
