//! A linear map over the last dimension of a batch of sequences, as one matrix product.

use burn::tensor::Tensor;

use super::matmul::matmul;

/// `x @ w + b`.
///
/// # Shapes
/// - `x`: `[batch, pos, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
/// - returns `[batch, pos, d_out]`
pub fn linear(x: Tensor<3>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<3> {
    let [batch, pos, d_in] = x.dims();
    let [_, d_out] = w.dims();
    let y = matmul(x.reshape([batch * pos, d_in]), w) + b.clone().unsqueeze();
    y.reshape([batch, pos, d_out])
}
