//! Every edge of a sweep: first an estimate of all, then the exact values, chunk by chunk.
//!
//! A chunk is one batched pass through the rest of the model and one read-back. After each step of a chunk,
//! a layer, the sweep pauses and may be stopped; on the CPU of a browser, where one thread does all, that is
//! when other events get their turn.

use burn::tensor::Tensor;

use super::{
    Both, Component, Grid, Head, LayerNorm, Progress, Read,
    estimate::estimated_effects,
    grid::{all_heads, path_mask},
    progress::Meter,
    readout::Readout,
    runs::Runs,
    schedule::{Chunk, schedule},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::on_cpu,
    metric::Metric,
};

/// How a sweep is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct SweepOptions {
    /// How the destination's LayerNorm reads the patch.
    pub layer_norm: LayerNorm,
    /// Bytes that the activations of one chunk may take, though a chunk has at least one edge; what suits
    /// the device where `None`.
    pub memory_budget: Option<usize>,
    /// Whether first-order estimates come first, and with them the largest effects, where the metric has
    /// a gradient.
    pub estimates: bool,
}

/// A sweep at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    /// How far it is.
    pub progress: Progress,
    /// Estimates where there are any, overwritten by exact values as they come.
    pub grid: &'a Grid,
    /// The entries of the grid that have changed since the last update: once the estimates, then what has
    /// become exact.
    pub fresh: &'a [usize],
}

/// Patch the direct path from one source head to every later head.
///
/// For each destination `B = (dl, dh)` with `dl > src.layer`, only what the source writes into B's
/// query, key or value is taken from the clean run; the metric of the resulting logits is B's entry.
/// Follows TransformerLens's `get_act_patch_direct_path`.
///
/// # Shapes
/// The grid is `[n_layers, n_heads]`.
///
/// # Errors
/// [`Code::Source`] for a head the model has not; [`Code::Metric`] when a normalised metric has nothing
/// to normalise by; [`Code::Device`] when the device fails; whatever `on_update` returns or ends a pause.
pub async fn get_act_patch_direct_path(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    src: Head,
    component: Component,
    options: SweepOptions,
    on_update: impl FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    src.check("source head", config)?;
    let shape = vec![config.n_layers, config.n_heads];
    let sources = vec![src];
    sweep(runs, metric, sources, component, shape, options, on_update).await
}

/// Patch the direct path from every head to every later head: the full sweep.
///
/// Follows TransformerLens's `get_act_patch_direct_path_all_sources`.
///
/// # Shapes
/// The grid is `[n_layers, n_heads, n_layers, n_heads]`: source layer and head, destination layer and
/// head.
///
/// # Errors
/// Those of [`get_act_patch_direct_path`].
pub async fn get_act_patch_direct_path_all_sources(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    component: Component,
    options: SweepOptions,
    on_update: impl FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let shape = vec![layers, heads, layers, heads];
    let sources = all_heads(config);
    sweep(runs, metric, sources, component, shape, options, on_update).await
}

