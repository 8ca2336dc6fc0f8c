//! What is done to the rows of a product besides multiplying: a bias is added, an activation applied.

use crate::{
    activation::Activation,
    matrix::Matrix,
    rows::{add, rows_of},
};

/// A change of every row, before or after a product.
#[derive(Clone, Copy)]
pub enum After<'a> {
    /// Nothing.
    Nothing,
    /// A bias, a number for each column.
    Bias(&'a [f32]),
    /// A bias, then the function.
    Activation(&'a [f32], Activation),
}

impl After<'_> {
    /// Check that a bias goes with a matrix.
    pub(crate) fn check(self, b: Matrix<'_>) {
        if let Self::Bias(bias) | Self::Activation(bias, _) = self {
            assert_eq!(bias.len(), b.cols, "a bias for each column");
        }
    }

    /// Change all rows of `width` numbers.
    pub fn change_rows(self, c: &mut [f32], width: usize) {
        if !matches!(self, Self::Nothing) {
            rows_of(
                c,
                width,
                #[inline(always)]
                |_, row| self.change(row, 0),
            );
        }
    }

    /// Change a piece of a row, from a column on.
    #[inline(always)]
    pub(crate) fn change(self, row: &mut [f32], column: usize) {
        match self {
            Self::Nothing => {}
            Self::Bias(bias) => add(row, &bias[column..][..row.len()]),
            Self::Activation(bias, activation) => {
                activation.after_bias(row, &bias[column..][..row.len()]);
            }
        }
    }
}
