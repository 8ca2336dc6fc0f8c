//! Checks a `tokenizer.json` before the `tokenizers` crate reads it.
//!
//! The crate trusts its files: a merge longer than the vocabulary's longest token, a chunk length of 0 or a broken table
//! of characters makes it panic, which in a browser ends the engine. So every part must be of a kind that the crate
//! knows, and everything that it takes for granted is checked here. Parts that a prompt's tokens do not depend on are
//! dropped: padding, truncation, templates, dropout and the decoder. [`Rendering`] shows single tokens in place of the
//! decoder.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{charsmap, token::Token};
use crate::{
    error::{Code, Error, Result, Warning},
    sniff::sniff,
};

/// Largest file, in bytes; the largest published vocabularies take half of it.
const MAX_BYTES: usize = 64 << 20;
/// Token ids stay below this.
const MAX_ID: u64 = 1 << 24;
/// Most entries of a vocabulary.
const MAX_VOCABULARY: usize = 1 << 20;
/// Most added tokens.
const MAX_ADDED: usize = 1 << 16;
/// Longest token of a trie, in bytes. The crate drops tries recursively, so a longer one may overflow the stack.
const MAX_TOKEN: usize = 1024;
/// Limits on sequences of normalisers or pre-tokenizers: how deep they nest, and how many parts they have.
const MAX_DEPTH: usize = 4;
const MAX_PARTS: usize = 64;
/// Longest regular expression or replacement, in bytes.
const MAX_PATTERN: usize = 4096;
/// Largest product of a regular expression's counted repetitions.
const MAX_REPETITIONS: usize = 1000;
/// The largest factor by which all replacements together may lengthen a text.
const MAX_GROWTH: usize = 1 << 16;
/// Longest word that WordPiece splits, in characters: its time grows with the third power.
const MAX_WORD: u64 = 1000;

/// A file that the crate can read, with what we keep from it.
pub struct Checked {
    pub json: Value,
    pub rendering: Rendering,
    pub unknown: Unknown,
    /// How many times longer a text may become before it is split.
    pub growth: usize,
    /// Added tokens with the ids that the file gives them.
    pub added: Vec<(String, u32)>,
}

/// The token that Unigram uses where its vocabulary lacks a character.
pub enum Unknown {
    Id(Token),
    None,
}

/// How a token of the vocabulary is shown as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendering {
    /// Whether each character stands for a byte, as in GPT-2.
    byte_level: bool,
    /// Strings and their replacements, such as `▁` and a space.
    replacements: Vec<(String, String)>,
}

impl Rendering {
    /// The text of a token; bytes that are not UTF-8 by themselves become U+FFFD.
    pub fn text(&self, token: &str) -> String {
        if self.byte_level {
            let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
            if let Some(bytes) = bytes {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        let replace = |text: String, (from, to): &(String, String)| text.replace(from, to);
        self.replacements.iter().fold(token.to_string(), replace)
    }

    fn add(&mut self, part: &Value) {
        match part["type"].as_str() {
            Some("ByteLevel") => self.byte_level = true,
            Some("Metaspace") => {
                let replacement = part["replacement"].as_str().unwrap_or("▁");
                self.space(replacement, " ");
            }
            Some("Replace") => {
                if let (Some(from), Some(to)) =
                    (part["pattern"]["String"].as_str(), part["content"].as_str())
                {
                    self.space(from, to);
                }
            }
            Some("Sequence") => {
                let parts = part["decoders"].as_array();
                let parts = parts.or(part["pretokenizers"].as_array());
                parts.into_iter().flatten().for_each(|part| self.add(part));
            }
            _ => {}
        }
    }

    fn space(&mut self, from: &str, to: &str) {
        if !from.is_empty() && self.replacements.len() < MAX_PARTS {
            self.replacements.push((from.into(), to.into()));
        }
    }
}

/// The byte that a character of a byte-level vocabulary stands for. Printable bytes stand for themselves; the others are
/// numbered from U+0100.
fn byte_of(character: char) -> Option<u8> {
    let is_itself = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    match u32::from(character) {
        code @ 0..=0xFF => Some(code as u8).filter(|byte| is_itself(*byte)),
        code => (0..=0xFF)
            .filter(|byte| !is_itself(*byte))
            .nth(code as usize - 0x100),
    }
}

/// A file's bytes without the byte-order mark that some editors write.
pub fn text_of(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// A file's JSON.
///
/// # Errors
/// [`Code::Tokenizer`], naming the file.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Value> {
    let invalid =
        |got: &dyn std::fmt::Display| Error::new(Code::Tokenizer, name, "a JSON object", got);
    if bytes.len() > MAX_BYTES {
        let expected = format!("at most {MAX_BYTES} bytes");
        return Err(Error::new(Code::Tokenizer, name, expected, bytes.len()));
    }
    let json: Value = serde_json::from_slice(text_of(bytes)).map_err(|e| match sniff(bytes) {
        Some(what) => invalid(&what),
        None => invalid(&e),
    })?;
    match json.is_object() {
        true => Ok(json),
        false => Err(invalid(&kind(&json))),
    }
}

/// Describes a value for an error: numbers, short strings and booleans as they are, others by their kind.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        Value::Null => "nothing".into(),
        Value::String(text) if text.len() > 80 => "a long text".into(),
        other => other.to_string(),
    }
}

