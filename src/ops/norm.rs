//! LayerNorm without its weight and bias, which are folded into the next map.
//!
//! ```text
//! centred = x - mean(x);  scale = sqrt(mean(centred^2) + eps);  normalised = centred / scale
//! change    = normalised(x + delta) - normalised(x), or delta / scale(x) where the scale is frozen
//! backwards = (g - mean(g) - normalised mean(g normalised)) / scale
//! ```

use burn::tensor::Tensor;
use pathpatch_kernels as cpu;

#[cfg(feature = "webgpu")]
use super::gpu;
use super::host::{Held, on_cpu, tensor};

/// Normalise each row, the last dimension.
///
/// # Shapes
/// - `x`: `[.., d_model]`
/// - returns the normalised rows `[.., d_model]` and their scale `[.., 1]`
///   (TransformerLens: `ln1.hook_normalized`, `ln1.hook_scale`)
pub fn layer_norm<const D: usize>(x: Tensor<D>, eps: f64) -> (Tensor<D>, Tensor<D>) {
    #[cfg(feature = "webgpu")]
    if let Some(both) = gpu::layer_norm(&x, eps) {
        return both;
    }
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
        let dims = x.dims();
        let normalised = cpu::normalise(Held::of(&x).numbers(), dims[1], eps as f32);
        return tensor(normalised, dims);
    }
    layer_norm(x, eps).0
}

/// What changes of the input make of the output: the difference of the normalised rows, or `delta / scale(base)` where the
/// scale is frozen.
///
/// # Shapes
/// - `base`: `[rows, d_model]`; `delta`: `[n, rows, d_model]`, also returned
pub fn norm_change(base: &Tensor<2>, delta: Tensor<3>, eps: f64, is_frozen: bool) -> Tensor<3> {
    #[cfg(feature = "webgpu")]
    if let Some(change) = gpu::norm_change(base, &delta, eps, is_frozen) {
        return change;
    }
    if is_frozen {
        return delta / layer_norm(base.clone(), eps).1.unsqueeze_dim(0);
    }
    let dims = delta.dims();
    let [n, rows, width] = dims;
    let changed = base.clone().unsqueeze_dim::<3>(0) + delta;
    let changed = normalise(changed.reshape([n * rows, width]), eps);
    changed.reshape(dims) - normalise(base.clone(), eps).unsqueeze_dim(0)
}

/// The gradient with respect to the input, from that with respect to the normalised output.
///
/// # Shapes
/// - `x`: the input, `[.., rows, d_model]`, of which the first dimensions may be 1; `gradient`: `[.., rows, d_model]`, also
///   returned
pub fn through_norm<const D: usize>(x: Tensor<D>, eps: f64, gradient: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "webgpu")]
    if let Some(through) = gpu::through_norm(&x, &gradient, eps) {
        return through;
    }
    let (y, scale) = layer_norm(x, eps);
    let along = (gradient.clone() * y.clone()).mean_dim(D - 1);
    (gradient.clone() - gradient.mean_dim(D - 1) - y * along) / scale
}
