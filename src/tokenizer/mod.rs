//! Text to token ids and back, with the `tokenizers` crate and a model's own files. The ids are those of transformers.
//!
//! - `files`: combines a model's files into one `tokenizer.json`
//! - `json`: checks it before the crate reads it
//! - `charsmap`: checks one table in it
//! - `missing`: explains why there is no tokenizer
//! - `complete`: finds tokens by how their text begins
//!
//! Padding, truncation and templates (`[CLS] … [SEP]`) are left out: a prompt's tokens are those of its text. Text that
//! the vocabulary lacks is an error here; the crate would drop it or insert `<unk>`.

mod charsmap;
mod complete;
mod files;
mod json;
mod missing;
mod token;

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use tokenizers::{
    Model, NormalizedString, Normalizer, PreTokenizer, Token as Piece, Tokenizer as Inner,
    models::ModelWrapper, normalizer::Range,
};

use crate::error::{Code, Error, Result, Warning};
use complete::Texts;
pub use files::{FILES, is_needed};
use json::{Rendering, Unknown};
pub use missing::explain_missing;
pub use token::Token;

/// Longest text, in bytes; no model's context holds more.
const MAX_TEXT: usize = 1 << 18;
/// Longest text after normalisation, in bytes.
const MAX_GROWN: usize = 1 << 26;

/// Most parts of a text that one error names.
const NAMED_PARTS: usize = 5;

/// A model's tokenizer.
pub struct Tokenizer {
    inner: Inner,
    rendering: Rendering,
    unknown: Unknown,
    longest_text: usize,
    bos: Option<Token>,
    warnings: Vec<Warning>,
    /// Made when a text is completed for the first time.
    texts: OnceLock<Texts>,
}

/// Check that no added token becomes empty when it is normalised. The crate would find the empty token everywhere, even
/// inside characters, and panic.
fn check_added(inner: &Inner) -> Result<()> {
    let tokens = inner.get_added_tokens_decoder();
    for token in tokens.values().filter(|token| token.normalized) {
        let mut text = NormalizedString::from(&token.content[..]);
        if let Some(normalizer) = inner.get_normalizer() {
            normalizer.normalize(&mut text).map_err(|e| {
                let expected = "tokens that can be normalised";
                Error::new(Code::Tokenizer, "added tokens", expected, e)
            })?;
        }
        if text.get().is_empty() {
            let expected = "tokens that the normalizer does not make empty";
            let got = format!("{:?}", token.content);
            return Err(Error::new(Code::Tokenizer, "added tokens", expected, got));
        }
    }
    Ok(())
}

impl Tokenizer {
    /// Read a model's tokenizer from the bytes of its files, by file name. Only [`FILES`] are read, as far as they exist.
    /// `None` if there is neither a `tokenizer.json` nor both `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    /// [`Code::Tokenizer`], naming the file and the field.
    pub fn from_files(files: &HashMap<String, Vec<u8>>) -> Result<Option<Self>> {
        let read = files::read(files)?;
        read.map(Self::new).transpose()
    }

