//! The gradient of a metric, from the final LayerNorm down to the embedding.
//!
//! ```text
//! g                                                         d metric / d resid_post
//! g_mlp = ((g W_out^T) * act'(pre)) W_in^T                  ... / d ln2(resid_mid)
//! g     = g + ln2^T(g_mlp)                                  ... / d resid_mid
//! g_z   = g W_O^T,   g_qkv = attention^T(g_z)               ... / d z, d (q, k, v)
//! g     = g + ln1^T(g_qkv W_QKV^T)                          ... / d resid_pre
//! ```
//!
//! The backward pass is written out, so that a browser does not download an autodiff engine for one function. It stays
//! on the rows, the only ones that a patch can change, and is done in the same bounded steps as a forward pass.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{
    graph::Sender,
    readout::Readout,
    slice::{Destination, Slice},
    window::Window,
};
use crate::{
    error::Result,
    gpt2::{Block, Steps},
    ops::{self, Queries, attention, matmul, normalise, through_norm},
};

/// One run of a slice's prompts, as far as the backward pass reads it.
pub(super) struct Run {
    /// The residual stream before each layer on the rows, `[batch * rows, d_model]`; `None` for the base run, which
    /// the slice keeps.
    resid_pre: Option<Vec<Tensor<2>>>,
    /// The final residual stream, `[batch, pos, d_model]`.
    pub last: Tensor<3>,
}

impl Run {
    /// The base run.
    pub fn base(slice: &Slice<'_>) -> Self {
        Self {
            resid_pre: None,
            last: slice.base_final.clone(),
        }
    }

    /// The run of the base prompts with so much of the change of their token embeddings added: 0 is the base run, 1
    /// the other one.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn with_input(slice: &Slice<'_>, amount: f64) -> Result<Self> {
        let (rows, steps) = (slice.window.rows, slice.steps);
        let flat = slice.batch * rows;
        let delta = slice.written(&[Sender::Input], 0..flat).squeeze_dim(0);
        let mut resid = slice.resid_pre(0).clone() + delta * amount;
        let mut resid_pre = Vec::with_capacity(slice.model.blocks.len());
        for (layer, block) in slice.model.blocks.iter().enumerate() {
            resid_pre.push(resid.clone());
            let (past, queries) = (slice.past(layer), Queries::All);
            resid = block
                .forward_rows(resid, past, rows, queries, steps)
                .await?;
        }
        Ok(Self {
            resid_pre: Some(resid_pre),
            last: slice.with_rows(resid),
        })
    }

    /// The run as a layer sees it.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn layer(&self, slice: &Slice<'_>, layer: usize) -> Result<Rc<Destination>> {
        match &self.resid_pre {
            None => slice.destination(layer).await,
            Some(resid_pre) => {
                let resid_pre = resid_pre[layer].clone();
                Ok(Rc::new(slice.destination_of(layer, resid_pre).await?))
            }
        }
    }
}

/// A backward pass on its way down.
pub(super) struct Backward<'s, 'a> {
    slice: &'s Slice<'a>,
    /// With respect to the residual stream where the pass has come to, `[batch * rows, d_model]`.
    pub gradient: Tensor<2>,
}

/// The gradient where a layer's heads read.
pub(super) struct OfHeads {
    /// With respect to z, `[head, batch, rows, d_head]`.
    pub by_z: Tensor<4>,
    /// With respect to q, k and v side by side, `[batch * rows, 3 * d_model]`.
    pub by_qkv: Tensor<2>,
    /// What [`ops::attention_changes`] reads of each query, where there is such a kernel.
    pub of_queries: Option<Tensor<4>>,
}

impl<'s, 'a> Backward<'s, 'a> {
    /// The pass of a run's mean over the slice's prompts, down to the final residual stream; with it the gradient with
    /// respect to that as it is normalised, `[batch * rows, d_model]`. `None` where the metric has no gradient.
    pub fn begin(readout: &'s Readout<'a, '_>, run: &Run) -> Option<(Self, Tensor<2>)> {
        let slice = readout.slice();
        let queries = readout.last_queries();
        let normalised = readout.gradient_of(&run.last)?;
        let normalised = queries.put_back(normalised, slice.window.rows);
        let resid = slice.flat_rows(&run.last);
        let gradient = through_norm(resid, slice.model.config.eps, normalised.clone());
        Some((Self { slice, gradient }, normalised))
    }

