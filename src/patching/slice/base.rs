//! The base run of some prompts, and the other run that it is compared with.

use std::{
    cell::{OnceCell, RefCell},
    ops::{Deref, Range},
    rc::Rc,
};

use burn::tensor::Tensor;

use super::{destination::Destination, means::Means};
use crate::{
    error::Result,
    gpt2::{Gpt2, Steps},
    ops::{Past, add, cat, causal_mask, index, pick, subtract},
    patching::{both::Both, graph::Stage, patch::Direction, plan::Part, window::Window},
    prompt::Batch,
};

/// Some prompts run through a model, and what patches add to the base run.
pub(in crate::patching) struct Slice<'a> {
    pub model: &'a Gpt2,
    pub steps: Steps<'a>,
    pub(super) activations: Rc<Activations>,
    /// The deltas of the senders that will be asked for, where another has made them: `[sender, batch * rows, d_model]`.
    pub(super) given: Option<Tensor<3>>,
}

/// What is kept of both runs: numbers alone, which outlive the call that has made them.
pub(in crate::patching) struct Activations {
    pub direction: Direction,
    pub window: Window,
    pub batch: usize,
    /// Delta of the token embedding on the rows, `[batch * rows, d_model]`.
    pub(super) delta_embed: Tensor<2>,
    pub(super) layers: Vec<Layer>,
    /// The base run's final residual stream, `[batch, pos, d_model]`.
    pub base_final: Tensor<3>,
    /// The other run's final residual stream, `[batch, pos, d_model]`.
    pub other_final: Tensor<3>,
    /// Mask of all rows, `[rows, pos]`, once it has been wanted.
    pub(super) mask: OnceCell<Tensor<2>>,
    pub(super) keeps_destinations: bool,
    pub(super) destinations: RefCell<Vec<Option<Rc<Destination>>>>,
    /// The deltas of all senders, once they have been wanted; `None` where they are not kept.
    pub(super) written: Option<OnceCell<Tensor<3>>>,
    /// The residual stream at the stages that were asked for.
    pub looks: Vec<Look>,
}

/// What is kept of a layer.
pub(super) struct Layer {
    /// The base run's residual stream on the rows, `[batch * rows, d_model]`.
    pub(super) resid_pre: Tensor<2>,
    /// The base run's keys and values before the rows; `None` where there are none.
    pub(super) past: Option<Past>,
    /// Delta of z, `[head, batch * rows, d_head]`.
    pub(super) delta_z: Tensor<3>,
    /// Delta of what the MLP writes, `[batch * rows, d_model]`.
    pub(super) delta_mlp: Tensor<2>,
}

/// The residual stream at a stage, at all positions, `[batch * pos, d_model]`.
pub(in crate::patching) struct Look {
    pub stage: Stage,
    pub base: Tensor<2>,
    pub other: Tensor<2>,
}

/// What goes in where a sender's write is taken out.
pub(in crate::patching) enum GoesIn<'m> {
    /// What it writes in the other run.
    Other,
    /// The mean of that over all pairs.
    Mean(&'m Means),
    /// Nothing.
    Nothing,
}

/// How a slice is run and what is kept of it.
pub(in crate::patching) struct Keep<'k> {
    /// Whether destinations are kept once they are made, or only the last.
    pub destinations: bool,
    /// Whether the deltas of all senders are kept once they are made.
    pub written: bool,
    /// Stages at which the residual stream is kept at all positions.
    pub looks: &'k [Stage],
}

impl Deref for Slice<'_> {
    type Target = Activations;

    fn deref(&self) -> &Activations {
        &self.activations
    }
}

impl<'a> Slice<'a> {
    /// Runs that are there already.
    pub fn of(model: &'a Gpt2, steps: Steps<'a>, activations: Rc<Activations>) -> Self {
        Self {
            model,
            steps,
            activations,
            given: None,
        }
    }

    /// What is kept of the runs.
    pub fn activations(&self) -> Rc<Activations> {
        self.activations.clone()
    }

