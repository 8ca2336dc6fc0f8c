//! A safetensors file whose tensors are known to be those of one GPT-2.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use safetensors::{
    SafeTensorError, SafeTensors,
    tensor::{Dtype, TensorView},
};

use super::layout;
use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// The tensors of a checkpoint by their names without prefix, checked against a config.
pub struct CheckpointFile<'a> {
    tensors: HashMap<String, TensorView<'a>>,
}

impl<'a> CheckpointFile<'a> {
    /// Parse the header and check names, shapes and types, before any weight is read.
    ///
    /// # Errors
    /// [`Code::Checkpoint`], naming the first tensor that does not fit.
    pub fn open(bytes: &'a [u8], config: &Config) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| explain(e, bytes))?;
        let mut tensors = HashMap::new();
        for (full_name, view) in file.tensors() {
            let name = layout::strip(&full_name);
            if tensors.insert(name.to_string(), view).is_some() {
                return Err(invalid(
                    name,
                    "one tensor of that name",
                    "one with and one without the prefix",
                ));
            }
        }
        check(&mut tensors, config)?;
        Ok(Self { tensors })
    }

    /// A tensor of rank `D` in f32 on the device.
    ///
    /// # Errors
    /// [`Code::Checkpoint`] when a value is not finite.
    ///
    /// # Panics
    /// When `name` is not one of [`layout::expected`], or its rank is not `D`.
    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Result<Tensor<D>> {
        let view = &self.tensors[name];
        let values = decode(view);
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            let got = format!("{} at element {i}", values[i]);
            return Err(invalid(name, "finite numbers", got));
        }
        Ok(Tensor::from_data(
            TensorData::new(values, view.shape().to_vec()),
            device,
        ))
    }
}

fn invalid(name: &str, expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Error {
    Error::new(Code::Checkpoint, format!("tensor {name}"), expected, got)
}

/// Keep the tensors that the model needs; fail on one that is missing, foreign or of another shape.
fn check(tensors: &mut HashMap<String, TensorView>, config: &Config) -> Result<()> {
    let expected = layout::expected(config);
    for (name, shape) in &expected {
        let Some(view) = tensors.get(name) else {
            let got = match tensors.len() {
                1 => "a file with 1 tensor, not this one".to_string(),
                n => format!("a file with {n} tensors, not this one"),
            };
            return Err(invalid(name, format!("shape {shape:?}"), got));
        };
        if view.shape() != shape {
            return Err(invalid(
                name,
                format!("shape {shape:?}"),
                format!("{:?}", view.shape()),
            ));
        }
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            return Err(invalid(name, "F32, F16 or BF16", view.dtype()));
        }
    }
    let needed = |name: &str| expected.iter().any(|(n, _)| n == name);
    let mut foreign: Vec<&String> = tensors
        .keys()
        .filter(|name| !needed(name) && !layout::may_skip(name, config))
        .collect();
    foreign.sort();
    if let Some(name) = foreign.first() {
        let expected = format!("only tensors of a GPT-2 with {} layers", config.n_layers);
        return Err(invalid(
            name,
            expected,
            format!("{} that do not belong there", foreign.len()),
        ));
    }
    tensors.retain(|name, _| needed(name));
    Ok(())
}

/// The bytes of a checked view as f32.
fn decode(view: &TensorView) -> Vec<f32> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F16 => halves(bytes).map(|b| f16::from_bits(b).to_f32()).collect(),
        Dtype::BF16 => halves(bytes).map(|b| bf16::from_bits(b).to_f32()).collect(),
        _ => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect(),
    }
}

fn halves(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|b| u16::from_le_bytes(*b))
}

/// Say what is wrong with a file that is not a safetensors file, or not all of one.
fn explain(error: SafeTensorError, bytes: &[u8]) -> Error {
    let len = bytes.len();
    let (expected, got): (String, String) = match error {
        SafeTensorError::HeaderTooSmall => (
            "8 bytes of header length".into(),
            format!("a file of {len} bytes"),
        ),
        SafeTensorError::HeaderTooLarge => (
            "a header of at most 100 MB".into(),
            "a larger length in the first 8 bytes".into(),
        ),
        SafeTensorError::InvalidHeaderLength => (
            "a header that ends within the file".into(),
            format!("a header length beyond the file's {len} bytes"),
        ),
        SafeTensorError::InvalidHeader(e) => ("a header in UTF-8".into(), e.to_string()),
        SafeTensorError::InvalidHeaderDeserialization(e) => {
            ("a JSON header of tensors".into(), e.to_string())
        }
        SafeTensorError::InvalidOffset(name) => (
            "tensors that follow each other without gap or overlap".into(),
            format!("{name} elsewhere"),
        ),
        SafeTensorError::TensorInvalidInfo => (
            "as many bytes for each tensor as its shape and type take".into(),
            "another number".into(),
        ),
        SafeTensorError::MetadataIncompleteBuffer => (
            "all the bytes that the header announces and no more".into(),
            format!("a file of {len} bytes (truncated?)"),
        ),
        other => ("a valid safetensors file".into(), other.to_string()),
    };
    Error::new(Code::Checkpoint, "model.safetensors", expected, got)
}
