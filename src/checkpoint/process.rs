//! TransformerLens's default weight processing, on the device.
//!
//! ```text
//! fold_ln:                W <- diag(ln.w) W, centred over d_model;  b <- b + ln.b W
//! center_writing_weights: W_E, W_pos, W_O, W_out and the biases b_O, b_out centred over d_model
//! center_unembed:         W_U and b_U centred over d_vocab
//! fold_value_biases:      b_O <- b_O + b_V W_O;  b_V <- 0
//! ```
//!
//! LayerNorm ignores a constant added to the residual stream and softmax one added to the logits, so the
//! model's log-probabilities stay as they were.

use burn::tensor::{Device, Tensor};

use super::{file::CheckpointFile, layout::LM_HEAD};
use crate::{
    error::Result,
    gpt2::{Block, Config, Gpt2},
};

/// Read every tensor of the file and process it.
pub fn process(config: Config, file: &CheckpointFile, device: &Device) -> Result<Gpt2> {
    let wte: Tensor<2> = file.tensor("wte.weight", device)?;
    let wpe = file.tensor("wpe.weight", device)?;
    let lm_head = if config.tie_word_embeddings {
        wte.clone()
    } else {
        file.tensor(LM_HEAD, device)?
    };
    let zero_b_u = Tensor::zeros([config.d_vocab], device);
    let ln_f = LayerNorm::read(file, "ln_f", device)?;
    let (w_u, b_u) = ln_f.fold_into(lm_head.transpose(), zero_b_u);
    let blocks = (0..config.n_layers)
        .map(|layer| block(&config, file, layer, device))
        .collect::<Result<_>>()?;
    Ok(Gpt2 {
        w_e: centre(wte, 1),
        w_pos: centre(wpe, 1),
        blocks,
        w_u: centre(w_u, 1),
        b_u: centre(b_u, 0),
        config,
    })
}

fn block(config: &Config, file: &CheckpointFile, layer: usize, device: &Device) -> Result<Block> {
    let name = |tensor: &str| format!("h.{layer}.{tensor}");
    let matrix = |tensor: &str| file.tensor::<2>(&name(tensor), device);
    let vector = |tensor: &str| file.tensor::<1>(&name(tensor), device);

    let (w_qkv, b_qkv) = LayerNorm::read(file, &name("ln_1"), device)?
        .fold_into(matrix("attn.c_attn.weight")?, vector("attn.c_attn.bias")?);
    let w_o = centre(matrix("attn.c_proj.weight")?, 1);
    let b_o = centre(vector("attn.c_proj.bias")?, 0);
    let d = config.d_model;
    let b_v = b_qkv.clone().narrow(0, 2 * d, d);
    let b_o = b_o + b_v.unsqueeze_dim::<2>(0).matmul(w_o.clone()).squeeze_dim(0);
    let b_qkv = Tensor::cat(
        vec![b_qkv.narrow(0, 0, 2 * d), Tensor::zeros([d], device)],
        0,
    );
    let (w_in, b_in) = LayerNorm::read(file, &name("ln_2"), device)?
        .fold_into(matrix("mlp.c_fc.weight")?, vector("mlp.c_fc.bias")?);
    Ok(Block {
        n_heads: config.n_heads,
        eps: config.eps,
        w_qkv,
        b_qkv,
        w_o,
        b_o,
        w_in,
        b_in,
        w_out: centre(matrix("mlp.c_proj.weight")?, 1),
        b_out: centre(vector("mlp.c_proj.bias")?, 0),
    })
}

/// LayerNorm's weight and bias, `[d_model]` each.
struct LayerNorm {
    w: Tensor<1>,
    b: Tensor<1>,
}

impl LayerNorm {
    fn read(file: &CheckpointFile, name: &str, device: &Device) -> Result<Self> {
        Ok(Self {
            w: file.tensor(&format!("{name}.weight"), device)?,
            b: file.tensor(&format!("{name}.bias"), device)?,
        })
    }

    /// Fold into the linear map that follows; the map is then centred, since its input has mean zero.
    ///
    /// # Shapes
    /// - `w`: `[d_model, d_out]`, `b`: `[d_out]`, both returned
    fn fold_into(self, w: Tensor<2>, b: Tensor<1>) -> (Tensor<2>, Tensor<1>) {
        let b = b + self
            .b
            .unsqueeze_dim::<2>(0)
            .matmul(w.clone())
            .squeeze_dim(0);
        let w = centre(self.w.unsqueeze_dim::<2>(1) * w, 0);
        (w, b)
    }
}

/// Subtract the mean along a dimension.
fn centre<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    x.clone() - x.mean_dim(dim)
}
