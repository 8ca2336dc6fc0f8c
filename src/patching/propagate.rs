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

    /// The change of each edge's z, `[edge, batch, rows, d_head]`: as many edges at a time as have their keys,
    /// values and scores fit a step's memory, or some queries of one edge where that takes more.
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
        let floats = self.memory().floats();
        let of_query = pos.saturating_mul(3).saturating_mul(batch);
        let together = (floats / of_query.saturating_mul(d_head + rows)).max(1);
        let each = (floats / of_query).clamp(1, rows);
        let mut parts = Vec::with_capacity(chunk.edges.len().div_ceil(together));
        for edges in chunk.edges.chunks(together) {
            let first = parts.len() * together;
            let delta = delta.clone().narrow(0, first, edges.len());
            let [q, k, v] = slice.patched_input(edges, read, destination, delta);
            let mut z = Vec::with_capacity(rows.div_ceil(each));
            for start in (0..rows).step_by(each) {
                let queries = start..rows.min(start + each);
                let q = q.clone().narrow(2, start, queries.len());
                let [k, v] = [&k, &v].map(|x| x.clone().narrow(2, 0, slice.first + queries.end));
                let (_, of_queries) = attention(q, k, v, slice.mask(&queries).unsqueeze());
                z.push(of_queries);
                slice.steps.pause.pause().await?;
            }
            let before = heads_of(&destination.z, edges);
            parts.push(Tensor::cat(z, 2) - before);
        }
        Ok(Tensor::cat(parts, 0))
    }
}

impl Slice<'_> {
    /// q, k and v of each edge's destination head, its component patched.
    ///
    /// # Shapes
    /// - `delta`: `[edge, batch, rows, d_head]`, added to the corrupted component
    /// - returns q, `[edge, batch, rows, d_head]`; k and v, `[edge, batch, pos, d_head]`
    pub(super) fn patched_input(
        &self,
        edges: &[Edge],
        read: Read,
        destination: &Destination,
        delta: Tensor<4>,
    ) -> [Tensor<4>; 3] {
        let Destination { q, k, v, .. } = destination;
        let [mut q, mut k, mut v] = [q, k, v].map(|x| heads_of(x, edges));
        match read.component {
            Component::Q => q = q + delta,
            Component::K => k = self.add_on_rows(k, delta),
            Component::V => v = self.add_on_rows(v, delta),
        }
        [q, k, v]
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

/// The destination head of each edge, `[head, ..]` to `[edge, ..]`.
fn heads_of(x: &Tensor<4>, edges: &[Edge]) -> Tensor<4> {
    let heads = index(edges.iter().map(|e| e.dst.head), &x.device());
    x.clone().select(0, heads)
}
