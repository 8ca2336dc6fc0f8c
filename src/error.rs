//! The one error type: what was being read, what was expected, and what was found.
//!
//! Every failure that a file, a prompt or a browser can cause becomes an [`Error`]. Its [`Code`] is stable and tells a
//! front end which field the error belongs to; its three texts tell the user what to fix.

use std::fmt;

use serde::{Serialize, Serializer};

/// The result of anything in pathpatch that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure that names what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, got {got}{}", hint(.suggestion))]
pub struct Error {
    /// Which kind of input failed; stable across versions.
    pub code: Code,
    /// What was being read: a file's field, a tensor, a prompt.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub got: String,
    /// Valid input to use instead, if one is known.
    pub suggestion: Option<String>,
}

impl Error {
    /// Build an error; the three texts read as "`what`: expected `expected`, got `got`".
    pub fn new(
        code: Code,
        what: impl fmt::Display,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self {
            code,
            what: what.to_string(),
            expected: expected.to_string(),
            got: got.to_string(),
            suggestion: None,
        }
    }

    /// Add a suggestion: valid input to use instead.
    #[must_use]
    pub fn suggest(self, suggestion: impl fmt::Display) -> Self {
        Self {
            suggestion: Some(suggestion.to_string()),
            ..self
        }
    }
}

/// Cut a text to `most` characters for a message, since text from a file can be of any length.
pub(crate) fn shortened(text: impl fmt::Display, most: usize) -> String {
    let text = text.to_string();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn hint(suggestion: &Option<String>) -> String {
    let hint = |suggestion: &String| format!("; did you mean {suggestion:?}?");
    suggestion.as_ref().map(hint).unwrap_or_default()
}

/// Something that the caller should know about a result that is still valid: the request is probably not what was meant,
/// or a file was not read exactly as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which kind of input it is about.
    pub code: Code,
    /// A sentence for the user.
    pub message: String,
    /// Valid input to use instead, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.message, hint(&self.suggestion))
    }
}

impl Warning {
    /// A warning without a suggestion.
    pub fn new(code: Code, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            suggestion: None,
        }
    }

    /// Add a suggestion: valid input to use instead.
    #[must_use]
    pub fn suggest(self, suggestion: impl fmt::Display) -> Self {
        Self {
            suggestion: Some(suggestion.to_string()),
            ..self
        }
    }
}

/// Which input an [`Error`] or a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `config.json`.
    Config,
    /// `model.safetensors`.
    Checkpoint,
    /// `tokenizer.json`, or a text that it cannot encode.
    Tokenizer,
    /// The clean prompt.
    Clean,
    /// The corrupted prompt.
    Corrupted,
    /// The two prompts have different numbers of tokens.
    PromptLength,
    /// The answer token.
    Answer,
    /// The distractor token.
    Distractor,
    /// The source head.
    Source,
    /// The component, or another option with a fixed set of values.
    Option,
    /// The metric, or the position it reads.
    Metric,
    /// The compute device.
    Device,
    /// A file or a download.
    Io,
    /// The caller cancelled.
    Cancelled,
    /// Something that the browser does not support.
    Unsupported,
}

impl Code {
    /// The stable name that reaches JavaScript as `error.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Checkpoint => "checkpoint",
            Self::Tokenizer => "tokenizer",
            Self::Clean => "clean",
            Self::Corrupted => "corrupted",
            Self::PromptLength => "prompt-length",
            Self::Answer => "answer",
            Self::Distractor => "distractor",
            Self::Source => "source",
            Self::Option => "option",
            Self::Metric => "metric",
            Self::Device => "device",
            Self::Io => "io",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
