//! Logits and every edge agree with TransformerLens to 1e-4 absolute; its numbers come from `fixtures/generate.py`.

use std::path::PathBuf;

use pathpatch::{gpt2::Gpt2, pause::NoPause};
use serde::Deserialize;

use crate::common::{
    RANDOM_MODELS, batch, demo, expected, fixtures, max_difference, metric, model, read, run_pairs,
    sweep_all,
};

const TOLERANCE: f32 = 1e-4;

/// The same file's logits of the clean prompts.
#[derive(Deserialize)]
struct Logits {
    /// `[batch, pos, d_vocab]`.
    clean_logits: Vec<f32>,
}

fn check(model: &Gpt2, path: PathBuf) {
    let Logits { clean_logits } = serde_json::from_slice(&read(path.clone())).unwrap();
    let expected = expected(path);
    let batch = batch(model, &expected);
    let [clean, _] = batch.tokens();
    let logits = pollster::block_on(model.run_with_cache(&clean, &NoPause)).unwrap();
    let logits = model.unembed(logits.final_resid());
    let logits = logits.into_data().try_into_vec::<f32>().unwrap();
    assert_eq!(logits.len(), clean_logits.len());
    for (ours, theirs) in logits.iter().zip(&clean_logits) {
        assert!((ours - theirs).abs() < TOLERANCE, "{ours} and {theirs}");
    }

    let runs = run_pairs(model, &batch);
    let mut largest: f32 = 0.0;
    for theirs in &expected.sweeps {
        let kind = theirs.metric.parse().unwrap();
        let metric = metric(kind, &runs);
        let grid = sweep_all(&runs, &metric, theirs.component.parse().unwrap());
        let what = format!("{} {}", theirs.component, theirs.metric);
        let difference = max_difference(&grid, &theirs.values);
        assert!(difference < TOLERANCE, "{what}: {difference}");
        assert!(
            (grid.clean_metric - theirs.clean_metric).abs() < TOLERANCE,
            "{what}"
        );
        assert!(
            (grid.corrupted_metric - theirs.corrupted_metric).abs() < TOLERANCE,
            "{what}"
        );
        let effects = theirs.values.iter().filter(|v| **v != 0.0);
        let effects = effects.map(|v| (v - theirs.corrupted_metric).abs());
        largest = effects.fold(largest, f32::max);
    }
    assert!(
        largest > 100.0 * TOLERANCE,
        "no edge has a large effect: {largest}"
    );
}

#[test]
fn random_models_agree() {
    for name in RANDOM_MODELS {
        let directory = fixtures().join(name);
        check(&model(directory.clone()), directory.join("expected.json"));
    }
}

#[test]
fn the_bundled_model_agrees() {
    check(&model(demo()), fixtures().join("ioi-demo.json"));
}
