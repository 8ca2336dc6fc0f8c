//! The forward pass, whole or from a row on.
//!
//! ```text
//! resid_mid  = resid_pre + attn(ln1(resid_pre)) W_O + b_O
//! resid_post = resid_mid + gelu(ln2(resid_mid) W_in + b_in) W_out + b_out
//! logits     = ln_final(resid_post) W_U + b_U
//! ```

use burn::tensor::{Int, Tensor, activation::gelu_approximate};

use super::{
    ActivationCache, Block, BlockCache, Gpt2,
    attention::{attention, causal_mask},
    linear::linear,
    norm::layer_norm,
};

/// Keys and values of the positions before the rows that a block is run on.
#[derive(Debug, Clone)]
pub struct Past {
    /// `[batch, head, past, d_head]`.
    pub k: Tensor<4>,
    /// `[batch, head, past, d_head]`.
    pub v: Tensor<4>,
}

impl Gpt2 {
    /// Token plus position embedding.
    ///
    /// # Shapes
    /// - `tokens`: `[batch, pos]`, `pos` at most `n_ctx`
    /// - returns `[batch, pos, d_model]`
    pub fn embed(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let [batch, pos] = tokens.dims();
        let d_model = self.config.d_model;
        let embed = self.w_e.clone().select(0, tokens.reshape([batch * pos]));
        let pos_embed = self.w_pos.clone().narrow(0, 0, pos);
        embed.reshape([batch, pos, d_model]) + pos_embed.unsqueeze()
    }

    /// Run all blocks and keep their activations.
    ///
    /// # Shapes
    /// - `tokens`: `[batch, pos]`, `pos` at most `n_ctx`
    pub fn run_with_cache(&self, tokens: Tensor<2, Int>) -> ActivationCache {
        let [_, pos] = tokens.dims();
        let mask = causal_mask(pos, pos, &self.device());
        let mut resid = self.embed(tokens);
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let cache = block.forward(resid, None, &mask);
            resid = cache.resid_post.clone();
            blocks.push(cache);
        }
        ActivationCache { blocks }
    }

    /// Logits of rows of the final residual stream.
    ///
    /// # Shapes
    /// - `resid`: `[batch, pos, d_model]`
    /// - returns `[batch, pos, d_vocab]`
    pub fn unembed(&self, resid: Tensor<3>) -> Tensor<3> {
        let (normalised, _) = layer_norm(resid, self.config.eps);
        linear(normalised, &self.w_u, &self.b_u)
    }
}

impl Block {
    /// Run the block on the last rows of a sequence, with `past` standing for the rows before them.
    ///
    /// # Shapes
    /// - `resid_pre`: `[batch, rows, d_model]`, `mask`: `[rows, past + rows]`
    pub fn forward(
        &self,
        resid_pre: Tensor<3>,
        past: Option<Past>,
        mask: &Tensor<2>,
    ) -> BlockCache {
        let [batch, rows, d_model] = resid_pre.dims();
        let (normalised, ln1_scale) = layer_norm(resid_pre.clone(), self.eps);
        let [q, k, v] = self.qkv(normalised);
        let (keys, values) = match past {
            Some(past) => (
                Tensor::cat(vec![past.k, k.clone()], 2),
                Tensor::cat(vec![past.v, v.clone()], 2),
            ),
            None => (k.clone(), v.clone()),
        };
        let (pattern, z) = attention(q.clone(), keys, values, mask);
        let all_heads = z.clone().swap_dims(1, 2).reshape([batch, rows, d_model]);
        let resid_mid = resid_pre.clone() + linear(all_heads, &self.w_o, &self.b_o);
        let resid_post = self.add_mlp(resid_mid.clone());
        BlockCache {
            resid_pre,
            ln1_scale,
            q,
            k,
            v,
            pattern,
            z,
            resid_mid,
            resid_post,
        }
    }

    /// `resid_mid` plus the MLP's output.
    ///
    /// # Shapes
    /// - `resid_mid`: `[batch, rows, d_model]`, also returned
    pub fn add_mlp(&self, resid_mid: Tensor<3>) -> Tensor<3> {
        let (normalised, _) = layer_norm(resid_mid.clone(), self.eps);
        let post = gelu_approximate(linear(normalised, &self.w_in, &self.b_in));
        resid_mid + linear(post, &self.w_out, &self.b_out)
    }

    /// Queries, keys and values, each `[batch, head, rows, d_head]`, of normalised rows.
    fn qkv(&self, normalised: Tensor<3>) -> [Tensor<4>; 3] {
        let [batch, rows, d_model] = normalised.dims();
        let d_head = d_model / self.n_heads;
        let qkv = linear(normalised, &self.w_qkv, &self.b_qkv);
        [0, 1, 2].map(|i| {
            qkv.clone()
                .narrow(2, i * d_model, d_model)
                .reshape([batch, rows, self.n_heads, d_head])
                .swap_dims(1, 2)
        })
    }
}
