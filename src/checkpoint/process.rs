//! TransformerLens's default weight processing, as the tensors arrive.
//!
//! ```text
//! fold_ln:                W <- diag(ln.w) W, centred over d_model;  b <- b + ln.b W
//! center_writing_weights: W_E, W_pos, W_O, W_out and the biases b_O, b_out centred over d_model
//! center_unembed:         W_U and b_U centred over d_vocab
//! fold_value_biases:      b_O <- b_O + b_V W_O;  b_V <- 0, and kept apart as what heads write
//! ```
//!
//! and, where a model scales its scores otherwise than by `1/sqrt(d_head)`, `W_Q <- f W_Q`, `b_Q <- f b_Q` with
//! the factor of [`Config::query_scale`].
//!
//! LayerNorm ignores a constant added to the residual stream, and softmax one added to the logits, so the model's
//! log-probabilities do not change. A block is processed when its last tensor has arrived, in any order, on the CPU: on a GPU
//! every operation would be a kernel that is compiled for it alone. The token tables are processed by `gpt2`, when rows of
//! them are read.

use std::{collections::HashMap, rc::Rc};

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;

use super::{errors::invalid, layout, reader::Piece};
use crate::{
    device::WeightType,
    error::{Code, Error, Result, Warning},
    gpt2::{Block, Config, Embedding, Gpt2, Layer, Layers, Lender, Unembed},
    ops::{Product, matmul, on_cpu},
};

/// A model under construction.
pub struct Assembly {
    config: Config,
    /// Where the model goes.
    device: Device,
    /// How it stores what products read.
    pub weights: WeightType,
    /// Where tensors are processed.
    host: Device,
    /// Tensors that wait for the rest of their block, by name: shape and flat values.
    waiting: HashMap<String, (Vec<usize>, Tensor<1>)>,
    layers: Vec<Option<Layer>>,
    /// Who holds some of them.
    pub lender: Option<Rc<dyn Lender>>,
    /// `wte.weight` and `lm_head.weight`, as far as they have arrived.
    tables: HashMap<String, Table>,
}

/// A token table under construction.
#[derive(Default)]
struct Table {
    parts: Vec<Tensor<2>>,
    rows: usize,
    /// Sum of all rows.
    sum: Vec<f64>,
    /// Hash of all its numbers; two tables with the same hash are taken to be equal.
    hash: u64,
}

impl Table {
    /// Add rows to the sum.
    fn add(&mut self, values: &[f32], width: usize) {
        self.sum.resize(width, 0.0);
        for row in values.chunks_exact(width) {
            let numbers = self.sum.iter_mut().zip(row);
            numbers.for_each(|(sum, x)| *sum += f64::from(*x));
        }
    }

