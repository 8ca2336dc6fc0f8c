//! From the final residual stream to the logits that a metric reads, and no others.

use burn::tensor::Tensor;

use super::Runs;
use crate::{
    gpt2::{Queries, Unembedding},
    metric::Metric,
};

/// The rows and tokens that a metric reads.
pub(super) struct Readout<'a> {
    runs: &'a Runs<'a>,
    /// One row a prompt, counted from the first row; all positions where `None`.
    rows: Option<Vec<usize>>,
    pub unembedding: Unembedding,
}

impl<'a> Readout<'a> {
    /// Of `tokens` at `positions`; of all where `None`.
    pub fn new(runs: &'a Runs, positions: Option<&[usize]>, tokens: Option<&[u32]>) -> Self {
        let from_first = |positions: &[usize]| positions.iter().map(|p| p - runs.first).collect();
        Self {
            runs,
            rows: positions.map(from_first),
            unembedding: runs.model.unembed.of_tokens(tokens),
        }
    }

    /// Of what a metric reads.
    pub fn of(runs: &'a Runs, metric: &dyn Metric) -> Self {
        Self::new(runs, metric.positions(), metric.tokens())
    }

    /// The rows of the last layer that it needs.
    pub fn queries(&self) -> Queries<'_> {
        match &self.rows {
            Some(rows) => Queries::One(rows),
            None => Queries::All,
        }
    }

    /// How many positions of each prompt it reads.
    pub fn positions(&self) -> usize {
        match self.rows {
            Some(_) => 1,
            None => self.runs.first + self.runs.rows,
        }
    }

    /// How many tokens' logits it reads.
    pub fn tokens(&self) -> usize {
        self.unembedding.tokens()
    }

    /// Logits of patched runs, `[edge, batch, pos, token]`.
    ///
    /// # Shapes
    /// - `resid`: `[edge * batch * queries, d_model]`, the final residual stream
    pub fn of_rows(&self, resid: Tensor<2>) -> Tensor<4> {
        let Runs { first, batch, .. } = *self.runs;
        if self.rows.is_some() || first == 0 {
            return self.logits(resid);
        }
        let [flat, d_model] = resid.dims();
        let sequences = flat / self.runs.rows;
        let before = self.runs.corrupted.final_resid().narrow(1, 0, first);
        let before = before.repeat(&[sequences / batch, 1, 1]);
        let resid = resid.reshape([sequences, self.runs.rows, d_model]);
        let whole = Tensor::cat(vec![before, resid], 1);
        self.logits(whole.reshape([sequences * (first + self.runs.rows), d_model]))
    }

    /// Logits of whole runs, `[run, batch, pos, token]`.
    ///
    /// # Shapes
    /// - `resid`: `[run * batch, pos, d_model]`, the final residual stream
    pub fn of_whole_runs(&self, resid: Tensor<3>) -> Tensor<4> {
        let [sequences, pos, d_model] = resid.dims();
        match &self.rows {
            None => self.logits(resid.reshape([sequences * pos, d_model])),
            Some(_) => {
                let rows = self.runs.flat_rows(&resid);
                self.logits(self.queries().select(rows, self.runs.rows))
            }
        }
    }

    fn logits(&self, resid: Tensor<2>) -> Tensor<4> {
        let logits = self.unembedding.logits(resid);
        let [flat, tokens] = logits.dims();
        let pos = self.positions();
        let runs = flat / (self.runs.batch * pos);
        logits.reshape([runs, self.runs.batch, pos, tokens])
    }
}
