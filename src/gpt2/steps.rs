//! A block's pass over rows, cut into steps that can be interrupted.
//!
//! A whole layer takes seconds on one thread for a long prompt or for many prompts: 14 GFLOP for 1,024 tokens of
//! GPT-2 small. So each product takes at most [`Steps::rows`] rows, with a pause after it. If all rows fit one step,
//! nothing is cut. The numbers are the same either way.

use burn::tensor::{Device, Tensor};

use super::block::Block;
use crate::{
    error::Result,
    ops::{self, OneRow, Past, Queries, attention, causal_mask, on_cpu},
    pause::Pause,
};

/// From so many rows on, one row that asks does so through `W_K` and `W_V`. With fewer there is little to save, and what
/// is held in between takes more memory than the rows.
const ABSORBED_FROM: usize = 3;

/// Whether one of so many rows of each sequence asks through `W_K` and `W_V` in a block: on the CPU.
pub fn absorbs(rows: usize, device: &Device) -> bool {
    rows >= ABSORBED_FROM && on_cpu(device)
}

/// How much work is done between two pauses.
#[derive(Clone, Copy)]
pub struct Steps<'a> {
    /// The most rows of a product with weights; at least 1.
    pub rows: usize,
    /// Asked after each step.
    pub pause: &'a dyn Pause,
}

impl Steps<'_> {
    /// Apply a function that maps each row by itself, to some rows at a time.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`; `of_rows` maps `[n, d_in]` to `[n, d_out]`; returns `[rows, d_out]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn by_rows(
        &self,
        x: Tensor<2>,
        of_rows: impl Fn(Tensor<2>) -> Tensor<2>,
    ) -> Result<Tensor<2>> {
        self.by_rows_of([x], |[x]| of_rows(x)).await
    }

    /// The same for several tensors of as many rows, each row of which goes with those of the others.
    ///
    /// # Shapes
    /// - `all`: `[rows, ..]` each; `of_rows` maps `[n, ..]` each to `[n, d_out]`; returns `[rows, d_out]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn by_rows_of<const N: usize>(
        &self,
        all: [Tensor<2>; N],
        of_rows: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    ) -> Result<Tensor<2>> {
        let [rows, _] = all[0].dims();
        if rows <= self.rows {
            let y = of_rows(all);
            self.pause.pause().await?;
            return Ok(y);
        }
        let mut parts = Vec::with_capacity(rows.div_ceil(self.rows));
        for first in (0..rows).step_by(self.rows) {
            let n = self.rows.min(rows - first);
            parts.push(of_rows(
                all.each_ref().map(|x| x.clone().narrow(0, first, n)),
            ));
            self.pause.pause().await?;
        }
        Ok(ops::cat(parts, 0))
    }
}

