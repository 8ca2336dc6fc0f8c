//! Text to token ids and back, by the `tokenizers` crate from a model's own files.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;
use tokenizers::{Tokenizer as Inner, models::ModelWrapper};

use crate::error::{Code, Error, Result};

/// A model's tokenizer.
pub struct Tokenizer {
    inner: Inner,
}

/// A token as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// The text it stands for, leading space included.
    pub text: String,
}

impl Tokenizer {
    /// Read the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Code::Tokenizer`].
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let invalid = |e| {
            let expected = "a tokenizer in the format of the tokenizers library";
            Error::new(Code::Tokenizer, "tokenizer.json", expected, e)
        };
        let inner = Inner::from_bytes(bytes).map_err(invalid)?;
        Ok(Self { inner })
    }

    /// Read the bytes of GPT-2's own two files, `vocab.json` and `merges.txt`: its byte-level BPE, with
    /// `<|endoftext|>` as a token that no text is split across.
    ///
    /// # Errors
    /// [`Code::Tokenizer`].
    pub fn from_vocab_and_merges(vocab: &[u8], merges: &[u8]) -> Result<Self> {
        const END: &str = "<|endoftext|>";
        let invalid = |what: &str, expected: &str, e: &dyn std::fmt::Display| {
            Error::new(Code::Tokenizer, what, expected, e)
        };
        let vocab: HashMap<String, u32> = serde_json::from_slice(vocab)
            .map_err(|e| invalid("vocab.json", "an object from tokens to ids", &e))?;
        let merges = std::str::from_utf8(merges)
            .map_err(|e| invalid("merges.txt", "lines of two tokens in UTF-8", &e))?;
        let is_merge = |line: &&str| !line.is_empty() && !line.starts_with("#version");
        let merges: Vec<&str> = merges.lines().filter(is_merge).collect();
        let added = vocab.get(END).map(|id| {
            json!({
                "id": id, "content": END, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        });
        let byte_level = json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
        });
        let tokenizer = json!({
            "version": "1.0",
            "added_tokens": added.into_iter().collect::<Vec<_>>(),
            "pre_tokenizer": byte_level,
            "decoder": byte_level,
            "model": { "type": "BPE", "vocab": vocab, "merges": merges },
        });
        let inner = Inner::from_bytes(tokenizer.to_string()).map_err(|e| {
            let what = "vocab.json and merges.txt";
            invalid(what, "the two files of one byte-level BPE", &e)
        })?;
        Ok(Self { inner })
    }

    /// The tokens of a text, without any that a template would add.
    ///
    /// # Errors
    /// [`Code::Tokenizer`] when the vocabulary has no token for a part of the text, naming that part.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode(text, false).map_err(|e| {
            let expected = "text that the tokenizer can encode";
            Error::new(Code::Tokenizer, "text", expected, e)
        })?;
        let unknown = encoding
            .get_tokens()
            .iter()
            .position(|token| Some(token.as_str()) == self.unknown_token());
        if let Some(i) = unknown {
            let (start, end) = encoding.get_offsets()[i];
            let part = text.get(start..end).unwrap_or(text);
            let expected = "words of this model's vocabulary";
            return Err(Error::new(
                Code::Tokenizer,
                "text",
                expected,
                format!("{part:?}"),
            ));
        }
        Ok(encoding.get_ids().to_vec())
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

    fn text_of(&self, id: u32) -> String {
        let decoded = self.inner.decode(&[id], false).ok();
        decoded
            .filter(|text| !text.is_empty())
            .or_else(|| self.inner.id_to_token(id))
            .unwrap_or_else(|| format!("[{id}]"))
    }

    /// The token that models over words put in place of a word they do not know.
    fn unknown_token(&self) -> Option<&str> {
        match self.inner.get_model() {
            ModelWrapper::WordLevel(model) => Some(&model.unk_token),
            ModelWrapper::WordPiece(model) => Some(&model.unk_token),
            ModelWrapper::BPE(_) | ModelWrapper::Unigram(_) => None,
        }
    }
}
