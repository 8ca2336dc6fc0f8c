//! The fixtures: small models on disk with TransformerLens's numbers for them.

use std::path::PathBuf;

use burn::tensor::Device;
use pathpatch::{
    checkpoint,
    gpt2::{Config, Gpt2},
    metric::{AnswerMetric, Metric, MetricKind},
    patching::{
        Component, Grid, Runs, SweepOptions, Update, get_act_patch_direct_path_all_sources,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
};
use serde::Deserialize;

/// The random models, each with a different shape and file layout.
pub const RANDOM_MODELS: [&str; 3] = ["prefixed-f32", "hub-f16", "untied-bf16"];

/// The generator's output for a model.
#[derive(Deserialize)]
pub struct Expected {
    pub batch: ExpectedBatch,
    /// `[batch, pos, d_vocab]`.
    pub clean_logits: Vec<f32>,
    pub sweeps: Vec<ExpectedSweep>,
}

#[derive(Deserialize)]
pub struct ExpectedBatch {
    pub clean: Vec<Vec<u32>>,
    pub corrupted: Vec<Vec<u32>>,
    pub lengths: Vec<usize>,
    pub answers: Vec<u32>,
    pub distractors: Vec<u32>,
}

#[derive(Deserialize)]
pub struct ExpectedSweep {
    pub component: String,
    pub metric: String,
    pub clean_metric: f32,
    pub corrupted_metric: f32,
    /// `[n_layers, n_heads, n_layers, n_heads]`, 0 where there is no path.
    pub values: Vec<f32>,
}

impl ExpectedBatch {
    pub fn pairs(&self) -> Vec<PromptPair> {
        (0..self.clean.len())
            .map(|i| PromptPair {
                clean: self.clean[i][..self.lengths[i]].to_vec(),
                corrupted: self.corrupted[i][..self.lengths[i]].to_vec(),
                answers: vec![self.answers[i]],
                distractors: vec![self.distractors[i]],
            })
            .collect()
    }
}

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn fixtures() -> PathBuf {
    repository().join("tests/fixtures")
}

pub fn demo() -> PathBuf {
    repository().join("www/models/ioi-demo")
}

pub fn read(path: PathBuf) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn expected(path: PathBuf) -> Expected {
    serde_json::from_slice(&read(path)).unwrap()
}

/// Load a model directory on the CPU.
pub fn model(dir: PathBuf) -> Gpt2 {
    let config = Config::from_json(&read(dir.join("config.json"))).unwrap();
    let weights = read(dir.join("model.safetensors"));
    checkpoint::load(config, &weights, &Device::flex()).unwrap()
}

pub fn random_model(name: &str) -> (Gpt2, Expected) {
    let dir = fixtures().join(name);
    (model(dir.clone()), expected(dir.join("expected.json")))
}

/// The generator's batch; the metric reads each pair's last token.
pub fn batch(model: &Gpt2, expected: &Expected) -> Batch {
    Batch::new(expected.batch.pairs(), None, &model.config).unwrap()
}

/// Both runs of a batch.
pub fn run_pairs<'a>(model: &'a Gpt2, batch: &Batch) -> Runs<'a> {
    Runs::new(model, batch, &NoPause)
}

pub fn metric(kind: MetricKind, runs: &Runs) -> AnswerMetric {
    pollster::block_on(runs.metric(kind)).unwrap()
}

/// The full sweep under any metric.
pub fn sweep_all(runs: &Runs, metric: &dyn Metric, component: Component) -> Grid {
    sweep_all_within(runs, metric, component, SweepOptions::default())
}

pub fn sweep_all_within(
    runs: &Runs,
    metric: &dyn Metric,
    component: Component,
    options: SweepOptions,
) -> Grid {
    let ignore = |_: Update<'_>| Ok(());
    let sweep = get_act_patch_direct_path_all_sources(runs, metric, component, options, ignore);
    pollster::block_on(sweep).unwrap()
}

/// Largest difference over the entries with a path. Panics if an entry has a value without a path, or the reverse.
pub fn max_difference(grid: &Grid, expected: &[f32]) -> f32 {
    assert_eq!(grid.values.len(), expected.len());
    let entries = grid.values.iter().zip(&grid.mask).zip(expected);
    entries
        .map(|((value, mask), expected)| match mask {
            0 => {
                assert!(value.is_nan());
                0.0
            }
            _ => (value - expected).abs(),
        })
        .fold(0.0, f32::max)
}