    /// FxHash: fast, and it need not resist attacks.
    fn hash(&mut self, values: &[f32]) {
        for value in values {
            let mixed = self.hash.rotate_left(5) ^ u64::from(value.to_bits());
            self.hash = mixed.wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

impl Assembly {
    pub fn new(config: Config, device: Device) -> Self {
        Self {
            layers: vec![None; config.n_layers],
            lender: None,
            waiting: HashMap::new(),
            tables: HashMap::new(),
            config,
            device,
            weights: WeightType::F32,
            host: Device::flex(),
        }
    }

    /// Take a piece in.
    ///
    /// # Errors
    /// `Code::Checkpoint` when another file already had the tensor.
    pub fn take(&mut self, piece: Piece) -> Result<()> {
        let Piece {
            name,
            shape,
            values,
        } = piece;
        if layout::is_table(&name) {
            return self.take_rows(name, shape, values);
        }
        let n = values.len();
        let tensor = Tensor::from_data(TensorData::new(values, [n]), &self.host);
        let layer = layout::in_block(&name).map(|(layer, _)| layer);
        if layer.is_some_and(|layer| self.layers[layer].is_some())
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
                self.layers[layer] = Some(self.layer(layer)?);
            }
        }
        Ok(())
    }

    /// Add rows to a table.
    fn take_rows(&mut self, name: String, shape: Vec<usize>, values: Vec<f32>) -> Result<()> {
        let d_vocab = self.config.d_vocab;
        let table = self.tables.entry(name.clone()).or_default();
        table.rows += shape.first().copied().unwrap_or_default();
        if table.rows > d_vocab {
            return Err(twice(&name));
        }
        table.hash(&values);
        table.add(&values, self.config.d_model);
        let part = store(
            self.weights,
            &name,
            TensorData::new(values, shape),
            &self.device,
        )?;
        table.parts.push(part);
        // Keep two equal tables only once.
        if let Some([wte, head]) = self.both_tables()
            && wte.hash == head.hash
        {
            let parts = wte.parts.clone();
            if let Some(head) = self.tables.get_mut(layout::LM_HEAD) {
                head.parts = parts;
            }
        }
        Ok(())
    }

    /// Embedding and unembedding, if both are complete.
    fn both_tables(&self) -> Option<[&Table; 2]> {
        let full = |name| {
            self.tables
                .get(name)
                .filter(|table| table.rows == self.config.d_vocab)
        };
        Some([full(layout::WTE)?, full(layout::LM_HEAD)?])
    }

    /// The warning if `config.json` ties two tables that differ.
    pub fn warning(&self) -> Option<Warning> {
        let [wte, head] = self.both_tables()?;
        (self.config.tie_word_embeddings && wte.hash != head.hash).then(|| {
            let message = "config.json ties the unembedding to the embedding, but the checkpoint has \
                           lm_head.weight and wte.weight, and they differ: both are used, as transformers 5 \
                           does (4 used one for both). Set tie_word_embeddings to false in config.json if that \
                           is what you want";
            Warning::new(Code::Checkpoint, message)
        })
    }

    /// The model, once every tensor has arrived.
    ///
    /// # Errors
    /// `Code::Checkpoint`, naming a missing one.
    pub fn finish(mut self) -> Result<Gpt2> {
        let is_tied = self.config.tie_word_embeddings;
        let has = |name: &str| self.tables.contains_key(name);
        let (embed, lm_head) = match (has(layout::WTE), has(layout::LM_HEAD)) {
            (false, true) if is_tied => (layout::LM_HEAD, layout::LM_HEAD),
            (true, false) if is_tied => (layout::WTE, layout::WTE),
            _ => (layout::WTE, layout::LM_HEAD),
        };
        if let Some([wte, head]) = self.both_tables()
            && wte.hash != head.hash
        {
            self.config.tie_word_embeddings = false;
        }
        let ((embed, _), (lm_head, mean)) = (self.table(embed)?, self.table(lm_head)?);
        let ln_f = self.layer_norm("ln_f")?;
        let [ln_w, ln_b] = [ln_f.w, ln_f.b].map(|x| place(x, &self.device));
        let mut layers = Vec::with_capacity(self.config.n_layers);
        for layer in 0..self.config.n_layers {
            layers.push(match self.layers[layer].take() {
                Some(layer) => layer,
                None => self.layer(layer)?,
            });
        }
        Ok(Gpt2 {
            embed,
            w_pos: place(centre(self.tensor("wpe.weight")?, 1), &self.device),
            layers: Layers::new(layers, self.lender),
            unembed: Unembed::new(self.config.eps, [ln_w, ln_b], lm_head, mean),
            config: self.config,
        })
    }

    /// A table and its mean row, `[1, d_model]`.
    fn table(&self, name: &str) -> Result<(Embedding, Tensor<2>)> {
        let table = self.tables.get(name).ok_or_else(|| missing(name))?;
        if table.rows != self.config.d_vocab {
            let got = format!("{} rows", table.rows);
            return Err(invalid(name, format!("{} rows", self.config.d_vocab), got));
        }
        let mean = table.sum.iter().map(|sum| (sum / table.rows as f64) as f32);
        let mean = TensorData::new(mean.collect::<Vec<f32>>(), [1, table.sum.len()]);
        let mean = Tensor::from_data(mean, &self.device);
        Ok((Embedding::new(table.parts.clone()), mean))
    }

    /// Take a waiting tensor, of rank `D`.
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

    /// A layer, processed, where it belongs.
    fn layer(&mut self, layer: usize) -> Result<Layer> {
        let block = self.block(layer)?;
        Ok(match &self.lender {
            Some(lender) => lender.take(layer, block),
            None => block.into(),
        })
    }

    fn block(&mut self, layer: usize) -> Result<Block> {
        let name = |tensor: &str| layout::of_block(layer, tensor);
        let (w, b) = (
            self.tensor(&name("attn.c_attn.weight"))?,
            self.tensor(&name("attn.c_attn.bias"))?,
        );
        let (w_qkv, b_qkv) = self.layer_norm(&name("ln_1"))?.fold_into(w, b);
        let (w_qkv, b_qkv) = scale_queries(w_qkv, b_qkv, self.config.query_scale(layer));
        let w_o = centre(self.tensor(&name("attn.c_proj.weight"))?, 1);
        let b_o = centre(self.tensor::<1>(&name("attn.c_proj.bias"))?, 0);
        let d = self.config.d_model;
        let b_v = b_qkv.clone().narrow(0, 2 * d, d);
        let b_o = b_o + times(&b_v, &w_o);
        let no_b_v = Tensor::zeros([d], &self.host);
        let b_qkv = Tensor::cat(vec![b_qkv.narrow(0, 0, 2 * d), no_b_v], 0);
        let (w, b) = (
            self.tensor(&name("mlp.c_fc.weight"))?,
            self.tensor(&name("mlp.c_fc.bias"))?,
        );
        let (w_in, b_in) = self.layer_norm(&name("ln_2"))?.fold_into(w, b);
        let w_out = centre(self.tensor(&name("mlp.c_proj.weight"))?, 1);
        let b_out = centre(self.tensor(&name("mlp.c_proj.bias"))?, 0);
        let device = &self.device;
        let weights = |tensor: &str, x: Tensor<2>| match x.device() == *device {
            true => Ok(x),
            false => store(self.weights, &name(tensor), x.into_data(), device),
        };
        Ok(Block {
            n_heads: self.config.n_heads,
            eps: self.config.eps,
            activation: self.config.activation,
            w_out: weights("mlp.c_proj.weight", w_out)?,
            b_out: place(b_out, device),
            w_qkv: weights("attn.c_attn.weight", w_qkv)?,
            b_qkv: place(b_qkv, device),
            b_v: place(b_v, device),
            w_o: weights("attn.c_proj.weight", w_o)?,
            b_o: place(b_o, device),
            w_in: weights("mlp.c_fc.weight", w_in)?,
            b_in: place(b_in, device),
            product: Product::default(),
        })
    }
}

fn missing(name: &str) -> Error {
    let expected = "its bytes in one of the checkpoint's files";
    invalid(name, expected, "none")
}

fn twice(name: &str) -> Error {
    invalid(name, "one tensor of that name", "two, in different files")
}

/// LayerNorm's weight and bias, `[d_model]` each.
struct LayerNorm {
    w: Tensor<1>,
    b: Tensor<1>,
}

impl LayerNorm {
    /// Fold into the linear map that follows, then centre the map, since its input has mean zero.
    ///
    /// # Shapes
    /// - `w`: `[d_model, d_out]`, `b`: `[d_out]`, both returned
    fn fold_into(self, w: Tensor<2>, b: Tensor<1>) -> (Tensor<2>, Tensor<1>) {
        let b = b + times(&self.b, &w);
        let w = centre(self.w.unsqueeze_dim::<2>(1) * w, 0);
        (w, b)
    }
}

/// Scale the queries, which are the first third of the columns.
///
/// # Shapes
/// - `w`: `[d_model, 3 * d_model]`, `b`: `[3 * d_model]`, both returned
fn scale_queries(w: Tensor<2>, b: Tensor<1>, scale: f64) -> (Tensor<2>, Tensor<1>) {
    if scale == 1.0 {
        return (w, b);
    }
    let [d_model, width] = w.dims();
    let device = w.device();
    let queries = Tensor::ones([d_model], &device) * scale;
    let scale = Tensor::cat(vec![queries, Tensor::ones([width - d_model], &device)], 0);
    (w * scale.clone().unsqueeze_dim::<2>(0), b * scale)
}

/// A bias times a matrix.
///
/// # Shapes
/// - `b`: `[d_in]`, `w`: `[d_in, d_out]`; returns `[d_out]`
fn times(b: &Tensor<1>, w: &Tensor<2>) -> Tensor<1> {
    matmul(b.clone().unsqueeze_dim(0), w.clone()).squeeze_dim(0)
}

/// Put what has been processed on the model's device.
fn place<const D: usize>(x: Tensor<D>, device: &Device) -> Tensor<D> {
    match x.device() == *device {
        true => x,
        false => Tensor::from_data(x.into_data(), device),
    }
}

/// Put weights that products read on a device. The CPU has f32 alone.
///
/// # Errors
/// [`Code::Option`] for a number beyond f16's.
fn store(weights: WeightType, name: &str, x: TensorData, device: &Device) -> Result<Tensor<2>> {
    if weights == WeightType::F32 || on_cpu(device) {
        return Ok(Tensor::from_data(x, device));
    }
    let largest = x
        .iter::<f32>()
        .fold(0.0, |largest: f32, x| largest.max(x.abs()));
    if largest > f16::MAX.to_f32() {
        let expected = format!("numbers of at most {} in {name}; f32 holds them", f16::MAX);
        return Err(Error::new(Code::Option, "weights f16", expected, largest));
    }
    Ok(Tensor::from_data(x, (device, weights.dtype())))
}

/// Subtract the mean along a dimension.
fn centre<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    x.clone() - x.mean_dim(dim)
}
