//! What source heads write, as destination heads read it.
//!
//! ```text
//! delta_resid = (z_clean - z_corr) @ W_O[src]
//! delta_c     = (delta_resid / ln1_scale_corr[dl]) @ W_c[dl]
//! ```

use burn::tensor::{Int, Tensor, TensorData};

use super::{Component, Head, runs::Destination, runs::Runs};

impl Runs<'_> {
    /// `delta_resid` of some source heads, `[src, batch, rows, d_model]`.
    pub(super) fn delta_resid(&self, sources: &[Head]) -> Tensor<4> {
        let n_heads = self.model.config.n_heads as i32;
        let flat = sources
            .iter()
            .map(|s| s.layer as i32 * n_heads + s.head as i32);
        let index = TensorData::new(flat.collect::<Vec<i32>>(), [sources.len()]);
        let index = Tensor::<1, Int>::from_data(index, &self.delta_z.device());
        let delta_z = self.delta_z.clone().select(0, index.clone());
        let w_o = self.w_o.clone().select(0, index);
        let d_model = self.model.config.d_model;
        delta_z
            .matmul(w_o)
            .reshape([sources.len(), self.batch, self.rows, d_model])
    }

    /// `delta_c` for a range of destination heads, `[dst head, src, batch, rows, d_head]`.
    ///
    /// # Shapes
    /// - `delta_resid`: `[src, batch, rows, d_model]`
    pub(super) fn delta_component(
        &self,
        delta_resid: Tensor<4>,
        component: Component,
        layer: usize,
        destination: &Destination,
        heads: &std::ops::Range<usize>,
    ) -> Tensor<5> {
        let [n_src, batch, rows, d_model] = delta_resid.dims();
        let d_head = self.model.config.d_head;
        let scaled = delta_resid / destination.ln1_scale.clone().unsqueeze_dim(0);
        let w_c = self.model.blocks[layer].w_qkv.clone().narrow(
            1,
            component as usize * d_model + heads.start * d_head,
            heads.len() * d_head,
        );
        scaled
            .reshape([n_src * batch * rows, d_model])
            .matmul(w_c)
            .reshape([n_src, batch, rows, heads.len(), d_head])
            .permute([3, 0, 1, 2, 4])
    }
}
