//! Direct path patching from heads to later heads, by TransformerLens's names: one component of the graph's edges, in
//! the grids that its functions return.

use std::collections::HashMap;

use super::{
    graph::{Component, Edge, Graph, Head, Receiver, Sender},
    grid::Grid,
    patch::{LayerNorm, Patch},
    progress::Progress,
    runs::Runs,
    scores::Scores,
    sweep::{EdgeOptions, EdgeUpdate, sweep_edges},
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
    /// Whether estimates come first, and with them the largest effects, where the metric has a gradient.
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
    mut on_update: impl FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    src.check("source head", config)?;
    let shape = vec![config.n_layers, config.n_heads];
    let (sources, on_update) = ([src], &mut on_update);
    sweep(runs, metric, &sources, component, shape, options, on_update).await
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
    mut on_update: impl FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let shape = vec![layers, heads, layers, heads];
    let sources = Graph::of(config).heads();
    let on_update = &mut on_update;
    sweep(runs, metric, &sources, component, shape, options, on_update).await
}

async fn sweep(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    sources: &[Head],
    component: Component,
    shape: Vec<usize>,
    options: SweepOptions,
    on_update: &mut dyn FnMut(Update<'_>) -> Result<()>,
) -> Result<Grid> {
    let graph = Graph::of(&runs.model.config);
    let destinations = graph.heads();
    let all = sources.iter().flat_map(|src| {
        destinations.iter().map(|dst| Edge {
            from: Sender::Head(*src),
            to: Receiver::Head(*dst, component),
        })
    });
    // Each edge with a path, and its place in the grid.
    let entries = all.enumerate().filter(|(_, e)| e.exists(graph.n_layers));
    let (entries, edges): (Vec<usize>, Vec<Edge>) = entries.unzip();
    let places = edges.iter().map(|edge| graph.place(*edge));
    let entry_of: HashMap<usize, usize> = places.zip(entries).collect();
    let mut grid = Grid::empty(graph, sources, shape);
    let options = EdgeOptions {
        patch: Patch {
            direction: runs.direction(),
            replacement: runs.replacement(),
            layer_norm: options.layer_norm,
        },
        scores: Scores::Exact,
        estimates: options.estimates,
        strongest: None,
        checked: 0,
        by_position: false,
        memory_budget: options.memory_budget,
    };
    let follow = |update: EdgeUpdate<'_>| {
        grid.clean_metric = update.table.metric.clean;
        grid.corrupted_metric = update.table.metric.corrupted;
        let mut fresh = Vec::with_capacity(update.changed.len());
        for place in update.changed {
            let entry = entry_of[place];
            grid.set(entry, update.table.cells[*place]);
            fresh.push(entry);
        }
        on_update(Update {
            progress: update.progress,
            grid: &grid,
            fresh: &fresh,
        })
    };
    sweep_edges(runs, metric, &edges, &options, follow).await?;
    Ok(grid)
}