    /// Down through an MLP and its LayerNorm; returns the gradient with respect to what the MLP reads, normalised,
    /// `[batch * rows, d_model]`.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn mlp(&mut self, layer: usize, run: &Destination) -> Result<Tensor<2>> {
        let block = &self.slice.model.blocks[layer];
        // Three products with the hidden layer and eight copies of it where a step counts one.
        let steps = Steps {
            rows: self.slice.steps.rows.div_ceil(4),
            ..self.slice.steps
        };
        let both = [run.resid_mid.clone(), self.gradient.clone()];
        let of_rows = |[resid_mid, gradient]: [_; 2]| mlp_backwards(block, resid_mid, gradient);
        let by_normalised = steps.by_rows_of(both, of_rows).await?;
        let resid_mid = run.resid_mid.clone();
        let through = through_norm(resid_mid, block.eps, by_normalised.clone());
        self.gradient = ops::add(self.gradient.clone(), through);
        Ok(by_normalised)
    }

    /// The gradient where a layer's heads read, from where the pass has come to.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn heads(&self, layer: usize, run: &Destination) -> Result<OfHeads> {
        let slice = self.slice;
        let config = &slice.model.config;
        let (batch, rows, heads) = (slice.batch, slice.window.rows, config.n_heads);
        let block = &slice.model.blocks[layer];
        let w_o = block.w_o.clone().transpose();
        let gradient = self.gradient.clone();
        let by_w_o = |x| block.product.matmul(x, &w_o);
        let by_z = slice.steps.by_rows(gradient, by_w_o);
        let by_z = by_z.await?.reshape([batch, rows, heads, config.d_head]);
        let by_z = by_z.permute([2, 0, 1, 3]);
        if let Some(at_once) = ops::attention_backwards([&run.q, &run.k, &run.v], &by_z) {
            slice.steps.pause.pause().await?;
            let ops::Backwards { by_qkv, of_queries } = at_once;
            return Ok(OfHeads {
                by_z,
                by_qkv,
                of_queries: Some(of_queries),
            });
        }
        let by_qkv = self.through_attention(run, &by_z).await?;
        Ok(OfHeads {
            by_z,
            by_qkv,
            of_queries: None,
        })
    }

    /// Down through the products of q, k and v and the LayerNorm before them.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn below_heads(
        &mut self,
        layer: usize,
        run: &Destination,
        by_qkv: Tensor<2>,
    ) -> Result<()> {
        let block = &self.slice.model.blocks[layer];
        let w_qkv = block.w_qkv.clone().transpose();
        let steps = self.slice.steps;
        let by_w_qkv = |x| block.product.matmul(x, &w_qkv);
        let by_normalised = steps.by_rows(by_qkv, by_w_qkv).await?;
        let through = through_norm(run.resid_pre.clone(), block.eps, by_normalised);
        self.gradient = ops::add(self.gradient.clone(), through);
        Ok(())
    }
}

impl Backward<'_, '_> {
    /// Gradient with respect to q, k and v of all heads on the rows, `[batch * rows, 3 * d_model]`.
    ///
    /// # Shapes
    /// - `by_z`: `[head, batch, rows, d_head]`
    async fn through_attention(&self, run: &Destination, by_z: &Tensor<4>) -> Result<Tensor<2>> {
        let slice = self.slice;
        let (batch, rows) = (slice.batch, slice.window.rows);
        let [heads, _, _, d_head] = by_z.dims();
        let flat = [batch * rows, heads * d_head];
        // Six copies of the scores of some heads, or of some queries of one, in the memory of a step.
        let [together, each] = slice.scores_in_a_step(heads, 6 * batch);
        let mut parts = [const { Vec::new() }; 3];
        for start in (0..heads).step_by(together) {
            let n = together.min(heads - start);
            let of_heads = |x: &Tensor<4>| x.clone().narrow(0, start, n);
            let Destination { q, k, v, .. } = run;
            let by_qkv = self.attention_backwards([q, k, v].map(of_heads), of_heads(by_z), each);
            parts
                .iter_mut()
                .zip(by_qkv.await?)
                .for_each(|(all, part)| all.push(part));
        }
        let flatten = |x: Tensor<4>| x.permute([1, 2, 0, 3]).reshape(flat);
        let by_qkv = parts.map(|part| flatten(Tensor::cat(part, 0)));
        Ok(Tensor::cat(by_qkv.to_vec(), 1))
    }

