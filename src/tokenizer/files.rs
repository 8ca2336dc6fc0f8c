//! Combines a model's tokenizer files into one `tokenizer.json`, as transformers reads them.
//!
//! Without a `tokenizer.json`, `vocab.json` and `merges.txt` are read as GPT-2's byte-level BPE, and `added_tokens.json`
//! as the tokens added to it. `special_tokens_map.json` and `tokenizer_config.json` name the special tokens, among them
//! the beginning-of-text token. Those that the vocabulary lacks are added to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::json::{kind, parse, text_of};
use crate::{
    error::{Code, Error, Result, Warning},
    sniff::sniff,
};

/// The files that a tokenizer is read from, as far as they exist; see [`is_needed`].
pub const FILES: [&str; 6] = [TOKENIZER, VOCAB, MERGES, ADDED, SPECIAL, CONFIG];
const TOKENIZER: &str = "tokenizer.json";
const VOCAB: &str = "vocab.json";
const MERGES: &str = "merges.txt";
const ADDED: &str = "added_tokens.json";
const SPECIAL: &str = "special_tokens_map.json";
const CONFIG: &str = "tokenizer_config.json";

/// Whether one of [`FILES`] is read: `tokenizer.json` replaces the vocabulary, the merges and the added tokens.
pub fn is_needed(name: &str, has_tokenizer_json: bool) -> bool {
    !has_tokenizer_json || ![VOCAB, MERGES, ADDED].contains(&name)
}

/// GPT-2's only special token.
const END: &str = "<|endoftext|>";

/// The special tokens in the order in which transformers adds them.
const ROLES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// A `tokenizer.json` with everything that the files say.
pub struct Composed {
    pub json: Value,
    /// The beginning-of-text token that the files name.
    pub bos: Option<String>,
    pub warnings: Vec<Warning>,
    /// Whether the JSON was made from `vocab.json` and `merges.txt`.
    pub is_composed: bool,
}

impl Composed {
    /// A `tokenizer.json` without the other files.
    pub fn alone(json: Value) -> Self {
        Self {
            json,
            bos: None,
            warnings: Vec::new(),
            is_composed: false,
        }
    }
}

/// Read whichever of [`FILES`] are there.
///
/// # Errors
/// [`Code::Tokenizer`], naming the file.
pub fn read(files: &HashMap<String, Vec<u8>>) -> Result<Option<Composed>> {
    let mut empty = Vec::new();
    let mut file = |name: &str| match files.get(name) {
        Some(bytes) if text_of(bytes).trim_ascii().is_empty() => {
            let message = format!("{name} is empty: it is ignored");
            empty.push(Warning::new(Code::Tokenizer, message));
            Ok(None)
        }
        bytes => bytes.map(|bytes| parse(name, bytes)).transpose(),
    };
    let mut read = match (files.get(TOKENIZER), files.get(VOCAB), files.get(MERGES)) {
        (Some(json), _, _) => Composed::alone(parse(TOKENIZER, json)?),
        (None, Some(vocab), Some(merges)) => Composed {
            json: composed(parse(VOCAB, vocab)?, merges, file(ADDED)?)?,
            is_composed: true,
            ..Composed::alone(Value::Null)
        },
        _ => return Ok(None),
    };
    let config = file(CONFIG)?.unwrap_or_default();
    let special = file(SPECIAL)?.unwrap_or_default();
    read.warnings.append(&mut empty);
    prefix_space(&mut read, &config);

    let listed = listed(&config["added_tokens_decoder"]);
    // If the newer file lists tokens, transformers ignores the older one.
    let sources = match config.get("added_tokens_decoder") {
        None => vec![&special, &config],
        Some(_) => vec![&config],
    };
    let named = |role: &str| {
        let tokens = sources.iter().map(|source| &source[role]);
        tokens.into_iter().find_map(Special::from_value)
    };
    let roles: Vec<Special> = ROLES.iter().filter_map(|role| named(role)).collect();
    let extra = ["additional_special_tokens", "extra_special_tokens"];
    let extra = extra.iter().flat_map(|name| {
        let tokens = sources.iter().map(|source| &source[*name]);
        tokens.flat_map(|tokens| match tokens {
            Value::Array(tokens) => tokens.iter().filter_map(Special::from_value).collect(),
            Value::Object(tokens) => tokens.values().filter_map(Special::from_value).collect(),
            _ => Vec::new(),
        })
    });
    read.bos = named("bos_token").map(|token| token.content);
    let special = roles.into_iter().chain(extra).collect();
    add(&mut read, listed, special)?;

    if read.bos.is_none() && has_gpt2s_class(&config) && knows(&read.json, END) {
        read.bos = Some(END.into());
    }
    Ok(Some(read))
}

