//! Reads the header of a safetensors file and checks it against the expected GPT-2 before any weight is read.
//!
//! Offsets are `u64` everywhere. In a browser addresses have 32 bits, but the header of a larger file can still be
//! read there, so the error can say that the file is too large.

use std::collections::{HashMap, HashSet, VecDeque};

use safetensors::tensor::Dtype;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::StrDeserializer},
};

use super::{
    errors::{broken, invalid},
    foreign,
    layout::{self, Reason, Role},
    notes::Notes,
};
use crate::{
    error::{Error, Result, shortened},
    gpt2::Config,
    sniff::sniff,
};

/// Bytes of the number at the start of the file that gives the header's length.
pub const LENGTH: usize = 8;
/// The format's own limit.
const MAX_HEADER: u64 = 100_000_000;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Canonical name.
    pub name: String,
    /// Number type, as the format names it.
    pub dtype: String,
    /// Shape.
    pub shape: Vec<u64>,
    /// Size in the file, in bytes.
    pub bytes: u64,
    /// Whether the model needs it; otherwise its bytes are skipped.
    pub is_needed: bool,
}

/// The tensors of a file.
#[derive(Debug)]
pub struct Contents {
    /// In the order of their bytes in the file.
    pub entries: VecDeque<Entry>,
    /// What the user should know about them.
    pub notes: Notes,
}

/// A tensor as the header describes it.
#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header's tensors; a name that occurs twice is an error.
struct Header(Vec<(String, Info)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = HashMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<de::IgnoredAny>()?;
                    } else if let Some((name, _)) = tensors.remove_entry(&name) {
                        return Err(de::Error::custom(format!("{name} twice")));
                    } else {
                        tensors.insert(name, map.next_value()?);
                    }
                }
                Ok(Header(tensors.into_iter().collect()))
            }
        }
        deserializer.deserialize_map(Tensors)
    }
}

/// The header's length, from the first bytes of a file; `None` above the format's limit.
pub fn length(bytes: [u8; LENGTH]) -> Option<usize> {
    let length = u64::from_le_bytes(bytes);
    (length <= MAX_HEADER).then_some(length as usize)
}

/// The error for a file that does not begin like a safetensors file.
pub fn not_safetensors(file: &str, bytes: &[u8]) -> Error {
    let got = match sniff(bytes) {
        Some(what) => what.to_string(),
        None if bytes.trim_ascii_start().starts_with(b"{") => "JSON text".to_string(),
        None if bytes.is_ascii() => {
            let text = shortened(String::from_utf8_lossy(bytes), 80);
            format!("text: {text:?}")
        }
        None => {
            let length = bytes
                .first_chunk()
                .map(|length| u64::from_le_bytes(*length));
            let expected = "a header of at most 100 MB";
            let got = format!("one of {} bytes", length.unwrap_or_default());
            return broken(file, expected, got);
        }
    };
    broken(file, "a safetensors file", got)
}

