//! A sweep as JSON: what was run, and the grid with null where there is no path.

use pathpatch::{
    gpt2::Config,
    metric::MetricKind,
    patching::{Component, Grid, Head},
};
use serde::Serialize;

/// The JSON of a sweep.
#[derive(Debug, Serialize)]
pub struct SweepReport<'a> {
    model: &'a str,
    n_layers: usize,
    n_heads: usize,
    component: &'static str,
    metric: &'static str,
    clean_metric: f32,
    corrupted_metric: f32,
    /// `[layer, head]`, or null for a sweep of all sources.
    source: Option<[usize; 2]>,
    /// `[L][H][L][H]`, source first, or `[L][H]` for one source.
    values: Nested,
}

impl<'a> SweepReport<'a> {
    /// Describe a grid.
    pub fn new(
        model: &'a str,
        config: &Config,
        component: Component,
        metric: MetricKind,
        source: Option<Head>,
        grid: &Grid,
    ) -> Self {
        Self {
            model,
            n_layers: config.n_layers,
            n_heads: config.n_heads,
            component: component.as_str(),
            metric: metric.as_str(),
            clean_metric: grid.clean_metric,
            corrupted_metric: grid.corrupted_metric,
            source: source.map(|s| [s.layer, s.head]),
            values: nest(&grid.shape, &grid.values, &grid.mask),
        }
    }
}

/// Nested arrays of numbers, null where there is no path; a session's grids have no others that are not finite.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Nested {
    Value(Option<f32>),
    Array(Vec<Nested>),
}

/// Row-major values as nested arrays, null where the mask is 0.
fn nest(shape: &[usize], values: &[f32], mask: &[u8]) -> Nested {
    let Some((_, inner)) = shape.split_first() else {
        return Nested::Value((mask[0] == 1).then_some(values[0]));
    };
    let step = inner.iter().product();
    let parts = values.chunks(step).zip(mask.chunks(step));
    Nested::Array(parts.map(|(v, m)| nest(inner, v, m)).collect())
}
