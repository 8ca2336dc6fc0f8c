//! What a sublayer adds to the residual stream.

use burn::tensor::Tensor;
use pathpatch_kernels as cpu;

use super::host::{Held, in_place, on_cpu};

/// `resid + x + b`: what a sublayer adds to the residual stream.
///
/// # Shapes
/// - `resid` and `x`: `[rows, d_model]`, also returned; `b`: `[d_model]`
pub fn add_to_residual(resid: Tensor<2>, x: Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
    if on_cpu(&x.device()) {
        let (resid, b) = (Held::of(&resid), Held::of(b));
        return in_place(x, |x| cpu::add_to_residual(x, resid.numbers(), b.numbers()));
    }
    resid + (x + b.clone().unsqueeze())
}
