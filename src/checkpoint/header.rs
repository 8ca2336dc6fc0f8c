//! What a safetensors file says is in it, checked against a GPT-2 of one shape before any weight is read.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt::Display,
};

use safetensors::{
    SafeTensorError,
    tensor::{Dtype, Metadata, TensorInfo},
};
use serde::Deserialize;

use super::layout;
use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// Bytes of the number that says how long the header is.
pub const LENGTH: usize = 8;
/// The format's own limit.
const MAX_HEADER: u64 = 100_000_000;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name without prefix.
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: usize,
    /// Whether the model needs it; else its bytes are passed over.
    pub is_needed: bool,
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: Option<HashMap<String, String>>,
    #[serde(flatten)]
    tensors: HashMap<String, TensorInfo>,
}

/// The header's length, from the first bytes of a file.
///
/// # Errors
/// [`Code::Checkpoint`].
pub fn length(file: &str, bytes: [u8; LENGTH]) -> Result<usize> {
    let length = u64::from_le_bytes(bytes);
    if length <= MAX_HEADER {
        return Ok(length as usize);
    }
    let expected = "a header of at most 100 MB";
    Err(broken(file, expected, format!("one of {length} bytes")))
}

/// The tensors of a file in the order of their bytes.
///
/// # Errors
/// [`Code::Checkpoint`], naming the first tensor that does not fit.
pub fn entries(file: &str, json: &[u8], config: &Config, whole: bool) -> Result<VecDeque<Entry>> {
    let header: Header =
        serde_json::from_slice(json).map_err(|e| broken(file, "a JSON header of tensors", e))?;
    let mut tensors: Vec<_> = header.tensors.into_iter().collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    Metadata::new(header.metadata, tensors.clone()).map_err(|e| explain(file, &e))?;
    let entries = tensors.into_iter().map(|(name, info)| Entry {
        name: layout::strip(&name).to_string(),
        bytes: info.data_offsets.1 - info.data_offsets.0,
        dtype: info.dtype,
        shape: info.shape,
        is_needed: false,
    });
    check(entries.collect(), config, whole)
}

/// Mark the tensors that the model needs; fail on one that is foreign, of another shape or twice there,
/// and, where the file is the whole checkpoint, on one that is missing.
fn check(mut entries: VecDeque<Entry>, config: &Config, whole: bool) -> Result<VecDeque<Entry>> {
    let expected = layout::expected(config);
    let mut seen = HashSet::new();
    for entry in &entries {
        if !seen.insert(entry.name.clone()) {
            let got = "one with and one without the prefix";
            return Err(invalid(&entry.name, "one tensor of that name", got));
        }
    }
    let missing = expected.iter().find(|(name, _)| !seen.contains(name));
    if let Some((name, shape)) = missing.filter(|_| whole) {
        let got = match entries.len() {
            1 => "a file with 1 tensor, not this one".to_string(),
            n => format!("a file with {n} tensors, not this one"),
        };
        return Err(invalid(name, format!("shape {shape:?}"), got));
    }
    let shapes: HashMap<String, Vec<usize>> = expected.into_iter().collect();
    let mut foreign = Vec::new();
    for entry in &mut entries {
        match shapes.get(&entry.name) {
            Some(shape) if *shape != entry.shape => {
                let (expected, got) = (format!("shape {shape:?}"), format!("{:?}", entry.shape));
                return Err(invalid(&entry.name, expected, got));
            }
            Some(_) if !matches!(entry.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) => {
                return Err(invalid(&entry.name, "F32, F16 or BF16", entry.dtype));
            }
            Some(_) => entry.is_needed = true,
            None if layout::may_skip(&entry.name, config) => (),
            None => foreign.push(&entry.name),
        }
    }
    if let Some(name) = foreign.iter().min() {
        let expected = format!("only tensors of a GPT-2 with {} layers", config.n_layers);
        let got = format!("{} that do not belong there", foreign.len());
        return Err(invalid(name, expected, got));
    }
    Ok(entries)
}

/// An error about one tensor.
pub fn invalid(name: &str, expected: impl Display, got: impl Display) -> Error {
    Error::new(Code::Checkpoint, format!("tensor {name}"), expected, got)
}

/// An error about a file that is not a safetensors file, or not all of one.
pub fn broken(file: &str, expected: impl Display, got: impl Display) -> Error {
    Error::new(Code::Checkpoint, file, expected, got)
}

fn explain(file: &str, error: &SafeTensorError) -> Error {
    match error {
        SafeTensorError::InvalidOffset(name) => {
            let expected = "tensors that follow each other without gap or overlap";
            broken(file, expected, format!("{name} elsewhere"))
        }
        SafeTensorError::TensorInvalidInfo => {
            let expected = "as many bytes for each tensor as its shape and type take";
            broken(file, expected, "another number")
        }
        other => broken(file, "a valid safetensors file", other),
    }
}
