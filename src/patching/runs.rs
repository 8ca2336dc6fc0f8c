//! The two runs that every patch starts from, each done once.
//!
//! Of the clean run only the differences of z are kept; of the corrupted run everything. By causality
//! nothing before the first row (where the prompts differ, or the metric reads) is changed by a patch, so
//! all later work is on rows `first..`, with the corrupted run's keys and values before them.

use burn::tensor::{Int, Tensor, TensorData};

use crate::{
    gpt2::{ActivationCache, Gpt2, Past, causal_mask},
    prompt::Batch,
};

/// A batch of prompts run through a model, clean and corrupted.
pub struct Runs<'a> {
    pub(super) model: &'a Gpt2,
    /// First row that a patch can change.
    pub(super) first: usize,
    /// Rows from there to the end.
    pub(super) rows: usize,
    pub(super) batch: usize,
    corrupted: ActivationCache,
    clean_final: Tensor<3>,
    /// `z_clean - z_corrupted` of all heads on the rows, `[layer * head, batch * rows, d_head]`.
    pub(super) delta_z: Tensor<3>,
    /// Output map of all heads, `[layer * head, d_head, d_model]`.
    pub(super) w_o: Tensor<3>,
    /// Mask of the rows, `[rows, pos]`.
    pub(super) mask: Tensor<2>,
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
    /// `[batch, rows, 1]`.
    pub ln1_scale: Tensor<3>,
    /// `[batch, rows, d_model]`.
    pub resid_mid: Tensor<3>,
}

impl<'a> Runs<'a> {
    /// Run the model on both prompts of every pair.
    pub fn new(model: &'a Gpt2, batch: &Batch) -> Self {
        let device = model.device();
        let config = &model.config;
        let [clean, corrupted] = batch.tokens(&device).map(|t| model.run_with_cache(t));
        let pos = batch.len_pos();
        let first = batch.first_row();
        let rows = pos - first;
        let n_batch = batch.pairs().len();
        let (heads, d_head) = (config.n_heads, config.d_head);
        let delta_z = clean.blocks.iter().zip(&corrupted.blocks).map(|(a, b)| {
            let delta = (a.z.clone() - b.z.clone()).narrow(2, first, rows);
            delta
                .swap_dims(0, 1)
                .reshape([heads, n_batch * rows, d_head])
        });
        let w_o = model
            .blocks
            .iter()
            .map(|b| b.w_o.clone().reshape([heads, d_head, config.d_model]));
        Self {
            model,
            first,
            rows,
            batch: n_batch,
            delta_z: Tensor::cat(delta_z.collect(), 0),
            w_o: Tensor::cat(w_o.collect(), 0),
            mask: causal_mask(rows, pos, &device),
            clean_final: clean.final_resid(),
            corrupted,
        }
    }

    /// Logits of the clean run at one position of each prompt, `[batch, d_vocab]`.
    pub fn clean_logits(&self, positions: &[usize]) -> Tensor<2> {
        self.read(self.clean_final.clone(), 0, Some(positions))
            .squeeze_dim::<3>(0)
            .squeeze_dim(1)
    }

    /// Logits of both runs as a metric wants them, clean first: `[2, batch, pos, d_vocab]`.
    pub(super) fn baseline_logits(&self, positions: Option<&[usize]>) -> Tensor<4> {
        let both = vec![self.clean_final.clone(), self.corrupted.final_resid()];
        self.read(Tensor::cat(both, 0), 0, positions)
    }

    /// Logits of patched runs as a metric wants them, `[edge, batch, pos, d_vocab]`.
    ///
    /// # Shapes
    /// - `resid`: `[edge * batch, rows, d_model]`, the final residual stream on the rows
    pub(super) fn patched_logits(
        &self,
        resid: Tensor<3>,
        positions: Option<&[usize]>,
    ) -> Tensor<4> {
        if positions.is_some() || self.first == 0 {
            return self.read(resid, self.first, positions);
        }
        let [n, _, d_model] = resid.dims();
        let before = self.corrupted.final_resid().narrow(1, 0, self.first);
        let before = before.repeat(&[n / self.batch, 1, 1]);
        debug_assert_eq!(before.dims(), [n, self.first, d_model]);
        self.read(Tensor::cat(vec![before, resid], 1), 0, None)
    }

    /// Unembed the rows at `positions` (all of them where `None`) of runs that start at row `first`.
    fn read(&self, resid: Tensor<3>, first: usize, positions: Option<&[usize]>) -> Tensor<4> {
        let [n, rows, d_model] = resid.dims();
        let edges = n / self.batch;
        let (read, pos) = match positions {
            None => (resid, rows),
            Some(positions) => {
                let at = |i: usize| (i * rows + positions[i % self.batch] - first) as i32;
                let at = TensorData::new((0..n).map(at).collect::<Vec<i32>>(), [n]);
                let at = Tensor::<1, Int>::from_data(at, &resid.device());
                let flat = resid.reshape([n * rows, d_model]).select(0, at);
                (flat.unsqueeze_dim(1), 1)
            }
        };
        let d_vocab = self.model.config.d_vocab;
        let logits = self.model.unembed(read);
        logits.reshape([edges, self.batch, pos, d_vocab])
    }

    /// The corrupted run as a destination layer sees it.
    pub(super) fn destination(&self, layer: usize) -> Destination {
        let block = &self.corrupted.blocks[layer];
        let on_rows = |x: &Tensor<3>| x.clone().narrow(1, self.first, self.rows);
        let heads_first = |x: &Tensor<4>| x.clone().swap_dims(0, 1);
        Destination {
            q: heads_first(&block.q).narrow(2, self.first, self.rows),
            k: heads_first(&block.k),
            v: heads_first(&block.v),
            z: heads_first(&block.z).narrow(2, self.first, self.rows),
            ln1_scale: on_rows(&block.ln1_scale),
            resid_mid: on_rows(&block.resid_mid),
        }
    }

    /// The corrupted run's keys and values before the rows, repeated for every edge.
    pub(super) fn past(&self, layer: usize, edges: usize) -> Option<Past> {
        let block = &self.corrupted.blocks[layer];
        let repeat = |x: &Tensor<4>| x.clone().narrow(2, 0, self.first).repeat(&[edges, 1, 1, 1]);
        (self.first > 0).then(|| Past {
            k: repeat(&block.k),
            v: repeat(&block.v),
        })
    }
}
