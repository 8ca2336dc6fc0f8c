//! What source heads write, as destination heads read it.
//!
//! ```text
//! delta_resid = (z_clean - z_corr) @ W_O[src]
//! delta_c     = (delta_resid / ln1_scale_corr[dl]) @ W_c[dl]                      frozen LayerNorm
//! delta_c     = (ln1(resid_pre_corr + delta_resid) - ln1(resid_pre_corr)) @ W_c   exact
//! ```

use std::ops::Range;

use burn::tensor::Tensor;

use super::{
    Head, LayerNorm, Read,
    schedule::Chunk,
    slice::{Destination, Slice},
};
use crate::{
    error::Result,
    gpt2::{index, layer_norm, matmul},
};

impl Slice<'_> {
    /// `delta_resid` of some source heads on some of the rows, `[src, rows, d_model]`: a product for each, so that
    /// no weights are copied.
    pub(super) fn delta_resid(&self, sources: &[Head], rows: Range<usize>) -> Tensor<3> {
        let d_head = self.model.config.d_head;
        let written = sources.iter().map(|src| {
            let delta_z = self.delta_z(src.layer).narrow(0, src.head, 1);
            let delta_z: Tensor<2> = delta_z.squeeze_dim(0);
            let delta_z = delta_z.narrow(0, rows.start, rows.len());
            let w_o = self.model.blocks[src.layer].w_o.clone();
            matmul(delta_z, &w_o.narrow(0, src.head * d_head, d_head))
        });
        Tensor::stack(written.collect(), 0)
    }

    /// `delta_c` of each edge of a chunk, `[edge, batch, rows, d_head]`.
    ///
    /// All sources of the chunk are read by all heads of the layer in one product; edges then pick theirs.
    ///
    /// # Errors
    /// Those of the pause.
    pub(super) async fn delta_component(
        &self,
        sources: &[Head],
        chunk: &Chunk,
        read: Read,
        destination: &Destination,
    ) -> Result<Tensor<4>> {
        let config = &self.model.config;
        let (n_heads, d_head, d_model) = (config.n_heads, config.d_head, config.d_model);
        let mut of_chunk: Vec<usize> = chunk.edges.iter().map(|e| e.src).collect();
        of_chunk.sort_unstable();
        of_chunk.dedup();
        let heads: Vec<Head> = of_chunk.iter().map(|src| sources[*src]).collect();
        let delta_resid = self.delta_resid(&heads, 0..self.batch * self.rows);
        let [n_src, flat, _] = delta_resid.dims();
        let block = &self.model.blocks[chunk.layer];
        let normalised = match read.layer_norm {
            LayerNorm::Frozen => delta_resid / destination.ln1_scale.clone().unsqueeze_dim(0),
            LayerNorm::Exact => {
                let resid_pre = destination.resid_pre.clone().unsqueeze_dim::<3>(0);
                let patched = resid_pre.clone() + delta_resid;
                layer_norm(patched, block.eps).0 - layer_norm(resid_pre, block.eps).0
            }
        };
        let first = read.component as usize * d_model;
        let w = block.w_qkv.clone().narrow(1, first, d_model);
        let normalised = normalised.reshape([n_src * flat, d_model]);
        let delta = self.steps.by_rows(normalised, |x| matmul(x, &w)).await?;
        let delta = delta
            .reshape([n_src, flat, n_heads, d_head])
            .swap_dims(1, 2)
            .reshape([n_src * n_heads, flat, d_head]);
        let place = |src: usize| of_chunk.partition_point(|s| *s < src);
        let picked = index(
            chunk
                .edges
                .iter()
                .map(|e| place(e.src) * n_heads + e.dst.head),
            &delta.device(),
        );
        let delta = delta.select(0, picked);
        Ok(delta.reshape([chunk.edges.len(), self.batch, self.rows, d_head]))
    }
}
