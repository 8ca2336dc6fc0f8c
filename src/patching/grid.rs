//! A grid of results between heads: values, which of them have a path and which are exact, and the baselines they are
//! read against.

use super::{
    cell::Cell,
    graph::{Component, Edge, Graph, Head, Receiver, Sender},
};
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
    /// 1 where the value is that of the patched run; 0 where it is an estimate, not there yet, or without a path.
    pub exact: Vec<u8>,
    /// Standard deviation over the prompt pairs of the exact value's change from the base run; NaN
    /// where there is no exact value, or only one pair.
    pub spread: Vec<f32>,
    /// The metric on the clean run.
    pub clean_metric: f32,
    /// The metric on the corrupted run: when denoising, the value of an edge without effect.
    pub corrupted_metric: f32,
}

impl Grid {
    /// A grid without values and metrics, from some heads to all.
    pub(super) fn empty(graph: Graph, sources: &[Head], shape: Vec<usize>) -> Self {
        let heads = graph.heads();
        // The same for each component.
        let edge = |src: Head, dst: Head| Edge {
            from: Sender::Head(src),
            to: Receiver::Head(dst, Component::Q),
        };
        let ends = sources
            .iter()
            .flat_map(|src| heads.iter().map(move |dst| (*src, *dst)));
        let mask = ends.map(|(src, dst)| u8::from(edge(src, dst).exists(graph.n_layers)));
        let mask: Vec<u8> = mask.collect();
        Self {
            shape,
            values: vec![f32::NAN; mask.len()],
            exact: vec![0; mask.len()],
            spread: vec![f32::NAN; mask.len()],
            mask,
            clean_metric: f32::NAN,
            corrupted_metric: f32::NAN,
        }
    }

    /// Put what is known of an edge into an entry.
    pub(super) fn set(&mut self, entry: usize, cell: Cell) {
        let (exact, std_dev) = match cell {
            Cell::Exact { std_dev, .. } => (1, std_dev),
            _ => (0, None),
        };
        self.values[entry] = cell.value().unwrap_or(f32::NAN);
        self.exact[entry] = exact;
        self.spread[entry] = std_dev.unwrap_or(f32::NAN);
    }
}

/// All heads of a model, layer by layer.
pub fn all_heads(config: &Config) -> Vec<Head> {
    Graph::of(config).heads()
}
