//! Parts of matrices.

use std::ops::Range;

use burn::tensor::Tensor;

/// Some rows and columns of a matrix. A view of them is a copy on a GPU where it does not begin at a multiple of what the
/// adapter asks for.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// `[rows, columns]`.
    pub matrix: &'a Tensor<2>,
    /// Which rows.
    pub rows: Range<usize>,
    /// Which columns.
    pub columns: Range<usize>,
}

impl<'a> Part<'a> {
    /// All of a matrix.
    pub fn whole(matrix: &'a Tensor<2>) -> Self {
        let [rows, columns] = matrix.dims();
        Self {
            matrix,
            rows: 0..rows,
            columns: 0..columns,
        }
    }

    /// So many rows from the first on, with all columns.
    pub fn rows(matrix: &'a Tensor<2>, first: usize, n: usize) -> Self {
        Self {
            rows: first..first + n,
            ..Self::whole(matrix)
        }
    }

    /// So many columns from the first on, with all rows.
    pub fn columns(matrix: &'a Tensor<2>, first: usize, n: usize) -> Self {
        Self {
            columns: first..first + n,
            ..Self::whole(matrix)
        }
    }

    /// As a tensor.
    pub fn view(&self) -> Tensor<2> {
        let (rows, columns) = (&self.rows, &self.columns);
        let of_rows = self.matrix.clone().narrow(0, rows.start, rows.len());
        of_rows.narrow(1, columns.start, columns.len())
    }
}