/// An error about a field of the composed JSON, renamed to the file that the field came from.
pub fn name_of_source(error: Error) -> Error {
    let fields = [
        ("tokenizer.json field model.vocab", VOCAB),
        ("tokenizer.json field model.merges", MERGES),
        ("tokenizer.json field added_tokens", ADDED),
    ];
    let rename = |what: String, (field, file): (&str, &str)| what.replace(field, file);
    Error {
        what: fields.into_iter().fold(error.what, rename),
        ..error
    }
}

/// GPT-2's byte-level BPE, with its added tokens in the order of their ids.
fn composed(vocab: Value, merges: &[u8], added: Option<Value>) -> Result<Value> {
    if let Some(what) = sniff(merges).filter(|_| !merges.starts_with(b"<")) {
        return Err(Error::new(
            Code::Tokenizer,
            MERGES,
            "lines of two tokens",
            what,
        ));
    }
    let merges = std::str::from_utf8(text_of(merges))
        .map_err(|e| Error::new(Code::Tokenizer, MERGES, "lines of two tokens in UTF-8", e))?;
    let is_merge = |line: &&str| !line.is_empty() && !line.starts_with("#version");
    let merges: Vec<&str> = merges.lines().filter(is_merge).collect();
    let mut tokens = Vec::new();
    if let Some(id) = vocab[END].as_u64() {
        tokens.push((id, END.to_string()));
    }
    for (token, id) in added
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let Some(id) = id.as_u64() else {
            let what = format!("{ADDED}: {token:?}");
            return Err(Error::new(Code::Tokenizer, what, "an id", kind(id)));
        };
        tokens.push((id, token.clone()));
    }
    tokens.sort();
    let tokens: Vec<Value> = tokens
        .into_iter()
        .map(|(id, content)| Special::plain(content).json(id))
        .collect();
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    });
    Ok(json!({
        "version": "1.0",
        "added_tokens": tokens,
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": { "type": "BPE", "vocab": vocab, "merges": merges },
    }))
}

/// Whether transformers reads a model's tokenizer as `GPT2Tokenizer`, which it also does if no class is named.
fn has_gpt2s_class(config: &Value) -> bool {
    let class = config["tokenizer_class"].as_str();
    class.is_none_or(|class| ["GPT2Tokenizer", "GPT2TokenizerFast"].contains(&class))
}

/// Set `add_prefix_space` as `GPT2Tokenizer` does: `tokenizer_config.json` wins over `tokenizer.json`, and if no class is
/// named the default is false.
fn prefix_space(read: &mut Composed, config: &Value) {
    let class = config["tokenizer_class"].as_str();
    if !has_gpt2s_class(config) || read.json["pre_tokenizer"]["type"] != "ByteLevel" {
        return;
    }
    let wanted = match (config["add_prefix_space"].as_bool(), class) {
        (Some(wanted), _) => wanted,
        (None, None) => false,
        (None, Some(_)) => return,
    };
    let had = read.json["pre_tokenizer"]["add_prefix_space"].as_bool();
    if had == Some(!wanted) && !read.is_composed {
        let message = format!(
            "tokenizer.json has add_prefix_space {}, but transformers reads this model with \
             add_prefix_space {wanted}, and so does pathpatch",
            !wanted
        );
        read.warnings.push(Warning::new(Code::Tokenizer, message));
    }
    read.json["pre_tokenizer"]["add_prefix_space"] = wanted.into();
}

