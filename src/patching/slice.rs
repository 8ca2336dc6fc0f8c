//! The two runs of some prompts, from which every patch of theirs starts.
//!
//! Kept are, for each layer, the corrupted run's residual stream on the rows, its keys and values before them, and
//! the difference of z: `8 n_layers d_model` bytes a token. What a layer makes of it as a destination is computed
//! when it is asked for: 4.7 MFLOP a row in GPT-2 small, beside 9 to 160 for each edge that starts from it. By
//! causality nothing before the first row is changed by a patch, and the clean run equals the corrupted one there:
//! it is run on the rows alone.

use std::{
    cell::{OnceCell, RefCell},
    ops::Range,
    rc::Rc,
};

use burn::tensor::Tensor;

use super::plan::Part;
use crate::{
    error::Result,
    gpt2::{Gpt2, Past, Steps, causal_mask, index, layer_norm},
    prompt::Batch,
};

/// Some prompts run through a model, clean and corrupted.
pub(super) struct Slice<'a> {
    pub model: &'a Gpt2,
    pub steps: Steps<'a>,
    /// First row that a patch can change.
    pub first: usize,
    /// Rows from there to the last that is read.
    pub rows: usize,
    pub batch: usize,
    layers: Vec<Layer>,
    /// The final residual stream, `[batch, pos, d_model]`.
    pub clean_final: Tensor<3>,
    /// The final residual stream, `[batch, pos, d_model]`.
    pub corrupted_final: Tensor<3>,
    /// Mask of all rows, `[rows, pos]`, once it has been wanted.
    mask: OnceCell<Tensor<2>>,
    keeps_destinations: bool,
    destinations: RefCell<Vec<Option<Rc<Destination>>>>,
    /// The residual stream before the layers that were asked for.
    pub looks: Vec<Look>,
}

/// What is kept of a layer.
struct Layer {
    /// The corrupted run's residual stream on the rows, `[batch * rows, d_model]`.
    resid_pre: Tensor<2>,
    /// The corrupted run's keys and values before the rows; `None` where there are none.
    past: Option<Past>,
    /// `z_clean - z_corrupted`, `[head, batch * rows, d_head]`.
    delta_z: Tensor<3>,
}

/// The residual stream before a layer at all positions, `[batch * pos, d_model]`.
pub(super) struct Look {
    pub layer: usize,
    pub clean: Tensor<2>,
    pub corrupted: Tensor<2>,
}

/// The corrupted run at a destination layer, heads first: rows of `q`, all positions of `k` and `v`.
pub(super) struct Destination {
    /// `[head, batch, rows, d_head]`.
    pub q: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub k: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub v: Tensor<4>,
    /// `[head, batch, rows, d_head]`.
    pub z: Tensor<4>,
    /// `[batch * rows, d_model]`.
    pub resid_pre: Tensor<2>,
    /// `[batch * rows, 1]`.
    pub ln1_scale: Tensor<2>,
    /// `[batch * rows, d_model]`.
    pub resid_mid: Tensor<2>,
}

/// How a slice is run and what is kept of it.
pub(super) struct Keep<'k> {
    /// Whether destinations are kept once they are made, or only the last.
    pub destinations: bool,
    /// Layers before which the residual stream is kept at all positions.
    pub looks: &'k [usize],
}

