//! The model during training: GPT-2's layout, LayerNorms without weights and biases, MLPs learned or fixed at zero.
//!
//! Such a model needs no weight processing, so training runs pathpatch's own forward pass on its parameters.

use burn::{
    module::{Module, Param},
    tensor::{Device, Distribution, Int, Tensor},
};
use pathpatch::{
    gpt2::{Block, Config, Embedding, Gpt2, Layers, Unembed},
    ops::Product,
    pause::NoPause,
};

/// How MLPs are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mlps {
    /// They are zero, and the model is attention-only.
    Zero,
    /// They are learned.
    Learned,
}

/// The parameters that are learned.
#[derive(Module, Debug)]
pub struct Learned {
    /// `[d_vocab, d_model]`.
    pub wte: Param<Tensor<2>>,
    /// `[n_ctx, d_model]`.
    pub wpe: Param<Tensor<2>>,
    pub layers: Vec<Layer>,
}

/// One block.
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
    /// `None` if it is fixed at zero.
    pub mlp: Option<Mlp>,
}

/// One block's MLP.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[d_model, d_mlp]`.
    pub w_in: Param<Tensor<2>>,
    /// `[d_mlp]`.
    pub b_in: Param<Tensor<1>>,
    /// `[d_mlp, d_model]`.
    pub w_out: Param<Tensor<2>>,
    /// `[d_model]`.
    pub b_out: Param<Tensor<1>>,
}

impl Learned {
    /// GPT-2's initialisation: normal with standard deviation 0.02, biases zero.
    pub fn new(config: &Config, mlps: Mlps, device: &Device) -> Self {
        let (d, d_mlp) = (config.d_model, config.d_mlp);
        let normal = |shape: [usize; 2], std: f64| {
            Param::from_tensor(Tensor::random(
                shape,
                Distribution::Normal(0.0, std),
                device,
            ))
        };
        let zeros = |n: usize| Param::from_tensor(Tensor::zeros([n], device));
        // Maps that write to the residual stream start smaller, since there are two per layer.
        let write_std = 0.02 / (2.0 * config.n_layers as f64).sqrt();
        let mlp = || Mlp {
            w_in: normal([d, d_mlp], 0.02),
            b_in: zeros(d_mlp),
            w_out: normal([d_mlp, d], write_std),
            b_out: zeros(d),
        };
        let layer = |_| Layer {
            w_qkv: normal([d, 3 * d], 0.02),
            b_qkv: zeros(3 * d),
            w_o: normal([d, d], write_std),
            b_o: zeros(d),
            mlp: (mlps == Mlps::Learned).then(mlp),
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
        let mean = embed.mean();
        let unembed = Unembed::new(config.eps, [ln_w, ln_b], embed.clone(), mean);
        Gpt2 {
            config: config.clone(),
            embed,
            w_pos: self.wpe.val(),
            layers: Layers::here(self.layers.iter().map(|l| l.block(config)).collect()),
            unembed,
        }
    }
}

impl Layer {
    fn block(&self, config: &Config) -> Block {
        let (w_in, b_in, w_out, b_out) = self.mlp(config);
        Block {
            n_heads: config.n_heads,
            eps: config.eps,
            activation: config.activation,
            w_qkv: self.w_qkv.val(),
            b_qkv: self.b_qkv.val(),
            b_v: Tensor::zeros([config.d_model], &self.b_qkv.val().device()),
            w_o: self.w_o.val(),
            b_o: self.b_o.val(),
            w_in,
            b_in,
            w_out,
            b_out,
            product: Product::default(),
        }
    }

    /// `w_in`, `b_in`, `w_out` and `b_out`; zeros if they are not learned.
    pub fn mlp(&self, config: &Config) -> (Tensor<2>, Tensor<1>, Tensor<2>, Tensor<1>) {
        if let Some(mlp) = &self.mlp {
            let Mlp {
                w_in,
                b_in,
                w_out,
                b_out,
            } = mlp;
            return (w_in.val(), b_in.val(), w_out.val(), b_out.val());
        }
        let device = self.w_qkv.val().device();
        let (d, d_mlp) = (config.d_model, config.d_mlp);
        (
            Tensor::zeros([d, d_mlp], &device),
            Tensor::zeros([d_mlp], &device),
            Tensor::zeros([d_mlp, d], &device),
            Tensor::zeros([d], &device),
        )
    }
}
