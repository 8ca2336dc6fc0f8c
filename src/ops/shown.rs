//! How rows of a table are shown.

use burn::tensor::Tensor;

/// What is made of a row.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// The row as it is.
    Plain,
    /// The row less its mean.
    Centred,
    /// `(row - from) * by`, each `[1, width]`.
    Scaled {
        /// Taken away.
        from: &'a Tensor<2>,
        /// Then multiplied.
        by: &'a Tensor<2>,
    },
}
