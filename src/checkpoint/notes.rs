//! Warnings about the files of a checkpoint. The model is what transformers loads all the same.

use super::layout::Reason;
use crate::error::{Code, Warning, shortened};

/// The prefix of a checkpoint's tensor names, and the tensors that were ignored.
#[derive(Debug, Default)]
pub struct Notes {
    /// The prefix in front of GPT-2's names; mostly empty.
    pub prefix: String,
    ignored: Vec<(String, Reason)>,
}

impl Notes {
    /// Notes on tensors whose names have a prefix.
    pub fn behind(prefix: String) -> Self {
        Self {
            prefix,
            ignored: Vec::new(),
        }
    }

    /// Note that the tensor of this name is not used.
    pub fn ignore(&mut self, name: String, reason: Reason) {
        self.ignored.push((name, reason));
    }

    /// Add the notes on another file; names stay sorted.
    pub fn append(&mut self, mut other: Self) {
        if !other.prefix.is_empty() {
            self.prefix = other.prefix;
        }
        self.ignored.append(&mut other.ignored);
        self.ignored.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// One warning about the prefix, and one for each reason.
    pub fn warnings(&self) -> Vec<Warning> {
        /// Names of tensors in one warning.
        const SHOWN: usize = 4;
        const REASONS: [(Reason, &str); 7] = [
            (
                Reason::Classifier,
                "a classifier's head, which a language model does not have",
            ),
            (
                Reason::Head,
                "another head, which the language model does not use",
            ),
            (
                Reason::HeadBias,
                "a bias of the logits, which transformers' GPT2LMHeadModel does not have",
            ),
            (
                Reason::CrossAttention,
                "cross-attention, which is not used without an encoder",
            ),
            (
                Reason::Beyond,
                "blocks beyond config.json's n_layer: the model ends before them, as in transformers",
            ),
            (Reason::Buffer, "buffers, which a GPT-2 computes itself"),
            (
                Reason::Other,
                "not a tensor of transformers' GPT2LMHeadModel",
            ),
        ];
        let warning = |(reason, what): (Reason, &str)| {
            let mut names = self.ignored.iter().filter(|(_, why)| *why == reason);
            let shown: Vec<&str> = names.by_ref().take(SHOWN).map(|(n, _)| &n[..]).collect();
            let more = match names.count() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let message = format!("ignored: {}{more} ({what})", shown.join(", "));
            (!shown.is_empty()).then(|| Warning::new(Code::Checkpoint, message))
        };
        let prefix = (!self.prefix.is_empty()).then(|| {
            let message = format!(
                "the model's tensors are those whose names begin with {:?}",
                shortened(&self.prefix, 100)
            );
            Warning::new(Code::Checkpoint, message)
        });
        let reasons = REASONS.into_iter().filter_map(warning);
        prefix.into_iter().chain(reasons).collect()
    }
}
