//! Pairs of prompts, clean and corrupted, checked and laid out as a batch.
//!
//! A pair is two token sequences of one length that differ where the task differs. Pairs of different
//! lengths may share a batch: shorter ones are padded on the right, which by causality changes nothing
//! before the padding, and each pair's metric reads its own last token.

use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
    metric::Targets,
};

/// A clean and a corrupted prompt, and the next tokens that a metric reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptPair {
    /// Token ids of the clean prompt.
    pub clean: Vec<u32>,
    /// Token ids of the corrupted prompt, as many.
    pub corrupted: Vec<u32>,
    /// The right next tokens of the clean prompt: one, a set, or none where no metric needs it.
    pub answers: Vec<u32>,
    /// The tokens that they are compared with, likewise.
    pub distractors: Vec<u32>,
}

impl PromptPair {
    /// Check the pair against a model's vocabulary and context length.
    ///
    /// # Errors
    /// [`Code::Clean`], [`Code::Corrupted`], [`Code::PromptLength`], [`Code::Answer`] or
    /// [`Code::Distractor`].
    pub fn check(&self, config: &Config) -> Result<()> {
        for (code, what, ids) in [
            (Code::Clean, "clean prompt", &self.clean),
            (Code::Corrupted, "corrupted prompt", &self.corrupted),
        ] {
            if ids.is_empty() {
                return Err(Error::new(code, what, "at least 1 token", "none"));
            }
            if ids.len() > config.n_ctx {
                let expected = format!("at most {} tokens (the model's context)", config.n_ctx);
                return Err(Error::new(code, what, expected, ids.len()));
            }
            for id in ids {
                check_id(code, what, *id, config)?;
            }
        }
        if self.clean.len() != self.corrupted.len() {
            return Err(Error::new(
                Code::PromptLength,
                "corrupted prompt",
                format!("as many tokens as the clean prompt ({})", self.clean.len()),
                self.corrupted.len(),
            ));
        }
        for (code, what, ids) in [
            (Code::Answer, "answer", &self.answers),
            (Code::Distractor, "distractor", &self.distractors),
        ] {
            for id in ids {
                check_id(code, what, *id, config)?;
            }
        }
        Ok(())
    }

    /// The first position at which the prompts differ.
    pub fn first_difference(&self) -> Option<usize> {
        let mut both = self.clean.iter().zip(&self.corrupted);
        both.position(|(clean, corrupted)| clean != corrupted)
    }

    /// A position from the start of one from the start, or where it is negative from the end.
    fn position(&self, position: Option<i64>) -> Result<usize> {
        let len = self.clean.len();
        let position = position.unwrap_or(-1);
        let from_start = match usize::try_from(position) {
            Ok(position) => Some(position),
            Err(_) => usize::try_from(position.unsigned_abs())
                .ok()
                .and_then(|back| len.checked_sub(back)),
        };
        from_start.filter(|p| *p < len).ok_or_else(|| {
            let expected = format!(
                "0 to {} or -{len} to -1 (the prompt has {len} tokens, one put in front of it included)",
                len - 1
            );
            Error::new(Code::Metric, "metric position", expected, position)
        })
    }
}

/// An error that names the pair by its number from 1, where there are several.
pub fn in_pair(index: usize, count: usize, error: Error) -> Error {
    match count {
        1 => error,
        _ => Error {
            what: format!("pair {}: {}", index + 1, error.what),
            ..error
        },
    }
}

pub(crate) fn check_id(code: Code, what: &str, id: u32, config: &Config) -> Result<()> {
    if (id as usize) < config.d_vocab {
        return Ok(());
    }
    let expected = format!(
        "token ids below {} (the model's vocabulary)",
        config.d_vocab
    );
    Err(Error::new(code, what, expected, id))
}

/// Checked pairs, laid out as `[batch, pos]`.
#[derive(Debug, Clone)]
pub struct Batch {
    pairs: Vec<PromptPair>,
    positions: Vec<usize>,
}

impl Batch {
    /// Check the pairs; `position` is where the metric reads: counted from the first token, or where it is negative
    /// from the end, each pair's last token being -1 and meant by `None`.
    ///
    /// # Errors
    /// Those of [`PromptPair::check`]; [`Code::Clean`] when there is no pair; [`Code::Metric`] when
    /// `position` lies beyond a prompt. Among several pairs, the pair is named.
    pub fn new(pairs: Vec<PromptPair>, position: Option<i64>, config: &Config) -> Result<Self> {
        if pairs.is_empty() {
            let expected = "at least 1 pair";
            return Err(Error::new(Code::Clean, "prompt pairs", expected, "none"));
        }
        let count = pairs.len();
        let check = |(i, pair): (usize, &PromptPair)| {
            let position = pair.check(config).and_then(|()| pair.position(position));
            position.map_err(|e| in_pair(i, count, e))
        };
        let positions = pairs.iter().enumerate().map(check).collect::<Result<_>>()?;
        Ok(Self { pairs, positions })
    }

    /// The pairs.
    pub fn pairs(&self) -> &[PromptPair] {
        &self.pairs
    }

    /// Where each pair's metric reads.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// What a metric reads of each pair.
    pub fn targets(&self) -> Targets {
        Targets {
            positions: self.positions.clone(),
            answers: self.pairs.iter().map(|p| p.answers.clone()).collect(),
            distractors: self.pairs.iter().map(|p| p.distractors.clone()).collect(),
        }
    }

    /// Tokens of the longest pair.
    pub fn len_pos(&self) -> usize {
        self.pairs.iter().map(|p| p.clean.len()).max().unwrap_or(0)
    }

    /// The first position at which some pair differs, or at which some metric reads if that is earlier:
    /// nothing before it is changed by any patch.
    pub fn first_row(&self) -> usize {
        let differences = self.pairs.iter().filter_map(PromptPair::first_difference);
        let reads = self.positions.iter().copied();
        differences.chain(reads).min().unwrap_or(0)
    }

    /// Clean and corrupted tokens, each `[batch][pos]`, padded on the right with token 0.
    pub fn tokens(&self) -> [Vec<Vec<u32>>; 2] {
        let pos = self.len_pos();
        let padded = |ids: &Vec<u32>| {
            let padding = std::iter::repeat_n(0, pos - ids.len());
            ids.iter().copied().chain(padding).collect()
        };
        [
            self.pairs.iter().map(|p| padded(&p.clean)).collect(),
            self.pairs.iter().map(|p| padded(&p.corrupted)).collect(),
        ]
    }
}
