//! Measures what `years-demo` can do and which edges do it, for its README and a test.

use pathpatch::{error::Result, gpt2::Gpt2, pause::NoPause};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::data::{CORRUPTED, LAST, Sentence, Vocabulary, YEAR_AT};
use crate::{
    graph::{Edge, Plain, softmax},
    predict::{host, last_logits},
};

/// Number of sentences per year for the probability differences.
const N_PER_YEAR: usize = 4;
/// Number of prompt pairs that edges are averaged over.
pub const N_PAIRS: usize = 16;
/// The clean prompts' year.
pub const CLEAN: usize = 41;
/// Seed of the sentences; it differs from training's.
const SEED: u64 = 1_000_003;

/// The figures. Heads are numbered `layer * n_heads + head`.
pub struct Measured {
    /// Probability of the years above minus that of the others, averaged over sentences with years 00 to 98.
    pub prob_diff: f64,
    /// The year with the lowest mean over its sentences, and that mean.
    pub lowest: (usize, f64),
    /// The mean over clean sentences, with year 41.
    pub clean: f64,
    /// The mean over the same sentences with year 01, still for the years above 41.
    pub corrupted: f64,
    /// Each head's mean attention from the last word to the year.
    pub to_year: Vec<f32>,
    /// Edges by mean effect, normalised between corrupted (0) and clean (1), strongest first.
    pub edges: Vec<Edge>,
}

/// Probability of the years above `year` minus that of the others.
pub fn prob_diff(vocabulary: &Vocabulary, year: usize, logits: &[f64]) -> f64 {
    let probabilities = softmax(logits);
    let (others, above) = probabilities[vocabulary.first_year()..].split_at(year + 1);
    above.iter().sum::<f64>() - others.iter().sum::<f64>()
}

/// Pairs of held-out prompts, clean and corrupted.
pub fn pairs(vocabulary: &Vocabulary) -> Vec<[Vec<u32>; 2]> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let pair = |_| {
        let clean = Sentence::sample_held_out(&mut rng, Some(CLEAN));
        [clean, clean.with_year(CORRUPTED)].map(|sentence| vocabulary.ids(&sentence))
    };
    (0..N_PAIRS).map(pair).collect()
}

/// Measure a model on sentences held out from training.
///
/// # Errors
/// The errors of a run.
pub fn measure(model: &Gpt2) -> Result<Measured> {
    let vocabulary = Vocabulary::default();
    let by_year = prob_diffs(model, &vocabulary)?;
    let years = by_year.iter().copied().enumerate();
    let lowest = years.min_by(|(_, a), (_, b)| a.total_cmp(b));
    let pairs = pairs(&vocabulary);
    let plain = Plain::new(model);
    let metric = |logits: &[f64]| prob_diff(&vocabulary, CLEAN, logits);
    let mean = |i: usize| {
        let values = pairs.iter().map(|pair| metric(&plain.logits(&pair[i])));
        values.sum::<f64>() / pairs.len() as f64
    };
    let (clean, corrupted) = (mean(0), mean(1));
    let mut edges: Vec<Edge> = Vec::new();
    for [clean, corrupted] in &pairs {
        let values = plain.edges(clean, corrupted, &metric);
        match &mut edges[..] {
            [] => edges = values,
            edges => edges
                .iter_mut()
                .zip(values)
                .for_each(|(sum, edge)| sum.value += edge.value),
        }
    }
    for edge in &mut edges {
        edge.value = (edge.value / pairs.len() as f64 - corrupted) / (clean - corrupted);
    }
    edges.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    Ok(Measured {
        prob_diff: by_year.iter().sum::<f64>() / by_year.len() as f64,
        lowest: lowest.expect("there are years"),
        clean,
        corrupted,
        to_year: attention(model, pairs.into_iter().map(|[clean, _]| clean).collect())?,
        edges,
    })
}

/// Mean probability difference for each year, with the library's forward pass.
fn prob_diffs(model: &Gpt2, vocabulary: &Vocabulary) -> Result<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let of_year = |year: usize| (0..N_PER_YEAR).map(move |_| year);
    let sentences: Vec<Sentence> = (0..=LAST)
        .flat_map(of_year)
        .map(|year| Sentence::sample_held_out(&mut rng, Some(year)))
        .collect();
    let logits = last_logits(model, sentences.iter().map(|s| vocabulary.ids(s)))?;
    let mut sums = vec![0.0; LAST + 1];
    for (sentence, logits) in sentences.iter().zip(logits) {
        let logits: Vec<f64> = logits.into_iter().map(f64::from).collect();
        sums[sentence.year] += prob_diff(vocabulary, sentence.year, &logits) / N_PER_YEAR as f64;
    }
    Ok(sums)
}

/// Each head's mean attention from the last word to the year.
fn attention(model: &Gpt2, prompts: Vec<Vec<u32>>) -> Result<Vec<f32>> {
    let cache = pollster::block_on(model.run_with_cache(&prompts, &NoPause))?;
    let (n_heads, pos) = (model.config.n_heads, prompts[0].len());
    let mut means = Vec::new();
    for block in cache.blocks {
        let pattern = host(block.pattern);
        for head in 0..n_heads {
            let at = |i: usize| pattern[((i * n_heads + head) * pos + pos - 1) * pos + YEAR_AT];
            let sum: f32 = (0..prompts.len()).map(at).sum();
            means.push(sum / prompts.len() as f32);
        }
    }
    Ok(means)
}
