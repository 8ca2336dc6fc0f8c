//! Every edge of a sweep, in batches.
//!
//! Destination layers are taken in order; all edges into one of them are cut into chunks of
//! (destination heads) x (sources) that fit a memory budget, each chunk one batched pass through the rest
//! of the model and one read-back. After each chunk the caller hears how far it is, and may stop it.

use std::ops::Range;

use super::{
    Component, Grid, Head,
    grid::{all_heads, path_mask},
    runs::{Destination, Runs},
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
};

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Edges done.
    pub done: usize,
    /// Edges in all.
    pub total: usize,
}

/// How a sweep is cut up.
#[derive(Debug, Clone, Copy)]
pub struct SweepOptions {
    /// Bytes that the activations of one chunk may take; a chunk has at least one edge.
    pub memory_budget: usize,
}

impl Default for SweepOptions {
    /// In a browser a chunk is also the unit of cancelling, and one thread does the work: keep it small.
    fn default() -> Self {
        let megabytes = if cfg!(target_family = "wasm") {
            32
        } else {
            256
        };
        Self {
            memory_budget: megabytes << 20,
        }
    }
}

/// Patch the direct path from one source head to every later head.
///
/// For each destination `B = (dl, dh)` with `dl > src.layer`, only what the source writes into B's
/// query, key or value is taken from the clean run; the metric of the resulting logits is B's entry.
/// Follows TransformerLens's `get_act_patch_direct_path` (LayerNorm scales as in the corrupted run).
///
/// # Shapes
/// The grid is `[n_layers, n_heads]`.
///
/// # Errors
/// [`Code::Source`] for a head the model has not; [`Code::Metric`] when a normalised metric has nothing
/// to normalise by; [`Code::Device`] when the device fails; whatever `on_progress` returns.
pub async fn get_act_patch_direct_path(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    src: Head,
    component: Component,
    options: SweepOptions,
    on_progress: impl AsyncFnMut(Progress) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    src.check(config)?;
    let shape = vec![config.n_layers, config.n_heads];
    sweep(
        runs,
        metric,
        vec![src],
        component,
        shape,
        options,
        on_progress,
    )
    .await
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
    on_progress: impl AsyncFnMut(Progress) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let shape = vec![layers, heads, layers, heads];
    let sources = all_heads(config);
    sweep(
        runs,
        metric,
        sources,
        component,
        shape,
        options,
        on_progress,
    )
    .await
}

async fn sweep(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    sources: Vec<Head>,
    component: Component,
    shape: Vec<usize>,
    options: SweepOptions,
    mut on_progress: impl AsyncFnMut(Progress) -> Result<()>,
) -> Result<Grid> {
    let config = &runs.model.config;
    let baseline = read_back(runs, metric, runs.baseline_logits(metric.positions())).await?;
    let scale = Scale::new(metric.normalized(), baseline[0], baseline[1])?;

    let mask = path_mask(config, &sources);
    let total = mask.iter().map(|m| usize::from(*m)).sum();
    let mut values = vec![f32::NAN; mask.len()];
    let mut done = 0;
    let edges_in_chunk = runs.edges_in_chunk(metric, options.memory_budget);
    on_progress(Progress { done, total }).await?;

    for layer in 1..config.n_layers {
        // Sources below the layer, by their place in `sources`.
        let below: Vec<usize> = (0..sources.len())
            .filter(|i| sources[*i].layer < layer)
            .collect();
        let destination = runs.destination(layer);
        for (src_range, dst_heads) in chunks(below.len(), config.n_heads, edges_in_chunk) {
            let chunk = &below[src_range];
            let heads: Vec<Head> = chunk.iter().map(|i| sources[*i]).collect();
            let logits = runs.patch(metric, &heads, component, layer, &destination, &dst_heads);
            let results = read_back(runs, metric, logits).await?;
            let edges = dst_heads.flat_map(|dst| chunk.iter().map(move |src| (*src, dst)));
            for ((src, dst), value) in edges.zip(&results) {
                values[(src * config.n_layers + layer) * config.n_heads + dst] =
                    scale.apply(*value);
            }
            done += results.len();
            on_progress(Progress { done, total }).await?;
        }
    }
    Ok(Grid {
        shape,
        values,
        mask,
        clean_metric: scale.apply(baseline[0]),
        corrupted_metric: scale.apply(baseline[1]),
    })
}

