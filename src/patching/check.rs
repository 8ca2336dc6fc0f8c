//! Which edges are patched where not all are: the strongest by their estimates, and a random sample of the others that
//! tells how far the estimates may be off.
//!
//! If D of the N others had an error above the largest in a sample of m, the sample would have missed all of them with
//! probability `C(N - D, m) / C(N, m)`. The bound is the largest D for which that is 5% or more, as a share of the `N - m`
//! that were not patched. Where N is much larger than m it comes to 3 / m, the rule of three.

use super::graph::Edge;

/// What the sample of edges that were not among the strongest has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// How many were patched.
    pub edges: usize,
    /// The largest difference between estimate and exact value among them, in units of the metric.
    pub largest_error: f32,
    /// At most this share of the edges that were not patched has a larger error, at 95% confidence; 0 where all were
    /// patched.
    pub bound: f32,
}

impl Check {
    /// From the errors of a sample of `others` edges; `None` for an empty one.
    pub(super) fn of(errors: &[f32], others: usize) -> Option<Self> {
        let largest_error = errors.iter().copied().reduce(f32::max)?;
        Some(Self {
            edges: errors.len(),
            largest_error,
            bound: bound(others, errors.len()),
        })
    }
}

/// Of `others` edges `sample` were taken at random: which share of the rest may, at 95% confidence, be one of a kind that
/// the sample has none of.
fn bound(others: usize, sample: usize) -> f32 {
    let rest = others.saturating_sub(sample);
    // The probability that the sample has missed all of this kind, were there so many.
    let missed = (0..rest).scan(1.0, |missed, i| {
        *missed *= (rest - i) as f64 / (others - i) as f64;
        Some(*missed)
    });
    let possible = missed.take_while(|missed| *missed >= 0.05).count();
    possible as f32 / rest.max(1) as f32
}

/// The edges that are patched.
pub(super) struct Selection {
    /// All, or those with the largest estimates.
    pub strongest: Vec<Edge>,
    /// A random sample of the others.
    pub checked: Vec<Edge>,
    /// How many others there are.
    pub others: usize,
}

impl Selection {
    /// All edges.
    pub fn all(edges: &[Edge]) -> Self {
        Self {
            strongest: edges.to_vec(),
            checked: Vec::new(),
            others: 0,
        }
    }

    /// The `n` edges of the largest `size`, and `checked` of the others: the same ones every time.
    pub fn strongest(
        edges: &[Edge],
        n: usize,
        checked: usize,
        size: impl Fn(&Edge) -> f32,
    ) -> Self {
        let mut strongest = edges.to_vec();
        strongest.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let mut others = strongest.split_off(n.min(edges.len()));
        let count = others.len();
        let checked = checked.min(count);
        // A partial Fisher-Yates shuffle.
        let mut random = SplitMix64(SEED);
        for i in 0..checked {
            let left = (count - i) as u64;
            others.swap(i, i + (random.next() % left) as usize);
        }
        others.truncate(checked);
        Self {
            strongest,
            checked: others,
            others: count,
        }
    }

    /// All that are patched.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.strongest.iter().chain(&self.checked)
    }
}

/// Any number would do; the same one, so that a sweep can be repeated.
const SEED: u64 = 12;

/// SplitMix64 (Steele, Lea and Flood 2014): good enough for a sample, and 5 lines.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patching::graph::Graph;

    #[test]
    fn a_selection_has_the_strongest_and_others_once_each() {
        let graph = Graph {
            n_layers: 3,
            n_heads: 2,
        };
        let edges: Vec<Edge> = graph.edges().collect();
        let size = |edge: &Edge| ((graph.place(*edge) * 37) % 101) as f32;
        for (n, checked) in [(0, 5), (7, 20), (7, 10_000), (10_000, 3)] {
            let selection = Selection::strongest(&edges, n, checked, size);
            assert_eq!(selection.strongest.len(), n.min(edges.len()));
            assert_eq!(selection.others, edges.len() - selection.strongest.len());
            assert_eq!(selection.checked.len(), checked.min(selection.others));
            let weakest = selection
                .strongest
                .iter()
                .map(size)
                .fold(f32::INFINITY, f32::min);
            assert!(selection.checked.iter().all(|edge| size(edge) <= weakest));
            let mut places: Vec<usize> = selection.edges().map(|e| graph.place(*e)).collect();
            places.sort_unstable();
            assert!(places.is_sorted_by(|a, b| a < b));
            let again = Selection::strongest(&edges, n, checked, size);
            assert_eq!(again.checked, selection.checked);
        }
    }

    #[test]
    fn the_bound_is_of_the_edges_that_were_not_patched() {
        assert_eq!(Check::of(&[], 10), None);
        // Missed with probability 7/10, 7/15, 7/24, 1/6, 1/12 and 1/30 where 1 to 6 edges are off.
        let check = Check::of(&[0.5, 2.0, 1.0], 10).unwrap();
        assert_eq!(
            (check.edges, check.largest_error, check.bound),
            (3, 2.0, 5.0 / 7.0)
        );
        // 2 are missed with 6.2%, 3 with 1.5%.
        assert_eq!(bound(400, 300), 0.02);
        assert_eq!(bound(300, 300), 0.0);
        // The rule of three.
        assert!((bound(1_000_000, 300) - 0.01).abs() < 1e-4);
    }
}