/// The tensors of a file, from its `header` with the length in front. If `prefix` is `None`, the file is the whole
/// checkpoint; otherwise it is one of several, and all names begin with `prefix`.
///
/// # Errors
/// [`Code::Checkpoint`], naming the first tensor that does not fit.
pub fn contents(
    file: &str,
    header: &[u8],
    config: &Config,
    prefix: Option<&str>,
) -> Result<Contents> {
    let whole = prefix.is_none();
    let json = header.get(LENGTH..).unwrap_or_default();
    if json.is_empty() {
        let got = "an empty one (a file full of zeros is an unfinished download)";
        return Err(broken(file, "a JSON header of tensors", got));
    }
    let Header(mut tensors) = serde_json::from_slice(json).map_err(|e| match sniff(header) {
        Some(what) => broken(file, "a safetensors file", what),
        None => broken(file, "a JSON header of tensors", e),
    })?;
    tensors.sort_by(|(a, x), (b, y)| (x.data_offsets, a).cmp(&(y.data_offsets, b)));
    check_offsets(file, &tensors)?;
    if let Some(error) = foreign::by_names(tensors.iter().map(|(name, _)| &name[..])) {
        return Err(error);
    }
    let prefix = match prefix {
        Some(prefix) => prefix.to_string(),
        None => prefix_of(tensors.iter().map(|(name, _)| &name[..]), config)?,
    };
    let canonical: Vec<String> = tensors
        .iter()
        .map(|(name, _)| layout::behind(&prefix, name))
        .collect();
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(tensors.len());
    let roles: Vec<Role> = canonical
        .iter()
        .map(|name| layout::role(name, config))
        .collect();
    for (i, name) in canonical.iter().enumerate() {
        let is_needed = matches!(roles[i], Role::Needed(_));
        if let Some(other) = places.insert(name, i).filter(|_| is_needed) {
            let got = format!("{} and {}", tensors[other].0, tensors[i].0);
            return Err(invalid(name, "one tensor of that name", got));
        }
    }
    let shapes = canonical
        .iter()
        .zip(&tensors)
        .map(|(name, (_, info))| (&name[..], &info.shape[..]));
    let is_there = |name: &str| places.contains_key(name);
    let missing_biases = layout::expected(config)
        .iter()
        .filter(|(name, _)| whole && name.ends_with("bias") && !is_there(name))
        .count();
    if let Some(error) = foreign::by_shapes(shapes, config, missing_biases) {
        return Err(error);
    }
    if whole && let Some(missing) = layout::missing(config, is_there) {
        let names = tensors.iter().map(|(name, _)| &name[..]);
        return Err(missing_error("a file", names, missing, config));
    }
    let mut contents = Contents {
        entries: VecDeque::with_capacity(tensors.len()),
        notes: Notes::behind(if whole { prefix } else { String::new() }),
    };
    let mut foreign = Vec::new();
    for (((original, info), name), role) in tensors.into_iter().zip(canonical).zip(roles) {
        let is_needed = match role {
            Role::Needed(shape) => {
                check_needed(&name, &shape, &info, config)?;
                true
            }
            Role::Mask => false,
            Role::Ignored(reason) => {
                contents.notes.ignore(original, reason);
                false
            }
            // transformers ignores tensors that it does not know. Integers are not weights, so this loses nothing.
            Role::Foreign if is_integer(&info.dtype) => {
                contents.notes.ignore(original, Reason::Buffer);
                false
            }
            Role::Foreign => {
                foreign.push(name.clone());
                false
            }
        };
        contents.entries.push_back(Entry {
            bytes: info.data_offsets.1 - info.data_offsets.0,
            name,
            dtype: info.dtype,
            shape: info.shape,
            is_needed,
        });
    }
    if let Some(name) = foreign.iter().min() {
        let more = match foreign.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more)"),
        };
        let expected = "only the weights of a GPT-2 in its blocks";
        let got = format!("an extra weight{more}: a model with it computes something else");
        return Err(invalid(name, expected, got));
    }
    Ok(contents)
}

/// The prefix in front of GPT-2's names in a checkpoint; empty if there is none.
///
/// # Errors
/// [`Code::Checkpoint`] when the checkpoint holds several models.
pub fn prefix_of<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    config: &Config,
) -> Result<String> {
    let plain: HashSet<String> = names.clone().map(layout::canonical).collect();
    if layout::missing(config, |name| plain.contains(name)).is_none() {
        return Ok(String::new());
    }
    let mut prefixes = layout::prefixes(names, config).into_iter();
    match (prefixes.next(), prefixes.next()) {
        (Some(one), Some(other)) => {
            let got = format!(
                "two, with names that begin with {one:?} and {other:?}: save only the one you want"
            );
            Err(invalid(layout::WPE, "one model", got))
        }
        (first, _) => Ok(first.unwrap_or_default()),
    }
}