async fn sweep(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    sources: Vec<Head>,
    component: Component,
    shape: Vec<usize>,
    options: SweepOptions,
    mut on_update: impl FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    let readout = Readout::of(runs, metric);
    let (mut grid, scale) = empty_grid(runs, metric, &readout, &sources, shape).await?;
    let effects = match options.estimates {
        true => estimated_effects(runs, metric, &readout, &sources, options.layer_norm).await?,
        false => None,
    };
    let effects = effects.as_ref().map(|effects| effects.of(component));
    let mut estimated = Vec::new();
    if let Some(effects) = effects {
        fill_estimates(&mut grid, effects, &scale);
        estimated.extend((0..grid.mask.len()).filter(|i| grid.mask[*i] == 1));
    }
    let sizes = effects.map(|e| e.iter().map(|e| e.abs()).collect::<Vec<_>>());
    let read = Read {
        component,
        layer_norm: options.layer_norm,
    };
    let size = runs.edges_in_chunk(&readout, options.memory_budget);
    let chunks = schedule(config, &sources, size, sizes.as_deref());

    let flops = |c: &Chunk| c.edges.len() as f64 * runs.flops_of_edge(c.layer, &readout);
    let total = chunks.iter().map(|c| c.edges.len()).sum();
    let mut meter = Meter::new(total, chunks.iter().map(flops).sum(), sizes.is_some());
    let mut update = |meter: &Meter, grid: &Grid, fresh: &[usize]| {
        let progress = meter.progress();
        on_update(Update {
            progress,
            grid,
            fresh,
        })
    };
    update(&meter, &grid, &estimated)?;
    for chunk in &chunks {
        runs.pause.pause().await?;
        let mut resid = runs.enter(&sources, chunk, read, &readout);
        for layer in chunk.layer + 1..config.n_layers {
            runs.pause.pause().await?;
            resid = runs.step(layer, resid, &readout);
        }
        let results = read_back(metric, readout.of_rows(resid)).await?;
        let fresh: Vec<usize> = chunk.edges.iter().map(|e| e.index(config)).collect();
        for (index, prompts) in fresh.iter().zip(results) {
            let exact = scale.value(&prompts);
            meter.compare(grid.values[*index], exact);
            grid.values[*index] = exact;
            grid.spread[*index] = scale.spread(&prompts);
            grid.exact[*index] = 1;
        }
        meter.add(chunk.edges.len(), flops(chunk));
        update(&meter, &grid, &fresh)?;
    }
    Ok(grid)
}

/// A grid without values, and the scale that its values are reported on.
pub(super) async fn empty_grid(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    readout: &Readout<'_>,
    sources: &[Head],
    shape: Vec<usize>,
) -> Result<(Grid, Scale)> {
    let (metric, scale) = baseline(runs, metric, readout).await?;
    let mask = path_mask(&runs.model.config, sources);
    let grid = Grid {
        shape,
        values: vec![f32::NAN; mask.len()],
        exact: vec![0; mask.len()],
        spread: vec![f32::NAN; mask.len()],
        mask,
        clean_metric: metric.clean,
        corrupted_metric: metric.corrupted,
    };
    Ok((grid, scale))
}

/// The metric of the two runs, and the scale that it is reported on.
pub(super) async fn baseline(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    readout: &Readout<'_>,
) -> Result<(Both<f32>, Scale)> {
    let both = vec![runs.clean_final.clone(), runs.corrupted.final_resid()];
    let both = readout.of_whole_runs(Tensor::cat(both, 0));
    let numbers = read_back(metric, both).await?;
    let [clean, corrupted] = [&numbers[0], &numbers[1]];
    let scale = Scale::new(metric.normalized(), clean, corrupted)?;
    let [clean, corrupted] = [scale.value(clean), scale.value(corrupted)];
    Ok((Both { clean, corrupted }, scale))
}

/// Estimates of all edges with a path, from their effects on the metric as measured.
pub(super) fn fill_estimates(grid: &mut Grid, effects: &[f32], scale: &Scale) {
    let entries = grid.values.iter_mut().zip(&grid.mask).zip(effects);
    for ((value, _), effect) in entries.filter(|((_, mask), _)| **mask == 1) {
        *value = grid.corrupted_metric + effect / scale.unit;
    }
}

impl Runs<'_> {
    /// Edges whose activations fit the budget.
    ///
    /// A row holds, at the widest moment, the residual stream and its normalised copy beside the MLP's
    /// hidden layer, of which Burn's operations keep up to four copies where ours on the CPU keep one.
    /// Logits come with two copies for a softmax.
    fn edges_in_chunk(&self, readout: &Readout, budget: Option<usize>) -> usize {
        let config = &self.model.config;
        let on_cpu = on_cpu(&self.model.device());
        let hidden = if on_cpu { 1 } else { 4 };
        let row = 4 * config.d_model + hidden * config.d_mlp;
        let floats = self.rows * row + 3 * readout.positions() * readout.tokens();
        let budget = budget.unwrap_or_else(|| default_budget(on_cpu));
        budget / (floats * self.batch * size_of::<f32>())
    }
}

