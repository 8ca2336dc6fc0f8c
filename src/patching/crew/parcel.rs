//! What workers send each other: a head in JSON, and arrays.

use std::{fmt, future::Future, pin::Pin};

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::{Code, Error, Result},
    gpt2::{Block, Config},
    ops::{Held, Product},
    patching::{graph::Stage, job::Variant, memory::Memory, patch::LayerNorm, slice::SharedPart},
};

/// A message between workers.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// What it is, in JSON.
    pub head: String,
    /// What goes with it.
    pub data: Vec<Tensor<1>>,
}

/// The way to other workers.
pub trait Link: fmt::Debug {
    /// How many there are.
    fn others(&self) -> usize;

    /// Ask one of them, counted from 0. The parcel is on its way when this returns; the answer is what
    /// [`Member::receive`](super::Member::receive) gives there.
    fn ask(&self, other: usize, parcel: Parcel) -> Pin<Box<dyn Future<Output = Result<Parcel>>>>;
}

/// What a worker is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::patching) enum Ask {
    /// To hold a layer.
    Hold { layer: usize },
    /// For a copy of a layer.
    Lend { layer: usize },
    /// To be ready for a sweep.
    Begin(Begin),
    /// To take what it needs of a part's runs; where it is `alone`, in place of other parts.
    Part {
        sweep: usize,
        part: usize,
        shape: SharedPart,
        /// The position of each prompt that is read; all where `None`.
        positions: Option<Vec<usize>>,
        alone: bool,
    },
    /// To forget a sweep.
    End { sweep: usize },
    /// For a step of a sweep.
    Step(Step),
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::patching) struct Begin {
    pub sweep: usize,
    /// Rows of a product at most.
    pub rows: usize,
    pub memory: Memory,
    pub layer_norm: LayerNorm,
    /// Layers with a short way in.
    pub entries: Vec<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::patching) struct Step {
    pub sweep: usize,
    pub part: usize,
    pub at: At,
}

/// Which step it is.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::patching) enum At {
    /// Variants enter, with the deltas of their senders.
    Enter {
        stage: Stage,
        variants: Vec<Variant>,
    },
    /// Variants go through a layer.
    Through { layer: usize },
}

impl Parcel {
    /// A message of arrays.
    pub fn of(head: String, arrays: impl Iterator<Item = Vec<f32>>) -> Self {
        let tensor = |array: Vec<f32>| {
            let shape = [array.len()];
            Tensor::from_data(TensorData::new(array, shape), &Device::flex())
        };
        Self {
            head,
            data: arrays.map(tensor).collect(),
        }
    }

    /// Its arrays, one after the other, where they are.
    pub fn each(&self, of_array: &mut dyn FnMut(&[f32])) {
        for array in &self.data {
            of_array(Held::of(array).numbers());
        }
    }

    pub(in crate::patching) fn new(head: &impl Serialize, data: Vec<Tensor<1>>) -> Self {
        let head = serde_json::to_string(head).unwrap_or_default();
        Self { head, data }
    }

    pub(in crate::patching) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.head.as_bytes()).map_err(strange)
    }
}

/// A message between workers that none of them would send.
pub(in crate::patching) fn strange(got: impl fmt::Display) -> Error {
    let expected = "one that this version sends";
    Error::new(Code::Device, "message between workers", expected, got)
}

/// A block's weights, flat.
pub(in crate::patching) fn tensors_of(block: Block) -> Vec<Tensor<1>> {
    let flat = |x: Tensor<2>| x.flatten(0, 1);
    vec![
        flat(block.w_qkv),
        block.b_qkv,
        block.b_v,
        flat(block.w_o),
        block.b_o,
        flat(block.w_in),
        block.b_in,
        flat(block.w_out),
        block.b_out,
    ]
}

/// The block of such weights.
pub(in crate::patching) fn block_of(
    data: Vec<Tensor<1>>,
    config: &Config,
    product: Product,
) -> Result<Block> {
    let (d, mlp) = (config.d_model, config.d_mlp);
    let all: Result<[Tensor<1>; 9], _> = data.try_into();
    let [w_qkv, b_qkv, b_v, w_o, b_o, w_in, b_in, w_out, b_out] =
        all.map_err(|_| strange("a layer of other weights"))?;
    Ok(Block {
        n_heads: config.n_heads,
        eps: config.eps,
        activation: config.activation,
        w_qkv: w_qkv.reshape([d, 3 * d]),
        b_qkv,
        b_v,
        w_o: w_o.reshape([d, d]),
        b_o,
        w_in: w_in.reshape([d, mlp]),
        b_in,
        w_out: w_out.reshape([mlp, d]),
        b_out,
        product,
    })
}
