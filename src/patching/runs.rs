//! The two runs that every patch starts from, each done once.
//!
//! Of the clean run only the differences of z are kept; of the corrupted run everything. By causality
//! nothing before the first row (where the prompts differ, or the metric reads) is changed by a patch, so
//! all later work is on rows `first..`, with the corrupted run's keys and values before them.

use burn::tensor::Tensor;

use super::readout::Readout;
use crate::{
    error::Result,
    gpt2::{ActivationCache, Gpt2, Past, causal_mask},
    pause::Pause,
    prompt::Batch,
};

/// A batch of prompts run through a model, clean and corrupted.
pub struct Runs<'a> {
    pub(super) model: &'a Gpt2,
    pub(super) pause: &'a dyn Pause,
    /// First row that a patch can change.
    pub(super) first: usize,
    /// Rows from there to the end.
    pub(super) rows: usize,
    pub(super) batch: usize,
    pub(super) corrupted: ActivationCache,
    pub(super) clean_final: Tensor<3>,
    /// `z_clean - z_corrupted` of all heads on the rows, `[layer * head, batch * rows, d_head]`.
    pub(super) delta_z: Tensor<3>,
    /// Mask of the rows, `[rows, pos]`.
    pub(super) mask: Tensor<2>,
    /// The corrupted run's keys and values before the rows, a layer each; `None` where there are none.
    pub(super) past: Vec<Option<Past>>,
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

impl<'a> Runs<'a> {
    /// Run the model on both prompts of every pair; `pause` is asked after each step, here and in whatever
    /// starts from these runs.
    ///
    /// # Errors
    /// Those of `pause`.
    pub async fn new(model: &'a Gpt2, batch: &Batch, pause: &'a dyn Pause) -> Result<Self> {
        let device = model.device();
        let config = &model.config;
        let [clean, corrupted] = batch.tokens();
        let clean = model.run_with_cache(&clean, pause).await?;
        let corrupted = model.run_with_cache(&corrupted, pause).await?;
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
        let before = |x: &Tensor<4>| x.clone().narrow(2, 0, first);
        let past = corrupted.blocks.iter().map(|block| {
            (first > 0).then(|| Past {
                k: before(&block.k),
                v: before(&block.v),
            })
        });
        Ok(Self {
            model,
            pause,
            first,
            rows,
            batch: n_batch,
            delta_z: Tensor::cat(delta_z.collect(), 0),
            mask: causal_mask(rows, pos, &device),
            clean_final: clean.final_resid(),
            past: past.collect(),
            corrupted,
        })
    }

    /// Logits of the clean run at one position of each prompt, `[batch, d_vocab]`.
    pub fn clean_logits(&self, positions: &[usize]) -> Tensor<2> {
        let readout = Readout::new(self, Some(positions), None);
        let logits = readout.of_whole_runs(self.clean_final.clone());
        logits.squeeze_dim::<3>(0).squeeze_dim(1)
    }

    /// The corrupted run as a destination layer sees it.
    pub(super) fn destination(&self, layer: usize) -> Destination {
        let block = &self.corrupted.blocks[layer];
        let heads_first = |x: &Tensor<4>| x.clone().swap_dims(0, 1);
        Destination {
            q: heads_first(&block.q).narrow(2, self.first, self.rows),
            k: heads_first(&block.k),
            v: heads_first(&block.v),
            z: heads_first(&block.z).narrow(2, self.first, self.rows),
            resid_pre: self.flat_rows(&block.resid_pre),
            ln1_scale: self.flat_rows(&block.ln1_scale),
            resid_mid: self.flat_rows(&block.resid_mid),
        }
    }

    /// The rows of whole sequences, `[batch, pos, width]` to `[batch * rows, width]`.
    pub(super) fn flat_rows(&self, x: &Tensor<3>) -> Tensor<2> {
        let [batch, _, width] = x.dims();
        let rows = x.clone().narrow(1, self.first, self.rows);
        rows.reshape([batch * self.rows, width])
    }
}
