//! Every entry of sweeps agrees with the oracle, which runs one full forward pass per edge, to 1e-4 absolute.

use burn::tensor::Tensor;
use pathpatch::{
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{
        Component, Head, LayerNorm, Memory, SweepOptions, all_heads,
        graph::{Edge, Receiver, Sender},
    },
    prompt::{Batch, PromptPair},
};

use crate::{
    common::{
        RANDOM_MODELS, max_difference, metric, random_model, run_pairs, sweep_all, sweep_all_within,
    },
    oracle::edges::{Edges, How, Read},
};

const TOLERANCE: f32 = 1e-4;
const COMPONENTS: [Component; 3] = [Component::Q, Component::K, Component::V];

/// The metric for each edge between heads with the fraction `amount` of its change patched in, `[src, dst]` over all
/// heads; 0 where there is no path.
fn oracle_sweep(
    model: &Gpt2,
    batch: &Batch,
    (component, layer_norm): (Component, LayerNorm),
    amount: f64,
    read: Read,
) -> Vec<f64> {
    let edges = Edges::new(model, batch);
    let how = How {
        layer_norm,
        ..How::default()
    };
    let heads = all_heads(&model.config);
    let of_src = |src: &Head| {
        let from = Sender::Head(*src);
        let value = |dst: &Head| {
            let to = Receiver::Head(*dst, component);
            let edge = Edge { from, to };
            match edge.exists(model.config.n_layers) {
                true => edges.value(edge, how, amount, read),
                false => 0.0,
            }
        };
        heads.iter().map(value).collect::<Vec<f64>>()
    };
    heads.iter().flat_map(of_src).collect()
}

fn to_f32(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|x| x as f32).collect()
}

fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let total: f64 = logits.iter().map(|x| x.exp()).sum();
    logits.iter().map(|x| x - total.ln()).collect()
}

/// The summed probability of a set of tokens.
fn prob_of(logits: &[f64], ids: &[u32]) -> f64 {
    let log_probs = log_softmax(logits);
    ids.iter().map(|id| log_probs[*id as usize].exp()).sum()
}

/// Several answers and distractors for each pair, more for later pairs; no token is in both.
pub fn with_sets(mut pairs: Vec<PromptPair>, d_vocab: usize) -> Vec<PromptPair> {
    for (i, pair) in pairs.iter_mut().enumerate() {
        let (odd, even): (Vec<u32>, Vec<u32>) = (0..d_vocab as u32).partition(|id| id % 2 == 1);
        pair.answers = odd[i..2 * i + 3].to_vec();
        pair.distractors = even[..i + 2].to_vec();
    }
    pairs
}

/// The metrics that take sets.
pub const OF_SETS: [MetricKind; 3] = [MetricKind::Prob, MetricKind::ProbDiff, MetricKind::LogProb];

/// The built-in metrics in plain f64.
pub fn read_of(kind: MetricKind) -> Read {
    match kind {
        MetricKind::LogitDiff => |logits, _, pair, at| {
            let of = |ids: &[u32]| logits[at][ids[0] as usize];
            of(&pair.answers) - of(&pair.distractors)
        },
        MetricKind::LogProb => |logits, _, pair, at| prob_of(&logits[at], &pair.answers).ln(),
        MetricKind::Prob => |logits, _, pair, at| prob_of(&logits[at], &pair.answers),
        MetricKind::ProbDiff => |logits, _, pair, at| {
            prob_of(&logits[at], &pair.answers) - prob_of(&logits[at], &pair.distractors)
        },
        MetricKind::Kl => |logits, clean, _, at| {
            let (clean, log_probs) = (log_softmax(&clean[at]), log_softmax(&logits[at]));
            let terms = clean.iter().zip(log_probs);
            terms.map(|(c, p)| c.exp() * (c - p)).sum()
        },
        MetricKind::NormalizedLogitDiff => panic!("computed from the mean of the logit difference"),
    }
}

