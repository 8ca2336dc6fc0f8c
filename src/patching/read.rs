//! What receivers read of the deltas: the change of their normalised input.
//!
//! ```text
//! change = LN(base + delta) - LN(base)     exact
//! change = delta / scale(base)             frozen
//! ```
//!
//! `base` is the base run's residual stream where the receiver reads it. A delta has mean zero, so that subtracting the
//! mean of the changed input changes nothing in frozen mode. A delta at one position changes the input there alone.

use burn::tensor::{Tensor, TensorData};

use super::{graph::Sender, job::Variant, patch::LayerNorm, slice::Slice};
use crate::ops::{index, norm_change, pick};

/// The change of each variant's normalised input on the rows.
///
/// # Shapes
/// - `base`: `[batch * rows, d_model]`; returns `[variant, batch * rows, d_model]`
pub(super) fn change_as_read(
    slice: &Slice<'_>,
    base: &Tensor<2>,
    variants: &[Variant],
    layer_norm: LayerNorm,
) -> Tensor<3> {
    let senders = senders(variants);
    let [flat, _] = base.dims();
    let delta = slice.written(&senders, 0..flat);
    let is_frozen = layer_norm == LayerNorm::Frozen;
    let change = norm_change(base, delta, slice.model.config.eps, is_frozen);
    let place = |variant: &Variant| senders.partition_point(|s| *s < variant.edge.from);
    let [n, flat, d_model] = change.dims();
    let places = index(variants.iter().map(place), &base.device());
    let change = pick(change.reshape([n, flat * d_model]), &places);
    let change = change.reshape([variants.len(), flat, d_model]);
    match variants.iter().any(|variant| variant.at.is_some()) {
        true => change * masks(slice, variants),
        false => change,
    }
}

/// The senders of variants, each once, in their order.
pub(super) fn senders(variants: &[Variant]) -> Vec<Sender> {
    let mut senders: Vec<Sender> = variants.iter().map(|v| v.edge.from).collect();
    senders.sort_unstable();
    senders.dedup();
    senders
}

/// 1 at the rows that each variant patches, else 0: `[variant, batch * rows, 1]`.
fn masks(slice: &Slice<'_>, variants: &[Variant]) -> Tensor<3> {
    let (window, batch) = (slice.window, slice.batch);
    let of_variant = |variant: &Variant| {
        let at = variant.at;
        let is_patched = move |p: usize| at.is_none_or(|at| at == p);
        let rows = (0..batch).flat_map(move |_| window.first..window.end());
        rows.map(move |p| f32::from(u8::from(is_patched(p))))
    };
    let mask: Vec<f32> = variants.iter().flat_map(of_variant).collect();
    let shape = [variants.len(), batch * window.rows, 1];
    Tensor::from_data(TensorData::new(mask, shape), &slice.model.device())
}
