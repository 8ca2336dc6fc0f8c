//! Every edge of a random model agrees with EAP-IG's own code, to 1e-4 absolute: here the oracle. The files in
//! `fixtures/eap-ig` say how they were made.

use crate::{
    common::{
        fixtures,
        goldens::{Golden, GoldenPair, Scores, golden},
        model,
    },
    oracle::edges::{Edges, How, Read},
    shortcuts::read_of,
};
use pathpatch::{
    metric::MetricKind,
    patching::{Direction, LayerNorm, Replacement, graph::Edge},
    prompt::{Batch, PromptPair},
};

const TOLERANCE: f64 = 1e-4;

impl Golden {
    pub fn pairs(&self) -> Vec<PromptPair> {
        let pair = |pair: &GoldenPair| PromptPair {
            clean: pair.clean_ids.clone(),
            corrupted: pair.corrupted_ids.clone(),
            answers: vec![pair.answer_id],
            distractors: vec![pair.distractor_id],
        };
        self.pairs.iter().map(pair).collect()
    }
}

#[test]
fn the_oracle_gives_eap_igs_scores() {
    let directory = fixtures().join("eap-ig/model");
    let model = model(directory);
    let config = &model.config;
    let logit_diff: Read = read_of(MetricKind::LogitDiff);
    for name in ["one-pair.json", "three-pairs.json"] {
        let golden = golden(name);
        let batch = Batch::new(golden.pairs(), None, config).unwrap();
        let edges = Edges::new(&model, &batch);
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
