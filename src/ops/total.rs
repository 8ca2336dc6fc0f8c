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
    Operations(Box<[Tensor<2>; 2]>),
}

impl LogSum {
    /// With more columns of the same rows, `[rows, n]`.
    #[must_use]
    pub fn with(self, x: &Tensor<2>) -> Self {
        match on_cpu(&x.device()) {
            true => self.with_by_loops(x),
            false => self.with_by_operations(x),
        }
    }

    fn with_by_loops(self, x: &Tensor<2>) -> Self {
        let mut totals = match self {
            Self::Loops(totals) => totals,
            _ => cpu::Totals::new(x.dims()[0]),
        };
        cpu::add_to_totals(&mut totals, Held::of(x).numbers());
        Self::Loops(totals)
    }

    fn with_by_operations(self, x: &Tensor<2>) -> Self {
        let largest = x.clone().max_dim(1);
        let of = |largest: &Tensor<2>| (x.clone() - largest.clone()).exp().sum_dim(1);
        match self {
            Self::Operations(before) => {
                let [before, sum] = *before;
                let largest = largest.max_pair(before.clone());
                let sum = sum * (before - largest.clone()).exp() + of(&largest);
                Self::Operations(Box::new([largest, sum]))
            }
            _ => {
                let sum = of(&largest);
                Self::Operations(Box::new([largest, sum]))
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
            Self::Operations(of_rows) => {
                let [largest, sum] = *of_rows;
                (largest - shift) + sum.log()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn loops_and_operations_add_up_parts_to_the_whole() {
        let device = Device::flex();
        let random =
            |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 9.0), &device);
        let (x, shift) = (random([5, 70]), random([5, 1]));
        let of_whole = x.clone().exp().sum_dim(1).log() - shift.clone();
        type Add = fn(LogSum, &Tensor<2>) -> LogSum;
        for add in [LogSum::with_by_loops as Add, LogSum::with_by_operations] {
            for width in [70, 33, 1] {
                let parts = (0..70).step_by(width).map(|first| {
                    let n = width.min(70 - first);
                    x.clone().narrow(1, first, n)
                });
                let sum = parts.fold(LogSum::Empty, |sum, part| add(sum, &part));
                let difference = (sum.less(shift.clone()) - of_whole.clone()).abs().max();
                assert!(difference.into_scalar::<f32>() < 1e-5, "{width}");
            }
        }
    }
}