impl<'a> Slice<'a> {
    /// Run both prompts of every pair of a part.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn run(
        model: &'a Gpt2,
        steps: Steps<'a>,
        batch: &Batch,
        part: &Part,
        keep: Keep<'_>,
    ) -> Result<Self> {
        let (config, device) = (&model.config, model.device());
        let (n, first, rows, pos) = (part.batch(), part.first, part.rows(), part.pos);
        let (heads, d_head, d_model) = (config.n_heads, config.d_head, config.d_model);
        let [clean, corrupted] = part.tokens(batch);
        let in_rows = (0..n).flat_map(|s| (first..pos).map(move |p| s * pos + p));
        let in_rows = index(in_rows, &device);
        // A copy, so that what is left out is not kept either.
        let rows_of = |x: Tensor<2>| match first {
            0 => x,
            _ => x.select(0, in_rows.clone()),
        };
        let before = index(0..first, &device);
        let by_head = |z: Tensor<2>| {
            let z = z.reshape([n * rows, heads, d_head]);
            z.swap_dims(0, 1)
        };

        let mut layers: Vec<Layer> = Vec::with_capacity(config.n_layers);
        let mut looks = Vec::with_capacity(keep.looks.len());
        let mut resid = model.embed(&corrupted).reshape([n * pos, d_model]);
        for (layer, block) in model.blocks.iter().enumerate() {
            if keep.looks.contains(&layer) {
                looks.push(Look {
                    layer,
                    clean: resid.clone(),
                    corrupted: resid.clone(),
                });
            }
            let qkv = block.qkv_of_rows(resid.clone(), steps).await?;
            let past = (first > 0).then(|| {
                let [_, k, v] = block.by_head(qkv.clone(), n);
                let [k, v] = [k, v].map(|x| x.select(2, before.clone()));
                Past { k, v }
            });
            let z = block.attend_all_rows(qkv, None, pos, steps).await?;
            layers.push(Layer {
                resid_pre: rows_of(resid.clone()),
                past,
                delta_z: by_head(rows_of(z.clone())),
            });
            let resid_mid = block.add_attention(resid, z, steps).await?;
            resid = block.add_mlp_to_rows(resid_mid, steps).await?;
        }
        let corrupted_final = resid.reshape([n, pos, d_model]);

        let mut slice = Self {
            model,
            steps,
            first,
            rows,
            batch: n,
            layers,
            clean_final: corrupted_final.clone(),
            corrupted_final,
            mask: OnceCell::new(),
            keeps_destinations: keep.destinations,
            destinations: RefCell::new(vec![None; config.n_layers]),
            looks,
        };
        if clean == corrupted {
            for layer in &mut slice.layers {
                layer.delta_z = Tensor::zeros([heads, n * rows, d_head], &device);
            }
            return Ok(slice);
        }
        let mut resid = rows_of(model.embed(&clean).reshape([n * pos, d_model]));
        for (i, block) in model.blocks.iter().enumerate() {
            if let Some(look) = slice.looks.iter_mut().find(|look| look.layer == i) {
                look.clean = whole(&look.corrupted, resid.clone(), n);
            }
            let layer = &mut slice.layers[i];
            let past = layer.past.as_ref();
            let qkv = block.qkv_of_rows(resid.clone(), steps).await?;
            let z = block.attend_all_rows(qkv, past, rows, steps).await?;
            layer.delta_z = by_head(z.clone()) - layer.delta_z.clone();
            let resid_mid = block.add_attention(resid, z, steps).await?;
            resid = block.add_mlp_to_rows(resid_mid, steps).await?;
        }
        let corrupted_final = slice.corrupted_final.clone();
        let corrupted_final = corrupted_final.reshape([n * pos, d_model]);
        slice.clean_final = whole(&corrupted_final, resid, n).reshape([n, pos, d_model]);
        Ok(slice)
    }

    /// `z_clean - z_corrupted` of the heads of a layer on the rows, `[head, batch * rows, d_head]`.
    pub fn delta_z(&self, layer: usize) -> Tensor<3> {
        self.layers[layer].delta_z.clone()
    }

    /// Mask of some of the rows as queries, over the positions up to the last of them.
    ///
    /// # Shapes
    /// returns `[queries, first + queries.end]`
    pub fn mask(&self, queries: &Range<usize>) -> Tensor<2> {
        let (n, pos) = (queries.len(), self.first + queries.end);
        let make = || causal_mask(n, pos, &self.model.device());
        match n == self.rows {
            true => self.mask.get_or_init(make).clone(),
            false => make(),
        }
    }

    /// The corrupted run's keys and values before the rows.
    pub fn past(&self, layer: usize) -> Option<&Past> {
        self.layers[layer].past.as_ref()
    }

    /// The rows of whole sequences, `[batch, pos, width]` to `[batch * rows, width]`.
    pub fn flat_rows(&self, x: &Tensor<3>) -> Tensor<2> {
        let [batch, _, width] = x.dims();
        let rows = x.clone().narrow(1, self.first, self.rows);
        rows.reshape([batch * self.rows, width])
    }

    /// The corrupted run as a destination layer sees it.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn destination(&self, layer: usize) -> Result<Rc<Destination>> {
        if let Some(made) = &self.destinations.borrow()[layer] {
            return Ok(made.clone());
        }
        let block = &self.model.blocks[layer];
        let (heads, d_head) = (block.n_heads, self.model.config.d_head);
        let (batch, rows, steps) = (self.batch, self.rows, self.steps);
        let Layer {
            resid_pre, past, ..
        } = &self.layers[layer];
        let past = past.as_ref();
        let qkv = block.qkv_of_rows(resid_pre.clone(), steps).await?;
        let [q, k, v] = block.by_head(qkv.clone(), batch);
        let [k, v] = Past::in_front_of(past, [k, v]);
        let z = block.attend_all_rows(qkv, past, rows, steps).await?;
        let resid_mid = block
            .add_attention(resid_pre.clone(), z.clone(), steps)
            .await?;
        let z = z.reshape([batch, rows, heads, d_head]).swap_dims(1, 2);
        let [q, k, v, z] = [q, k, v, z].map(|x| x.swap_dims(0, 1));
        let made = Rc::new(Destination {
            q,
            k,
            v,
            z,
            ln1_scale: layer_norm(resid_pre.clone(), block.eps).1,
            resid_pre: resid_pre.clone(),
            resid_mid,
        });
        let mut destinations = self.destinations.borrow_mut();
        if !self.keeps_destinations {
            destinations.fill(None);
        }
        destinations[layer] = Some(made.clone());
        Ok(made)
    }
}

/// Whole sequences of the clean run: the corrupted run before the rows, which is the same there, then the rows.
///
/// # Shapes
/// - `corrupted`: `[batch * pos, width]`, also returned; `rows`: `[batch * rows, width]`
fn whole(corrupted: &Tensor<2>, rows: Tensor<2>, batch: usize) -> Tensor<2> {
    let ([flat, width], [in_rows, _]) = (corrupted.dims(), rows.dims());
    if in_rows == flat {
        return rows;
    }
    let (pos, n_rows) = (flat / batch, in_rows / batch);
    let before = corrupted.clone().reshape([batch, pos, width]);
    let before = before.narrow(1, 0, pos - n_rows);
    let rows = rows.reshape([batch, n_rows, width]);
    Tensor::cat(vec![before, rows], 1).reshape([flat, width])
}
