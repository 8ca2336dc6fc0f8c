//! From a patched input of destination heads to the final residual stream, many edges at once.
//!
//! At the destination layer only the patched head's attention changes, so its new `resid_mid` is the
//! corrupted one plus `(z_patched - z_corr) @ W_O[dst]`; the MLP and all later blocks then run on the rows,
//! each edge a member of the batch. Past the last layer's keys and values, only the rows that the metric
//! reads are computed.

use burn::tensor::Tensor;

use super::{
    Component, Head, Read, readout::Readout, runs::Destination, runs::Runs, schedule::Chunk,
};
use crate::gpt2::{Queries, attention, index, matmul};

impl Runs<'_> {
    /// Residual stream after the destination layer, for every edge of a chunk.
    ///
    /// # Shapes
    /// returns `[edge * batch * queries, d_model]`, in the order of the chunk's edges
    pub(super) fn enter(
        &self,
        sources: &[Head],
        chunk: &Chunk,
        read: Read,
        readout: &Readout,
    ) -> Tensor<2> {
        let d_model = self.model.config.d_model;
        let destination = self.destination(chunk.layer);
        let delta = self.delta_component(sources, chunk, read, &destination);
        let (_, delta_z) = self.patched_attention(chunk, read, &destination, delta);
        let queries = self.queries(chunk.layer, readout);
        let delta_z = queries.select(delta_z.flatten(0, 2), self.rows);
        let resid_mid = queries.select(destination.resid_mid, self.rows);
        let changed = self.written(chunk, delta_z);
        let edges = chunk.edges.len();
        let each = changed.dims()[0] / edges;
        let resid_mid = resid_mid.unsqueeze_dim::<3>(0) + changed.reshape([edges, each, d_model]);
        self.model.blocks[chunk.layer].add_mlp(resid_mid.reshape([edges * each, d_model]))
    }

    /// One layer more: the residual stream after `layer`, from the one before it.
    ///
    /// # Shapes
    /// - `resid`: `[edge * batch * rows, d_model]`; returns `[edge * batch * queries, d_model]`
    pub(super) fn step(&self, layer: usize, resid: Tensor<2>, readout: &Readout) -> Tensor<2> {
        let queries = self.queries(layer, readout);
        let past = self.past[layer].as_ref();
        self.model.blocks[layer].forward_rows(resid, past, self.rows, queries)
    }

    fn queries<'r>(&self, layer: usize, readout: &'r Readout) -> Queries<'r> {
        match layer + 1 == self.model.config.n_layers {
            true => readout.queries(),
            false => Queries::All,
        }
    }

    /// Pattern `[edge, batch, rows, pos]` of each edge's destination head, its component patched, and the
    /// change of its z, `[edge, batch, rows, d_head]`.
    ///
    /// # Shapes
    /// - `delta`: `[edge, batch, rows, d_head]`, added to the corrupted component
    pub(super) fn patched_attention(
        &self,
        chunk: &Chunk,
        read: Read,
        destination: &Destination,
        delta: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        let heads = index(chunk.edges.iter().map(|e| e.dst.head), &delta.device());
        let of_edges = |x: &Tensor<4>| x.clone().select(0, heads.clone());
        let [mut q, mut k, mut v] = [&destination.q, &destination.k, &destination.v].map(of_edges);
        match read.component {
            Component::Q => q = q + delta,
            Component::K => k = self.add_on_rows(k, delta),
            Component::V => v = self.add_on_rows(v, delta),
        }
        let (pattern, z) = attention(q, k, v, self.mask.clone().unsqueeze());
        (pattern, z - of_edges(&destination.z))
    }

    /// Keys or values at all positions, `[edge, batch, pos, d_head]`, with the rows changed.
    fn add_on_rows(&self, x: Tensor<4>, delta: Tensor<4>) -> Tensor<4> {
        let rows = x.clone().narrow(2, self.first, self.rows) + delta;
        match self.first {
            0 => rows,
            first => Tensor::cat(vec![x.narrow(2, 0, first), rows], 2),
        }
    }

    /// What a change of z writes into the residual stream: a product a destination head, whose edges stand
    /// together.
    ///
    /// # Shapes
    /// - `delta_z`: `[edge * n, d_head]`; returns `[edge * n, d_model]`
    fn written(&self, chunk: &Chunk, delta_z: Tensor<2>) -> Tensor<2> {
        let config = &self.model.config;
        let w_o = &self.model.blocks[chunk.layer].w_o;
        let each = delta_z.dims()[0] / chunk.edges.len();
        let mut start = 0;
        let of_head = chunk.edges.chunk_by(|a, b| a.dst.head == b.dst.head);
        let products = of_head.map(|edges| {
            let n = edges.len() * each;
            let delta_z = delta_z.clone().narrow(0, start, n);
            start += n;
            let first = edges[0].dst.head * config.d_head;
            matmul(delta_z, &w_o.clone().narrow(0, first, config.d_head))
        });
        Tensor::cat(products.collect(), 0)
    }
}