fn check(model: &Gpt2, batch: &Batch, kind: MetricKind, what: &str) {
    for component in COMPONENTS {
        let read_as = (component, LayerNorm::Frozen);
        let expected = to_f32(oracle_sweep(model, batch, read_as, 1.0, read_of(kind)));
        // All at once, then one prompt, one edge and one row at a time.
        let parts = Memory { runs: 0, step: 0 };
        for memory in [Memory::of(&model.device()), parts] {
            let runs = run_pairs(model, batch).within(memory);
            let grid = sweep_all(&runs, &metric(kind, &runs), component);
            let difference = max_difference(&grid, &expected);
            let how = format!("{what} {component:?} {memory:?}");
            assert!(difference < TOLERANCE, "{how}: {difference}");
        }
    }
}

#[test]
fn batches_with_different_lengths_and_first_differences() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
        check(&model, &batch, MetricKind::LogitDiff, name);
    }
}

/// Check every entry of the three sweeps with the logit difference.
pub fn check_sweeps(model: &Gpt2, batch: &Batch, layer_norm: LayerNorm, what: &str) {
    let options = SweepOptions {
        layer_norm,
        ..Default::default()
    };
    let runs = run_pairs(model, batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    for component in COMPONENTS {
        let grid = sweep_all_within(&runs, &metric, component, options);
        let read = read_of(MetricKind::LogitDiff);
        let expected = oracle_sweep(model, batch, (component, layer_norm), 1.0, read);
        let difference = max_difference(&grid, &to_f32(expected));
        assert!(
            difference < TOLERANCE,
            "{what} {layer_norm:?} {component:?}: {difference}"
        );
    }
}

#[test]
fn an_exact_layer_norm() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
        check_sweeps(&model, &batch, LayerNorm::Exact, name);
    }
}

#[test]
fn a_metric_before_after_and_at_the_first_difference() {
    let (model, expected) = random_model("prefixed-f32");
    let first_difference = 4;
    for position in [0, 2, first_difference, first_difference + 1, 7] {
        let batch = Batch::new(expected.batch.pairs(), Some(position), &model.config).unwrap();
        let what = format!("position {position}");
        check(&model, &batch, MetricKind::LogitDiff, &what);
    }
}

#[test]
fn a_difference_only_in_the_last_token() {
    let (model, expected) = random_model("untied-bf16");
    let mut pair = expected.batch.pairs().remove(0);
    pair.corrupted = pair.clean.clone();
    *pair.corrupted.last_mut().unwrap() ^= 1;
    let batch = Batch::new(vec![pair], None, &model.config).unwrap();
    check(&model, &batch, MetricKind::LogitDiff, "last token");
}

#[test]
fn a_closure_that_reads_all_logits() {
    let (model, expected) = random_model("untied-bf16");
    let pairs = expected.batch.pairs();
    let batch = Batch::new(pairs[1..].to_vec(), None, &model.config).unwrap();
    let runs = run_pairs(&model, &batch);
    // The mean square of all logits at all positions.
    let closure = |logits: Tensor<3>| logits.square().mean();
    let read: Read = |logits, _, _, _| {
        let all: Vec<f64> = logits.iter().flatten().map(|x| x * x).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    for component in COMPONENTS {
        let grid = sweep_all(&runs, &closure, component);
        let expected = oracle_sweep(&model, &batch, (component, LayerNorm::Frozen), 1.0, read);
        let difference = max_difference(&grid, &to_f32(expected));
        assert!(difference < TOLERANCE, "{component:?}: {difference}");
    }
}

#[test]
fn metrics_of_all_logits_at_one_position() {
    let (model, expected) = random_model("hub-f16");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    for kind in [MetricKind::LogProb, MetricKind::Prob, MetricKind::Kl] {
        check(&model, &batch, kind, kind.as_str());
    }
}

#[test]
fn metrics_of_sets_of_tokens() {
    let (model, expected) = random_model("hub-f16");
    let pairs = with_sets(expected.batch.pairs(), model.config.d_vocab);
    let batch = Batch::new(pairs, None, &model.config).unwrap();
    for kind in OF_SETS {
        check(&model, &batch, kind, kind.as_str());
    }
}