/// On the CPU 32 MB, 1,360 rows of GPT-2 small: fewer leave the matrix products short, more fall out of
/// the caches. In a browser 3 MB, 128 rows: there a cancel waits for a step to end, 0.1 s at 20 GFLOPS. On
/// a GPU as much as its buffers take.
fn default_budget(on_cpu: bool) -> usize {
    let megabytes = match on_cpu {
        true if cfg!(target_family = "wasm") => 6,
        true => 32,
        false => 128,
    };
    megabytes << 20
}

/// The metric of each run, on the host: its numbers, a prompt each.
pub(super) async fn read_back(metric: &dyn Metric, logits: Tensor<4>) -> Result<Vec<Vec<f32>>> {
    let numbers = metric.evaluate(logits);
    let [_, prompts] = numbers.dims();
    let numbers = to_host(numbers.flatten(0, 1)).await?;
    Ok(numbers.chunks(prompts).map(<[f32]>::to_vec).collect())
}

/// Numbers of the device, on the host.
///
/// # Errors
/// [`Code::Device`]: a GPU that was lost or reset answers no more, and nothing on it is left.
pub(super) async fn to_host(numbers: Tensor<1>) -> Result<Vec<f32>> {
    let lost = |e: &dyn std::fmt::Display| {
        let why = e.to_string();
        let why = why.lines().next().unwrap_or_default();
        let got = format!("a lost one ({why}): the model has to be loaded again");
        Error::new(Code::Device, "device", "one that answers", got)
    };
    let data = numbers.into_data_async().await;
    let data = data.map_err(|e| lost(&e))?;
    data.try_into_vec().map_err(|e| lost(&format!("{e:?}")))
}

/// From the metric as measured to the metric as reported: identity, or corrupted at 0 and clean at 1.
pub(super) struct Scale {
    zero: f32,
    unit: f32,
    /// The corrupted run's numbers, a prompt each.
    corrupted: Vec<f32>,
}

impl Scale {
    /// Of the numbers of both runs, a prompt each.
    ///
    /// # Errors
    /// [`Code::Metric`] when a normalised metric has nothing to normalise by.
    fn new(normalized: bool, clean: &[f32], corrupted: &[f32]) -> Result<Self> {
        let (zero, unit) = match normalized {
            true => (mean(corrupted), mean(clean) - mean(corrupted)),
            false => (0.0, 1.0),
        };
        if unit == 0.0 {
            return Err(Error::new(
                Code::Metric,
                "normalized metric",
                "clean and corrupted runs with different values",
                format!("{zero} for both"),
            ));
        }
        Ok(Self {
            zero,
            unit,
            corrupted: corrupted.to_vec(),
        })
    }

    /// What a run's numbers come to.
    pub fn value(&self, prompts: &[f32]) -> f32 {
        (mean(prompts) - self.zero) / self.unit
    }

    /// By how much the prompts differ in their change from the corrupted run: the standard deviation, with
    /// one degree of freedom less than prompts.
    fn spread(&self, prompts: &[f32]) -> f32 {
        let changes = prompts.iter().zip(&self.corrupted).map(|(a, b)| a - b);
        let changes: Vec<f32> = changes.collect();
        let mean = mean(&changes);
        let squares: f32 = changes.iter().map(|c| (c - mean).powi(2)).sum();
        (squares / (changes.len() as f32 - 1.0)).sqrt() / self.unit.abs()
    }
}

fn mean(numbers: &[f32]) -> f32 {
    let sum: f64 = numbers.iter().map(|x| f64::from(*x)).sum();
    (sum / numbers.len() as f64) as f32
}
