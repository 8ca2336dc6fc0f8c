//! From the receivers to the final residual stream, many variants at once.
//!
//! ```text
//! a head    z changes to that of its patched q, k or v;  resid_mid = base + (z_patched - z_base) W_O;  the MLP follows,
//!           from resid_mid W_in = base W_in + (z_patched - z_base) (W_O W_in) where `entries` has W_O W_in
//! an MLP    resid_post = base resid_mid + MLP(LN(base) + change)
//! logits    LN(base) + change
//! ```
//!
//! Only the receiver reads the change: what goes past it is the base run's. All later blocks then run on the rows, each
//! variant a member of the batch. Past the last layer's keys and values, only the rows that the metric reads are computed.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{
    entries::Entries,
    graph::{Component, Head, Receiver, Stage},
    job::Variant,
    patch::LayerNorm,
    read::change_as_read,
    readout::Readout,
    slice::{Destination, Slice},
};
use crate::{
    error::Result,
    ops::{self, HeadInput, Part, Product, Queries, add, cat, index, layer_norm},
};

/// The rest of the model from where patches enter it.
pub(super) struct Forward<'r, 'a, 'm> {
    readout: &'r Readout<'a, 'm>,
    slice: &'r Slice<'a>,
    layer_norm: LayerNorm,
    entries: &'r Entries,
}

/// Variants between two layers: all that the layers to come need of those before.
pub(super) struct Between {
    /// The layer that comes next.
    pub layer: usize,
    /// The residual stream, `[variant * batch * rows, d_model]`; after the last layer `[variant * batch * queries, ..]`.
    pub resid: Tensor<2>,
}

/// Variants into heads of one layer, and what they change there.
pub(super) struct IntoHeads {
    /// The base run.
    pub destination: Rc<Destination>,
    /// What is added to each variant's component, `[variant, batch, rows, d_head]`.
    pub delta: Tensor<4>,
}

impl<'r, 'a, 'm> Forward<'r, 'a, 'm> {
    pub fn new(readout: &'r Readout<'a, 'm>, layer_norm: LayerNorm, entries: &'r Entries) -> Self {
        Self {
            readout,
            slice: readout.slice(),
            layer_norm,
            entries,
        }
    }

    /// The final residual stream of each variant as it is normalised, on the wanted rows.
    ///
    /// # Shapes
    /// returns `[variant * batch * queries, d_model]`, in the order of the variants, which all enter at one stage
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn run(&self, enter: Stage, variants: &[Variant]) -> Result<Tensor<2>> {
        if enter.layer() == self.layers() {
            return self.enter_logits(variants).await;
        }
        let mut at = self.enter(enter, variants).await?;
        while at.layer < self.layers() {
            at = self.through(at).await?;
        }
        self.leave(at).await
    }