    /// Through the attention of some heads, backwards, `each` queries at a time: gradients with respect to q, k and
    /// v on the rows.
    ///
    /// # Shapes
    /// - q and `z`, the gradient with respect to z: `[head, batch, rows, d_head]`
    /// - k and v: `[head, batch, pos, d_head]`
    /// - returns `[head, batch, rows, d_head]` each
    async fn attention_backwards(
        &self,
        [q, k, v]: [Tensor<4>; 3],
        z: Tensor<4>,
        each: usize,
    ) -> Result<[Tensor<4>; 3]> {
        let slice = self.slice;
        let Window { first, rows } = slice.window;
        let mut by_q = Vec::with_capacity(rows.div_ceil(each));
        let [mut by_k, mut by_v] = [const { None::<Tensor<4>> }; 2];
        // The last queries first: they look at all keys.
        for start in (0..rows).step_by(each).rev() {
            let queries = start..rows.min(start + each);
            let asked = |x: &Tensor<4>| x.clone().narrow(2, start, queries.len());
            let seen = |x: &Tensor<4>| x.clone().narrow(2, 0, first + queries.end);
            let mask = slice.mask(&queries).unsqueeze();
            let qkv = [asked(&q), seen(&k), seen(&v)];
            let [q, k, v] = attention_backwards(qkv, mask, asked(&z));
            by_q.push(q);
            for (sum, part) in [(&mut by_k, k), (&mut by_v, v)] {
                let on_rows = part.narrow(2, first, queries.end);
                *sum = Some(match sum.take() {
                    None => on_rows,
                    Some(later) => add_in_front(later, on_rows, 2),
                });
            }
            slice.steps.pause.pause().await?;
        }
        by_q.reverse();
        let [by_k, by_v] = [by_k, by_v].map(|sum| sum.expect("a part has a row"));
        Ok([Tensor::cat(by_q, 2), by_k, by_v])
    }
}

/// A sum over positions with more added to the first of them.
///
/// # Shapes
/// - `sum`, also returned, and `part` differ at most in dimension `dim`, the positions: `part` may have fewer
pub(super) fn add_in_front(sum: Tensor<4>, part: Tensor<4>, dim: usize) -> Tensor<4> {
    let (pos, n) = (sum.dims()[dim], part.dims()[dim]);
    let front = sum.clone().narrow(dim, 0, n) + part;
    match pos - n {
        0 => front,
        left => Tensor::cat(vec![front, sum.narrow(dim, n, left)], dim),
    }
}

/// Through attention, backwards: gradients with respect to q, k and v.
///
/// # Shapes
/// - q and `z`, the gradient with respect to z: `[head, batch, rows, d_head]`; k and v: `[head, batch, pos, d_head]`
/// - returns them in the shapes of q, k and v
fn attention_backwards([q, k, v]: [Tensor<4>; 3], mask: Tensor<4>, z: Tensor<4>) -> [Tensor<4>; 3] {
    let [_, _, _, d_head] = q.dims();
    let (pattern, _) = attention(q.clone(), k.clone(), v.clone(), mask);
    let by_pattern = matmul(z.clone(), v.transpose());
    let mean = (pattern.clone() * by_pattern.clone()).sum_dim(3);
    let scores = pattern.clone() * (by_pattern - mean) / (d_head as f64).sqrt();
    [
        matmul(scores.clone(), k),
        matmul(scores.transpose(), q),
        matmul(pattern.transpose(), z),
    ]
}

/// Through an MLP, backwards, to its normalised input.
///
/// # Shapes
/// - `resid_mid` and `gradient`, with respect to the MLP's output: `[rows, d_model]`, also returned
fn mlp_backwards(block: &Block, resid_mid: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
    let normalised = normalise(resid_mid, block.eps);
    let product = block.product;
    let pre = product.with_bias(normalised, &block.w_in, &block.b_in);
    let post = product.matmul(gradient, &block.w_out.clone().transpose());
    let pre = block.activation.backwards(pre, post);
    product.matmul(pre, &block.w_in.clone().transpose())
}
