//! Which variants go together, and in what order.
//!
//! A chunk is a set of variants that enter at one stage, as many as fit the memory budget: they run as one batch from
//! there on. With estimates at hand the strongest variants come before all others, so that what readers look at first is
//! exact first. Within these, and within the others, the variants of each stage are sorted by the size of their effect, cut
//! into chunks, and the chunks of all stages taken by their largest.

use std::collections::BTreeMap;

use super::{
    graph::{Graph, Stage},
    job::{Job, Variant},
    patch::Patch,
    plan::Part,
};

/// Variants that enter at one stage, by receiver, then sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub enter: Stage,
    pub variants: Vec<Variant>,
}

impl Chunk {
    /// The chunk on the prompts of a part.
    pub fn on(&self, part: &Part, patch: Patch) -> Job {
        Job {
            patch,
            enter: self.enter,
            window: part.window,
            prompts: part.prompts.clone(),
            variants: self.variants.clone(),
        }
    }
}

/// All variants in chunks of at most `size`, though at least one; the `first` strongest of them before all others.
///
/// `effect` is the estimated size of each variant's effect, 0 where nothing is known of it.
pub(super) fn schedule(
    graph: Graph,
    variants: &[Variant],
    size: usize,
    first: usize,
    effect: impl Fn(&Variant) -> f32,
) -> Vec<Chunk> {
    let mut by_effect = variants.to_vec();
    by_effect.sort_by(|a, b| effect(b).total_cmp(&effect(a)));
    // Without estimates none is before others.
    let is_known = by_effect.first().is_some_and(|v| effect(v) > 0.0);
    let first = if is_known { first } else { 0 };
    let (strongest, others) = by_effect.split_at(first.min(by_effect.len()));
    let mut chunks = by_largest(graph, strongest, size, &effect);
    chunks.extend(by_largest(graph, others, size, &effect));
    chunks
}

/// Variants in the order of their effects, in chunks by their largest.
fn by_largest(
    graph: Graph,
    variants: &[Variant],
    size: usize,
    effect: impl Fn(&Variant) -> f32,
) -> Vec<Chunk> {
    let mut stages: BTreeMap<Stage, Vec<Variant>> = BTreeMap::new();
    for variant in variants {
        let enter = variant.edge.to.reads(graph.n_layers);
        stages.entry(enter).or_default().push(*variant);
    }
    let mut chunks = Vec::new();
    for (enter, variants) in stages {
        for variants in variants.chunks(size.max(1)) {
            let largest = effect(&variants[0]);
            let mut variants = variants.to_vec();
            variants.sort_by_key(|variant| {
                let edge = variant.edge;
                (graph.column(edge.to), graph.row(edge.from), variant.at)
            });
            chunks.push((largest, Chunk { enter, variants }));
        }
    }
    chunks.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const GRAPH: Graph = Graph {
        n_layers: 4,
        n_heads: 3,
    };

    fn variants() -> Vec<Variant> {
        GRAPH.edges().map(Variant::whole).collect()
    }

    fn effect(v: &Variant) -> f32 {
        ((GRAPH.place(v.edge) * 37) % 101) as f32
    }

    #[test]
    fn chunks_cover_every_edge_once_within_the_size() {
        for size in [0, 1, 2, 7, 30, 1000] {
            let mut seen = HashMap::new();
            for chunk in schedule(GRAPH, &variants(), size, 10, effect) {
                assert!(chunk.variants.len() <= size.max(1));
                for Variant { edge, .. } in chunk.variants {
                    assert_eq!(edge.to.reads(GRAPH.n_layers), chunk.enter);
                    *seen.entry(GRAPH.place(edge)).or_insert(0) += 1;
                }
            }
            assert_eq!(seen.len(), GRAPH.edges().count());
            assert!(seen.values().all(|times| *times == 1));
        }
    }

    #[test]
    fn the_strongest_come_before_all_others() {
        let mut effects: Vec<f32> = variants().iter().map(effect).collect();
        effects.sort_by(|a, b| b.total_cmp(a));
        for first in [1, 10, 40, 10_000] {
            let chunks = schedule(GRAPH, &variants(), 7, first, effect);
            let mut done: Vec<f32> = Vec::new();
            let wanted = first.min(effects.len());
            for chunk in chunks.iter() {
                if done.len() == wanted {
                    break;
                }
                done.extend(chunk.variants.iter().map(effect));
            }
            assert_eq!(done.len(), wanted, "no other among them");
            done.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(done, effects[..wanted]);
        }
        // None is strongest where nothing is known.
        let unknown = |_: &Variant| 0.0;
        let [some, none] = [10, 0].map(|first| schedule(GRAPH, &variants(), 7, first, unknown));
        assert_eq!(some, none);
    }

    #[test]
    fn largest_effects_come_first() {
        let chunks = schedule(GRAPH, &variants(), 5, 0, effect);
        let of = |chunk: &Chunk| chunk.variants.iter().map(effect).collect::<Vec<_>>();
        for two in chunks.windows(2) {
            let [a, b] = [&two[0], &two[1]].map(|c| of(c).into_iter().fold(0.0, f32::max));
            assert!(a >= b);
        }
        let mut last: HashMap<String, f32> = HashMap::new();
        for chunk in &chunks {
            let last = last.entry(format!("{:?}", chunk.enter));
            let last = last.or_insert(f32::INFINITY);
            let effects = of(chunk);
            assert!(effects.iter().all(|e| *e <= *last));
            *last = effects.into_iter().fold(f32::INFINITY, f32::min);
        }
    }
}
