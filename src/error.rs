//! The one error type: what was being read, what it should have been, and what came.
//!
//! Every failure that a file, a prompt or a browser can cause ends here. [`Code`] is stable and tells
//! a front end which field the error belongs beside; the three texts tell the person what to mend.

use std::fmt;

use serde::{Serialize, Serializer};

/// What pathpatch returns from anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure that names what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, got {got}{}", hint(.suggestion))]
pub struct Error {
    /// Which kind of input failed; stable across versions.
    pub code: Code,
    /// The thing that was being read: a file's field, a tensor, a prompt.
    pub what: String,
    /// What it should have been.
    pub expected: String,
    /// What it was.
    pub got: String,
    /// What would do in its place, where that is known.
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

    /// The same with what would do in place of what was given.
    #[must_use]
    pub fn suggest(self, suggestion: impl fmt::Display) -> Self {
        Self {
            suggestion: Some(suggestion.to_string()),
            ..self
        }
    }
}

/// A text of at most so many characters, for a message: a file may have made it as long as it likes.
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

/// Something that the caller should know about an answer that is right all the same: a question that is
/// probably not the one that was meant, or a file that was read otherwise than it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Which kind of input it is about.
    pub code: Code,
    /// A sentence for the person who asked.
    pub message: String,
    /// What would do in place of what was given, where that is known.
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

    /// The same with what would do in place of what was given.
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
    /// `tokenizer.json`, or a text it cannot encode.
    Tokenizer,
    /// The clean prompt.
    Clean,
    /// The corrupted prompt.
    Corrupted,
    /// The two prompts do not fit each other.
    PromptLength,
    /// The answer token.
    Answer,
    /// The distractor token.
    Distractor,
    /// The source head.
    Source,
    /// The component, or another word that must be one of a few.
    Option,
    /// The metric, or the position it reads.
    Metric,
    /// The compute device.
    Device,
    /// A file or a download.
    Io,
    /// The caller cancelled.
    Cancelled,
    /// Something that the browser lacks.
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
