//! The built-in metrics on given logits, against f64: values to 1e-6, gradients to 1e-6 against central differences of
//! the f64 values. The logits are drawn with seed 7; some are so far apart that the probabilities of whole sets are too
//! small for f32.

use burn::tensor::{Device, Tensor, TensorData};
use pathpatch::{
    error::Code,
    metric::{AnswerMetric, Metric, MetricKind, Summands, Targets},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TOLERANCE: f64 = 1e-6;
const EDGES: usize = 2;
const TOKENS: usize = 11;

/// The answers and distractors of three prompts: one token each, then sets of different sizes.
fn sets() -> [(Vec<u32>, Vec<u32>); 3] {
    [
        (vec![4], vec![9]),
        (vec![10, 0, 3], vec![1, 2]),
        (vec![7, 6], vec![8, 5, 4, 3, 2]),
    ]
}

fn targets(sets: &[(Vec<u32>, Vec<u32>)]) -> Targets {
    Targets {
        positions: vec![0; sets.len()],
        answers: sets.iter().map(|(answers, _)| answers.clone()).collect(),
        distractors: sets.iter().map(|(_, others)| others.clone()).collect(),
    }
}

/// The metric of one prompt's logits in f64.
fn plain(kind: MetricKind, logits: &[f64], (answers, distractors): &(Vec<u32>, Vec<u32>)) -> f64 {
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    let sum = |ids: &[u32]| -> f64 {
        let probs = ids
            .iter()
            .map(|id| (logits[*id as usize] - largest).exp() / total);
        probs.sum()
    };
    match kind {
        MetricKind::Prob => sum(answers),
        MetricKind::LogProb => sum(answers).ln(),
        MetricKind::ProbDiff => sum(answers) - sum(distractors),
        _ => panic!("the metric takes no sets"),
    }
}

/// `[edge, batch, 1, token]`, flat.
fn logits(scale: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let draw = |_| f64::from(rng.random_range(-1.0f32..1.0)) * scale;
    (0..EDGES * sets().len() * TOKENS).map(draw).collect()
}

fn tensor(values: &[f64]) -> Tensor<4> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    let data = TensorData::new(values, [EDGES, sets().len(), 1, TOKENS]);
    Tensor::from_data(data, &Device::flex())
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

#[test]
fn sets_of_tokens_have_the_values_and_the_gradients_of_f64() {
    const STEP: f64 = 1e-5;
    for kind in [MetricKind::Prob, MetricKind::ProbDiff, MetricKind::LogProb] {
        let metric = AnswerMetric::new(kind, targets(&sets()), None).unwrap();
        let mut least = f64::MAX;
        for scale in [1.0, 8.0, 120.0] {
            // Round to f32, as the metric gets them.
            let logits: Vec<f64> = logits(scale).iter().map(|x| f64::from(*x as f32)).collect();
            let values = host(metric.evaluate(tensor(&logits)));
            let gradient = host(metric.gradient(tensor(&logits)).unwrap());
            for (i, of_prompt) in logits.chunks(TOKENS).enumerate() {
                let set = &sets()[i % sets().len()];
                let expected = plain(kind, of_prompt, set);
                let got = f64::from(values[i]);
                least = least.min(plain(MetricKind::LogProb, of_prompt, set));
                let bound = TOLERANCE * expected.abs().max(1.0);
                assert!(
                    (got - expected).abs() < bound,
                    "{kind:?} {scale}: {got}, not {expected}"
                );
                for token in 0..TOKENS {
                    let [more, less] = [STEP, -STEP].map(|step| {
                        let mut moved = of_prompt.to_vec();
                        moved[token] += step;
                        plain(kind, &moved, set)
                    });
                    let slope = (more - less) / (2.0 * STEP) / sets().len() as f64;
                    let got = f64::from(gradient[i * TOKENS + token]);
                    assert!(
                        (got - slope).abs() < TOLERANCE,
                        "{kind:?} {scale}, token {token}: {got}, not {slope}"
                    );
                }
            }
        }
        // f32's smallest number is e^-103.
        assert!(least < -104.0, "{least}");
    }
}

/// What is told from a few logits and the log-sum of all is what is told from all of them. The log-sum is rounded to f32:
/// to 1e-6, or to 1e-7 of the largest logit where that is more.
#[test]
fn sets_of_tokens_have_the_same_values_by_the_log_sum() {
    for kind in [MetricKind::Prob, MetricKind::ProbDiff, MetricKind::LogProb] {
        let metric = AnswerMetric::new(kind, targets(&sets()), None).unwrap();
        let summarised = metric.summarised().unwrap();
        let Summands::Tokens(tokens) = summarised.reads() else {
            panic!("{kind:?} reads tokens")
        };
        for scale in [1.0, 8.0, 120.0] {
            let logits: Vec<f64> = logits(scale).iter().map(|x| f64::from(*x as f32)).collect();
            let (mut read, mut log_sums) = (Vec::new(), Vec::new());
            for of_prompt in logits.chunks(TOKENS) {
                read.extend(tokens.iter().map(|id| of_prompt[*id as usize] as f32));
                let largest = of_prompt.iter().copied().fold(f64::MIN, f64::max);
                let sum: f64 = of_prompt.iter().map(|x| (x - largest).exp()).sum();
                log_sums.push((largest + sum.ln()) as f32);
            }
            let tensor = |values, n| {
                let data = TensorData::new(values, [EDGES, sets().len(), n]);
                Tensor::<3>::from_data(data, &Device::flex())
            };
            let read = tensor(read, tokens.len());
            let values = host(summarised.evaluate(read, tensor(log_sums, 1)));
            for (i, of_prompt) in logits.chunks(TOKENS).enumerate() {
                let expected = plain(kind, of_prompt, &sets()[i % sets().len()]);
                let got = f64::from(values[i]);
                let bound = TOLERANCE.max(1e-7 * scale) * expected.abs().max(1.0);
                assert!(
                    (got - expected).abs() < bound,
                    "{kind:?} {scale}: {got}, not {expected}"
                );
            }
        }
    }
    for kind in [MetricKind::LogitDiff, MetricKind::NormalizedLogitDiff] {
        let one = targets(&[(vec![1], vec![2])]);
        let metric = AnswerMetric::new(kind, one, None).unwrap();
        assert!(metric.summarised().is_none());
    }
}

/// A gradient of probabilities sums to 0 over all tokens: softmax ignores a constant added to all logits.
#[test]
fn gradients_of_probabilities_sum_to_zero() {
    for kind in [MetricKind::Prob, MetricKind::ProbDiff, MetricKind::LogProb] {
        let metric = AnswerMetric::new(kind, targets(&sets()), None).unwrap();
        let gradient = metric.gradient(tensor(&logits(3.0))).unwrap();
        let largest = host(gradient.sum_dim(3).abs().max().unsqueeze::<1>())[0];
        assert!(largest < 1e-6, "{kind:?}: {largest}");
    }
}

#[test]
fn the_metric_of_some_prompts_has_their_sets() {
    let metric = AnswerMetric::new(MetricKind::ProbDiff, targets(&sets()), None).unwrap();
    let all = host(metric.evaluate(tensor(&logits(2.0))));
    let part = metric.of_prompts(&[1, 2]).unwrap();
    let of_part = host(part.evaluate(tensor(&logits(2.0)).narrow(1, 1, 2)));
    assert_eq!(of_part, [all[1], all[2], all[4], all[5]]);
    // In another order.
    let part = metric.of_prompts(&[2, 0]).unwrap();
    let logits = [2, 0].map(|i| tensor(&logits(2.0)).narrow(1, i, 1));
    let of_part = host(part.evaluate(Tensor::cat(logits.to_vec(), 1)));
    assert_eq!(of_part, [all[2], all[0], all[5], all[3]]);
}

#[test]
fn sets_that_a_metric_cannot_read_are_refused() {
    let refused = |kind, answers: &[u32], distractors: &[u32]| {
        let targets = targets(&[(answers.to_vec(), distractors.to_vec())]);
        let error = AnswerMetric::new(kind, targets, None).unwrap_err();
        (error.code, error.to_string())
    };
    use MetricKind::{LogProb, LogitDiff, NormalizedLogitDiff, Prob, ProbDiff};
    for ((code, text), expected_code, expected) in [
        (
            refused(LogitDiff, &[1, 2], &[3]),
            Code::Answer,
            "answer: expected one token (metric logit-diff), got 2; the metric prob-diff takes several",
        ),
        (
            refused(NormalizedLogitDiff, &[1], &[3, 4, 5]),
            Code::Distractor,
            "distractor: expected one token (metric normalized-logit-diff), got 3; the metric prob-diff takes several",
        ),
        (
            refused(ProbDiff, &[], &[3]),
            Code::Answer,
            "answer: expected at least one token (metric prob-diff), got none",
        ),
        (
            refused(ProbDiff, &[3], &[]),
            Code::Distractor,
            "distractor: expected at least one token (metric prob-diff), got none",
        ),
        (
            refused(LogProb, &[], &[]),
            Code::Answer,
            "answer: expected at least one token (metric log-prob), got none",
        ),
        (
            refused(Prob, &[3, 1, 3], &[]),
            Code::Answer,
            "answer: expected each token once, got token 3 twice",
        ),
        (
            refused(ProbDiff, &[1, 2], &[3, 2]),
            Code::Distractor,
            "distractor: expected no token that is an answer, got token 2",
        ),
        (
            refused(LogitDiff, &[1], &[1]),
            Code::Distractor,
            "distractor: expected another token than the answer, got the same, token 1: their difference is 0 everywhere",
        ),
    ] {
        assert_eq!((code, &text[..]), (expected_code, expected));
    }
    // A metric that does not compare the sets accepts a token in both.
    AnswerMetric::new(Prob, targets(&[(vec![1, 2], vec![2])]), None).unwrap();
}
