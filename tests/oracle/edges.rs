//! Patches edges in the oracle, for each direction and replacement, and evaluates metrics.

use pathpatch::{
    gpt2::Gpt2,
    patching::{
        Direction, LayerNorm, Replacement,
        graph::{Edge, Graph, Sender},
    },
    prompt::{Batch, PromptPair},
};

use super::{Oracle, Patch, Rows, Run};

/// A metric of one prompt's logits and its clean run's logits, both `[pos][d_vocab]`.
pub type Read = fn(&[Vec<f64>], &[Vec<f64>], &PromptPair, usize) -> f64;

/// How edges are patched.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    pub direction: Direction,
    pub replacement: Replacement,
    pub layer_norm: LayerNorm,
    /// If given, only this position is patched.
    pub position: Option<usize>,
}

/// The runs of a batch.
pub struct Edges<'a> {
    oracle: Oracle,
    batch: &'a Batch,
    /// The clean and the corrupted run of each pair.
    runs: Vec<[Run; 2]>,
}

impl<'a> Edges<'a> {
    pub fn new(model: &Gpt2, batch: &'a Batch) -> Self {
        let oracle = Oracle::new(model);
        let both = |pair: &PromptPair| [&pair.clean, &pair.corrupted].map(|ids| oracle.run(ids));
        Self {
            runs: batch.pairs().iter().map(both).collect(),
            oracle,
            batch,
        }
    }

    pub fn graph(&self) -> Graph {
        self.oracle.graph
    }

    /// The metric of a direction's base run, averaged over the pairs.
    pub fn base(&self, direction: Direction, read: Read) -> f64 {
        self.mean(read, |i| self.base_run(i, direction).logits.clone())
    }

    /// The metric with the fraction `amount` of an edge's change patched in, averaged over the pairs.
    pub fn value(&self, edge: Edge, how: How, amount: f64, read: Read) -> f64 {
        self.mean(read, |i| self.logits(i, edge, how, amount))
    }

    /// The derivative of the metric by the fraction of an edge's change, at 0, by central differences.
    pub fn slope(&self, edge: Edge, how: How, read: Read) -> f64 {
        self.mean_slope(read, |i, amount| self.logits(i, edge, how, amount))
    }

    /// The same in runs whose token embeddings are the fraction `share` of the way from the other prompt's to the base
    /// prompt's. The edge's change is still the one between the two runs themselves.
    pub fn slope_between(&self, edge: Edge, how: How, share: f64, read: Read) -> f64 {
        self.mean_slope(read, |i, amount| {
            let pair = &self.batch.pairs()[i];
            let [base, other] = match how.direction {
                Direction::Denoise => [&pair.corrupted, &pair.clean],
                Direction::Noise => [&pair.clean, &pair.corrupted],
            };
            let between = |(base, other): (Vec<f64>, Vec<f64>)| -> Vec<f64> {
                let both = base.iter().zip(other);
                both.map(|(base, other)| other + share * (base - other))
                    .collect()
            };
            let ends = [base, other].map(|ids| self.oracle.embed(ids).into_iter());
            let [base, other] = ends;
            let embeddings = base.zip(other).map(between).collect();
            let patch = self.patch(i, edge, how, amount);
            self.oracle.run_patched(embeddings, Some(&patch)).logits
        })
    }

    /// The logits of one pair's base run with the fraction `amount` of an edge's change patched in.
    pub fn logits(&self, pair: usize, edge: Edge, how: How, amount: f64) -> Rows {
        let prompts = &self.batch.pairs()[pair];
        let base = match how.direction {
            Direction::Denoise => &prompts.corrupted,
            Direction::Noise => &prompts.clean,
        };
        let patch = self.patch(pair, edge, how, amount);
        let embeddings = self.oracle.embed(base);
        self.oracle.run_patched(embeddings, Some(&patch)).logits
    }

    /// The metric of a run of each pair, averaged.
    fn mean(&self, read: Read, logits: impl Fn(usize) -> Rows) -> f64 {
        let pairs = self.batch.pairs();
        let numbers = pairs.iter().enumerate().map(|(i, pair)| {
            let [clean, _] = &self.runs[i];
            read(&logits(i), &clean.logits, pair, self.batch.positions()[i])
        });
        numbers.sum::<f64>() / pairs.len() as f64
    }

    fn mean_slope(&self, read: Read, logits: impl Fn(usize, f64) -> Rows) -> f64 {
        const STEP: f64 = 1e-4;
        let [more, less] = [STEP, -STEP].map(|amount| self.mean(read, |i| logits(i, amount)));
        (more - less) / (2.0 * STEP)
    }

    fn patch(&self, pair: usize, edge: Edge, how: How, amount: f64) -> Patch {
        let mut delta = self.delta(pair, edge.from, how);
        for (pos, row) in delta.iter_mut().enumerate() {
            let amount = match how.position {
                Some(only) if only != pos => 0.0,
                _ => amount,
            };
            row.iter_mut().for_each(|x| *x *= amount);
        }
        Patch {
            to: edge.to,
            delta,
            layer_norm: how.layer_norm,
        }
    }

    /// The replacement for a sender's output minus its output in the base run, `[pos][d_model]`.
    fn delta(&self, pair: usize, from: Sender, how: How) -> Rows {
        let base = &self.base_run(pair, how.direction).writes[self.oracle.graph.row(from)];
        let row = |(pos, base): (usize, &Vec<f64>)| -> Vec<f64> {
            let into = match how.replacement {
                Replacement::Resample => self.other_writes(pair, from, how.direction)[pos].clone(),
                Replacement::Mean => self.mean_write(pos, from, how.direction),
                Replacement::Zero => vec![0.0; base.len()],
            };
            into.iter()
                .zip(base)
                .map(|(into, base)| into - base)
                .collect()
        };
        base.iter().enumerate().map(row).collect()
    }

    /// A sender's mean output at a position in the other run, over the pairs that have this position.
    fn mean_write(&self, pos: usize, from: Sender, direction: Direction) -> Vec<f64> {
        let pairs = 0..self.runs.len();
        let all = pairs.filter_map(|i| self.other_writes(i, from, direction).get(pos));
        let all: Vec<&Vec<f64>> = all.collect();
        let mean = |i: usize| all.iter().map(|row| row[i]).sum::<f64>() / all.len() as f64;
        (0..all[0].len()).map(mean).collect()
    }

    fn other_writes(&self, pair: usize, from: Sender, direction: Direction) -> &Rows {
        let [clean, corrupted] = &self.runs[pair];
        let other = match direction {
            Direction::Denoise => clean,
            Direction::Noise => corrupted,
        };
        &other.writes[self.oracle.graph.row(from)]
    }

    fn base_run(&self, pair: usize, direction: Direction) -> &Run {
        let [clean, corrupted] = &self.runs[pair];
        match direction {
            Direction::Denoise => corrupted,
            Direction::Noise => clean,
        }
    }
}
