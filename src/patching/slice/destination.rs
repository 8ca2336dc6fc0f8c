//! The base run as the receivers of one layer see it.
//!
//! Made when it is asked for: 4.7 MFLOP a row in GPT-2 small, beside 5 to 170 for each edge that starts from it.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::Slice;
use crate::{
    error::Result,
    ops::{Past, layer_norm},
};

/// A run at one layer, heads first: rows of `q`, all positions of `k` and `v`.
pub(in crate::patching) struct Destination {
    /// `[head, batch, rows, d_head]`.
    pub q: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub k: Tensor<4>,
    /// `[head, batch, pos, d_head]`.
    pub v: Tensor<4>,
    /// `[head, batch, rows, d_head]`.
    pub z: Tensor<4>,
    /// `[batch * rows, d_model]`.
    pub resid_pre: Tensor<2>,
    /// `[batch * rows, 1]`.
    pub ln1_scale: Tensor<2>,
    /// `[batch * rows, d_model]`.
    pub resid_mid: Tensor<2>,
}

impl Slice<'_> {
    /// The base run at a layer.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn destination(&self, layer: usize) -> Result<Rc<Destination>> {
        if let Some(made) = &self.destinations.borrow()[layer] {
            return Ok(made.clone());
        }
        let resid_pre = self.resid_pre(layer).clone();
        let made = Rc::new(self.destination_of(layer, resid_pre).await?);
        let mut destinations = self.destinations.borrow_mut();
        if !self.keeps_destinations {
            destinations.fill(None);
        }
        destinations[layer] = Some(made.clone());
        Ok(made)
    }

    /// A run at a layer that equals the base run before the rows.
    ///
    /// # Shapes
    /// - `resid_pre`: `[batch * rows, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn destination_of(&self, layer: usize, resid_pre: Tensor<2>) -> Result<Destination> {
        let block = &self.model.blocks[layer];
        let (heads, d_head) = (block.n_heads, self.model.config.d_head);
        let (batch, rows, steps) = (self.batch, self.window.rows, self.steps);
        let past = self.past(layer);
        let qkv = block.qkv_of_rows(resid_pre.clone(), steps).await?;
        let [q, k, v] = block.by_head(qkv.clone(), batch);
        let [k, v] = Past::in_front_of(past, [k, v]);
        let z = block.attend_all_rows(qkv, past, rows, steps).await?;
        let resid_mid = block
            .add_attention(resid_pre.clone(), z.clone(), steps)
            .await?;
        let z = z.reshape([batch, rows, heads, d_head]).swap_dims(1, 2);
        let [q, k, v, z] = [q, k, v, z].map(|x| x.swap_dims(0, 1));
        Ok(Destination {
            q,
            k,
            v,
            z,
            ln1_scale: layer_norm(resid_pre.clone(), block.eps).1,
            resid_pre,
            resid_mid,
        })
    }
}
