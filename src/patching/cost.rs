//! Floating-point operations of a sweep, to tell how long it will take and how fast it was.
//!
//! Counts the matrix products with weights, two operations a multiply-add: per row of a block
//! `2 d_model (3 d_model + d_model + 2 d_mlp)`, and the unembedding. Attention between positions, norms and
//! activations are left out: below 2% for GPT-2 small at 15 tokens.

use super::plan::{Part, Plan, Reads};
use crate::gpt2::Config;

/// What things cost in a model, for a metric.
pub(super) struct Cost<'a> {
    config: &'a Config,
    plan: &'a Plan,
    reads: &'a Reads<'a>,
}

impl<'a> Cost<'a> {
    pub fn new(config: &'a Config, plan: &'a Plan, reads: &'a Reads<'a>) -> Self {
        Self {
            config,
            plan,
            reads,
        }
    }

    /// Operations for one edge into a layer, over all prompts.
    pub fn of_edge(&self, layer: usize) -> f64 {
        let of_part = |part| self.of_edge_in(layer, part);
        self.plan.parts.iter().map(of_part).sum()
    }

    /// Operations for one edge into a layer, over the prompts of a part.
    pub fn of_edge_in(&self, layer: usize, part: &Part) -> f64 {
        let c = self.config;
        let (d, mlp) = (c.d_model as f64, 4.0 * (c.d_model * c.d_mlp) as f64);
        let rows = (part.batch() * part.rows()) as f64;
        let [read, logits] = match self.reads.positions {
            Some(_) => [part.batch(); 2],
            None => [part.batch() * part.rows(), part.batch() * part.pos],
        };
        let (read, logits) = (read as f64, logits as f64);
        let last = c.n_layers - 1;
        let unembed = 2.0 * d * self.reads.tokens(part) as f64 * logits;
        // At the destination layer, the patched head's output and the MLP.
        let entered = |rows: f64| rows * (2.0 * d * c.d_head as f64 + mlp);
        let (qkv, out) = (6.0 * d * d, 2.0 * d * d);
        unembed
            + match layer {
                _ if layer == last => entered(read),
                _ => {
                    let between = (last - layer - 1) as f64 * rows * (qkv + out + mlp);
                    entered(rows) + between + rows * qkv + read * (out + mlp)
                }
            }
    }

    /// Operations for both runs of all parts.
    pub fn of_runs(&self) -> f64 {
        let parts = self.plan.parts.iter();
        parts.map(|part| self.of_runs_of(part)).sum()
    }

    /// Operations for both runs of a part.
    pub fn of_runs_of(&self, part: &Part) -> f64 {
        let c = self.config;
        let d = c.d_model as f64;
        let of_row = c.n_layers as f64 * d * (8.0 * d + 4.0 * c.d_mlp as f64);
        let rows = part.batch() * (part.pos + part.rows());
        of_row * rows as f64
    }
}