    /// Variants after the layer that they enter.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn enter(&self, enter: Stage, variants: &[Variant]) -> Result<Between> {
        let layer = enter.layer();
        let resid = match enter.is_mid() {
            true => self.enter_mlp(layer, variants).await?,
            false => self.enter_heads(layer, variants).await?,
        };
        let layer = layer + 1;
        Ok(Between { layer, resid })
    }

    /// Variants after the next layer.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn through(&self, at: Between) -> Result<Between> {
        let (slice, Between { layer, resid }) = (self.slice, at);
        let (past, queries) = (slice.past(layer), self.readout.queries(layer));
        let (rows, steps) = (slice.window.rows, slice.steps);
        let block = &slice.model.layers.block(layer).await?;
        let resid = block.forward_rows(resid, past, rows, queries, steps);
        Ok(Between {
            resid: resid.await?,
            layer: layer + 1,
        })
    }

    /// Variants after the last layer, normalised.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn leave(&self, at: Between) -> Result<Tensor<2>> {
        let readout = self.readout;
        let steps = self.slice.steps;
        steps.by_rows(at.resid, |x| readout.normalise(x)).await
    }

    fn layers(&self) -> usize {
        self.slice.model.config.n_layers
    }

    /// The final residual stream where only the unembedding reads the change.
    async fn enter_logits(&self, variants: &[Variant]) -> Result<Tensor<2>> {
        let slice = self.slice;
        let base = slice.flat_rows(&slice.base_final);
        let queries = self.readout.last_queries();
        self.changed(&base, variants, queries).await
    }

    /// The residual stream after a layer whose MLP reads the change, `[variant * batch * queries, d_model]`.
    async fn enter_mlp(&self, layer: usize, variants: &[Variant]) -> Result<Tensor<2>> {
        let slice = self.slice;
        let destination = slice.destination(layer).await?;
        let queries = self.readout.queries(layer);
        let base = &destination.resid_mid;
        let read = self.changed(base, variants, queries).await?;
        let block = &slice.model.layers.block(layer).await?;
        let written = slice.steps.by_rows(read, |x| block.mlp(x)).await?;
        let base = queries.select(base.clone(), slice.window.rows);
        Ok(add_to_each(base, written))
    }

    /// The normalised input of an MLP or of the unembedding with each variant's change in it, on the wanted rows.
    ///
    /// # Shapes
    /// - `base`: `[batch * rows, d_model]`; returns `[variant * batch * queries, d_model]`
    async fn changed(
        &self,
        base: &Tensor<2>,
        variants: &[Variant],
        queries: Queries<'_>,
    ) -> Result<Tensor<2>> {
        let (slice, eps) = (self.slice, self.slice.model.config.eps);
        let change = change_as_read(slice, base, variants, self.layer_norm);
        slice.steps.pause.pause().await?;
        let change = queries.select(change.flatten(0, 1), slice.window.rows);
        let base = queries.select(base.clone(), slice.window.rows);
        Ok(add_to_each(layer_norm(base, eps).0, change))
    }

    /// The residual stream after a layer whose heads read the change, `[variant * batch * queries, d_model]`.
    async fn enter_heads(&self, layer: usize, variants: &[Variant]) -> Result<Tensor<2>> {
        let slice = self.slice;
        let into = self.components(layer, variants).await?;
        let block = &slice.model.layers.block(layer).await?;
        let delta_z = self.delta_z(variants, &into, block.product).await?;
        let queries = self.readout.queries(layer);
        let delta_z = queries.select(delta_z.flatten(0, 2), slice.window.rows);
        let resid_mid = &into.destination.resid_mid;
        let resid_mid = queries.select(resid_mid.clone(), slice.window.rows);
        let Some(w_o_in) = self.entries.of(layer, block, slice.steps).await? else {
            let change = self.by_head(variants, &delta_z, &block.w_o);
            let resid_mid = add_to_each(resid_mid, block.product.stacked(&change));
            return block.add_mlp_to_rows(resid_mid, slice.steps).await;
        };
        let of_base = slice.mid_by_w_in(layer, &into.destination).await?;
        let of_base = queries.select(of_base, slice.window.rows);
        // Some variants at a time, or some rows of one.
        let each = delta_z.dims()[0] / variants.len();
        let together = (slice.steps.rows / each).max(1);
        let mut parts = Vec::new();
        for (i, some) in variants.chunks(together).enumerate() {
            let first = i * together * each;
            for start in (0..each).step_by(slice.steps.rows) {
                let n = slice.steps.rows.min(each - start);
                let on_rows = |x: &Tensor<2>| x.clone().narrow(0, start, n);
                let delta_z = delta_z.clone().narrow(0, first + start, some.len() * n);
                let change = self.by_head(some, &delta_z, &block.w_o);
                let own = self.by_head(some, &delta_z, &w_o_in).into_iter();
                let own: Vec<_> = own.map(|[x, w]| block.product.of_parts(x, w)).collect();
                let change = block.product.stacked(&change);
                let resid_mid = add_to_each(on_rows(&resid_mid), change);
                parts.push(block.add_mlp_of_sum(resid_mid, &own, &on_rows(&of_base)));
                slice.steps.pause.pause().await?;
            }
        }
        Ok(Tensor::cat(parts, 0))
    }

    /// What is added to each variant's q, k or v: a product for each receiver, whose variants stand together.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn components(&self, layer: usize, variants: &[Variant]) -> Result<IntoHeads> {
        let slice = self.slice;
        let config = &slice.model.config;
        let (d_head, d_model) = (config.d_head, config.d_model);
        let destination = slice.destination(layer).await?;
        let resid_pre = &destination.resid_pre;
        let change = change_as_read(slice, resid_pre, variants, self.layer_norm);
        slice.steps.pause.pause().await?;
        let [_, flat, _] = change.dims();
        let block = &slice.model.layers.block(layer).await?;
        let mut deltas = Vec::new();
        let mut start = 0;
        for of_receiver in variants.chunk_by(|a, b| a.edge.to == b.edge.to) {
            let n = of_receiver.len();
            let change = change.clone().narrow(0, start, n);
            let (head, component) = head_of(&of_receiver[0]);
            let first = component as usize * d_model + head.head * d_head;
            let w = Part::columns(&block.w_qkv, first, d_head);
            let change = change.reshape([n * flat, d_model]);
            let by_w = |x| block.product.of_parts(Part::whole(&x), w.clone());
            deltas.push(slice.steps.by_rows(change, by_w).await?);
            start += n;
        }
        let delta = cat(deltas, 0);
        let shape = [variants.len(), slice.batch, slice.window.rows, d_head];
        Ok(IntoHeads {
            destination,
            delta: delta.reshape(shape),
        })
    }

    /// The change of each variant's z, `[variant, batch, rows, d_head]`; `product` is the layer's.
    async fn delta_z(
        &self,
        variants: &[Variant],
        into: &IntoHeads,
        product: Product,
    ) -> Result<Tensor<4>> {
        let of_variant = |variant: &Variant| {
            let (head, component) = head_of(variant);
            let input = match component {
                Component::Q => HeadInput::Q,
                Component::K => HeadInput::K,
                Component::V => HeadInput::V,
            };
            (head.head, input)
        };
        let of: Vec<_> = variants.iter().map(of_variant).collect();
        let Destination { q, k, v, z, .. } = &*into.destination;
        let delta_z = ops::change_of_z(product, &into.delta, &of, [q, k, v, z]);
        self.slice.steps.pause.pause().await?;
        Ok(delta_z)
    }

    /// q, k and v of the head of each variant, which all patch the same component.
    ///
    /// # Shapes
    /// - `delta`: `[variant, batch, rows, d_head]`, added to that component
    /// - returns q, `[variant, batch, rows, d_head]`; k and v, `[variant, batch, pos, d_head]`
    pub fn patched_input(
        &self,
        variants: &[Variant],
        destination: &Destination,
        delta: Tensor<4>,
    ) -> [Tensor<4>; 3] {
        let Destination { q, k, v, .. } = destination;
        let [mut q, mut k, mut v] = [q, k, v].map(|x| heads_of(x, variants));
        match head_of(&variants[0]).1 {
            Component::Q => q = q + delta,
            Component::K => k = self.add_on_rows(k, delta),
            Component::V => v = self.add_on_rows(v, delta),
        }
        [q, k, v]
    }

    /// Keys or values at all positions, `[variant, batch, pos, d_head]`, with the rows changed.
    fn add_on_rows(&self, x: Tensor<4>, delta: Tensor<4>) -> Tensor<4> {
        let window = self.slice.window;
        let rows = x.clone().narrow(2, window.first, window.rows) + delta;
        match window.first {
            0 => rows,
            first => Tensor::cat(vec![x.narrow(2, 0, first), rows], 2),
        }
    }

    /// A change of z and the rows of a matrix that belong to its head: the operands of a product for each head whose
    /// variants stand together.
    ///
    /// # Shapes
    /// - `delta_z`: `[variant * n, d_head]`; `w`: `[n_heads * d_head, width]`
    fn by_head<'t>(
        &self,
        variants: &[Variant],
        delta_z: &'t Tensor<2>,
        w: &'t Tensor<2>,
    ) -> Vec<[Part<'t>; 2]> {
        let d_head = self.slice.model.config.d_head;
        let each = delta_z.dims()[0] / variants.len();
        let mut start = 0;
        let of_heads = variants.chunk_by(|a, b| head_of(a).0 == head_of(b).0);
        let products = of_heads.map(|variants| {
            let n = variants.len() * each;
            let delta_z = Part::rows(delta_z, start, n);
            start += n;
            let first = head_of(&variants[0]).0.head * d_head;
            [delta_z, Part::rows(w, first, d_head)]
        });
        products.collect()
    }
}

/// The head that a variant enters.
pub(super) fn head_of(variant: &Variant) -> (Head, Component) {
    match variant.edge.to {
        Receiver::Head(head, component) => (head, component),
        to => unreachable!("{to} does not read where heads do"),
    }
}

/// The head of each variant, `[head, ..]` to `[variant, ..]`.
fn heads_of(x: &Tensor<4>, variants: &[Variant]) -> Tensor<4> {
    let heads = index(variants.iter().map(|v| head_of(v).0.head), &x.device());
    x.clone().select(0, heads)
}

/// Rows that every variant shares, added to each variant's own.
///
/// # Shapes
/// - `shared`: `[n, d_model]`; `own`: `[variant * n, d_model]`, also returned
fn add_to_each(shared: Tensor<2>, own: Tensor<2>) -> Tensor<2> {
    let ([n, _], [all, d_model]) = (shared.dims(), own.dims());
    let own = own.reshape([all / n, n, d_model]);
    add(own, shared).reshape([all, d_model])
}
