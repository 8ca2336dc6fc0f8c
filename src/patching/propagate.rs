//! From a patched input of destination heads to the final residual stream, many edges at once.
//!
//! At the destination layer only the patched head's attention changes, so its new `resid_mid` is the
//! corrupted one plus `(z_patched - z_corr) @ W_O[dst]`; the MLP and all later blocks then run in full on
//! the rows, each edge a member of the batch.

use std::ops::Range;

use burn::tensor::Tensor;

use super::{Component, runs::Destination, runs::Runs};
use crate::gpt2::attention;

impl Runs<'_> {
    /// Residual stream between attention and MLP of the destination layer, for every edge.
    ///
    /// # Shapes
    /// - `delta`: `[dst head, src, batch, rows, d_head]`, added to the corrupted component
    /// - returns `[dst head * src * batch, rows, d_model]`
    pub(super) fn patched_resid_mid(
        &self,
        delta: Tensor<5>,
        component: Component,
        layer: usize,
        destination: &Destination,
        heads: &Range<usize>,
    ) -> Tensor<3> {
        let [n_dst, n_src, batch, rows, d_head] = delta.dims();
        let d_model = self.model.config.d_model;
        let of_heads = |x: &Tensor<4>| {
            let x = x.clone().narrow(0, heads.start, heads.len());
            x.unsqueeze_dim::<5>(1)
        };
        let [mut q, mut k, mut v] = [&destination.q, &destination.k, &destination.v].map(of_heads);
        match component {
            Component::Q => q = q + delta,
            Component::K => k = self.add_on_rows(k, delta),
            Component::V => v = self.add_on_rows(v, delta),
        }
        let everywhere = |x: Tensor<5>| {
            let [_, _, _, pos, _] = x.dims();
            x.expand([n_dst, n_src, batch, pos, d_head])
        };
        let (_, z) = attention(everywhere(q), everywhere(k), everywhere(v), &self.mask);
        let delta_z = (z - of_heads(&destination.z)).reshape([n_dst, n_src * batch * rows, d_head]);
        let w_o = self.w_o.clone().narrow(
            0,
            layer * self.model.config.n_heads + heads.start,
            heads.len(),
        );
        let delta_resid = delta_z
            .matmul(w_o)
            .reshape([n_dst * n_src, batch, rows, d_model]);
        let resid_mid = destination.resid_mid.clone().unsqueeze_dim::<4>(0) + delta_resid;
        resid_mid.reshape([n_dst * n_src * batch, rows, d_model])
    }

    /// Keys or values at all positions, `[dst head, src, batch, pos, d_head]`, with the rows changed.
    fn add_on_rows(&self, x: Tensor<5>, delta: Tensor<5>) -> Tensor<5> {
        let [n_dst, n_src, batch, _, d_head] = delta.dims();
        let rows = x.clone().narrow(3, self.first, self.rows) + delta;
        if self.first == 0 {
            return rows;
        }
        let before = x.narrow(3, 0, self.first);
        let before = before.expand([n_dst, n_src, batch, self.first, d_head]);
        Tensor::cat(vec![before, rows], 3)
    }

    /// The rest of the model, from `resid_mid` of a layer to the final residual stream.
    ///
    /// # Shapes
    /// - `resid_mid`: `[edge * batch, rows, d_model]`, also returned
    pub(super) fn run_from(&self, layer: usize, resid_mid: Tensor<3>) -> Tensor<3> {
        let edges = resid_mid.dims()[0] / self.batch;
        let mut resid = self.model.blocks[layer].add_mlp(resid_mid);
        for later in layer + 1..self.model.config.n_layers {
            let past = self.past(later, edges);
            resid = self.model.blocks[later]
                .forward(resid, past, &self.mask)
                .resid_post;
        }
        resid
    }
}
