//! The batched sweep against the oracle of one full forward pass an edge, to 1e-4 absolute.

use burn::tensor::Tensor;
use pathpatch::{
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{Component, Runs, all_heads},
    prompt::{Batch, PromptPair},
};

use crate::{
    common::{RANDOM_MODELS, max_difference, metric, random_model, sweep_all},
    oracle::Oracle,
};

const TOLERANCE: f32 = 1e-4;
const COMPONENTS: [Component; 3] = [Component::Q, Component::K, Component::V];

/// Mean over the pairs of `read(logits, pair, position)`, for every edge.
fn oracle_sweep(
    model: &Gpt2,
    batch: &Batch,
    component: Component,
    read: impl Fn(&[Vec<f64>], &PromptPair, usize) -> f64,
) -> Vec<f32> {
    let oracle = Oracle::new(model);
    let heads = all_heads(&model.config);
    let mut sums = vec![0.0; heads.len() * heads.len()];
    for (pair, position) in batch.pairs().iter().zip(batch.positions()) {
        let (clean, corrupted) = (oracle.run(&pair.clean), oracle.run(&pair.corrupted));
        for (i, src) in heads.iter().enumerate() {
            for (j, dst) in heads
                .iter()
                .enumerate()
                .filter(|(_, d)| d.layer > src.layer)
            {
                let logits = oracle.patched_logits(pair, &clean, &corrupted, *src, *dst, component);
                sums[i * heads.len() + j] += read(&logits, pair, *position);
            }
        }
    }
    let n = batch.pairs().len() as f64;
    sums.into_iter().map(|s| (s / n) as f32).collect()
}

fn logit_diff(logits: &[Vec<f64>], pair: &PromptPair, position: usize) -> f64 {
    let at = |id: Option<u32>| logits[position][id.unwrap() as usize];
    at(pair.answer) - at(pair.distractor)
}

fn check_logit_diff(model: &Gpt2, batch: &Batch, what: &str) {
    let runs = Runs::new(model, batch);
    let metric = metric(MetricKind::LogitDiff, &runs, batch);
    for component in COMPONENTS {
        let grid = sweep_all(&runs, &metric, component);
        let expected = oracle_sweep(model, batch, component, logit_diff);
        let difference = max_difference(&grid, &expected);
        assert!(difference < TOLERANCE, "{what} {component:?}: {difference}");
    }
}

#[test]
fn batches_whose_lengths_and_first_differences_differ() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
        check_logit_diff(&model, &batch, name);
    }
}

#[test]
fn a_metric_before_after_and_at_the_first_difference() {
    let (model, expected) = random_model("prefixed-f32");
    let first_difference = 4;
    for position in [0, 2, first_difference, first_difference + 1, 7] {
        let batch = Batch::new(expected.batch.pairs(), Some(position), &model.config).unwrap();
        check_logit_diff(&model, &batch, &format!("position {position}"));
    }
}

#[test]
fn a_difference_in_the_last_token_alone() {
    let (model, expected) = random_model("untied-bf16");
    let mut pair = expected.batch.pairs().remove(0);
    pair.corrupted = pair.clean.clone();
    *pair.corrupted.last_mut().unwrap() ^= 1;
    let batch = Batch::new(vec![pair], None, &model.config).unwrap();
    check_logit_diff(&model, &batch, "last token");
}

#[test]
fn a_closure_that_reads_all_logits() {
    let (model, expected) = random_model("untied-bf16");
    let pairs = expected.batch.pairs();
    let batch = Batch::new(pairs[1..].to_vec(), None, &model.config).unwrap();
    let runs = Runs::new(&model, &batch);
    // The mean square of all logits at all positions.
    let closure = |logits: Tensor<3>| logits.square().mean();
    let grid = sweep_all(&runs, &closure, Component::V);
    let read = |logits: &[Vec<f64>], _: &PromptPair, _| {
        let all: Vec<f64> = logits.iter().flatten().map(|x| x * x).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    let expected = oracle_sweep(&model, &batch, Component::V, read);
    let difference = max_difference(&grid, &expected);
    assert!(difference < TOLERANCE, "{difference}");
}
