//! From a patched input of destination heads to the final residual stream, many edges at once.
//!
//! At the destination layer only the patched head's attention changes, so its new `resid_mid` is the
//! corrupted one plus `(z_patched - z_corr) @ W_O[dst]`; the MLP and all later blocks then run on the rows,
//! each edge a member of the batch. Past the last layer's keys and values, only the rows that the metric
//! reads are computed.

use burn::tensor::Tensor;

use super::{
    Component, Head, Read,
    readout::Readout,
    schedule::{Chunk, Edge},
    slice::{Destination, Slice},
};
use crate::{
    error::Result,
    gpt2::{attention, index, matmul},
};

impl Readout<'_, '_> {
    /// The final residual stream, for every edge of a chunk.
    ///
    /// # Shapes
    /// returns `[edge * batch * queries, d_model]`, in the order of the chunk's edges
    ///
    /// # Errors
    /// Those of the pause.
    pub(super) async fn final_resid(
        &self,
        sources: &[Head],
        chunk: &Chunk,
        read: Read,
    ) -> Result<Tensor<2>> {
        let slice = self.slice();
        let mut resid = self.enter(sources, chunk, read).await?;
        for layer in chunk.layer + 1..slice.model.config.n_layers {
            let (past, queries) = (slice.past(layer), self.queries(layer));
            let block = &slice.model.blocks[layer];
            let (rows, steps) = (slice.rows, slice.steps);
            resid = block
                .forward_rows(resid, past, rows, queries, steps)
                .await?;
        }
        Ok(resid)
    }

    /// Residual stream after the destination layer, `[edge * batch * queries, d_model]`.
    async fn enter(&self, sources: &[Head], chunk: &Chunk, read: Read) -> Result<Tensor<2>> {
        let slice = self.slice();
        let d_model = slice.model.config.d_model;
        let destination = slice.destination(chunk.layer).await?;
        let delta = slice
            .delta_component(sources, chunk, read, &destination)
            .await?;
        let delta_z = self.delta_z(chunk, read, &destination, delta).await?;
        let queries = self.queries(chunk.layer);
        let delta_z = queries.select(delta_z.flatten(0, 2), slice.rows);
        let resid_mid = queries.select(destination.resid_mid.clone(), slice.rows);
        let changed = slice.written(chunk, delta_z);
        let edges = chunk.edges.len();
        let each = changed.dims()[0] / edges;
        let resid_mid = resid_mid.unsqueeze_dim::<3>(0) + changed.reshape([edges, each, d_model]);
        let resid_mid = resid_mid.reshape([edges * each, d_model]);
        let block = &slice.model.blocks[chunk.layer];
        block.add_mlp_to_rows(resid_mid, slice.steps).await
    }

    /// The change of each edge's z, `[edge, batch, rows, d_head]`: of as many edges at a time as their keys,
    /// values and scores fit a step's memory.
    async fn delta_z(
        &self,
        chunk: &Chunk,
        read: Read,
        destination: &Destination,
        delta: Tensor<4>,
    ) -> Result<Tensor<4>> {
        let slice = self.slice();
        let [_, batch, rows, d_head] = delta.dims();
        let pos = slice.first + rows;
        let of_edge = (3 * pos * (d_head + rows)).saturating_mul(batch);
        let together = (self.memory().floats() / of_edge).max(1);
        let mut parts = Vec::with_capacity(chunk.edges.len().div_ceil(together));
        for edges in chunk.edges.chunks(together) {
            let first = parts.len() * together;
            let delta = delta.clone().narrow(0, first, edges.len());
            let (_, delta_z) = slice.patched_attention(edges, read, destination, delta);
            parts.push(delta_z);
            slice.steps.pause.pause().await?;
        }
        Ok(Tensor::cat(parts, 0))
    }
}

impl Slice<'_> {
    /// Pattern `[edge, batch, rows, pos]` of each edge's destination head, its component patched, and the
    /// change of its z, `[edge, batch, rows, d_head]`.
    ///
    /// # Shapes
    /// - `delta`: `[edge, batch, rows, d_head]`, added to the corrupted component
    pub(super) fn patched_attention(
        &self,
        edges: &[Edge],
        read: Read,
        destination: &Destination,
        delta: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        let heads = index(edges.iter().map(|e| e.dst.head), &delta.device());
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

    /// What a change of z writes into the residual stream: a product for each destination head, whose edges stand
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
