//! Floating-point operations of a sweep, to tell how long it will take and how fast it was.
//!
//! Counts the matrix products with weights, two operations a multiply-add: per row of a block
//! `2 d_model (3 d_model + d_model + 2 d_mlp)`, and the unembedding. Attention between positions, norms and
//! activations are left out: below 2% for GPT-2 small at 15 tokens.

use super::{readout::Readout, runs::Runs};

impl Runs<'_> {
    /// Operations for one edge into a layer.
    pub(super) fn flops_of_edge(&self, layer: usize, readout: &Readout) -> f64 {
        let c = &self.model.config;
        let (d, mlp) = (c.d_model as f64, 4.0 * (c.d_model * c.d_mlp) as f64);
        let rows = (self.batch * self.rows) as f64;
        let read = (self.batch * readout.queries().count(self.rows)) as f64;
        let last = c.n_layers - 1;
        let tokens = readout.tokens() as f64;
        let unembed = 2.0 * d * tokens * (self.batch * readout.positions()) as f64;
        // Of the destination layer, the patched head's output and the MLP.
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
}