impl Block {
    /// Run the block on the last rows of sequences, `past` standing for the positions before them.
    ///
    /// # Shapes
    /// - `resid`: `[sequence * rows, d_model]`
    /// - returns `[sequence * queries, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn forward_rows(
        &self,
        resid: Tensor<2>,
        past: Option<&Past>,
        rows: usize,
        queries: Queries<'_>,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let z = match queries {
            Queries::One(asking) if absorbs(rows, &resid.device()) => {
                self.attend_one_row(&resid, past, asking, rows, steps)
                    .await?
            }
            _ => {
                let qkv = self.qkv_of_rows(resid.clone(), steps).await?;
                self.attend_rows(qkv, past, rows, queries, steps).await?
            }
        };
        let resid = queries.select(resid, rows);
        let resid_mid = self.add_attention(resid, z, steps).await?;
        self.add_mlp_to_rows(resid_mid, steps).await
    }

    /// Queries, keys and values before their bias.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_model]`, the residual stream before the block; returns `[rows, 3 * d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn qkv_of_rows(&self, resid: Tensor<2>, steps: Steps<'_>) -> Result<Tensor<2>> {
        let of_rows = |x| {
            self.product
                .matmul(ops::normalise(x, self.eps), &self.w_qkv)
        };
        steps.by_rows(resid, of_rows).await
    }

    /// What [`Block::qkv_of_rows`] gives, with its bias and by head.
    ///
    /// # Shapes
    /// - `qkv`: `[sequence * rows, 3 * d_model]`
    /// - returns q, k and v, each `[sequence, head, rows, d_head]`
    pub fn by_head(&self, qkv: Tensor<2>, sequences: usize) -> [Tensor<4>; 3] {
        ops::by_head(qkv, &self.b_qkv, self.n_heads, sequences)
    }

    /// Causal attention of all heads.
    ///
    /// # Shapes
    /// - `qkv`: `[sequence * rows, 3 * d_model]`, before the bias
    /// - returns z, `[sequence * queries, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn attend_rows(
        &self,
        qkv: Tensor<2>,
        past: Option<&Past>,
        rows: usize,
        queries: Queries<'_>,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let [flat, _] = qkv.dims();
        let sequences = flat / rows;
        let is_one = matches!(queries, Queries::One(_));
        // For the rows of many short sequences a loop over them is faster, for few long ones matrix products are.
        if is_one || flat <= steps.rows && rows <= 64 * sequences {
            return self
                .attend_in_one_pass(qkv, past, rows, queries, steps)
                .await;
        }
        self.attend_all_rows(qkv, past, rows, steps).await
    }

    /// The same in one pass over the rows.
    async fn attend_in_one_pass(
        &self,
        qkv: Tensor<2>,
        past: Option<&Past>,
        rows: usize,
        queries: Queries<'_>,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let (b, heads) = (&self.b_qkv, self.n_heads);
        let z = ops::attend(self.product, qkv, b, heads, past, rows, queries);
        steps.pause.pause().await?;
        Ok(z)
    }

    /// Causal attention of all heads at one row of each sequence, from the residual stream of all rows. It asks through
    /// `W_K` and takes what it finds through `W_V`, so that no row needs keys and values:
    ///
    /// ```text
    /// score[j] = (W_K q) . x[j] + q . b_K,   z = (sum_j p[j] x[j]) W_V
    /// ```
    ///
    /// # Shapes
    /// - `resid`: `[sequence * rows, d_model]`; `asking`: the row of each prompt
    /// - returns z, `[sequence, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    async fn attend_one_row(
        &self,
        resid: &Tensor<2>,
        past: Option<&Past>,
        asking: &OneRow,
        rows: usize,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let (heads, [_, d_model]) = (self.n_heads, resid.dims());
        let d_head = d_model / heads;
        let columns = |first, n| self.w_qkv.clone().narrow(1, first, n);
        let x = ops::normalise(resid.clone(), self.eps);
        let asked = Queries::One(asking).select(x.clone(), rows);
        let b_q = self.b_qkv.clone().narrow(0, 0, d_model);
        let q = self.product.matmul(asked, &columns(0, d_model)) + b_q.unsqueeze();
        let through_keys = |head| {
            let q = q.clone().narrow(1, head * d_head, d_head);
            let w_k = columns(d_model + head * d_head, d_head);
            self.product.matmul(q, &w_k.transpose())
        };
        let absorbed: Vec<Tensor<2>> = (0..heads).map(through_keys).collect();
        steps.pause.pause().await?;
        let found = ops::attend_absorbed(
            self.product,
            &x,
            &q,
            &absorbed,
            &self.b_qkv,
            past,
            asking.of_prompt(),
        );
        steps.pause.pause().await?;
        let through_values = |head| {
            let x = found.clone().narrow(1, head * d_model, d_model);
            let w_v = columns(2 * d_model + head * d_head, d_head);
            self.product.matmul(x, &w_v)
        };
        let of_rows = Tensor::cat((0..heads).map(through_values).collect(), 1);
        steps.pause.pause().await?;
        Ok(of_rows + found.narrow(1, heads * d_model, d_model))
    }

    /// Causal attention of all heads at every row: on the CPU as matrix products over some positions at a time.
    ///
    /// # Shapes
    /// - `qkv`: `[sequence * rows, 3 * d_model]`, before the bias
    /// - returns z, `[sequence * rows, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn attend_all_rows(
        &self,
        qkv: Tensor<2>,
        past: Option<&Past>,
        rows: usize,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let [flat, width] = qkv.dims();
        let sequences = flat / rows;
        let device = qkv.device();
        // On a GPU one kernel goes over all keys and holds no scores.
        if !on_cpu(&device) {
            return self
                .attend_in_one_pass(qkv, past, rows, Queries::All, steps)
                .await;
        }
        let [q, k, v] = self.by_head(qkv, sequences);
        let [k, v] = Past::in_front_of(past, [k, v]);
        let pos = k.dims()[2];
        let before = pos - rows;
        // As many scores as a step's rows have numbers in the hidden layer of the MLP.
        let d_mlp = self.b_in.dims()[0];
        let scores = self.n_heads.saturating_mul(pos).max(1);
        let each = (steps.rows.saturating_mul(d_mlp) / scores).min(steps.rows) / sequences;
        let each = each.max(1);
        let mut parts = Vec::with_capacity(rows.div_ceil(each));
        for first in (0..rows).step_by(each) {
            let n = each.min(rows - first);
            let end = before + first + n;
            let [k, v] = [&k, &v].map(|x| x.clone().narrow(2, 0, end));
            let mask = causal_mask(n, end, &device).unsqueeze();
            let (_, z) = attention(q.clone().narrow(2, first, n), k, v, mask);
            parts.push(z);
            steps.pause.pause().await?;
        }
        let z = Tensor::cat(parts, 2).swap_dims(1, 2);
        Ok(z.reshape([flat, width / 3]))
    }

    /// The residual stream after the attention: `resid_mid`.
    ///
    /// # Shapes
    /// - `resid` and `z`: `[rows, d_model]`, also returned
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn add_attention(
        &self,
        resid: Tensor<2>,
        z: Tensor<2>,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        let of_rows = |[resid, z]: [_; 2]| self.product.add_to(resid, z, &self.w_o, &self.b_o);
        steps.by_rows_of([resid, z], of_rows).await
    }

    /// What the MLP writes, in steps.
    ///
    /// # Shapes
    /// - `resid_mid`: `[rows, d_model]`, also returned
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn mlp_of_rows(&self, resid_mid: Tensor<2>, steps: Steps<'_>) -> Result<Tensor<2>> {
        let of_rows = |x| self.mlp(ops::normalise(x, self.eps));
        steps.by_rows(resid_mid, of_rows).await
    }

    /// [`Block::add_mlp`] in steps.
    ///
    /// # Shapes
    /// - `resid_mid`: `[rows, d_model]`, also returned
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn add_mlp_to_rows(
        &self,
        resid_mid: Tensor<2>,
        steps: Steps<'_>,
    ) -> Result<Tensor<2>> {
        steps.by_rows(resid_mid, |x| self.add_mlp(x)).await
    }
}