pub fn fail<T>(
    field: impl std::fmt::Display,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Result<T> {
    let what = format!("tokenizer.json field {field}");
    Err(Error::new(Code::Tokenizer, what, expected, got))
}

/// Check a tokenizer and drop the parts that are not needed.
///
/// # Errors
/// [`Code::Tokenizer`], naming the field.
pub fn check(mut json: Value, warnings: &mut Vec<Warning>) -> Result<Checked> {
    let mut rendering = Rendering::default();
    for part in ["decoder", "pre_tokenizer"] {
        rendering.add(&json[part]);
    }
    if let Some(object) = json.as_object_mut() {
        for dropped in ["truncation", "padding", "post_processor", "decoder"] {
            object.remove(dropped);
        }
    }
    let mut parts = Parts::default();
    parts.check("normalizer", &json["normalizer"], 0)?;
    parts.check("pre_tokenizer", &json["pre_tokenizer"], 0)?;
    let (ids, unknown) = model(&mut json["model"], warnings)?;
    let added = added_tokens(&json["added_tokens"], &ids)?;
    Ok(Checked {
        json,
        rendering,
        unknown,
        growth: parts.growth,
        added,
    })
}

/// Check a model's vocabulary and rules, and return the ids of its tokens.
fn model(
    model: &mut Value,
    warnings: &mut Vec<Warning>,
) -> Result<(HashMap<String, u32>, Unknown)> {
    let Some(object) = model.as_object_mut() else {
        return fail("model", "an object", kind(model));
    };
    // Files of old versions name no type.
    let guess = if object.contains_key("merges") {
        "BPE"
    } else if object.get("vocab").is_some_and(Value::is_array) {
        "Unigram"
    } else if object.contains_key("continuing_subword_prefix") {
        "WordPiece"
    } else {
        "WordLevel"
    };
    let model_type = object
        .entry("type")
        .or_insert_with(|| guess.into())
        .as_str()
        .unwrap_or_default()
        .to_string();
    match &model_type[..] {
        "BPE" => {
            let dropout = object.insert("dropout".into(), Value::Null);
            if dropout.is_some_and(|p| !p.is_null() && p.as_f64() != Some(0.0)) {
                let message =
                    "tokenizer.json asks for BPE dropout, which makes tokens random: it is ignored";
                warnings.push(Warning::new(Code::Tokenizer, message));
            }
            let ids = vocabulary(field(object, "vocab"))?;
            merges(object, &ids)?;
            Ok((ids, Unknown::None))
        }
        "WordLevel" => Ok((vocabulary(field(object, "vocab"))?, Unknown::None)),
        "WordPiece" => {
            let longest = field(object, "max_input_chars_per_word");
            if longest.as_u64().is_none_or(|longest| longest > MAX_WORD) {
                let expected = format!("a number up to {MAX_WORD}");
                return fail("model.max_input_chars_per_word", expected, kind(longest));
            }
            Ok((vocabulary(field(object, "vocab"))?, Unknown::None))
        }
        "Unigram" => unigram(object),
        _ => fail(
            "model.type",
            "BPE, WordLevel, WordPiece or Unigram",
            kind(field(object, "type")),
        ),
    }
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

fn vocabulary(vocab: &Value) -> Result<HashMap<String, u32>> {
    let Some(vocab) = vocab.as_object().filter(|v| v.len() <= MAX_VOCABULARY) else {
        let expected = format!("an object from at most {MAX_VOCABULARY} tokens to ids");
        return fail("model.vocab", expected, kind(vocab));
    };
    let mut tokens: HashMap<u32, &str> = HashMap::with_capacity(vocab.len());
    let mut ids = HashMap::with_capacity(vocab.len());
    for (token, id) in vocab {
        let Some(number) = id.as_u64().filter(|id| *id < MAX_ID) else {
            let expected = format!("ids of 0 to {}", MAX_ID - 1);
            return fail(format!("model.vocab[{token:?}]"), expected, kind(id));
        };
        if let Some(other) = tokens.insert(number as u32, token) {
            let expected = "a different id for each token";
            let got = format!("{number}, which {other:?} has too");
            return fail(format!("model.vocab[{token:?}]"), expected, got);
        }
        ids.insert(token.clone(), number as u32);
    }
    Ok(ids)
}

/// Check that each merge names two tokens of the vocabulary that join to a third one.
fn merges(object: &Map<String, Value>, ids: &HashMap<String, u32>) -> Result<()> {
    let Some(merges) = field(object, "merges").as_array() else {
        let got = kind(field(object, "merges"));
        return fail("model.merges", "an array of pairs of tokens", got);
    };
    let prefix = object.get("continuing_subword_prefix");
    let prefix = prefix.and_then(Value::as_str).unwrap_or_default();
    for (i, merge) in merges.iter().enumerate() {
        let pair = match merge {
            Value::String(line) if line.starts_with("#version") => continue,
            Value::String(line) => line.split_once(' '),
            Value::Array(pair) => match &pair[..] {
                [Value::String(a), Value::String(b)] => Some((&a[..], &b[..])),
                _ => None,
            },
            _ => None,
        };
        let is_merge = pair.is_some_and(|(a, b)| {
            let rest = b.get(prefix.len()..);
            let joined = rest.map(|rest| format!("{a}{rest}"));
            let known = |token: &str| ids.contains_key(token);
            known(a) && known(b) && joined.is_some_and(|joined| known(&joined))
        });
        if !is_merge {
            let expected = "two tokens of the vocabulary that join to a third one";
            return fail(format!("model.merges[{i}]"), expected, merge);
        }
    }
    Ok(())
}

fn unigram(object: &Map<String, Value>) -> Result<(HashMap<String, u32>, Unknown)> {
    let vocab = field(object, "vocab");
    let Some(vocab) = vocab.as_array().filter(|v| v.len() <= MAX_VOCABULARY) else {
        let expected = format!("an array of at most {MAX_VOCABULARY} tokens with their scores");
        return fail("model.vocab", expected, kind(vocab));
    };
    let mut ids = HashMap::with_capacity(vocab.len());
    for (id, entry) in vocab.iter().enumerate() {
        let token = match entry.as_array().map(Vec::as_slice) {
            Some([Value::String(token), Value::Number(_)]) if token.len() <= MAX_TOKEN => token,
            _ => {
                let expected = format!("a token of at most {MAX_TOKEN} bytes and its score");
                return fail(format!("model.vocab[{id}]"), expected, kind(entry));
            }
        };
        if ids.insert(token.clone(), id as u32).is_some() {
            let expected = "each token once";
            return fail(
                format!("model.vocab[{id}]"),
                expected,
                format!("{token:?} again"),
            );
        }
    }
    let unknown = object.get("unk_id").and_then(Value::as_u64);
    let unknown = unknown.and_then(|id| {
        let text = vocab.get(id as usize)?[0].as_str()?.to_string();
        Some(Unknown::Id(Token {
            id: id as u32,
            text,
        }))
    });
    Ok((ids, unknown.unwrap_or(Unknown::None)))
}

/// The added tokens with the ids in the file. transformers ignores these ids for tokens that the vocabulary lacks, and
/// numbers them from the vocabulary's size.
fn added_tokens(added: &Value, ids: &HashMap<String, u32>) -> Result<Vec<(String, u32)>> {
    let none = Vec::new();
    let Some(added) = (match added {
        Value::Null => Some(&none),
        added => added.as_array(),
    })
    .filter(|added| added.len() <= MAX_ADDED) else {
        let expected = format!("an array of at most {MAX_ADDED} tokens");
        return fail("added_tokens", expected, kind(added));
    };
    let taken: HashSet<u32> = ids.values().copied().collect();
    let mut next = ids.len() as u32;
    let mut contents = HashSet::new();
    let mut tokens = Vec::with_capacity(added.len());
    for (i, token) in added.iter().enumerate() {
        let field = |name: &str| format!("added_tokens[{i}].{name}");
        let content = token["content"].as_str();
        let Some(content) = content.filter(|c| (1..=MAX_TOKEN).contains(&c.len())) else {
            let expected = format!("a text of at most {MAX_TOKEN} bytes");
            return fail(field("content"), expected, kind(&token["content"]));
        };
        let Some(id) = token["id"].as_u64().filter(|id| *id < MAX_ID) else {
            let expected = format!("an id of 0 to {}", MAX_ID - 1);
            return fail(field("id"), expected, kind(&token["id"]));
        };
        if !ids.contains_key(content) && contents.insert(content) {
            if taken.contains(&next) {
                let expected =
                    format!("a vocabulary without gaps, so that {content:?} gets an unused id");
                return fail("model.vocab", expected, format!("{next}, which is in use"));
            }
            next += 1;
        }
        tokens.push((content.to_string(), id as u32));
    }
    Ok(tokens)
}

/// The parts of a normaliser or a pre-tokenizer, counted.
struct Parts {
    count: usize,
    growth: usize,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            count: 0,
            growth: 1,
        }
    }
}

