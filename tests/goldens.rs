//! Every edge of a random model agrees with EAP-IG's own code, to 1e-4 absolute: here the oracle. The files in
//! `fixtures/eap-ig` say how they were made.

use std::collections::BTreeMap;

use pathpatch::{
    metric::MetricKind,
    patching::{Direction, LayerNorm, Replacement, graph::Edge},
    prompt::{Batch, PromptPair},
};
use safetensors::SafeTensors;
use serde::Deserialize;

use crate::{
    common::{fixtures, model, read},
    oracle::{
        Oracle,
        edges::{Edges, How, Read},
    },
    shortcuts::read_of,
};

const TOLERANCE: f64 = 1e-4;

/// Scores by the names of edges.
type Scores = BTreeMap<String, f64>;

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<GoldenPair>,
    clean_metric: f64,
    corrupted_metric: f64,
    noising_exact: Scores,
    denoising_exact: Scores,
    denoising_frozen: Scores,
    noising_frozen: Scores,
    zero_exact: Scores,
    eap: Scores,
    eap_ig_5: Scores,
}

#[derive(Deserialize)]
struct GoldenPair {
    clean_ids: Vec<u32>,
    corrupted_ids: Vec<u32>,
    answer_id: u32,
    distractor_id: u32,
}

fn golden(name: &str) -> Golden {
    let path = fixtures().join("eap-ig").join(name);
    serde_json::from_slice(&read(path)).unwrap()
}

impl Golden {
    fn pairs(&self) -> Vec<PromptPair> {
        let pair = |pair: &GoldenPair| PromptPair {
            clean: pair.clean_ids.clone(),
            corrupted: pair.corrupted_ids.clone(),
            answers: vec![pair.answer_id],
            distractors: vec![pair.distractor_id],
        };
        self.pairs.iter().map(pair).collect()
    }
}

/// The value biases that processing folds away, `b_V + ln_1.bias W_V`, `[layer][d_model]`, from the checkpoint.
fn value_biases(weights: &[u8], n_layers: usize, d_model: usize) -> Vec<Vec<f64>> {
    let file = SafeTensors::deserialize(weights).unwrap();
    let get = |name: String| -> Vec<f64> {
        let full = format!("transformer.{name}");
        let tensor = file.tensor(&full).or_else(|_| file.tensor(&name)).unwrap();
        let bytes = tensor.data().chunks_exact(4);
        bytes
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect()
    };
    let of_layer = |layer: usize| {
        let bias = get(format!("h.{layer}.attn.c_attn.bias"));
        let weight = get(format!("h.{layer}.attn.c_attn.weight"));
        let ln_bias = get(format!("h.{layer}.ln_1.bias"));
        let column = |i: usize| {
            let through = ln_bias.iter().enumerate();
            let through = through.map(|(row, x)| x * weight[row * 3 * d_model + i]);
            bias[i] + through.sum::<f64>()
        };
        (2 * d_model..3 * d_model).map(column).collect()
    };
    (0..n_layers).map(of_layer).collect()
}

#[test]
fn the_oracle_gives_eap_igs_scores() {
    let directory = fixtures().join("eap-ig/model");
    let model = model(directory.clone());
    let config = &model.config;
    let weights = read(directory.join("model.safetensors"));
    let logit_diff: Read = read_of(MetricKind::LogitDiff);
    for name in ["one-pair.json", "three-pairs.json"] {
        let golden = golden(name);
        let batch = Batch::new(golden.pairs(), None, config).unwrap();
        let biases = value_biases(&weights, config.n_layers, config.d_model);
        let oracle = Oracle::new(&model).with_value_biases(biases);
        let edges = Edges::of(oracle, &batch);
        for (direction, expected) in [
            (Direction::Noise, golden.clean_metric),
            (Direction::Denoise, golden.corrupted_metric),
        ] {
            assert!((edges.base(direction, logit_diff) - expected).abs() < TOLERANCE);
        }
        let graph = edges.graph();
        let check = |what: &str, scores: &Scores, score: &dyn Fn(Edge) -> f64| {
            assert_eq!(scores.len(), graph.edges().count());
            for edge in graph.edges() {
                let (got, expected) = (score(edge), scores[&edge.to_string()]);
                let difference = (got - expected).abs();
                assert!(
                    difference < TOLERANCE,
                    "{name} {what} {edge}: {got} {expected}"
                );
            }
        };
        use {Direction::*, LayerNorm::*, Replacement::*};
        for (scores, direction, layer_norm, replacement) in [
            (&golden.noising_exact, Noise, Exact, Resample),
            (&golden.denoising_exact, Denoise, Exact, Resample),
            (&golden.denoising_frozen, Denoise, Frozen, Resample),
            (&golden.noising_frozen, Noise, Frozen, Resample),
            (&golden.zero_exact, Noise, Exact, Zero),
        ] {
            let how = How {
                direction,
                replacement,
                layer_norm,
                position: None,
            };
            let base = edges.base(direction, logit_diff);
            check(&format!("{how:?}"), scores, &|edge| {
                edges.value(edge, how, 1.0, logit_diff) - base
            });
        }
        let how = How {
            direction: Noise,
            layer_norm: Exact,
            ..How::default()
        };
        check("EAP", &golden.eap, &|edge| {
            edges.slope(edge, how, logit_diff)
        });
        check("EAP-IG", &golden.eap_ig_5, &|edge| {
            let steps = (0..5).map(|k| f64::from(k) / 5.0);
            let slopes = steps.map(|share| edges.slope_between(edge, how, share, logit_diff));
            slopes.sum::<f64>() / 5.0
        });
    }
}
