//! What a safetensors file says is in it, checked against a GPT-2 of one shape before any weight is read.
//!
//! Offsets are 64 bits wide on every machine: a header is understood, and a file that is too large named as
//! such, in a browser too, where an address has 32.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt::Display,
};

use safetensors::tensor::Dtype;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::StrDeserializer},
};

use super::{
    foreign,
    layout::{self, Reason, Role},
    notes::Notes,
};
use crate::{
    error::{Code, Error, Result, shortened},
    gpt2::Config,
    sniff::sniff,
};

/// Bytes of the number that says how long the header is.
pub const LENGTH: usize = 8;
/// The format's own limit.
const MAX_HEADER: u64 = 100_000_000;

/// Characters of a part of a message.
const MOST_SHOWN: usize = 500;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its canonical name.
    pub name: String,
    /// Its type, by the format's name.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Bytes that it takes in the file.
    pub bytes: u64,
    /// Whether the model needs it; else its bytes are passed over.
    pub is_needed: bool,
}

/// The tensors of a file.
#[derive(Debug)]
pub struct Contents {
    /// In the order of their bytes.
    pub entries: VecDeque<Entry>,
    /// What a user should know of them.
    pub notes: Notes,
}

/// A tensor as the header has it.
#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header's tensors, each name once.
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

/// The header's length, from the first bytes of a file; `None` where no file's header is that long.
pub fn length(bytes: [u8; LENGTH]) -> Option<usize> {
    let length = u64::from_le_bytes(bytes);
    (length <= MAX_HEADER).then_some(length as usize)
}

/// The error of a file that does not begin as a safetensors file does.
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

/// The tensors of a file that begins with `header`, its length included. The file is the whole checkpoint where
/// `prefix` is `None`; else that begins all names of the checkpoint.
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
        let got = "an empty one (a file of zeros is a download that did not finish)";
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
            Role::PassedOver(reason) => {
                contents.notes.pass_over(original, reason);
                false
            }
            // transformers passes over whatever it does not know; numbers that are no weights change nothing.
            Role::Foreign if is_integer(&info.dtype) => {
                contents.notes.pass_over(original, Reason::Buffer);
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
        let expected = "only weights that a GPT-2 has in its blocks";
        let got = format!("another one{more}: a model with it computes something else");
        return Err(invalid(name, expected, got));
    }
    Ok(contents)
}

/// What begins the names of a checkpoint's tensors and is none of GPT-2's, if anything.
///
/// # Errors
/// [`Code::Checkpoint`] when there are several models.
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
                "two, whose names begin with {one:?} and {other:?}: save the one that is meant"
            );
            Err(invalid(layout::WPE, "one model", got))
        }
        (first, _) => Ok(first.unwrap_or_default()),
    }
}

/// Tensors follow each other without gap or overlap, each of as many bytes as its shape and type take.
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
                "as many bytes for {name} as its shape and type take: {:?} of {}",
                info.shape, info.dtype
            );
            return Err(broken(file, expected, format!("{}", last - first)));
        }
    }
    Ok(())
}

/// Bits of a number of a type; `None` for a type that is newer than this program.
fn bits(dtype: &str) -> Option<u64> {
    let name: StrDeserializer<'_, de::value::Error> =
        de::IntoDeserializer::into_deserializer(dtype);
    Dtype::deserialize(name)
        .ok()
        .map(|dtype| dtype.bitsize() as u64)
}

/// Whether a type is one of truth values or whole numbers.
fn is_integer(dtype: &str) -> bool {
    dtype == "BOOL" || dtype.starts_with(['I', 'U'])
}

/// Shape and type of a tensor that the model needs.
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

/// What to do where a table has as many rows as a number of config.json should say.
fn rows_hint(name: &str, shape: &[u64], config: &Config) -> String {
    let (field, said) = match name {
        layout::WPE => ("n_positions", config.n_ctx),
        name if layout::is_table(name) => ("vocab_size", config.d_vocab),
        _ => return String::new(),
    };
    match shape {
        [rows, width] if *width == config.d_model as u64 => format!(
            ": {rows} rows, where config.json says {said} (or leaves {field} out). If they are the model's, put \
             \"{field}\": {rows} there"
        ),
        _ => String::new(),
    }
}

/// The error of a tensor that is in no file, or in no index.
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
        n => format!(" nor {n} others"),
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

/// An error about one tensor.
pub fn invalid(name: &str, expected: impl Display, got: impl Display) -> Error {
    let what = format!("tensor {}", shortened(name, MOST_SHOWN));
    Error::new(Code::Checkpoint, what, expected, shortened(got, MOST_SHOWN))
}

/// An error about a file that is not a safetensors file, or not all of one.
pub fn broken(file: &str, expected: impl Display, got: impl Display) -> Error {
    Error::new(
        Code::Checkpoint,
        file,
        shortened(expected, MOST_SHOWN),
        shortened(got, MOST_SHOWN),
    )
}
