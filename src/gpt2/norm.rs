//! LayerNorm without its weight and bias, which are folded into the next map.
//!
//! ```text
//! centred = x - mean(x);  scale = sqrt(mean(centred^2) + eps);  normalised = centred / scale
//! ```

use burn::tensor::Tensor;

/// Normalise each row.
///
/// # Shapes
/// - `x`: `[batch, pos, d_model]`
/// - returns the normalised rows `[batch, pos, d_model]` and their scale `[batch, pos, 1]`
///   (TransformerLens: `ln1.hook_normalized`, `ln1.hook_scale`)
pub fn layer_norm(x: Tensor<3>, eps: f64) -> (Tensor<3>, Tensor<3>) {
    let centred = x.clone() - x.mean_dim(2);
    let scale = (centred.clone().square().mean_dim(2) + eps).sqrt();
    (centred / scale.clone(), scale)
}
