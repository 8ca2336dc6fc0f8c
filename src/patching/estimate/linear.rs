//! Effects that are linear in what a receiver's LayerNorm makes of a change or, for attribution, in the change itself.

use std::ops::Range;

use burn::tensor::Tensor;

use super::effects::{Group, Results};
use crate::{
    error::Result,
    gpt2::Block,
    ops::{matmul, norm_change, through_norm},
    patching::{patch::LayerNorm, scores::Scores, slice::Slice},
};

/// The LayerNorm of receivers.
pub(super) struct Norm {
    /// Its input in the base run, `[batch * rows, d_model]`.
    pub base: Tensor<2>,
    /// Its input in the run whose gradient is taken, likewise.
    pub here: Tensor<2>,
    pub eps: f64,
    pub mode: LayerNorm,
    pub scores: Scores,
}

impl Norm {
    /// What changes of its input make of its output.
    ///
    /// # Shapes
    /// - `delta`: `[sender, rows, d_model]` on some rows, also returned
    pub fn forwards(&self, delta: Tensor<3>, rows: Range<usize>) -> Tensor<3> {
        let base = self.base.clone().narrow(0, rows.start, rows.len());
        norm_change(&base, delta, self.eps, self.mode == LayerNorm::Frozen)
    }

    /// The gradient with respect to its input.
    ///
    /// # Shapes
    /// - `gradient`: with respect to its output, `[receiver, rows, d_model]` on some rows, also returned
    fn backwards(&self, gradient: Tensor<3>, rows: Range<usize>) -> Tensor<3> {
        match self.mode {
            // Divided by the scale, as changes are.
            LayerNorm::Frozen => self.forwards(gradient, rows),
            LayerNorm::Exact => through_norm(on_rows(&self.here, rows), self.eps, gradient),
        }
    }
}

/// Some rows, `[1, rows, width]`.
pub(super) fn on_rows(x: &Tensor<2>, rows: Range<usize>) -> Tensor<3> {
    x.clone().narrow(0, rows.start, rows.len()).unsqueeze_dim(0)
}

/// The gradient with respect to what each head's query, key and value read, normalised, on some rows.
///
/// # Shapes
/// - `by_qkv`: with respect to q, k and v, `[batch * rows, 3 * d_model]`
/// - returns `[3 * head, rows, d_model]`
pub(super) fn by_input(block: &Block, by_qkv: &Tensor<2>, rows: Range<usize>) -> Tensor<3> {
    let ports = 3 * block.n_heads;
    let of_ports = |x: Tensor<2>| {
        let [rows, width] = x.dims();
        x.reshape([rows, ports, width / ports]).swap_dims(0, 1)
    };
    let by_qkv = by_qkv.clone().narrow(0, rows.start, rows.len());
    matmul(of_ports(by_qkv), of_ports(block.w_qkv.clone()).transpose())
}

/// Effects on a group of receivers, from the gradient on some of the rows with respect to what their LayerNorm gives,
/// `[receiver, rows, d_model]`.
///
/// # Errors
/// Those of the pause.
pub(super) async fn linear(
    slice: &Slice<'_>,
    results: &mut Results,
    group: &Group,
    norm: &Norm,
    gradient: impl Fn(Range<usize>) -> Tensor<3>,
) -> Result<()> {
    let (d_model, n_to) = (slice.model.config.d_model, group.columns.len());
    let product = slice.model.unembed.product;
    // Rows of d_model numbers, of which the gradients take half and some senders' changes the other half, with a copy
    // each. Senders are few at a time only where rows are few too.
    let in_step = slice.floats_of_step() / (4 * d_model);
    for rows in slice.rectangles(in_step / n_to.max(16)) {
        let n = rows.len();
        let by_normalised = gradient(rows.clone());
        let by_read = match norm.scores {
            Scores::Estimate => by_normalised,
            _ => norm.backwards(by_normalised, rows.clone()),
        };
        slice.steps.pause.pause().await?;
        for (which, senders) in group.senders(in_step / n) {
            let n_from = senders.len();
            let delta = slice.written(senders, rows.clone());
            let read = match norm.scores {
                Scores::Estimate => norm.forwards(delta, rows.clone()),
                _ => delta,
            };
            let effects = match results.is_by_position() {
                true => {
                    let by_read = by_read.clone().permute([1, 2, 0]);
                    let effects = matmul(read.swap_dims(0, 1), by_read);
                    let in_prompt = n.min(slice.window.rows);
                    let of_prompts = [n / in_prompt, in_prompt, n_from, n_to];
                    let effects = effects.reshape(of_prompts).sum_dim(0);
                    let effects: Tensor<3> = effects.squeeze_dim(0);
                    let first = slice.window.first + rows.start % slice.window.rows;
                    let at = effects.clone();
                    results.at_positions(group, which.clone(), 0..n_to, first, at);
                    effects.sum_dim(0).squeeze_dim(0)
                }
                false => {
                    let read = read.reshape([n_from, n * d_model]);
                    let by_read = by_read.clone().reshape([n_to, n * d_model]);
                    product.matmul(read, &by_read.transpose())
                }
            };
            results.whole(group, which, 0..n_to, effects);
            slice.steps.pause.pause().await?;
        }
    }
    Ok(())
}