/// A token with the flags that say where it matches.
#[derive(Debug, Clone, PartialEq)]
struct Special {
    content: String,
    flags: Map<String, Value>,
}

impl Special {
    fn plain(content: String) -> Self {
        let flags = Map::new();
        Self { content, flags }
    }

    /// A string, or an object with a `content`.
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(content) => Some(Self::plain(content.clone())),
            Value::Object(flags) => Some(Self {
                content: flags.get("content")?.as_str()?.to_string(),
                flags: flags.clone(),
            }),
            _ => None,
        }
        .filter(|token| !token.content.is_empty())
    }

    fn json(&self, id: u64) -> Value {
        let flag = |name: &str, default: bool| {
            let flag = self.flags.get(name).and_then(Value::as_bool);
            flag.unwrap_or(default)
        };
        json!({
            "id": id, "content": self.content, "special": flag("special", true),
            "normalized": flag("normalized", false), "single_word": flag("single_word", false),
            "lstrip": flag("lstrip", false), "rstrip": flag("rstrip", false),
        })
    }
}

/// The tokens of an `added_tokens_decoder`, sorted by id.
fn listed(decoder: &Value) -> Vec<(u64, Special)> {
    let entries = decoder.as_object().into_iter().flatten();
    let tokens: BTreeMap<u64, Special> = entries
        .filter_map(|(id, token)| Some((id.parse().ok()?, Special::from_value(token)?)))
        .collect();
    tokens.into_iter().collect()
}

/// Whether a token is in the vocabulary or among the added tokens.
fn knows(json: &Value, token: &str) -> bool {
    let added = json["added_tokens"].as_array().into_iter().flatten();
    let vocab = &json["model"]["vocab"];
    let is_piece = |pieces: &Vec<Value>| pieces.iter().any(|piece| piece[0] == token);
    vocab.get(token).is_some() || vocab.as_array().is_some_and(is_piece) || { added }
        .any(|added| added["content"] == token)
}

/// Add the tokens that the JSON lacks: first those listed with ids and flags, then the special tokens.
fn add(read: &mut Composed, listed: Vec<(u64, Special)>, special: Vec<Special>) -> Result<()> {
    let mut added = match read.json["added_tokens"].take() {
        Value::Null => Vec::new(),
        Value::Array(added) => added,
        other => {
            let what = "tokenizer.json field added_tokens";
            return Err(Error::new(Code::Tokenizer, what, "an array", kind(&other)));
        }
    };
    for (id, token) in listed {
        match added
            .iter_mut()
            .find(|added| added["content"] == token.content[..])
        {
            Some(added) => *added = token.json(added["id"].as_u64().unwrap_or(id)),
            None => added.push(token.json(id)),
        }
    }
    read.json["added_tokens"] = added.into();
    let mut seen = HashSet::new();
    let mut lacking: Vec<Special> = special;
    lacking
        .retain(|token| seen.insert(token.content.clone()) && !knows(&read.json, &token.content));
    let count = |value: &Value| match value {
        Value::Object(entries) => entries.len(),
        Value::Array(entries) => entries.len(),
        _ => 0,
    };
    let vocab = &read.json["model"]["vocab"];
    let contents: HashSet<&str> = read.json["added_tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|added| added["content"].as_str())
        .collect();
    let is_new = |content: &&&str| match vocab {
        Value::Array(pieces) => !pieces.iter().any(|piece| piece[0] == ***content),
        vocab => vocab.get(**content).is_none(),
    };
    let next = count(vocab) + contents.iter().filter(is_new).count();
    let new: Vec<Value> = lacking
        .iter()
        .zip(next as u64..)
        .map(|(token, id)| token.json(id))
        .collect();
    for (token, id) in lacking.iter().zip(next..) {
        let message = format!(
            "the vocabulary lacks the special token {:?}, which the tokenizer's files name: it gets the id {id}, as in \
             transformers",
            token.content
        );
        read.warnings.push(Warning::new(Code::Tokenizer, message));
    }
    if let Some(added) = read.json["added_tokens"].as_array_mut() {
        added.extend(new);
    }
    Ok(())
}
