//! What a user should know of a checkpoint's files, though the model is as transformers loads it.

use super::layout::Reason;
use crate::error::{Code, Warning};

/// Tensors that were passed over.
#[derive(Debug, Default)]
pub struct Notes {
    passed_over: Vec<(String, Reason)>,
}

impl Notes {
    /// Note that the tensor of this name is not used.
    pub fn pass_over(&mut self, name: String, reason: Reason) {
        self.passed_over.push((name, reason));
    }

    /// Put names in order.
    pub fn sort(&mut self) {
        self.passed_over.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// Add what is known of another file.
    pub fn append(&mut self, mut other: Self) {
        self.passed_over.append(&mut other.passed_over);
    }

    /// A warning for each reason.
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
        REASONS.into_iter().filter_map(warning).collect()
    }
}
