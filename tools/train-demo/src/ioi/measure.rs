//! Measures what `ioi-demo` can do and which heads do it, for its README and a test.

use pathpatch::{
    error::Result,
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{
        Component, Grid, Runs, SweepOptions, Update, all_heads,
        get_act_patch_direct_path_all_sources,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::data::{Induction, Vocabulary};
use crate::predict::{host, last_logits};

/// Number of prompts for each figure.
const N_PROMPTS: usize = 400;
/// Number of prompts that the sweeps are averaged over.
const N_SWEPT: usize = 64;
/// Seed of the prompts; it differs from training's.
const SEED: u64 = 1_000_003;

/// One edge and its mean normalised effect.
pub struct Edge {
    pub src: usize,
    pub dst: usize,
    pub effect: f32,
}

/// The figures. Heads are numbered `layer * n_heads + head`.
pub struct Measured {
    /// Share of held-out IOI prompts on which the indirect object's logit is above the subject's.
    pub ioi_accuracy: f32,
    /// Share of pairs whose second word is the most likely one.
    pub pairs_accuracy: f32,
    /// Each head's mean attention to the previous position, from the words of induction prompts.
    pub to_previous: Vec<f32>,
    /// Each head's mean attention from the last word to the word after its earlier occurrence.
    pub to_successor: Vec<f32>,
    /// Edges by mean normalised effect on induction prompts, strongest first, for q, k and v.
    pub edges: [Vec<Edge>; 3],
}

/// Measure a model.
///
/// # Errors
/// The errors of a sweep.
pub fn measure(model: &Gpt2) -> Result<Measured> {
    let vocabulary = Vocabulary::default();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let ioi: Vec<_> = (0..N_PROMPTS)
        .map(|_| vocabulary.ioi(&mut rng, true))
        .collect();
    let induction: Vec<_> = (0..N_PROMPTS)
        .map(|_| vocabulary.induction(&mut rng))
        .collect();
    let (to_previous, to_successor) = attention(model, &induction)?;
    let swept = &induction[..N_SWEPT];
    Ok(Measured {
        ioi_accuracy: ioi_accuracy(model, &ioi)?,
        pairs_accuracy: pairs_accuracy(model, &mut rng, &vocabulary)?,
        to_previous,
        to_successor,
        edges: [
            strongest(model, swept, Component::Q)?,
            strongest(model, swept, Component::K)?,
            strongest(model, swept, Component::V)?,
        ],
    })
}

fn ioi_accuracy(model: &Gpt2, prompts: &[PromptPair]) -> Result<f32> {
    let logits = last_logits(model, prompts.iter().map(|p| p.clean.clone()))?;
    let right = prompts.iter().zip(&logits).filter(|(prompt, logits)| {
        let of = |ids: &[u32]| logits[ids[0] as usize];
        of(&prompt.answers) > of(&prompt.distractors)
    });
    Ok(right.count() as f32 / prompts.len() as f32)
}

fn pairs_accuracy(model: &Gpt2, rng: &mut ChaCha8Rng, vocabulary: &Vocabulary) -> Result<f32> {
    let mut prompts = Vec::new();
    let mut answers = Vec::new();
    while prompts.len() < N_PROMPTS {
        let sequence = vocabulary.pairs_sequence(rng);
        for at in sequence.known_at {
            prompts.push(sequence.ids[..=at].to_vec());
            answers.push(sequence.ids[at + 1]);
        }
    }
    let logits = last_logits(model, prompts.into_iter())?;
    let right = answers.iter().zip(&logits).filter(|(answer, logits)| {
        let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
        best == Some(**answer as usize)
    });
    Ok(right.count() as f32 / answers.len() as f32)
}

/// Each head's mean attention to the previous position and to the earlier occurrence's successor.
fn attention(model: &Gpt2, prompts: &[Induction]) -> Result<(Vec<f32>, Vec<f32>)> {
    let pairs = prompts.iter().map(|p| p.pair.clone()).collect();
    let batch = Batch::new(pairs, None, &model.config)?;
    let [clean, _] = batch.tokens();
    let cache = pollster::block_on(model.run_with_cache(&clean, &NoPause))?;
    let (n, pos) = (prompts.len(), batch.len_pos());
    let mut to_previous = Vec::new();
    let mut to_successor = Vec::new();
    for block in cache.blocks {
        let pattern = host(block.pattern);
        for head in 0..model.config.n_heads {
            let at = |i: usize, query: usize, key: usize| {
                pattern[((i * model.config.n_heads + head) * pos + query) * pos + key]
            };
            let (mut previous, mut n_previous, mut successor) = (0.0, 0, 0.0);
            for (i, prompt) in prompts.iter().enumerate() {
                let last = prompt.pair.clean.len() - 1;
                // From the second word on; the first can only attend to the beginning-of-text token and itself.
                previous += (2..=last).map(|q| at(i, q, q - 1)).sum::<f32>();
                n_previous += last - 1;
                successor += at(i, last, prompt.successor);
            }
            to_previous.push(previous / n_previous as f32);
            to_successor.push(successor / n as f32);
        }
    }
    Ok((to_previous, to_successor))
}

/// Mean of each prompt's normalised sweep, strongest edge first.
fn strongest(model: &Gpt2, prompts: &[Induction], component: Component) -> Result<Vec<Edge>> {
    let mut sums: Vec<f32> = Vec::new();
    for prompt in prompts {
        let grid = normalized_sweep(model, &prompt.pair, component)?;
        sums.resize(grid.values.len(), 0.0);
        sums.iter_mut().zip(&grid.values).for_each(|(s, v)| *s += v);
    }
    let n_heads = all_heads(&model.config).len();
    let mut edges: Vec<Edge> = sums
        .iter()
        .enumerate()
        .filter(|(_, sum)| !sum.is_nan())
        .map(|(i, sum)| Edge {
            src: i / n_heads,
            dst: i % n_heads,
            effect: sum / prompts.len() as f32,
        })
        .collect();
    edges.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    Ok(edges)
}

fn normalized_sweep(model: &Gpt2, pair: &PromptPair, component: Component) -> Result<Grid> {
    let batch = Batch::new(vec![pair.clone()], None, &model.config)?;
    let runs = Runs::new(model, &batch, &NoPause);
    let metric = pollster::block_on(runs.metric(MetricKind::NormalizedLogitDiff))?;
    pollster::block_on(get_act_patch_direct_path_all_sources(
        &runs,
        &metric,
        component,
        SweepOptions::default(),
        |_: Update<'_>| Ok(()),
    ))
}
