//! Checks pairs of clean and corrupted prompts and lays them out as a batch.
//!
//! The two prompts of a pair have the same number of tokens and differ where the task differs. Pairs of different
//! lengths may share a batch: shorter ones are padded on the right. Attention is causal, so padding changes nothing
//! before it, and each pair's metric reads its own last token.

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
    /// Token ids of the corrupted prompt, equally many.
    pub corrupted: Vec<u32>,
    /// The right next tokens of the clean prompt: one, several, or none if the metric needs none.
    pub answers: Vec<u32>,
    /// The tokens that the answers are compared with: one, several or none.
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

    /// Convert a position that may count from the end (negative) to one from the start.
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
                "0 to {} or -{len} to -1 (the prompt has {len} tokens, including one added in front)",
                len - 1
            );
            Error::new(Code::Metric, "metric position", expected, position)
        })
    }
}

/// Put the pair's number, counted from 1, into an error if there are several pairs.
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
    /// Check the pairs. `position` is where the metric reads, counted from 0, or from the end if it is negative: -1, the
    /// default, is each pair's last token.
    ///
    /// # Errors
    /// The errors of [`PromptPair::check`]; [`Code::Clean`] when there is no pair; [`Code::Metric`] when `position` is
    /// outside a prompt. If there are several pairs, the error names the pair.
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

    /// One of its pairs by itself.
    ///
    /// # Errors
    /// [`Code::Option`] for a number that no pair has.
    pub fn only(&self, pair: usize) -> Result<Self> {
        let count = self.pairs.len();
        if pair >= count {
            let expected = format!("0 to {} (the pairs, counted from 0)", count - 1);
            return Err(Error::new(Code::Option, "pair", expected, pair));
        }
        Ok(Self {
            pairs: vec![self.pairs[pair].clone()],
            positions: vec![self.positions[pair]],
        })
    }

    /// The pairs.
    pub fn pairs(&self) -> &[PromptPair] {
        &self.pairs
    }

    /// The position at which each pair's metric reads.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// What a metric reads for each pair.
    pub fn targets(&self) -> Targets {
        Targets {
            positions: self.positions.clone(),
            answers: self.pairs.iter().map(|p| p.answers.clone()).collect(),
            distractors: self.pairs.iter().map(|p| p.distractors.clone()).collect(),
        }
    }

    /// Number of tokens of the longest pair.
    pub fn len_pos(&self) -> usize {
        self.pairs.iter().map(|p| p.clean.len()).max().unwrap_or(0)
    }

    /// The first position at which any pair differs or any metric reads. No patch changes anything before it.
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
