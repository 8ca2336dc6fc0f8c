//! The forward pass of whole sequences, which keeps all that it computes. `steps` has the pass over their last rows,
//! which keeps only its result.
//!
//! ```text
//! resid_mid  = resid_pre + attn(ln1(resid_pre)) W_O + b_O
//! resid_post = resid_mid + act(ln2(resid_mid) W_in + b_in) W_out + b_out
//! logits     = ln_final(resid_post) W_U + b_U
//! ```

use burn::tensor::Tensor;

use super::{
    block::Block,
    cache::{ActivationCache, BlockCache},
    weights::Gpt2,
};
use crate::{
    error::Result,
    ops::{self, Shown, attention, causal_mask, layer_norm},
    pause::Pause,
};

impl Gpt2 {
    /// Token plus position embedding, each centred over `d_model`.
    ///
    /// # Shapes
    /// - `tokens`: `[batch][pos]`, prompts of one length of at most `n_ctx`
    /// - returns `[batch, pos, d_model]`
    ///
    /// # Panics
    /// Without a prompt, or when prompts differ in length, are empty or longer than `n_ctx`: a
    /// [`Batch`](crate::prompt::Batch) pads and checks them.
    pub fn embed(&self, tokens: &[Vec<u32>]) -> Tensor<3> {
        let (batch, pos) = (tokens.len(), tokens.first().map_or(0, Vec::len));
        let n_ctx = self.config.n_ctx;
        assert!(
            (1..=n_ctx).contains(&pos),
            "prompts of 1 to {n_ctx} tokens, got {pos}"
        );
        let is_even = tokens.iter().all(|ids| ids.len() == pos);
        assert!(is_even, "prompts of one length");
        let d_model = self.config.d_model;
        let embed = self.embed_tokens(&tokens.concat());
        let pos_embed = self.w_pos.clone().narrow(0, 0, pos);
        ops::add(embed.reshape([batch, pos, d_model]), pos_embed)
    }

    /// Token embedding, centred over `d_model`, without positions.
    ///
    /// # Shapes
    /// returns `[ids, d_model]`
    ///
    /// # Panics
    /// Without an id, or for one beyond the table.
    pub fn embed_tokens(&self, ids: &[u32]) -> Tensor<2> {
        self.embed.rows(ids, Shown::Centred)
    }

    /// Run all blocks and keep their activations.
    ///
    /// # Shapes
    /// - `tokens`: `[batch][pos]`, prompts of one length of at most `n_ctx`
    ///
    /// # Errors
    /// Those of `pause`, which is asked after each block.
    ///
    /// # Panics
    /// As [`Gpt2::embed`].
    pub async fn run_with_cache(
        &self,
        tokens: &[Vec<u32>],
        pause: &dyn Pause,
    ) -> Result<ActivationCache> {
        let mut resid = self.embed(tokens);
        let [_, pos, _] = resid.dims();
        let mask = causal_mask(pos, pos, &self.device());
        let mut blocks = Vec::with_capacity(self.layers.len());
        for layer in 0..self.layers.len() {
            let block = self.layers.block(layer).await?;
            let cache = block.forward(resid, &mask);
            resid = cache.resid_post.clone();
            blocks.push(cache);
            pause.pause().await?;
        }
        Ok(ActivationCache { blocks })
    }

    /// Logits of rows of the final residual stream.
    ///
    /// # Shapes
    /// - `resid`: `[batch, pos, d_model]`
    /// - returns `[batch, pos, d_vocab]`
    pub fn unembed(&self, resid: Tensor<3>) -> Tensor<3> {
        let [batch, pos, d_model] = resid.dims();
        let resid = resid.reshape([batch * pos, d_model]);
        let logits = self.unembed.of_tokens(None).logits(resid);
        logits.reshape([batch, pos, self.config.d_vocab])
    }
}

impl Block {
    /// Run the block on whole sequences and keep what it computes.
    ///
    /// # Shapes
    /// - `resid_pre`: `[batch, pos, d_model]`, `mask`: `[pos, pos]`
    pub fn forward(&self, resid_pre: Tensor<3>, mask: &Tensor<2>) -> BlockCache {
        let [batch, pos, d_model] = resid_pre.dims();
        let (normalised, ln1_scale) = layer_norm(resid_pre.clone(), self.eps);
        let [q, k, v] = self.qkv(normalised);
        let mask = mask.clone().unsqueeze();
        let (pattern, z) = attention(q.clone(), k.clone(), v.clone(), mask);
        let all_heads = z.clone().swap_dims(1, 2).reshape([batch, pos, d_model]);
        let resid_mid = resid_pre.clone() + self.product.linear(all_heads, &self.w_o, &self.b_o);
        let flat = resid_mid.clone().reshape([batch * pos, d_model]);
        let resid_post = self.add_mlp(flat).reshape([batch, pos, d_model]);
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
    /// - `resid_mid`: `[rows, d_model]`, also returned
    pub fn add_mlp(&self, resid_mid: Tensor<2>) -> Tensor<2> {
        let normalised = ops::normalise(resid_mid.clone(), self.eps);
        let post = self.mlp_hidden(normalised);
        self.product
            .add_to(resid_mid, post, &self.w_out, &self.b_out)
    }

    /// [`Block::add_mlp`] where `resid_mid` is a sum of which `W_in` has multiplied both summands: on the CPU.
    ///
    /// # Shapes
    /// - `resid_mid`: `[rows, d_model]`, also returned; `own`: `[n, d_mlp]` each, together as many rows; `shared`: `[m,
    ///   d_mlp]`, row `i % m` for row `i`
    pub fn add_mlp_of_sum(
        &self,
        resid_mid: Tensor<2>,
        own: &[Tensor<2>],
        shared: &Tensor<2>,
    ) -> Tensor<2> {
        let (eps, activation) = (self.eps, self.activation);
        let post = ops::activate_products(own, shared, &resid_mid, &self.b_in, eps, activation);
        self.product
            .add_to(resid_mid, post, &self.w_out, &self.b_out)
    }

    /// What the MLP writes, its output bias included.
    ///
    /// # Shapes
    /// - `normalised`: its normalised input, `[rows, d_model]`, also returned
    pub fn mlp(&self, normalised: Tensor<2>) -> Tensor<2> {
        let post = self.mlp_hidden(normalised);
        self.product.with_bias(post, &self.w_out, &self.b_out)
    }

    /// The MLP's hidden layer, `[rows, d_mlp]`.
    fn mlp_hidden(&self, normalised: Tensor<2>) -> Tensor<2> {
        let (w, b) = (&self.w_in, &self.b_in);
        self.product.activated(normalised, w, b, self.activation)
    }

    /// Queries, keys and values, each `[batch, head, rows, d_head]`, of normalised rows.
    fn qkv(&self, normalised: Tensor<3>) -> [Tensor<4>; 3] {
        let [batch, rows, d_model] = normalised.dims();
        let d_head = d_model / self.n_heads;
        let qkv = self.product.linear(normalised, &self.w_qkv, &self.b_qkv);
        [0, 1, 2].map(|i| {
            qkv.clone()
                .narrow(2, i * d_model, d_model)
                .reshape([batch, rows, self.n_heads, d_head])
                .swap_dims(1, 2)
        })
    }
}