/// Check that tensors follow each other without gap or overlap, and that each has the size of its shape and type.
fn check_offsets(file: &str, tensors: &[(String, Info)]) -> Result<()> {
    let mut end = 0;
    for (name, info) in tensors {
        let (first, last) = info.data_offsets;
        if first != end || last < first {
            let expected = "tensors that follow each other without gap or overlap";
            let got = format!("{name} at bytes {first} to {last}, after {end}");
            return Err(broken(file, expected, got));
        }
        end = last;
        let Some(bits) = bits(&info.dtype) else {
            continue;
        };
        let numbers = info
            .shape
            .iter()
            .try_fold(1_u64, |n, dim| n.checked_mul(*dim));
        let size = numbers
            .and_then(|n| n.checked_mul(bits))
            .map(|bits| bits.div_ceil(8));
        if size != Some(last - first) {
            let expected = format!(
                "as many bytes for {name} as its shape {:?} and type {} take",
                info.shape, info.dtype
            );
            return Err(broken(file, expected, format!("{}", last - first)));
        }
    }
    Ok(())
}

/// Bits per number of a type; `None` for a type that this version does not know.
fn bits(dtype: &str) -> Option<u64> {
    let name: StrDeserializer<'_, de::value::Error> =
        de::IntoDeserializer::into_deserializer(dtype);
    Dtype::deserialize(name)
        .ok()
        .map(|dtype| dtype.bitsize() as u64)
}

/// Whether a type holds truth values or whole numbers.
fn is_integer(dtype: &str) -> bool {
    dtype == "BOOL" || dtype.starts_with(['I', 'U'])
}

/// Check the shape and type of a tensor that the model needs.
fn check_needed(name: &str, shape: &[usize], info: &Info, config: &Config) -> Result<()> {
    let same = |(a, b): (&usize, &u64)| *a as u64 == *b;
    if shape.len() != info.shape.len() || !shape.iter().zip(&info.shape).all(same) {
        let got = format!("{:?}{}", info.shape, rows_hint(name, &info.shape, config));
        return Err(invalid(name, format!("shape {shape:?}"), got));
    }
    match &info.dtype[..] {
        "F64" | "F32" | "F16" | "BF16" => Ok(()),
        dtype => {
            let got = match bits(dtype) {
                Some(..=8) => format!("{dtype}, quantised: {}", foreign::DEQUANTISE),
                _ => dtype.to_string(),
            };
            Err(invalid(name, "F64, F32, F16 or BF16", got))
        }
    }
}

/// Advice where the rows of a table differ from the number in `config.json` but its width fits.
fn rows_hint(name: &str, shape: &[u64], config: &Config) -> String {
    let (field, said) = match name {
        layout::WPE => ("n_positions", config.n_ctx),
        name if layout::is_table(name) => ("vocab_size", config.d_vocab),
        _ => return String::new(),
    };
    match shape {
        [rows, width] if *width == config.d_model as u64 => format!(
            ": {rows} rows, but config.json says {said} (or leaves {field} out). If {rows} is right, put \
             \"{field}\": {rows} there"
        ),
        _ => String::new(),
    }
}

/// The error for a tensor that is missing from a file or an index.
pub fn missing_error<'a>(
    place: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    ((name, shape), others): ((String, Vec<usize>), usize),
    config: &Config,
) -> Error {
    let got = match names.clone().count() {
        1 => format!("{place} with 1 tensor, not this one"),
        n => format!("{place} with {n} tensors, not this one"),
    };
    let others = match others {
        0 => String::new(),
        n => format!(" and not {n} others"),
    };
    let why = match foreign::architecture(names) {
        Some(whose) => format!("; it has {whose}"),
        None if name == layout::LM_HEAD => {
            "; config.json's tie_word_embeddings is false, so the model has no language-model head without it"
                .to_string()
        }
        None if name.ends_with("bias") && !others.is_empty() => {
            "; a model that was trained without biases needs zeros in their place".to_string()
        }
        None if others.is_empty() => String::new(),
        None => format!("; config.json says {} layers", config.n_layers),
    };
    invalid(
        &name,
        format!("shape {shape:?}"),
        format!("{got}{others}{why}"),
    )
}
