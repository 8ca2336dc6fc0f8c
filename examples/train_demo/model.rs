//! The model in training: GPT-2's layout with its MLPs held at zero and LayerNorms without weight or bias.
//!
//! Such a model needs no weight processing, so training runs pathpatch's own forward pass on its
//! parameters. With free MLPs the same data is learned without a textbook induction circuit.

use burn::{
    module::{Module, Param},
    tensor::{Device, Distribution, Int, Tensor},
};
use pathpatch::{
    gpt2::{Block, Config, Embedding, Gpt2, Unembed},
    pause::NoPause,
};

/// The parameters that are learned.
#[derive(Module, Debug)]
pub struct AttentionOnly {
    /// `[d_vocab, d_model]`.
    pub wte: Param<Tensor<2>>,
    /// `[n_ctx, d_model]`.
    pub wpe: Param<Tensor<2>>,
    pub layers: Vec<Layer>,
}

/// One block's attention.
#[derive(Module, Debug)]
pub struct Layer {
    /// `[d_model, 3 * d_model]`.
    pub w_qkv: Param<Tensor<2>>,
    /// `[3 * d_model]`.
    pub b_qkv: Param<Tensor<1>>,
    /// `[d_model, d_model]`.
    pub w_o: Param<Tensor<2>>,
    /// `[d_model]`.
    pub b_o: Param<Tensor<1>>,
}

impl AttentionOnly {
    /// GPT-2's initialisation: normal with standard deviation 0.02, biases zero.
    pub fn new(config: &Config, device: &Device) -> Self {
        let d = config.d_model;
        let normal = |shape: [usize; 2], std: f64| {
            Param::from_tensor(Tensor::random(
                shape,
                Distribution::Normal(0.0, std),
                device,
            ))
        };
        let zeros = |n: usize| Param::from_tensor(Tensor::zeros([n], device));
        // Maps that write to the residual stream start smaller, as there are two a layer.
        let write_std = 0.02 / (2.0 * config.n_layers as f64).sqrt();
        let layer = |_| Layer {
            w_qkv: normal([d, 3 * d], 0.02),
            b_qkv: zeros(3 * d),
            w_o: normal([d, d], write_std),
            b_o: zeros(d),
        };
        Self {
            wte: normal([config.d_vocab, d], 0.02),
            wpe: normal([config.n_ctx, d], 0.02),
            layers: (0..config.n_layers).map(layer).collect(),
        }
    }

    /// Logits of some rows of a batch.
    ///
    /// # Shapes
    /// - `tokens`: `[batch][pos]`, `rows`: `[n]`, indices into `batch * pos`
    /// - returns `[n, d_vocab]`
    pub fn logits(&self, config: &Config, tokens: &[Vec<u32>], rows: Tensor<1, Int>) -> Tensor<2> {
        let model = self.gpt2(config);
        let cache = pollster::block_on(model.run_with_cache(tokens, &NoPause));
        let resid = cache.expect("nothing stops it").final_resid();
        let [batch, pos, d_model] = resid.dims();
        let resid = resid.reshape([batch * pos, d_model]).select(0, rows);
        model.unembed(resid.unsqueeze_dim(0)).squeeze_dim(0)
    }

    fn gpt2(&self, config: &Config) -> Gpt2 {
        let device = self.wte.val().device();
        let embed = Embedding::new(vec![self.wte.val()]);
        let (ln_w, ln_b) = (
            Tensor::ones([config.d_model], &device),
            Tensor::zeros([config.d_model], &device),
        );
        let unembed = Unembed::new(config.eps, ln_w, ln_b, embed.clone());
        let zeros = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &device);
        let block = |layer: &Layer| Block {
            n_heads: config.n_heads,
            eps: config.eps,
            activation: config.activation,
            w_qkv: layer.w_qkv.val(),
            b_qkv: layer.b_qkv.val(),
            b_v: Tensor::zeros([config.d_model], &device),
            w_o: layer.w_o.val(),
            b_o: layer.b_o.val(),
            w_in: zeros([config.d_model, config.d_mlp]),
            b_in: Tensor::zeros([config.d_mlp], &device),
            w_out: zeros([config.d_mlp, config.d_model]),
            b_out: Tensor::zeros([config.d_model], &device),
        };
        Gpt2 {
            config: config.clone(),
            embed,
            w_pos: self.wpe.val(),
            blocks: self.layers.iter().map(block).collect(),
            unembed,
        }
    }
}
