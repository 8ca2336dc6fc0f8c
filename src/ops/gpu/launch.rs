//! What the kernels of a product share: their arguments, and what follows the sums.

use burn_cubecl::{
    cubecl::{self, prelude::*},
    tensor::CubeTensor,
};

use super::{
    super::activation::Activation,
    activation::activated,
    buffer::{numbers_of, vector_size},
};

/// The arguments of a kernel.
pub(super) struct Launch {
    pub a: CubeTensor,
    pub b: CubeTensor,
    /// Empty where there is none, as is the residual stream.
    pub bias: CubeTensor,
    pub resid: CubeTensor,
    pub c: CubeTensor,
    /// Rows, depth and width of the product, and what lies between two rows of `b`, or of its transpose.
    pub shape: [usize; 4],
    /// Where both operands begin, and the result.
    pub start: [usize; 3],
    /// What follows: nothing, a bias, a bias and the activation, or a bias and the residual stream.
    pub after: u32,
    pub activation: Activation,
}

impl Launch {
    /// How many numbers are read at once by a kernel that reads rows of both operands.
    pub fn vector_size(&self) -> usize {
        let ([_, depth, width, stride], [a, b, _]) = (self.shape, self.start);
        vector_size([depth, width, stride, a, b])
    }

    /// How the numbers of `b` are stored: weights may be f16.
    pub fn numbers_of_b(&self) -> ElemType {
        numbers_of(&self.b)
    }
}

/// What follows a product, for some numbers of a row.
///
/// `at` is the place of the numbers in the result, `column` that in the row.
#[cube]
pub(super) fn finish<N: Size>(
    sum: Vector<f32, N>,
    bias: &[Vector<f32, N>],
    resid: &[Vector<f32, N>],
    at: usize,
    column: usize,
    after: u32,
    #[comptime] activation: Activation,
) -> Vector<f32, N> {
    let mut y = sum;
    if after > 0 {
        y += bias[column];
        if after == 2 {
            y = activated::<N>(y, activation);
        }
        if after == 3 {
            y += resid[at];
        }
    }
    y
}
