//! The fixtures: small models on disk with TransformerLens's numbers for them.

mod fixtures;
pub mod goldens;

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
    prompt::Batch,
};

pub use fixtures::{Expected, ExpectedBatch, demo, expected, fixtures, read};

/// The random models, each with a different shape and file layout.
pub const RANDOM_MODELS: [&str; 3] = ["prefixed-f32", "hub-f16", "untied-bf16"];

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
