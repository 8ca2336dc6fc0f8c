//! Sentences of the greater-than task after Hanna et al. (2023): `the war lasted from the year 17 41 to the year 17`
//! continues with a year above 41.
//!
//! A year is two words, a century and two digits, so a tokenizer that splits at spaces gives two tokens. Sentences for
//! which [`Sentence::is_held_out`] is true never occur in training.

use std::collections::HashMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::train::{Example, Target};

/// Longest sentence and the model's context, in tokens.
pub const N_CTX: usize = 16;
/// The corrupted prompt's year, chosen so that nearly all years are above it.
pub const CORRUPTED: usize = 1;
/// Centuries that sentences are set in.
pub const CENTURIES: std::ops::RangeInclusive<usize> = 10..=19;
/// The last year that has a later one.
pub const LAST: usize = 98;
/// Weight in the loss of the words after the first year; the second year has weight 1.
pub const SHARE_TAIL: f32 = 0.2;

const BOS: u32 = 0;
/// The beginning-of-text token and the unknown token, with ids 0 and 1.
const SPECIAL: [&str; 2] = ["<|endoftext|>", "[UNK]"];
const FUNCTION: [&str; 4] = ["the", "from", "year", "to"];
/// What lasted.
pub const NOUNS: [&str; 16] = [
    "war",
    "siege",
    "reign",
    "drought",
    "famine",
    "voyage",
    "trial",
    "truce",
    "plague",
    "festival",
    "project",
    "dispute",
    "rebellion",
    "expedition",
    "alliance",
    "journey",
];
/// What it did.
pub const VERBS: [&str; 4] = ["lasted", "ran", "stretched", "went"];

/// The words by id: special and common words, nouns, verbs, then the hundred years in order.
pub struct Vocabulary {
    /// Every word at its id.
    pub words: Vec<String>,
    ids: HashMap<String, u32>,
}

/// The choices that make up a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Sentence {
    noun: usize,
    verb: usize,
    century: usize,
    /// The first year, without its century.
    pub year: usize,
}

impl Sentence {
    /// Any sentence.
    fn sample(rng: &mut ChaCha8Rng) -> Self {
        Self {
            noun: rng.random_range(0..NOUNS.len()),
            verb: rng.random_range(0..VERBS.len()),
            century: rng.random_range(CENTURIES),
            year: rng.random_range(0..=LAST),
        }
    }

    /// A sentence that is held out from training, with this year if one is given.
    pub fn sample_held_out(rng: &mut ChaCha8Rng, year: Option<usize>) -> Self {
        loop {
            let mut sentence = Self::sample(rng);
            sentence.year = year.unwrap_or(sentence.year);
            if sentence.is_held_out() {
                return sentence;
            }
        }
    }

    fn sample_trained(rng: &mut ChaCha8Rng) -> Self {
        loop {
            let sentence = Self::sample(rng);
            if !sentence.is_held_out() {
                return sentence;
            }
        }
    }

    /// Whether the sentence is held out from training, as every seventh is.
    fn is_held_out(&self) -> bool {
        (self.noun + self.verb + self.century + self.year).is_multiple_of(7)
    }

    /// The same sentence with another first year.
    pub fn with_year(self, year: usize) -> Self {
        Self { year, ..self }
    }

    /// Its words before the second year.
    fn words(&self) -> Vec<String> {
        let (noun, verb) = (NOUNS[self.noun], VERBS[self.verb]);
        let (century, year) = (self.century, self.year);
        let text =
            format!("the {noun} {verb} from the year {century} {year:02} to the year {century}");
        text.split(' ').map(str::to_string).collect()
    }
}

/// Mean entropy of the targets after the last word, in nats: a lower bound for any model's loss.
pub fn entropy() -> f64 {
    let entropies = (0..=LAST).map(|year| ((99 - year) as f64).ln());
    entropies.sum::<f64>() / (LAST + 1) as f64
}

/// The position of the first year's two digits among a sentence's tokens.
pub const YEAR_AT: usize = 8;

impl Default for Vocabulary {
    fn default() -> Self {
        let words = SPECIAL.iter().chain(&FUNCTION).chain(&NOUNS).chain(&VERBS);
        let years = (0..100).map(|year| format!("{year:02}"));
        let words: Vec<String> = words.map(|word| word.to_string()).chain(years).collect();
        Self {
            ids: words.iter().cloned().zip(0..).collect(),
            words,
        }
    }
}

impl Vocabulary {
    /// The token of the year 00; the others follow in order.
    pub fn first_year(&self) -> usize {
        self.words.len() - 100
    }

    /// Tokens of a sentence, after the beginning-of-text token.
    pub fn ids(&self, sentence: &Sentence) -> Vec<u32> {
        let words = sentence.words();
        let ids = words.iter().map(|word| self.ids[word]);
        std::iter::once(BOS).chain(ids).collect()
    }

    /// A training batch. The loss after the last word is the cross-entropy to the uniform distribution over the years
    /// above. The loss on the words after the first year is added, which teaches the model to copy the century.
    pub fn examples(&self, n: usize, rng: &mut ChaCha8Rng) -> Vec<Example> {
        let of = |rng: &mut ChaCha8Rng| {
            let sentence = Sentence::sample_trained(rng);
            let ids = self.ids(&sentence);
            let last = ids.len() - 1;
            let tail = SHARE_TAIL / ((last - YEAR_AT) * n) as f32;
            let next = |at: usize| Target {
                at,
                tokens: vec![(ids[at + 1], tail)],
            };
            let mut targets: Vec<Target> = (YEAR_AT..last).map(next).collect();
            let above = sentence.year + 1..100;
            let weight = 1.0 / (above.len() * n) as f32;
            let token = |year| ((self.first_year() + year) as u32, weight);
            targets.push(Target {
                at: last,
                tokens: above.map(token).collect(),
            });
            Example { ids, targets }
        };
        (0..n).map(|_| of(rng)).collect()
    }
}
