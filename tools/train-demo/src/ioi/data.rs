//! The data that `ioi-demo` is trained and measured on.
//!
//! It mixes two tasks. Indirect object identification: a sentence with two names, one of them repeated; the next word is
//! the other name. Pairs: distinct words, then pairs of neighbours among them in another order; the second word of each
//! pair can only be found by looking up the earlier occurrence of the first. Name pairs for which [`is_held_out`] is true
//! never occur in training.

use std::collections::HashMap;

use pathpatch::prompt::PromptPair;
use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::words;
use crate::train::{Example, Target};

/// Share of the batch that is sequences of pairs; the rest is IOI.
pub const SHARE_PAIRS: f64 = 0.6;
/// Longest sequence, which is also the model's context.
pub const N_CTX: usize = 32;
const BOS: u32 = 0;

/// The words with their ids, and the kinds that templates choose from.
pub struct Vocabulary {
    /// Every word at its id.
    pub words: Vec<&'static str>,
    ids: HashMap<&'static str, u32>,
    names: Vec<&'static str>,
    places: Vec<&'static str>,
    objects: Vec<&'static str>,
    /// Ids of the words for sequences of pairs.
    content: Vec<u32>,
}

/// Words, and the positions after which the model should know the next word.
pub struct Sequence {
    pub ids: Vec<u32>,
    pub known_at: Vec<usize>,
}

/// A prompt pair for induction, and the positions of its parts.
pub struct Induction {
    pub pair: PromptPair,
    /// The word after the earlier occurrence of the last word.
    pub successor: usize,
}

const TEMPLATES: [&str; 8] = [
    "When {A} and {B} went to the {P} , {S} gave a {O} to",
    "When {A} and {B} were at the {P} , {S} handed a {O} to",
    "Then {A} and {B} went to the {P} . {S} gave a {O} to",
    "Then {A} and {B} had a long day at the {P} . {S} passed a {O} to",
    "After {A} and {B} went to the {P} , {S} offered a {O} to",
    "After the meeting {A} and {B} went to the {P} . {S} decided to give a {O} to",
    "While {A} and {B} were working at the {P} , {S} handed the {O} to",
    "While {A} and {B} were at the {P} together , {S} decided to offer a {O} to",
];

impl Default for Vocabulary {
    fn default() -> Self {
        let split = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        let (names, places) = (split(words::NAMES), split(words::PLACES));
        let (objects, nouns) = (split(words::OBJECTS), split(words::NOUNS));
        let mut all = words::SPECIAL.to_vec();
        all.extend(split(words::FUNCTION));
        let first_content = all.len() as u32;
        for kind in [&names, &places, &objects, &nouns] {
            all.extend(kind);
        }
        Self {
            ids: all.iter().zip(0..).map(|(w, i)| (*w, i)).collect(),
            content: (first_content..all.len() as u32).collect(),
            words: all,
            names,
            places,
            objects,
        }
    }
}

impl Vocabulary {
    /// A training batch; its loss is the mean over the words that the model should know.
    pub fn examples(&self, n: usize, share_pairs: f64, rng: &mut ChaCha8Rng) -> Vec<Example> {
        let sequence = |rng: &mut ChaCha8Rng| {
            if rng.random_bool(share_pairs) {
                self.pairs_sequence(rng)
            } else {
                self.ioi_sequence(rng)
            }
        };
        let sequences: Vec<Sequence> = (0..n).map(|_| sequence(rng)).collect();
        let n_known: usize = sequences.iter().map(|s| s.known_at.len()).sum();
        let weight = 1.0 / n_known as f32;
        let example = |Sequence { ids, known_at }: Sequence| {
            let target = |at: usize| Target {
                at,
                tokens: vec![(ids[at + 1], weight)],
            };
            let targets = known_at.into_iter().map(target).collect();
            Example { ids, targets }
        };
        sequences.into_iter().map(example).collect()
    }

    /// Ids of a text of known words, after the beginning-of-text token.
    fn ids(&self, text: &str) -> Vec<u32> {
        let words = text.split_whitespace().map(|word| self.ids[word]);
        std::iter::once(BOS).chain(words).collect()
    }

