//! LayerNorm without its weight and bias, which are folded into the next map.
//!
//! ```text
//! centred = x - mean(x);  scale = sqrt(mean(centred^2) + eps);  normalised = centred / scale
//! ```

use burn::tensor::Tensor;
use pathpatch_kernels as cpu;

use super::host::{in_place, on_cpu};

/// Normalise each row, the last dimension.
///
/// # Shapes
/// - `x`: `[.., d_model]`
/// - returns the normalised rows `[.., d_model]` and their scale `[.., 1]`
///   (TransformerLens: `ln1.hook_normalized`, `ln1.hook_scale`)
pub fn layer_norm<const D: usize>(x: Tensor<D>, eps: f64) -> (Tensor<D>, Tensor<D>) {
    let centred = x.clone() - x.mean_dim(D - 1);
    let scale = (centred.clone().square().mean_dim(D - 1) + eps).sqrt();
    (centred / scale.clone(), scale)
}

/// `(x - mean(x)) / sqrt(var(x) + eps)` of each row, in one pass.
///
/// # Shapes
/// - `x`: `[rows, d_model]`, also returned
pub fn normalise(x: Tensor<2>, eps: f64) -> Tensor<2> {
    if on_cpu(&x.device()) {
        let width = x.dims()[1];
        return in_place(x, |x| cpu::normalise(x, width, eps as f32));
    }
    layer_norm(x, eps).0
}
