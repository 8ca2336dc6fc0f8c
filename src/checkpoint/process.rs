//! TransformerLens's default weight processing, on the device, as the tensors arrive.
//!
//! ```text
//! fold_ln:                W <- diag(ln.w) W, centred over d_model;  b <- b + ln.b W
//! center_writing_weights: W_E, W_pos, W_O, W_out and the biases b_O, b_out centred over d_model
//! center_unembed:         W_U and b_U centred over d_vocab
//! fold_value_biases:      b_O <- b_O + b_V W_O;  b_V <- 0
//! ```
//!
//! LayerNorm ignores a constant added to the residual stream and softmax one added to the logits, so the
//! model's log-probabilities stay as they were. A block is processed when its last tensor has come, in
//! whatever order they do; the tables of tokens are processed as they are read, by `gpt2`.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::{header::invalid, layout, reader::Piece};
use crate::{
    error::Result,
    gpt2::{Block, Config, Embedding, Gpt2, Unembed},
};

/// A model in the making.
pub struct Assembly {
    config: Config,
    device: Device,
    /// Tensors that wait for others of their block, flat, by their names.
    waiting: HashMap<String, (Vec<usize>, Tensor<1>)>,
    blocks: Vec<Option<Block>>,
    /// Parts of `wte.weight` and `lm_head.weight`.
    tables: HashMap<String, Vec<Tensor<2>>>,
}

impl Assembly {
    pub fn new(config: Config, device: Device) -> Self {
        Self {
            blocks: vec![None; config.n_layers],
            waiting: HashMap::new(),
            tables: HashMap::new(),
            config,
            device,
        }
    }

    /// Put a piece on the device.
    ///
    /// # Errors
    /// `Code::Checkpoint` when the tensor has come before, in another file.
    pub fn take(&mut self, piece: Piece) -> Result<()> {
        let Piece {
            name,
            shape,
            values,
        } = piece;
        if layout::is_table(&name) {
            let part = Tensor::from_data(TensorData::new(values, shape), &self.device);
            let parts = self.tables.entry(name.clone()).or_default();
            parts.push(part);
            let rows: usize = parts.iter().map(|part| part.dims()[0]).sum();
            return match rows > self.config.d_vocab {
                true => Err(twice(&name)),
                false => Ok(()),
            };
        }
        let n = values.len();
        let tensor = Tensor::from_data(TensorData::new(values, [n]), &self.device);
        let layer = layout::layer(&name);
        if layer.is_some_and(|layer| self.blocks[layer].is_some())
            || self.waiting.insert(name.clone(), (shape, tensor)).is_some()
        {
            return Err(twice(&name));
        }
        if let Some(layer) = layer {
            let is_there = |tensor| self.waiting.contains_key(&layout::of_block(layer, tensor));
            if layout::block(&self.config)
                .iter()
                .all(|(tensor, _)| is_there(tensor))
            {
                self.blocks[layer] = Some(self.block(layer)?);
            }
        }
        Ok(())
    }

    /// The model, once every tensor has come.
    ///
    /// # Errors
    /// `Code::Checkpoint`, naming one that has not.
    pub fn finish(mut self) -> Result<Gpt2> {
        let embed = self.table(layout::WTE)?;
        let lm_head = match self.config.tie_word_embeddings {
            true => embed.clone(),
            false => self.table(layout::LM_HEAD)?,
        };
        let ln_f = self.layer_norm("ln_f")?;
        let mut blocks = Vec::with_capacity(self.config.n_layers);
        for layer in 0..self.config.n_layers {
            blocks.push(match self.blocks[layer].take() {
                Some(block) => block,
                None => self.block(layer)?,
            });
        }
        Ok(Gpt2 {
            embed,
            w_pos: centre(self.tensor("wpe.weight")?, 1),
            blocks,
            unembed: Unembed::new(self.config.eps, ln_f.w, ln_f.b, lm_head),
            config: self.config,
        })
    }

    fn table(&mut self, name: &str) -> Result<Embedding> {
        let parts = self.tables.remove(name).ok_or_else(|| missing(name))?;
        Ok(Embedding::new(parts))
    }

    /// A tensor of rank `D`, which no longer waits.
    fn tensor<const D: usize>(&mut self, name: &str) -> Result<Tensor<D>> {
        let (shape, flat) = self.waiting.remove(name).ok_or_else(|| missing(name))?;
        let shape: [usize; D] = shape.try_into().map_err(|got: Vec<usize>| {
            invalid(name, format!("{D} dimensions"), format!("shape {got:?}"))
        })?;
        Ok(flat.reshape(shape))
    }

    fn layer_norm(&mut self, name: &str) -> Result<LayerNorm> {
        Ok(LayerNorm {
            w: self.tensor(&format!("{name}.weight"))?,
            b: self.tensor(&format!("{name}.bias"))?,
        })
    }

    fn block(&mut self, layer: usize) -> Result<Block> {
        let name = |tensor: &str| layout::of_block(layer, tensor);
        let (w, b) = (
            self.tensor(&name("attn.c_attn.weight"))?,
            self.tensor(&name("attn.c_attn.bias"))?,
        );
        let (w_qkv, b_qkv) = self.layer_norm(&name("ln_1"))?.fold_into(w, b);
        let w_o = centre(self.tensor(&name("attn.c_proj.weight"))?, 1);
        let b_o = centre(self.tensor::<1>(&name("attn.c_proj.bias"))?, 0);
        let d = self.config.d_model;
        let b_v = b_qkv.clone().narrow(0, 2 * d, d);
        let b_o = b_o + b_v.unsqueeze_dim::<2>(0).matmul(w_o.clone()).squeeze_dim(0);
        let no_b_v = Tensor::zeros([d], &self.device);
        let b_qkv = Tensor::cat(vec![b_qkv.narrow(0, 0, 2 * d), no_b_v], 0);
        let (w, b) = (
            self.tensor(&name("mlp.c_fc.weight"))?,
            self.tensor(&name("mlp.c_fc.bias"))?,
        );
        let (w_in, b_in) = self.layer_norm(&name("ln_2"))?.fold_into(w, b);
        Ok(Block {
            n_heads: self.config.n_heads,
            eps: self.config.eps,
            w_qkv,
            b_qkv,
            w_o,
            b_o,
            w_in,
            b_in,
            w_out: centre(self.tensor(&name("mlp.c_proj.weight"))?, 1),
            b_out: centre(self.tensor(&name("mlp.c_proj.bias"))?, 0),
        })
    }
}

fn missing(name: &str) -> crate::error::Error {
    let expected = "its bytes in one of the checkpoint's files";
    invalid(name, expected, "none")
}

fn twice(name: &str) -> crate::error::Error {
    invalid(name, "one tensor of that name", "two, in different files")
}

/// LayerNorm's weight and bias, `[d_model]` each.
struct LayerNorm {
    w: Tensor<1>,
    b: Tensor<1>,
}

impl LayerNorm {
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
