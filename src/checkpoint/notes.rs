//! What a user should know of a checkpoint's files, though the model is as transformers loads it.

use super::layout::Reason;
use crate::error::{Code, Warning, shortened};

/// What its tensors' names begin with, and those that were passed over.
#[derive(Debug, Default)]
pub struct Notes {
    /// What begins the names and is none of GPT-2's; mostly nothing.
    pub prefix: String,
    passed_over: Vec<(String, Reason)>,
}

impl Notes {
    /// Notes of tensors whose names have a prefix.
    pub fn behind(prefix: String) -> Self {
        Self {
            prefix,
            passed_over: Vec::new(),
        }
    }

    /// Note that the tensor of this name is not used.
    pub fn pass_over(&mut self, name: String, reason: Reason) {
        self.passed_over.push((name, reason));
    }

    /// Add what is known of another file; names are in their order.
    pub fn append(&mut self, mut other: Self) {
        if !other.prefix.is_empty() {
            self.prefix = other.prefix;
        }
        self.passed_over.append(&mut other.passed_over);
        self.passed_over.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// A warning of the prefix, and one for each reason.
    pub fn warnings(&self) -> Vec<Warning> {
        /// Names of tensors shown.
        const SHOWN: usize = 4;
        const REASONS: [(Reason, &str); 7] = [
            (
                Reason::Classifier,
                "a classifier's head, which a language model does not have",
            ),
            (
                Reason::Head,
                "a further head, which the language model does not use",
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
            (Reason::Other, "no tensor of transformers' GPT2LMHeadModel"),
        ];
        let warning = |(reason, what): (Reason, &str)| {
            let mut names = self.passed_over.iter().filter(|(_, why)| *why == reason);
            let shown: Vec<&str> = names.by_ref().take(SHOWN).map(|(n, _)| &n[..]).collect();
            let more = match names.count() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let message = format!("passed over: {}{more} ({what})", shown.join(", "));
            (!shown.is_empty()).then(|| Warning::new(Code::Checkpoint, message))
        };
        let prefix = (!self.prefix.is_empty()).then(|| {
            let message = format!(
                "the model is the one whose tensors' names begin with {:?}",
                shortened(&self.prefix, 100)
            );
            Warning::new(Code::Checkpoint, message)
        });
        let reasons = REASONS.into_iter().filter_map(warning);
        prefix.into_iter().chain(reasons).collect()
    }
}
