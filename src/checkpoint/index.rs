//! `model.safetensors.index.json`: which file of a checkpoint in several holds which tensor.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::{header::invalid, layout};
use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// The index's name in a model's directory.
pub const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

/// The files of a checkpoint, in the order of their names.
///
/// # Errors
/// [`Code::Checkpoint`] when the index is none, names a file outside the model's directory, or lacks a
/// tensor that the model needs.
pub fn files(json: &[u8], config: &Config) -> Result<Vec<String>> {
    let index: Index = serde_json::from_slice(json).map_err(|e| {
        let expected = "an object with a weight_map from tensors to files";
        Error::new(Code::Checkpoint, INDEX, expected, e)
    })?;
    let names: BTreeSet<&str> = index.weight_map.keys().map(|n| layout::strip(n)).collect();
    for (name, shape) in layout::expected(config) {
        if !names.contains(&name[..]) {
            let got = format!("an index of {} tensors, not this one", names.len());
            return Err(invalid(&name, format!("shape {shape:?}"), got));
        }
    }
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    let is_plain = |file: &String| file.ends_with(".safetensors") && !file.contains(['/', '\\']);
    if let Some(file) = files.iter().find(|file| !is_plain(file)) {
        let expected = "names of .safetensors files beside it";
        return Err(Error::new(Code::Checkpoint, INDEX, expected, file));
    }
    Ok(files.into_iter().collect())
}