    /// An IOI prompt whose names are held out or not, and the same prompt with the other name in the second clause.
    pub fn ioi(&self, rng: &mut ChaCha8Rng, held_out: bool) -> PromptPair {
        let (a, b) = loop {
            let a = rng.random_range(0..self.names.len());
            let b = rng.random_range(0..self.names.len());
            if a != b && is_held_out(a, b) == held_out {
                break (self.names[a], self.names[b]);
            }
        };
        let template = pick(rng, &TEMPLATES)
            .replace("{A}", a)
            .replace("{B}", b)
            .replace("{P}", pick::<&str>(rng, &self.places))
            .replace("{O}", pick::<&str>(rng, &self.objects));
        let (subject, indirect) = if rng.random() { (a, b) } else { (b, a) };
        PromptPair {
            clean: self.ids(&template.replace("{S}", subject)),
            corrupted: self.ids(&template.replace("{S}", indirect)),
            answers: vec![self.ids[indirect]],
            distractors: vec![self.ids[subject]],
        }
    }

    /// An IOI sentence with its answer.
    fn ioi_sequence(&self, rng: &mut ChaCha8Rng) -> Sequence {
        let prompt = self.ioi(rng, false);
        let mut ids = prompt.clean;
        let known_at = vec![ids.len() - 1];
        ids.extend(prompt.answers);
        Sequence { ids, known_at }
    }

    /// Distinct words, then shuffled pairs of neighbours.
    pub fn pairs_sequence(&self, rng: &mut ChaCha8Rng) -> Sequence {
        let (mut ids, starts) = self.pairs_prefix(rng);
        let mut known_at = Vec::new();
        for start in starts {
            ids.extend([ids[start], ids[start + 1]]);
            known_at.push(ids.len() - 2);
        }
        Sequence { ids, known_at }
    }

    /// Distinct words, one or two pairs, then the first word of another pair; the answer is its second word. In the
    /// corrupted prompt, the earlier occurrence of that first word is replaced by another word.
    pub fn induction(&self, rng: &mut ChaCha8Rng) -> Induction {
        let (mut clean, starts) = self.pairs_prefix(rng);
        // One pair is the question, and one gives the distractor.
        let n_before = rng.random_range(1..=starts.len() - 2).min(2);
        for start in &starts[..n_before] {
            clean.extend([clean[*start], clean[start + 1]]);
        }
        let (earlier, other) = (starts[n_before], starts[n_before + 1]);
        let (answer, distractor) = (clean[earlier + 1], clean[other + 1]);
        clean.push(clean[earlier]);
        let mut corrupted = clean.clone();
        corrupted[earlier] = loop {
            let word = *pick(rng, &self.content);
            if !clean.contains(&word) {
                break word;
            }
        };
        let successor = earlier + 1;
        let pair = PromptPair {
            clean,
            corrupted,
            answers: vec![answer],
            distractors: vec![distractor],
        };
        Induction { pair, successor }
    }

    /// The beginning-of-text token and distinct words, and the shuffled start positions of pairs of neighbours; no two
    /// pairs share a word.
    fn pairs_prefix(&self, rng: &mut ChaCha8Rng) -> (Vec<u32>, Vec<usize>) {
        let n_words = rng.random_range(8..=14);
        let words = rand::seq::index::sample(rng, self.content.len(), n_words);
        let mut ids = vec![BOS];
        ids.extend(words.iter().map(|i| self.content[i]));
        let offset = rng.random_range(1..=2);
        let mut starts: Vec<usize> = (offset..n_words).step_by(2).collect();
        starts.shuffle(rng);
        (ids, starts)
    }
}

/// Whether a pair of names, given by their indices in the list, is held out from training.
fn is_held_out(a: usize, b: usize) -> bool {
    (a + b).is_multiple_of(7)
}

fn pick<'a, T>(rng: &mut ChaCha8Rng, of: &'a [T]) -> &'a T {
    &of[rng.random_range(0..of.len())]
}