impl Parts {
    fn check(&mut self, field: &str, part: &Value, depth: usize) -> Result<()> {
        if part.is_null() && depth == 0 {
            return Ok(());
        }
        self.count += 1;
        if self.count > MAX_PARTS || depth > MAX_DEPTH {
            let expected = format!("at most {MAX_PARTS} parts, {MAX_DEPTH} deep");
            return fail(field, expected, "more");
        }
        let of = |name: &str| format!("{field}.{name}");
        // Where the crate does not know a type, it guesses the kind from these fields.
        let own = match part["type"].as_str() {
            Some("Sequence") => &["normalizers", "pretokenizers"][..],
            Some("Precompiled") => &["precompiled_charsmap"],
            Some("Replace" | "Split") => &["pattern", "content"],
            Some("Prepend") => &["prepend"],
            Some("FixedLength") => &["length"],
            _ => &[],
        };
        let typed_fields = [
            "normalizers",
            "pretokenizers",
            "precompiled_charsmap",
            "pattern",
            "content",
            "prepend",
            "length",
        ];
        let is_other = |name: &&&str| !own.contains(*name) && part.get(**name).is_some();
        if let Some(other) = typed_fields.iter().find(is_other) {
            return fail(of(other), "nothing in a part of this type", "a value");
        }
        match (field.starts_with("normalizer"), part["type"].as_str()) {
            (true, Some("Sequence")) => self.sequence(field, "normalizers", part, depth),
            (false, Some("Sequence")) => self.sequence(field, "pretokenizers", part, depth),
            (true, Some("Precompiled")) => precompiled(&of("precompiled_charsmap"), part),
            (true, Some("Replace")) => {
                let shortest = pattern(&of("pattern"), &part["pattern"])?;
                let content = content(&of("content"), &part["content"])?;
                // A pattern that matches nothing inserts text at every place.
                let factor = match shortest {
                    0 => 1 + content,
                    shortest => content.div_ceil(shortest).max(1),
                };
                self.growth = self.growth.saturating_mul(factor);
                match self.growth > MAX_GROWTH {
                    true => fail(
                        field,
                        format!("texts at most {MAX_GROWTH} times as long"),
                        "more",
                    ),
                    false => Ok(()),
                }
            }
            (true, Some("Prepend")) => content(&of("prepend"), &part["prepend"]).map(drop),
            (
                true,
                Some(
                    "BertNormalizer" | "Bert" | "Strip" | "StripAccents" | "NFC" | "NFD" | "NFKC"
                    | "NFKD" | "Lowercase" | "Nmt" | "ByteLevel",
                ),
            ) => Ok(()),
            (false, Some("Split")) => pattern(&of("pattern"), &part["pattern"]).map(drop),
            (false, Some("FixedLength")) if part["length"].as_u64() == Some(0) => {
                fail(of("length"), "at least 1", 0)
            }
            (
                false,
                Some(
                    "BertPreTokenizer" | "ByteLevel" | "CharDelimiterSplit" | "Delimiter"
                    | "Metaspace" | "Whitespace" | "WhitespaceSplit" | "Punctuation" | "Digits"
                    | "UnicodeScripts" | "FixedLength",
                ),
            ) => Ok(()),
            _ => fail(
                of("type"),
                "a kind that the tokenizers library knows",
                kind(&part["type"]),
            ),
        }
    }

