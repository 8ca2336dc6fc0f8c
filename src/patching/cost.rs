//! Floating-point operations of a sweep, to tell how long it will take and how fast it was.
//!
//! Counts the matrix products with weights, two operations a multiply-add: per row of a block
//! `2 d_model (3 d_model + d_model + 2 d_mlp)`, and the unembedding. Attention between positions, norms, activations and
//! what is made once for many edges (a layer's receivers of the base run, `entries`) are left out: below 3% for GPT-2
//! small at 15 tokens.

use super::{
    entries::Entries,
    graph::Stage,
    plan::{Part, Plan, Reads},
};
use crate::gpt2::{Config, Gpt2, absorbs};

/// What things cost in a model, for a metric.
pub(super) struct Cost<'a> {
    model: &'a Gpt2,
    config: &'a Config,
    plan: &'a Plan,
    reads: &'a Reads<'a>,
    entries: Option<&'a Entries>,
}

impl<'a> Cost<'a> {
    pub fn new(model: &'a Gpt2, plan: &'a Plan, reads: &'a Reads<'a>) -> Self {
        Self {
            model,
            config: &model.config,
            plan,
            reads,
            entries: None,
        }
    }

    /// With shorter ways into some layers.
    pub fn with(self, entries: &'a Entries) -> Self {
        Self {
            entries: Some(entries),
            ..self
        }
    }

    /// Operations for one variant that enters at a stage, over all prompts.
    pub fn of_variant(&self, enter: Stage) -> f64 {
        let of_part = |part| self.of_variant_in(enter, part);
        self.plan.parts.iter().map(of_part).sum()
    }

    /// Operations for one variant that enters at a stage, over the prompts of a part.
    pub fn of_variant_in(&self, enter: Stage, part: &Part) -> f64 {
        let c = self.config;
        let (d, mlp) = (c.d_model as f64, 4.0 * (c.d_model * c.d_mlp) as f64);
        let rows = (part.batch() * part.rows()) as f64;
        let [read, logits] = match self.reads.positions {
            Some(_) => [part.batch(); 2],
            None => [part.batch() * part.rows(), part.batch() * part.pos()],
        };
        let (read, logits) = (read as f64, logits as f64);
        let unembed = 2.0 * d * self.reads.tokens(part) as f64 * logits;
        let (layer, layers) = (enter.layer(), c.n_layers);
        if layer == layers {
            return unembed;
        }
        // Rows of the layer that is entered, past its receiver.
        let entered = if layer + 1 == layers { read } else { rows };
        let has_entry = self.entries.is_some_and(|entries| entries.has(layer));
        let into = match enter.is_mid() {
            true => entered * mlp,
            // The component, what the head then writes, and the MLP.
            false => {
                let of_head = 2.0 * d * c.d_head as f64;
                let w_in = match has_entry {
                    true => 2.0 * (c.d_head * c.d_mlp) as f64,
                    false => mlp / 2.0,
                };
                rows * of_head + entered * (of_head + w_in + mlp / 2.0)
            }
        };
        let (qkv, out) = (6.0 * d * d, 2.0 * d * d);
        let is_one = self.reads.positions.is_some();
        let absorbs = is_one && absorbs(part.rows(), &self.model.device());
        let last_qkv = if absorbs { read * qkv } else { rows * qkv };
        let after = match layers - layer - 1 {
            0 => 0.0,
            n => (n - 1) as f64 * rows * (qkv + out + mlp) + last_qkv + read * (out + mlp),
        };
        into + after + unembed
    }

    /// Operations for the runs of all parts.
    pub fn of_runs(&self) -> f64 {
        let parts = self.plan.parts.iter();
        parts.map(|part| self.of_runs_of(part)).sum()
    }

    /// Operations for another run of a part's rows and the gradient there, which takes as many products.
    pub fn of_run_and_gradient(&self, part: &Part) -> f64 {
        2.0 * self.of_rows(part.batch() * part.rows())
    }

    /// Operations for both runs of a part.
    pub fn of_runs_of(&self, part: &Part) -> f64 {
        self.of_rows(part.batch() * (part.pos() + part.rows()))
    }

    /// Operations for a run of so many rows.
    fn of_rows(&self, rows: usize) -> f64 {
        let c = self.config;
        let d = c.d_model as f64;
        let of_row = c.n_layers as f64 * d * (8.0 * d + 4.0 * c.d_mlp as f64);
        of_row * rows as f64
    }
}
