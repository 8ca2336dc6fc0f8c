//! A grid of results: values, which of them have a path and which are exact, and the baselines they are
//! read against.

use super::{Both, Head};
use crate::gpt2::Config;

/// The metric for each edge of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// `[n_layers, n_heads]` over destinations, or `[n_layers, n_heads, n_layers, n_heads]` over
    /// (source, destination).
    pub shape: Vec<usize>,
    /// Row-major; NaN where there is no path, or no value yet.
    pub values: Vec<f32>,
    /// 1 where the destination's layer comes after the source's, else 0.
    pub mask: Vec<u8>,
    /// 1 where the value is that of the patched run; 0 where it is a first-order estimate, not there yet,
    /// or without a path.
    pub exact: Vec<u8>,
    /// Standard deviation over the prompt pairs of the exact value's change from the corrupted run; NaN
    /// where there is no exact value, or only one pair.
    pub spread: Vec<f32>,
    /// The metric on the clean run.
    pub clean_metric: f32,
    /// The metric on the corrupted run: the value of an edge without effect.
    pub corrupted_metric: f32,
}

impl Grid {
    /// A grid without values.
    pub(super) fn empty(
        config: &Config,
        sources: &[Head],
        shape: Vec<usize>,
        metric: &Both<f32>,
    ) -> Self {
        let mask = path_mask(config, sources);
        Self {
            shape,
            values: vec![f32::NAN; mask.len()],
            exact: vec![0; mask.len()],
            spread: vec![f32::NAN; mask.len()],
            mask,
            clean_metric: metric.clean,
            corrupted_metric: metric.corrupted,
        }
    }
}

/// All heads of a model, layer by layer.
pub fn all_heads(config: &Config) -> Vec<Head> {
    (0..config.n_layers)
        .flat_map(|layer| (0..config.n_heads).map(move |head| Head { layer, head }))
        .collect()
}

/// 1 for each (source, destination) with a path, in the order of the grid's values.
fn path_mask(config: &Config, sources: &[Head]) -> Vec<u8> {
    let destinations = all_heads(config);
    let from = |src: &Head| {
        let src_layer = src.layer;
        destinations
            .iter()
            .map(move |dst| u8::from(dst.layer > src_layer))
    };
    sources.iter().flat_map(from).collect()
}