    fn sequence(&mut self, field: &str, name: &str, part: &Value, depth: usize) -> Result<()> {
        let Some(parts) = part[name].as_array() else {
            return fail(format!("{field}.{name}"), "an array", kind(&part[name]));
        };
        let mut parts = parts.iter().enumerate();
        parts.try_for_each(|(i, part)| self.check(&format!("{field}.{name}[{i}]"), part, depth + 1))
    }
}

fn content(field: &str, content: &Value) -> Result<usize> {
    match content.as_str() {
        Some(text) if text.len() <= MAX_PATTERN => Ok(text.len()),
        _ => fail(
            field,
            format!("a text of at most {MAX_PATTERN} bytes"),
            kind(content),
        ),
    }
}

/// Check a search pattern, and return the least length of a match in bytes, as far as it is known.
fn pattern(field: &str, pattern: &Value) -> Result<usize> {
    if let Some(text) = pattern["String"]
        .as_str()
        .filter(|t| t.len() <= MAX_PATTERN)
    {
        return Ok(text.len());
    }
    let regex = pattern["Regex"].as_str().filter(|t| t.len() <= MAX_PATTERN);
    let Some(regex) = regex else {
        let expected = format!("a String or a Regex of at most {MAX_PATTERN} bytes");
        return fail(field, expected, kind(pattern));
    };
    // Compiling a regular expression copies what a counted repetition repeats, so nested counts multiply.
    let counts = regex.split('{').skip(1).filter_map(|rest| {
        let (count, _) = rest.split_once('}')?;
        let largest = count
            .split(',')
            .filter_map(|n| n.trim().parse().ok())
            .max()?;
        Some(usize::max(largest, 1))
    });
    let repetitions = counts.fold(1, usize::saturating_mul);
    match repetitions > MAX_REPETITIONS {
        true => fail(
            field,
            format!("at most {MAX_REPETITIONS} repetitions"),
            repetitions,
        ),
        false => Ok(0),
    }
}

fn precompiled(field: &str, part: &Value) -> Result<()> {
    let text = part["precompiled_charsmap"].as_str();
    let table = text.and_then(|text| base64::decode(text).ok());
    let fault = match &table {
        None => Some("text that is not base64"),
        Some(table) => charsmap::fault(table),
    };
    match fault {
        Some(fault) => fail(field, "a table from SentencePiece in base64", fault),
        None => Ok(()),
    }
}