    /// Run both prompts of every pair of a part, side by side, so that weights are read once for both.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn run(
        model: &'a Gpt2,
        steps: Steps<'a>,
        batch: &Batch,
        part: &Part,
        direction: Direction,
        goes_in: GoesIn<'_>,
        keep: Keep<'_>,
    ) -> Result<Self> {
        let (config, device) = (&model.config, model.device());
        let (n, window, rows, pos) = (part.batch(), part.window, part.rows(), part.pos());
        let (heads, d_head, d_model) = (config.n_heads, config.d_head, config.d_model);
        let tokens = part.tokens(batch);
        let Both { clean, corrupted } = tokens;
        let [base, other] = match direction {
            Direction::Denoise => [corrupted, clean],
            Direction::Noise => [clean, corrupted],
        };
        let in_rows = (0..n).flat_map(|s| (window.first..pos).map(move |p| s * pos + p));
        let in_rows = index(in_rows, &device);
        let is_same = base == other;
        // A copy, so that what is left out is not kept either.
        let rows_of = |x: Tensor<2>| match window.first {
            0 if is_same => x,
            _ => pick(x, &in_rows),
        };
        // Rows of keys and values by head, those before the window.
        let before = (0..n * heads).flat_map(|s| (0..window.first).map(move |p| s * pos + p));
        let before = index(before, &device);
        let by_head = |z: Tensor<2>| {
            let z = z.reshape([n * rows, heads, d_head]);
            z.swap_dims(0, 1)
        };
        let embedded = |ids: &[Vec<u32>]| rows_of(model.embed_tokens(&ids.concat()));
        let embed = |ids: &[Vec<u32>]| model.embed(ids).reshape([n * pos, d_model]);
        // The base run at all positions, then the rows of the other run, if that is another.
        let in_base = n * pos;
        let of_base = |x: &Tensor<2>| x.clone().narrow(0, 0, in_base);
        let of_other = |x: &Tensor<2>| match is_same {
            true => rows_of(of_base(x)),
            false => x.clone().narrow(0, in_base, n * rows),
        };

        let mut layers: Vec<Layer> = Vec::with_capacity(config.n_layers);
        let mut looks = Vec::with_capacity(keep.looks.len());
        let mut look = |stage: Stage, resid: &Tensor<2>| {
            if keep.looks.contains(&stage) {
                let base = of_base(resid);
                looks.push(Look {
                    stage,
                    other: whole(&base, of_other(resid), n),
                    base,
                });
            }
        };
        let delta_embed = match &goes_in {
            GoesIn::Other => subtract(embedded(&other), embedded(&base)),
            GoesIn::Mean(means) => means.embed(window, n) - embedded(&base),
            GoesIn::Nothing => -embedded(&base),
        };
        let mut resid = embed(&base);
        if !is_same {
            resid = cat(vec![resid, rows_of(embed(&other))], 0);
        }
        for layer in 0..config.n_layers {
            let block = model.layers.block(layer).await?;
            look(Stage::pre(layer), &resid);
            let resid_pre = rows_of(of_base(&resid));
            let qkv = block.qkv_of_rows(resid.clone(), steps).await?;
            let past = (window.first > 0).then(|| {
                let [_, k, v] = block.by_head(of_base(&qkv), n);
                let [k, v] = [k, v].map(|x| {
                    let x = pick(x.reshape([n * heads * pos, d_head]), &before);
                    x.reshape([n, heads, window.first, d_head])
                });
                Past { k, v }
            });
            let base_qkv = of_base(&qkv);
            let mut z = block.attend_all_rows(base_qkv, None, pos, steps).await?;
            if !is_same {
                let (past, qkv) = (past.as_ref(), of_other(&qkv));
                let of_other = block.attend_all_rows(qkv, past, rows, steps).await?;
                z = cat(vec![z, of_other], 0);
            }
            let [z_base, z_other] = [rows_of(of_base(&z)), of_other(&z)].map(by_head);
            resid = block.add_attention(resid, z, steps).await?;
            look(Stage::mid(layer), &resid);
            let mlp = block.mlp_of_rows(resid.clone(), steps).await?;
            let [mlp_base, mlp_other] = [rows_of(of_base(&mlp)), of_other(&mlp)];
            resid = add(resid, mlp);
            let (delta_z, delta_mlp) = match &goes_in {
                GoesIn::Other => (subtract(z_other, z_base), subtract(mlp_other, mlp_base)),
                GoesIn::Mean(means) => (
                    means.z(layer, window, n) - z_base,
                    means.mlp(layer, window, n) - mlp_base,
                ),
                GoesIn::Nothing => {
                    let b_v = block.b_v.clone().reshape([heads, 1, d_head]);
                    (-(z_base + b_v), -mlp_base)
                }
            };
            layers.push(Layer {
                resid_pre,
                past,
                delta_z,
                delta_mlp,
            });
        }
        look(Stage::pre(config.n_layers), &resid);
        let (base_final, other_final) = (of_base(&resid), of_other(&resid));
        let other_final = whole(&base_final, other_final, n);
        let sequences = |x: Tensor<2>| x.reshape([n, pos, d_model]);
        let activations = Activations {
            direction,
            window,
            batch: n,
            delta_embed,
            layers,
            base_final: sequences(base_final),
            other_final: sequences(other_final),
            mask: OnceCell::new(),
            keeps_destinations: keep.destinations,
            destinations: RefCell::new(vec![None; config.n_layers]),
            written: keep.written.then(OnceCell::new),
            looks,
        };
        Ok(Self::of(model, steps, Rc::new(activations)))
    }

    /// Whole sequences of a run that equals the base run before the rows.
    ///
    /// # Shapes
    /// - `rows`: `[batch * rows, d_model]`; returns `[batch, pos, d_model]`
    pub fn with_rows(&self, rows: Tensor<2>) -> Tensor<3> {
        let [batch, pos, d_model] = self.base_final.dims();
        let base = self.base_final.clone().reshape([batch * pos, d_model]);
        whole(&base, rows, batch).reshape([batch, pos, d_model])
    }

    /// The final residual streams, by the names of the runs.
    pub fn finals(&self) -> Both<&Tensor<3>> {
        Both::told(self.direction, &self.base_final, &self.other_final)
    }

    /// Mask of some of the rows as queries, over the positions up to the last of them.
    ///
    /// # Shapes
    /// returns `[queries, first + queries.end]`
    pub fn mask(&self, queries: &Range<usize>) -> Tensor<2> {
        let (n, pos) = (queries.len(), self.window.first + queries.end);
        let make = || causal_mask(n, pos, &self.model.device());
        match n == self.window.rows {
            true => self.mask.get_or_init(make).clone(),
            false => make(),
        }
    }

    /// The base run's residual stream before a layer, on the rows, `[batch * rows, d_model]`.
    pub fn resid_pre(&self, layer: usize) -> &Tensor<2> {
        &self.layers[layer].resid_pre
    }

    /// The base run's keys and values before the rows.
    pub fn past(&self, layer: usize) -> Option<&Past> {
        self.layers[layer].past.as_ref()
    }

    /// The rows of whole sequences, `[batch, pos, width]` to `[batch * rows, width]`.
    pub fn flat_rows(&self, x: &Tensor<3>) -> Tensor<2> {
        let [batch, _, width] = x.dims();
        let Window { first, rows } = self.window;
        let x = x.clone().narrow(1, first, rows);
        x.reshape([batch * rows, width])
    }
}

/// Whole sequences of the other run: the base run before the rows, which is the same there, then the rows.
///
/// # Shapes
/// - `base`: `[batch * pos, width]`, also returned; `rows`: `[batch * rows, width]`
fn whole(base: &Tensor<2>, rows: Tensor<2>, batch: usize) -> Tensor<2> {
    let ([flat, width], [in_rows, _]) = (base.dims(), rows.dims());
    if in_rows == flat {
        return rows;
    }
    let (pos, n_rows) = (flat / batch, in_rows / batch);
    let before = base.clone().reshape([batch, pos, width]);
    let before = before.narrow(1, 0, pos - n_rows);
    let rows = rows.reshape([batch, n_rows, width]);
    cat(vec![before, rows], 1).reshape([flat, width])
}
