//! Every edge of a sweep: first an estimate of all, then the exact values, chunk by chunk.
//!
//! A chunk is one batched pass through the rest of the model and one read-back. After each step of a chunk,
//! some rows of a layer, the sweep pauses and may be stopped; on the CPU of a browser, where one thread does all,
//! that is when other events are handled.
//!
//! Where memory does not hold the runs of all prompts, they are run some at a time, and an edge is exact once it has
//! been patched on all of them. Several chunks go through all prompts together, so that running the prompts again takes
//! no more than a tenth of the work.

use super::{
    Both, Component, Grid, Head, LayerNorm, Progress, Read,
    cost::Cost,
    estimate::{fill_estimates, overview},
    grid::all_heads,
    plan::Reads,
    progress::Meter,
    runs::Runs,
    scale::{Sums, finite},
    schedule::{Chunk, schedule},
};
#[cfg(doc)]
use crate::error::Code;
use crate::{error::Result, metric::Metric};

/// How a sweep is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct SweepOptions {
    /// How the destination's LayerNorm reads the patch.
    pub layer_norm: LayerNorm,
    /// Bytes that the activations of a step may take, in place of [`Memory::step`](super::Memory::step) of the
    /// runs.
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
    /// become exact. Empty where only the progress has changed, as while a batch that is run some prompts at a time has
    /// its estimates made; until then the grid's metrics are NaN.
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
/// [`Code::Source`] for a head that the model does not have; [`Code::PromptLength`] for a prompt longer than memory
/// allows; [`Code::Metric`] when a normalised metric has nothing
/// to normalise by, when a metric reads where there is nothing, and when a value is not a finite number;
/// [`Code::Device`] when the device fails; whatever `on_update` returns or ends a pause.
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
    let plan = runs.plan(metric, options.memory_budget)?;
    let estimates = options.estimates.then_some(options.layer_norm);
    let reads = Reads::of(metric, &runs.batch, config)?;
    let cost = Cost::new(config, &plan, &reads);
    let flops = |c: &Chunk| c.edges.len() as f64 * cost.of_edge(c.layer);
    // The same edges whatever their order.
    let all = schedule(config, &sources, plan.edges, None);
    let total = all.iter().map(|c| c.edges.len()).sum();
    let mut meter = Meter::new(total, all.iter().map(flops).sum());
    let mut update = |meter: &Meter, grid: &Grid, fresh: &[usize]| {
        let progress = meter.progress();
        on_update(Update {
            progress,
            grid,
            fresh,
        })
    };

    let unknown = Both {
        clean: f32::NAN,
        corrupted: f32::NAN,
    };
    let empty = Grid::empty(config, &sources, shape.clone(), &unknown);
    let overview = overview(runs, metric, &plan, &sources, estimates, |part| {
        meter.before(cost.of_runs_of(part));
        match part.prompts.end == runs.batch.pairs().len() {
            // The estimates of all follow at once.
            true => Ok(()),
            false => update(&meter, &empty, &[]),
        }
    });
    let overview = overview.await?;
    let scale = overview.scale;
    let mut grid = Grid::empty(config, &sources, shape, &overview.metric);
    let effects = overview.effects.as_ref().map(|e| e.of(component));
    let mut estimated = Vec::new();
    if let Some(effects) = effects {
        fill_estimates(&mut grid, effects, &scale, &sources, config)?;
        estimated.extend((0..grid.mask.len()).filter(|i| grid.mask[*i] == 1));
    }
    let sizes = effects.map(|e| e.iter().map(|e| e.abs()).collect::<Vec<_>>());
    let read = Read {
        component,
        layer_norm: options.layer_norm,
    };
    let chunks = schedule(config, &sources, plan.edges, sizes.as_deref());
    if effects.is_some() {
        meter.has_estimates();
    }
    update(&meter, &grid, &estimated)?;
    let group_flops = match plan.keeps_runs {
        true => 0.0,
        false => RUNS_SHARE.recip() * cost.of_runs(),
    };
    for group in groups(&chunks, flops, group_flops) {
        let of_chunk = |chunk: &Chunk| vec![Sums::default(); chunk.edges.len()];
        let mut sums: Vec<Vec<Sums>> = group.iter().map(of_chunk).collect();
        for (i, part) in plan.parts.iter().enumerate() {
            runs.pause.pause().await?;
            let readout = runs.readout(&plan, i, metric).await?;
            for (chunk, sums) in group.iter().zip(&mut sums) {
                let resid = readout.final_resid(&sources, chunk, read).await?;
                let numbers = readout.of_edges(resid, chunk.edges.len()).await?;
                for (sums, numbers) in sums.iter_mut().zip(numbers) {
                    scale.add(sums, &numbers, part.prompts.start);
                }
                let edges = chunk.edges.len() as f64;
                meter.work(edges * cost.of_edge_in(chunk.layer, part));
                if plan.parts.len() > 1 {
                    update(&meter, &grid, &[])?;
                }
            }
        }
        let mut fresh = Vec::new();
        for (edge, sums) in group.iter().flat_map(|c| &c.edges).zip(sums.concat()) {
            let index = edge.index(config);
            let whose = || format!("edge {} to {}", sources[edge.src], edge.dst);
            let exact = finite(scale.value(&sums), whose)?;
            meter.exact(grid.values[index], exact);
            grid.values[index] = exact;
            grid.spread[index] = scale.spread(&sums);
            grid.exact[index] = 1;
            fresh.push(index);
        }
        update(&meter, &grid, &fresh)?;
    }
    Ok(grid)
}

/// The share of a sweep's work that may go into running prompts again, where memory does not hold the runs of all.
const RUNS_SHARE: f64 = 0.1;

/// Chunks that follow each other, so many together that they cost what is given; the last may cost less.
fn groups(
    chunks: &[Chunk],
    cost: impl Fn(&Chunk) -> f64,
    least: f64,
) -> impl Iterator<Item = &[Chunk]> {
    let mut rest = chunks;
    std::iter::from_fn(move || {
        let mut sum = 0.0;
        let more = rest.iter().take_while(|chunk| {
            let is_short = sum == 0.0 || sum < least;
            sum += cost(chunk);
            is_short
        });
        let (group, left) = rest.split_at(more.count());
        rest = left;
        (!group.is_empty()).then_some(group)
    })
}