    /// Read the bytes of a `tokenizer.json` alone.
    ///
    /// # Errors
    /// [`Code::Tokenizer`], naming the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let file = json::parse("tokenizer.json", bytes)?;
        Self::new(files::Composed::alone(file))
    }

    fn new(read: files::Composed) -> Result<Self> {
        let files::Composed {
            json,
            bos,
            mut warnings,
            is_composed,
        } = read;
        let checked = json::check(json, &mut warnings).map_err(|e| match is_composed {
            true => files::name_of_source(e),
            false => e,
        })?;
        let inner: Inner = serde_json::from_value(checked.json).map_err(|e| {
            let expected = "a tokenizer in the format of the tokenizers library";
            Error::new(Code::Tokenizer, "tokenizer.json", expected, e)
        })?;
        check_added(&inner)?;
        for (text, id) in checked.added {
            let got = inner.token_to_id(&text);
            if let Some(got) = got.filter(|got| *got != id) {
                warnings.push(Warning::new(
                    Code::Tokenizer,
                    format!(
                        "the tokenizer's files give the added token {text:?} the id {id}, but transformers gives it \
                         {got}, the next id after the vocabulary, and so does pathpatch"
                    ),
                ));
            }
        }
        let bos = bos.and_then(|text| {
            let id = inner.token_to_id(&text)?;
            Some(Token { id, text })
        });
        Ok(Self {
            inner,
            rendering: checked.rendering,
            unknown: checked.unknown,
            longest_text: MAX_TEXT.min(MAX_GROWN / checked.growth),
            bos,
            warnings,
            texts: OnceLock::new(),
        })
    }

    /// The beginning-of-text token that the tokenizer's files name.
    pub fn bos(&self) -> Option<&Token> {
        self.bos.as_ref()
    }

    /// The id of a token by its string in the vocabulary.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Whether a token was added to the vocabulary, as special tokens are.
    pub fn is_added(&self, id: u32) -> bool {
        let added = self.inner.get_added_vocabulary();
        added.get_added_tokens_decoder().contains_key(&id)
    }

    /// Warnings about what was read differently from what the files say.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The tokens of a text, without those that a template would add.
    ///
    /// # Errors
    /// [`Code::Tokenizer`] when the vocabulary has no token for a part of the text, naming that part.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if text.len() > self.longest_text {
            let expected = format!("at most {} bytes", self.longest_text);
            return Err(Error::new(Code::Tokenizer, "text", expected, text.len()));
        }
        let failed = |e| {
            let expected = "text that the tokenizer can encode";
            Error::new(Code::Tokenizer, "text", expected, e)
        };
        let added = self.inner.get_added_vocabulary();
        let mut pieces = added.extract_and_normalize(self.inner.get_normalizer(), text);
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut pieces).map_err(failed)?;
        }
        let lacking = RefCell::new(Vec::<String>::new());
        let tokens = pieces.tokenize(|piece| {
            let (tokens, mut parts) = self.tokenize(piece)?;
            lacking.borrow_mut().append(&mut parts);
            Ok(tokens)
        });
        tokens.map_err(failed)?;
        let mut lacking = lacking.into_inner();
        if !lacking.is_empty() {
            let mut seen = std::collections::HashSet::new();
            lacking.retain(|part| seen.insert(part.clone()));
            return Err(self.lacks(&lacking));
        }
        let encoding = pieces.into_encoding(None, 0, tokenizers::OffsetType::None);
        Ok(encoding.map_err(failed)?.get_ids().to_vec())
    }

    /// The tokens with the text each stands for.
    pub fn describe(&self, ids: &[u32]) -> Vec<Token> {
        ids.iter()
            .map(|&id| Token {
                id,
                text: self.text_of(id),
            })
            .collect()
    }

    /// Tokens for a message: each in quotes, including its spaces.
    pub fn quote(&self, ids: &[u32]) -> String {
        let quoted: Vec<String> = ids
            .iter()
            .map(|id| format!("{:?}", self.text_of(*id)))
            .collect();
        quoted.join(" ")
    }

    /// Tokens whose text begins with `start`, at most `limit` of those with an id below `rows`: first those that begin
    /// with it as it is written, then in other upper or lower case; the shortest first, then by id. Tokens that are only
    /// part of a character have no text and are left out.
    pub fn complete(&self, start: &str, limit: usize, rows: usize) -> Vec<Token> {
        let texts = self.texts.get_or_init(|| {
            let ids = self.inner.get_vocab(true).into_values();
            Texts::new(ids.map(|id| Token {
                id,
                text: self.text_of(id),
            }))
        });
        texts.beginning_with(start, limit, rows)
    }

    /// The text that a token stands for; its id in brackets where there is no such token.
    pub(crate) fn text_of(&self, id: u32) -> String {
        let Some(token) = self.inner.id_to_token(id) else {
            return format!("[{id}]");
        };
        let added = self.inner.get_added_vocabulary();
        if let Some(added) = added.get_added_tokens_decoder().get(&id) {
            return added.content.clone();
        }
        let text = self.rendering.text(&token);
        if text.is_empty() { token } else { text }
    }

    /// The tokens of one piece after pre-tokenization, and the parts of it that the vocabulary lacks.
    fn tokenize(&self, piece: &NormalizedString) -> tokenizers::Result<(Vec<Piece>, Vec<String>)> {
        let model = self.inner.get_model();
        let text = piece.get();
        let original = |start, end| {
            let part = piece.get_range_original(Range::Normalized(start..end));
            part.or(text.get(start..end)).unwrap_or(text).to_string()
        };
        let lacking: Vec<String> = match model {
            // The crate would drop unknown symbols or insert the unknown token.
            ModelWrapper::BPE(bpe) => {
                let is_whole = bpe.ignore_merges && bpe.token_to_id(text).is_some();
                let symbols = text.char_indices().filter(|(i, c)| {
                    let end = i + c.len_utf8();
                    let mut symbol = text[*i..end].to_string();
                    if let Some(prefix) = bpe.continuing_subword_prefix.as_ref().filter(|_| *i > 0)
                    {
                        symbol.insert_str(0, prefix);
                    }
                    if let Some(suffix) = &bpe.end_of_word_suffix
                        && end == text.len()
                    {
                        symbol.push_str(suffix);
                    }
                    let by_bytes = || {
                        let known = |byte| bpe.token_to_id(&format!("<{byte:#04X}>")).is_some();
                        bpe.byte_fallback && symbol.bytes().all(known)
                    };
                    bpe.token_to_id(&symbol).is_none() && !by_bytes()
                });
                match is_whole {
                    true => Vec::new(),
                    false => symbols
                        .map(|(i, c)| original(i, i + c.len_utf8()))
                        .collect(),
                }
            }
            ModelWrapper::Unigram(model) => {
                let Unknown::Id(unknown) = &self.unknown else {
                    // Without an unknown token, the crate fails where it would need one.
                    return match model.tokenize(text) {
                        Ok(tokens) => Ok((tokens, Vec::new())),
                        Err(_) => Ok((Vec::new(), vec![original(0, text.len())])),
                    };
                };
                let tokens = model.tokenize(text)?;
                let is_unknown =
                    |token: &&Piece| token.id == unknown.id && token.value != unknown.text;
                let parts: Vec<String> = tokens
                    .iter()
                    .filter(is_unknown)
                    .map(|token| original(token.offsets.0, token.offsets.1))
                    .collect();
                return Ok((tokens, parts));
            }
            ModelWrapper::WordLevel(model) => {
                let is_known = model.token_to_id(text).is_some();
                (!is_known)
                    .then(|| original(0, text.len()))
                    .into_iter()
                    .collect()
            }
            ModelWrapper::WordPiece(model) => {
                let tokens = model.tokenize(text);
                let is_unknown = match &tokens {
                    Ok(tokens) => {
                        matches!(&tokens[..], [one] if one.value == model.unk_token && text != one.value)
                    }
                    Err(_) => true,
                };
                is_unknown
                    .then(|| original(0, text.len()))
                    .into_iter()
                    .collect()
            }
        };
        match lacking.is_empty() {
            true => Ok((model.tokenize(text)?, lacking)),
            false => Ok((Vec::new(), lacking)),
        }
    }

    fn lacks(&self, parts: &[String]) -> Error {
        let expected = match self.inner.get_model() {
            ModelWrapper::BPE(_) | ModelWrapper::Unigram(_) => {
                "characters of this model's vocabulary"
            }
            ModelWrapper::WordLevel(_) | ModelWrapper::WordPiece(_) => {
                "words of this model's vocabulary"
            }
        };
        let named: Vec<String> = parts
            .iter()
            .take(NAMED_PARTS)
            .map(|part| format!("{part:?}"))
            .collect();
        let more = match parts.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let got = format!("{}{more}", named.join(", "));
        Error::new(Code::Tokenizer, "text", expected, got)
    }
}
