//! Prompts and a metric as they come from a person or a program, before tokenisation.

use crate::metric::MetricKind;
#[cfg(doc)]
use crate::session::Session;

/// A prompt as it comes from a person or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Text to tokenise.
    Text(String),
    /// Token ids, taken as they are.
    Ids(Vec<u32>),
}

/// An answer as it comes from a person or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Text that is one token, or that names several: `41|42`, or `42..99` for the numbers from 42 to 99. See
    /// [`Session::answer_tokens`].
    Text(String),
    /// A token id.
    Id(u32),
}

/// A pair of prompts before tokenisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairRequest {
    /// The clean prompt.
    pub clean: Prompt,
    /// The corrupted prompt.
    pub corrupted: Prompt,
    /// The right next tokens of the clean prompt; empty where the metric needs none.
    pub answers: Vec<Answer>,
    /// The tokens they are compared with, likewise.
    pub distractors: Vec<Answer>,
}

/// Prompts, and what to measure on them.
#[derive(Debug, Clone)]
pub struct MetricRequest {
    /// The prompts; metrics are means over them.
    pub pairs: Vec<PairRequest>,
    /// The metric.
    pub metric: MetricKind,
    /// Where the metric reads: counted from the first token, one put in front included, or where it is negative from
    /// the end; at each prompt's last token where `None`.
    pub position: Option<i64>,
    /// Whether texts get the model's beginning-of-text token in front.
    pub prepend_bos: bool,
}
