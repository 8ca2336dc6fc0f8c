//! The operands of a product.

/// A matrix, possibly part of a larger one.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Its numbers, beginning with its first.
    pub values: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Distance from the start of one row to the next, in numbers; of one column to the next where it is transposed.
    pub stride: usize,
    /// Whether its columns are stored one after the other, in place of its rows.
    pub is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// One whose rows stand together, of so many columns.
    pub fn whole(values: &'a [f32], cols: usize) -> Self {
        Self {
            values,
            rows: values.len() / cols,
            cols,
            stride: cols,
            is_transposed: false,
        }
    }

    /// The same numbers, rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            is_transposed: !self.is_transposed,
            ..self
        }
    }

    /// Distances from the start of one row, and of one column, to the next.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn strides(&self) -> [isize; 2] {
        // Allocations have at most `isize::MAX` bytes.
        match self.is_transposed {
            false => [self.stride as isize, 1],
            true => [1, self.stride as isize],
        }
    }

    /// The part from a row and a column on.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn part(self, [row, column]: [usize; 2]) -> Self {
        let first = match self.is_transposed {
            false => row * self.stride + column,
            true => column * self.stride + row,
        };
        Self {
            values: &self.values[first..],
            rows: self.rows - row,
            cols: self.cols - column,
            ..self
        }
    }

    /// Check that all of it is there.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn check(&self) {
        let (lines, width) = match self.is_transposed {
            false => (self.rows, self.cols),
            true => (self.cols, self.rows),
        };
        let before_last = lines.saturating_sub(1).checked_mul(self.stride);
        let needed = before_last.and_then(|n| n.checked_add(width));
        assert!(
            lines == 0 || needed.is_some_and(|n| n <= self.values.len()),
            "all of a matrix"
        );
    }
}
