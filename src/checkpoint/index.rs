//! `model.safetensors.index.json`: which file of a checkpoint in several holds which tensor.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::{
    errors::invalid,
    foreign,
    header::{missing_error, prefix_of},
    layout::{self, Role},
};
use crate::{
    error::{Code, Error, Result, shortened},
    gpt2::Config,
    sniff::sniff,
};

/// The name of a checkpoint in one file.
pub const WEIGHTS: &str = "model.safetensors";
/// The index's name in a model's directory.
pub const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

/// The files of a checkpoint, sorted by name, and the prefix of its tensors' names.
///
/// # Errors
/// [`Code::Checkpoint`] when the JSON is not an index, names a file outside the model's directory, lacks a tensor that
/// the model needs, lists one twice, or belongs to something else than a GPT-2.
pub fn read(json: &[u8], config: &Config) -> Result<(Vec<String>, String)> {
    let text = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let index: Index = serde_json::from_slice(text).map_err(|e| {
        let expected = "an object with a weight_map from tensors to files";
        let got = sniff(json).map_or_else(|| e.to_string(), String::from);
        Error::new(Code::Checkpoint, INDEX, expected, got)
    })?;
    let names: BTreeSet<&str> = index.weight_map.keys().map(|name| &name[..]).collect();
    if let Some(error) = foreign::by_names(names.iter().copied()) {
        return Err(error);
    }
    let prefix = prefix_of(names.iter().copied(), config)?;
    let mut originals: HashMap<String, &str> = HashMap::with_capacity(names.len());
    for original in &names {
        let name = layout::behind(&prefix, original);
        let is_needed = matches!(layout::role(&name, config), Role::Needed(_));
        if let Some(other) = originals
            .insert(name.clone(), original)
            .filter(|_| is_needed)
        {
            let got = format!("{other} and {original}");
            return Err(invalid(&name, "one tensor of that name", got));
        }
    }
    if let Some(missing) = layout::missing(config, |name| originals.contains_key(name)) {
        let names = names.iter().copied();
        return Err(missing_error("an index", names, missing, config));
    }
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    if let Some(file) = files.iter().find(|file| !is_plain(file)) {
        let expected = "names of .safetensors files beside it";
        return Err(Error::new(
            Code::Checkpoint,
            INDEX,
            expected,
            format!("{:?}", shortened(file, 100)),
        ));
    }
    Ok((files.into_iter().collect(), prefix))
}

/// Whether a name is a plain file name in the same directory, both on disk and in a URL.
fn is_plain(file: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.+ ()@=,".contains(c);
    file.ends_with(".safetensors") && !file.starts_with('.') && file.chars().all(is_plain)
}
