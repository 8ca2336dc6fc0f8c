//! Which edges go together, and in what order.
//!
//! A chunk is a set of edges into one layer, as many as fit the memory budget: they run as one batch from
//! there on. With estimates at hand the largest come first: the edges into each layer are sorted by the
//! size of their effect, cut into chunks, and the chunks taken by their largest.

use super::Head;
use crate::gpt2::Config;

/// A path from a source to a destination head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    /// The source, by its place among the sweep's sources.
    pub src: usize,
    /// The destination.
    pub dst: Head,
}

impl Edge {
    /// Its place in the values of a grid.
    pub fn index(self, config: &Config) -> usize {
        (self.src * config.n_layers + self.dst.layer) * config.n_heads + self.dst.head
    }
}

/// Edges into one layer, by destination head, then source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub layer: usize,
    pub edges: Vec<Edge>,
}

/// All edges from some sources in chunks of at most `size`, though at least one.
///
/// `effects` is the estimated size of each edge's effect, in the order of the grid's values.
pub(super) fn schedule(
    config: &Config,
    sources: &[Head],
    size: usize,
    effects: Option<&[f32]>,
) -> Vec<Chunk> {
    let effect = |edge: &Edge| effects.map_or(0.0, |effects| effects[edge.index(config)]);
    let mut chunks = Vec::new();
    for layer in 1..config.n_layers {
        let mut edges = edges_into(layer, config, sources);
        edges.sort_by(|a, b| effect(b).total_cmp(&effect(a)));
        for edges in edges.chunks(size.max(1)) {
            let largest = effect(&edges[0]);
            let mut edges = edges.to_vec();
            edges.sort_by_key(|edge| (edge.dst.head, edge.src));
            chunks.push((largest, Chunk { layer, edges }));
        }
    }
    chunks.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

/// Every edge into a layer, in the order of the grid's values.
fn edges_into(layer: usize, config: &Config, sources: &[Head]) -> Vec<Edge> {
    let below = sources.iter().enumerate().filter(|(_, s)| s.layer < layer);
    let to_heads = |src| {
        (0..config.n_heads).map(move |head| Edge {
            src,
            dst: Head { layer, head },
        })
    };
    below.flat_map(|(src, _)| to_heads(src)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patching::all_heads;

    fn config() -> Config {
        let json = r#"{"n_layer": 4, "n_head": 3, "n_embd": 6, "n_positions": 8, "vocab_size": 9}"#;
        Config::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn chunks_cover_every_edge_once_within_the_size() {
        let config = config();
        let sources = all_heads(&config);
        for size in [0, 1, 2, 7, 30, 1000] {
            let mut seen = vec![0; sources.len() * sources.len()];
            for chunk in schedule(&config, &sources, size, None) {
                assert!(chunk.edges.len() <= size.max(1));
                for edge in chunk.edges {
                    assert_eq!(edge.dst.layer, chunk.layer);
                    seen[edge.index(&config)] += 1;
                }
            }
            for (i, n) in seen.into_iter().enumerate() {
                let (src, dst) = (sources[i / sources.len()], sources[i % sources.len()]);
                assert_eq!(n, usize::from(dst.layer > src.layer));
            }
        }
    }

    #[test]
    fn largest_effects_come_first() {
        let config = config();
        let sources = all_heads(&config);
        let n = sources.len() * sources.len();
        let effects: Vec<f32> = (0..n).map(|i| ((i * 37) % n) as f32).collect();
        let chunks = schedule(&config, &sources, 5, Some(&effects));
        let effect = |e: &Edge| effects[e.index(&config)];
        let of = |chunk: &Chunk| chunk.edges.iter().map(effect).collect::<Vec<_>>();
        for two in chunks.windows(2) {
            let [a, b] = [&two[0], &two[1]].map(|c| of(c).into_iter().fold(0.0, f32::max));
            assert!(a >= b);
        }
        for layer in 1..config.n_layers {
            let mut last = f32::INFINITY;
            for chunk in chunks.iter().filter(|c| c.layer == layer) {
                let effects = of(chunk);
                assert!(effects.iter().all(|e| *e <= last));
                last = effects.into_iter().fold(f32::INFINITY, f32::min);
            }
        }
    }
}