impl Runs<'_> {
    /// Logits for every edge from `sources` to `heads` of `layer`, `[dst head * src, batch, pos, d_vocab]`.
    fn patch(
        &self,
        metric: &dyn Metric,
        sources: &[Head],
        component: Component,
        layer: usize,
        destination: &Destination,
        heads: &Range<usize>,
    ) -> burn::tensor::Tensor<4> {
        let delta_resid = self.delta_resid(sources);
        let delta = self.delta_component(delta_resid, component, layer, destination, heads);
        let resid_mid = self.patched_resid_mid(delta, component, layer, destination, heads);
        self.patched_logits(self.run_from(layer, resid_mid), metric.positions())
    }

    /// Edges whose activations fit the budget. The widest moments are the MLP's hidden layer (its input
    /// to GELU, the output and two temporaries) and the logits with two copies for a softmax.
    fn edges_in_chunk(&self, metric: &dyn Metric, budget: usize) -> usize {
        let config = &self.model.config;
        let read = if metric.positions().is_some() {
            1
        } else {
            self.first + self.rows
        };
        let floats = 4 * self.rows * config.d_mlp + 3 * read * config.d_vocab;
        budget / (floats * self.batch * size_of::<f32>())
    }
}

/// Cut sources x destination heads into rectangles of at most `edges` edges, though at least one.
fn chunks(
    n_src: usize,
    n_dst: usize,
    edges: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let dst_step = edges.clamp(1, n_dst);
    let src_step = (edges / n_dst).max(1);
    let ranges = |len: usize, step: usize| {
        (0..len)
            .step_by(step)
            .map(move |start| start..(start + step).min(len))
    };
    ranges(n_src, src_step)
        .flat_map(move |src| ranges(n_dst, dst_step).map(move |dst| (src.clone(), dst)))
}

/// The metric of each run, on the host.
async fn read_back(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    logits: burn::tensor::Tensor<4>,
) -> Result<Vec<f32>> {
    let failed = |e: &dyn std::fmt::Display| {
        let device = format!("{:?}", runs.model.device());
        Error::new(Code::Device, device, "results of a batch of edges", e)
    };
    let data = metric.evaluate(logits).into_data_async().await;
    let data = data.map_err(|e| failed(&e))?;
    data.try_into_vec().map_err(|e| failed(&format!("{e:?}")))
}

/// From the metric as measured to the metric as reported: identity, or corrupted at 0 and clean at 1.
struct Scale {
    zero: f32,
    unit: f32,
}

impl Scale {
    fn new(normalized: bool, clean: f32, corrupted: f32) -> Result<Self> {
        if !normalized {
            return Ok(Self {
                zero: 0.0,
                unit: 1.0,
            });
        }
        if clean == corrupted {
            return Err(Error::new(
                Code::Metric,
                "normalized metric",
                "clean and corrupted runs with different values",
                format!("{clean} for both"),
            ));
        }
        Ok(Self {
            zero: corrupted,
            unit: clean - corrupted,
        })
    }

    fn apply(&self, value: f32) -> f32 {
        (value - self.zero) / self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_cover_every_edge_once_within_the_limit() {
        for (n_src, n_dst) in [(1, 4), (5, 3), (12, 12), (0, 4)] {
            for edges in [0, 1, 2, 7, 30, 1000] {
                let mut seen = vec![0; n_src * n_dst];
                for (src, dst) in chunks(n_src, n_dst, edges) {
                    assert!(src.len() * dst.len() <= edges.max(1));
                    for s in src {
                        for d in dst.clone() {
                            seen[s * n_dst + d] += 1;
                        }
                    }
                }
                assert!(seen.iter().all(|n| *n == 1), "{n_src} x {n_dst} by {edges}");
            }
        }
    }
}
