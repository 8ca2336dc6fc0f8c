//! Which prompts are run together, and which of their positions.
//!
//! A part is some prompts with a window of positions: from the first that a patch can change, or that the metric
//! reads if that is earlier, to the last that the metric reads. Nothing after that position reaches the metric, so
//! nothing after it is computed. Prompts of like windows go together: a part has at most a quarter more rows than its
//! prompts need. Its runs fit the memory for runs, its rows one step and its logits theirs; where one prompt takes more,
//! it is a part by itself.

use super::{
    both::Both,
    graph::Graph,
    memory::{Memory, bytes_of_mean, bytes_of_token, floats_of_row},
    patch::Replacement,
    window::Window,
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Config, Gpt2},
    metric::Metric,
    ops::{largest_buffer, on_cpu},
    prompt::{Batch, PromptPair},
};

/// Some prompts and the positions that are worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Counted from 0.
    pub prompts: Vec<usize>,
    pub window: Window,
}

impl Part {
    pub fn batch(&self) -> usize {
        self.prompts.len()
    }

    /// Positions of each prompt that are worked on.
    pub fn rows(&self) -> usize {
        self.window.rows
    }

    /// Positions from 0 that are run at all.
    pub fn pos(&self) -> usize {
        self.window.end()
    }

    /// Clean and corrupted tokens, each `[batch][pos]`, cut to the part's positions or padded with token 0.
    pub fn tokens(&self, batch: &Batch) -> Both<Vec<Vec<u32>>> {
        let pairs = || self.prompts.iter().map(|i| &batch.pairs()[*i]);
        let of_run = |ids: fn(&PromptPair) -> &Vec<u32>| {
            let padded = |pair| {
                let ids: &Vec<u32> = ids(pair);
                let padding = std::iter::repeat(0);
                ids.iter()
                    .copied()
                    .chain(padding)
                    .take(self.pos())
                    .collect()
            };
            pairs().map(padded).collect()
        };
        Both {
            clean: of_run(|pair| &pair.clean),
            corrupted: of_run(|pair| &pair.corrupted),
        }
    }

    /// This part and the prompts after it.
    fn with(&self, next: &Self) -> Self {
        Self {
            prompts: [&self.prompts[..], &next.prompts].concat(),
            window: self.window.with(next.window),
        }
    }

    /// Bytes of what is kept of both runs, and of their activations at the widest moment of a pass.
    fn bytes(&self, config: &Config) -> u64 {
        let tokens = self.batch() as u64 * self.pos() as u64;
        tokens * bytes_of_token(config) as u64
    }

    /// Bytes of what destination layers make of it: see [`super::slice::Destination`].
    fn destination_bytes(&self, config: &Config) -> u64 {
        let of_prompt = (2 * self.pos() + 3 * self.rows()) * config.d_model;
        let of_prompt = of_prompt + self.rows() * config.d_mlp;
        let each = (config.n_layers * size_of::<f32>()) as u64 * of_prompt as u64;
        self.batch() as u64 * each
    }

    /// Bytes of the deltas of all senders.
    fn written_bytes(&self, config: &Config) -> u64 {
        let each = Graph::of(config).n_senders() * config.d_model * size_of::<f32>();
        (self.batch() * self.rows()) as u64 * each as u64
    }
}

/// What a metric reads of a batch.
pub(super) struct Reads<'m> {
    /// The position of each prompt; all where `None`.
    pub positions: Option<&'m [usize]>,
    /// How many tokens' logits it reads of the whole batch.
    pub tokens: usize,
    /// How many it reads of the first prompt by itself.
    pub tokens_of_prompt: usize,
    /// Whether it can read some prompts at a time.
    pub splits: bool,
}

impl<'m> Reads<'m> {
    /// What this metric reads.
    ///
    /// # Errors
    /// [`Code::Metric`] for a metric that reads where there is nothing.
    pub fn of(metric: &'m dyn Metric, batch: &Batch, config: &Config) -> Result<Self> {
        let pairs = batch.pairs();
        let wrong =
            |what, expected: String, got: usize| Err(Error::new(Code::Metric, what, expected, got));
        if let Some(positions) = metric.positions() {
            if positions.len() != pairs.len() {
                let expected = format!("one for each of {} prompt pairs", pairs.len());
                return wrong("metric positions", expected, positions.len());
            }
            for (pair, position) in pairs.iter().zip(positions) {
                let tokens = pair.clean.len();
                if *position >= tokens {
                    let expected = format!("below the prompt's {tokens} tokens");
                    return wrong("metric position", expected, *position);
                }
            }
        }
        if let Some(tokens) = metric.tokens() {
            if tokens.is_empty() {
                return wrong("metric tokens", "at least one".into(), 0);
            }
            let d_vocab = config.d_vocab;
            if let Some(id) = tokens.iter().find(|id| **id as usize >= d_vocab) {
                let expected = format!("ids below {d_vocab} (the model's vocabulary)");
                return wrong("metric token", expected, *id as usize);
            }
        }
        let tokens = |metric: &dyn Metric| metric.tokens().map_or(config.d_vocab, <[u32]>::len);
        let of_first = metric.of_prompts(&[0]);
        let all = tokens(metric);
        Ok(Self {
            positions: metric.positions(),
            tokens: all,
            tokens_of_prompt: of_first.as_deref().map_or(all, tokens),
            splits: of_first.is_some(),
        })
    }

    /// How many tokens' logits it reads of a part: those of a logit difference are each prompt's own, others are the
    /// same for all prompts.
    pub fn tokens(&self, part: &Part) -> usize {
        let of_prompts = self.tokens_of_prompt.saturating_mul(part.batch());
        of_prompts.min(self.tokens)
    }

    /// Rows of logits of one run of a part.
    fn rows(&self, part: &Part) -> usize {
        match self.positions {
            Some(_) => part.batch(),
            None => part.batch().saturating_mul(part.pos()),
        }
    }
}

/// The parts of a batch, and how much of them is done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub parts: Vec<Part>,
    /// The parts over which means are taken; none where no mean goes in.
    pub means: Vec<Part>,
    /// Whether the runs of all parts are kept at once.
    pub keeps_runs: bool,
    /// Whether what destination layers make of them is kept too.
    pub keeps_destinations: bool,
    /// Whether the deltas of all senders are kept beside them.
    pub keeps_written: bool,
    /// Bytes that these leave of those for runs.
    pub spare: usize,
    /// Rows of a step at most.
    pub rows: usize,
    /// Edges of a chunk at most.
    pub edges: usize,
    pub memory: Memory,
}

impl Plan {
    /// Cut a batch for what is read of it and what goes into it: where that is a mean, over the prompts of `averaged`.
    pub fn new(
        batch: &Batch,
        averaged: &Batch,
        reads: &Reads,
        replacement: Replacement,
        model: &Gpt2,
        memory: Memory,
    ) -> Self {
        let (config, on_cpu) = (&model.config, on_cpu(&model.device()));
        let rows = memory.rows(config, on_cpu);
        let prompts = windows(batch, averaged, reads.positions, replacement);
        let (means, most) = means(averaged, &prompts, replacement, config, memory);
        let fits = |part: &Part| {
            part.bytes(config) <= most
                && part.batch().saturating_mul(part.rows()) <= rows
                && reads.rows(part) <= memory.rows_of_logits(reads.tokens(part))
        };
        let parts = match reads.splits {
            false => cut(&prompts, prompts.len(), |_| true),
            true => {
                let buckets = buckets(&prompts);
                let of_bucket = buckets.iter().flat_map(|bucket| {
                    let count = cut(bucket, bucket.len(), fits).len();
                    // Even parts: a small rest would leave its products short.
                    cut(bucket, bucket.len().div_ceil(count), fits)
                });
                of_bucket.collect()
            }
        };
        let runs: u64 = parts.iter().map(|part| part.bytes(config)).sum();
        let keeps_runs = parts.len() == 1 || runs <= most;
        // All that is held at once: of all parts, or of the one that is worked on.
        let held = |bytes: &dyn Fn(&Part) -> u64| match keeps_runs {
            true => parts.iter().map(bytes).sum::<u64>(),
            false => parts.iter().map(bytes).max().unwrap_or(0),
        };
        // Deltas of all senders are one tensor.
        let largest = largest_buffer(&model.device()).map_or(u64::MAX, |bytes| bytes as u64);
        let is_one_buffer = |part: &Part| part.written_bytes(config) <= largest;
        let mut left = most.saturating_sub(held(&|part| part.bytes(config)));
        let mut keeps = |bytes: &dyn Fn(&Part) -> u64| {
            let bytes = held(bytes);
            let fits = bytes <= left;
            left -= if fits { bytes } else { 0 };
            fits
        };
        Self {
            keeps_runs,
            keeps_destinations: keeps(&|part| part.destination_bytes(config)),
            keeps_written: parts.iter().all(is_one_buffer)
                && keeps(&|part| part.written_bytes(config)),
            spare: left as usize,
            rows,
            edges: edges(&parts, config, memory, on_cpu),
            memory,
            parts,
            means,
        }
    }

    /// One part with all positions of a single pair, to look at.
    pub fn of_one_pair(
        batch: &Batch,
        averaged: &Batch,
        reads: Option<&[usize]>,
        replacement: Replacement,
        model: &Gpt2,
        memory: Memory,
    ) -> Self {
        let mut parts = windows(batch, averaged, reads, replacement);
        for part in &mut parts {
            part.window = Window::between(part.window.first, batch.len_pos());
        }
        let (means, _) = means(averaged, &parts, replacement, &model.config, memory);
        Self {
            parts,
            means,
            keeps_runs: false,
            keeps_destinations: false,
            keeps_written: false,
            spare: 0,
            rows: memory.rows(&model.config, on_cpu(&model.device())),
            edges: 1,
            memory,
        }
    }
}

/// Edges of a step, so that their activations fit it; at least one.
fn edges(parts: &[Part], config: &Config, memory: Memory, on_cpu: bool) -> usize {
    let row = floats_of_row(config);
    let rows = memory.rows(config, on_cpu);
    let of_part = parts.iter().map(|part| {
        let prompt = part.rows().saturating_mul(row);
        let in_memory = memory.floats() / prompt.saturating_mul(part.batch()).max(1);
        in_memory.min(rows / part.rows().saturating_mul(part.batch()))
    });
    of_part.min().unwrap_or(1).max(1)
}

/// The share of a part's rows, on top of those that its prompts need, that may go into prompts of other windows. More
/// than that costs more than it saves to have prompts in one product.
const PADDING: f64 = 0.25;

/// The prompts by their windows: those together that leave little padding in each other's.
fn buckets(prompts: &[Part]) -> Vec<Vec<Part>> {
    let mut sorted = prompts.to_vec();
    sorted.sort_by_key(|prompt| (prompt.window.first, prompt.window.end()));
    let mut buckets: Vec<Vec<Part>> = Vec::new();
    let (mut window, mut needed) = (None::<Window>, 0);
    for prompt in sorted {
        let rows = prompt.rows();
        let joint = window.map(|window| window.with(prompt.window));
        let joint = joint.filter(|joint| {
            let all = joint.rows * (buckets.last().map_or(0, Vec::len) + 1);
            all as f64 <= (1.0 + PADDING) * (needed + rows) as f64
        });
        match (joint, buckets.last_mut()) {
            (Some(joint), Some(bucket)) => {
                bucket.push(prompt);
                (window, needed) = (Some(joint), needed + rows);
            }
            _ => {
                (window, needed) = (Some(prompt.window), rows);
                buckets.push(vec![prompt]);
            }
        }
    }
    buckets
}

/// As few parts of at most `most` prompts as fit, in the order of the prompts.
fn cut(prompts: &[Part], most: usize, fits: impl Fn(&Part) -> bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for prompt in prompts {
        let with_last = parts.last().map(|last| last.with(prompt));
        match with_last.filter(|part| part.batch() <= most && fits(part)) {
            Some(part) => {
                parts.pop();
                parts.push(part);
            }
            None => parts.push(prompt.clone()),
        }
    }
    parts
}

/// The window of each prompt, for a metric that reads at these positions of the batch, or at all.
///
/// It begins where what goes in can first differ from what is there.
fn windows(
    batch: &Batch,
    averaged: &Batch,
    reads: Option<&[usize]>,
    replacement: Replacement,
) -> Vec<Part> {
    let changes = first_changes(batch, averaged, replacement);
    let pairs = batch.pairs().iter().enumerate();
    let window = |(i, pair): (usize, &PromptPair)| {
        let read = reads.map(|reads| reads[i]);
        // Where nothing differs and all positions are read, the last stands for a row that nothing changes.
        let last = pair.clean.len() - 1;
        let first = changes[i].into_iter().chain(read).min().unwrap_or(last);
        Part {
            prompts: vec![i],
            window: Window::between(first.min(last), read.unwrap_or(last) + 1),
        }
    };
    pairs.map(window).collect()
}

/// The first position of each pair at which what goes in can differ from what is there: where the pair differs; for a
/// mean where any two prompts of `averaged` do, since before that all of them write the same; for zero the first.
pub(crate) fn first_changes(
    batch: &Batch,
    averaged: &Batch,
    replacement: Replacement,
) -> Vec<Option<usize>> {
    let pairs = batch.pairs();
    match replacement {
        Replacement::Resample => pairs.iter().map(PromptPair::first_difference).collect(),
        Replacement::Mean => vec![first_difference_of_any(averaged); pairs.len()],
        Replacement::Zero => vec![Some(0); pairs.len()],
    }
}

/// The first position at which two prompts of a batch differ that both have it, clean and corrupted ones alike.
fn first_difference_of_any(batch: &Batch) -> Option<usize> {
    let differ = |position: usize| {
        let prompts = batch.pairs().iter().flat_map(|p| [&p.clean, &p.corrupted]);
        let mut ids = prompts.filter_map(|ids| ids.get(position));
        let first = ids.next();
        ids.any(|id| Some(id) != first)
    };
    (0..batch.len_pos()).find(|position| differ(*position))
}

/// What is run for the means, where means go in: each prompt from the first row of any window to the last, as far as it
/// goes. And the bytes that the means leave of those for runs.
fn means(
    averaged: &Batch,
    windows: &[Part],
    replacement: Replacement,
    config: &Config,
    memory: Memory,
) -> (Vec<Part>, u64) {
    let runs = memory.runs as u64;
    let all = windows.iter().map(|part| part.window);
    let all = all.reduce(Window::with);
    let Some(all) = all.filter(|_| replacement == Replacement::Mean) else {
        return (Vec::new(), runs);
    };
    let of_prompt = |(i, pair): (usize, &PromptPair)| {
        let end = all.end().min(pair.clean.len());
        Part {
            prompts: vec![i],
            window: Window::between(all.first.min(end), end),
        }
    };
    let prompts = averaged.pairs().iter().enumerate().map(of_prompt);
    let prompts: Vec<Part> = prompts.collect();
    let rows = prompts.iter().map(Part::rows).max().unwrap_or(0);
    let taken = rows.saturating_mul(bytes_of_mean(config)) as u64;
    let left = runs.saturating_sub(taken);
    let parts = cut(&prompts, prompts.len(), |part| part.bytes(config) <= left);
    (parts, left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{AnswerMetric, MetricKind};

    fn part(prompt: usize, first: usize, pos: usize) -> Part {
        Part {
            prompts: vec![prompt],
            window: Window::between(first, pos),
        }
    }

    #[test]
    fn parts_hold_every_prompt_once_and_all_of_its_window() {
        let prompts: Vec<Part> = (0..23).map(|i| part(i, 3 + i % 5, 9 + i % 7)).collect();
        for most in [1, 2, 7, 23] {
            for rows in [0, 10, 40, 1000] {
                let fits = |part: &Part| part.batch() * part.rows() <= rows;
                let parts = cut(&prompts, most, fits);
                let mut next = 0;
                for part in &parts {
                    for prompt in &part.prompts {
                        assert_eq!(*prompt, next);
                        next += 1;
                        let window = prompts[*prompt].window;
                        assert_eq!(part.window.with(window), part.window);
                    }
                    assert!(part.batch() == 1 || (part.batch() <= most && fits(part)));
                }
                assert_eq!(next, prompts.len());
            }
        }
    }

    #[test]
    fn a_bucket_has_like_windows_and_every_prompt_is_in_one() {
        let prompts: Vec<Part> = (0..40)
            .map(|i| part(i, (i * 7) % 11, 13 + (i * 5) % 9))
            .collect();
        let buckets = buckets(&prompts);
        assert!((2..20).contains(&buckets.len()), "{}", buckets.len());
        let mut seen = vec![false; prompts.len()];
        for bucket in &buckets {
            let windows = bucket.iter().map(|prompt| prompt.window);
            let joint = windows.clone().reduce(Window::with).unwrap();
            let needed: usize = windows.map(|window| window.rows).sum();
            let all = joint.rows * bucket.len();
            assert!(all as f64 <= 1.25 * needed as f64, "{all}, {needed} needed");
            for prompt in bucket {
                assert!(!std::mem::replace(&mut seen[prompt.prompts[0]], true));
            }
        }
        assert!(seen.iter().all(|seen| *seen));
        let alike = vec![part(0, 3, 9), part(1, 3, 9), part(2, 3, 9)];
        assert_eq!(super::buckets(&alike), [alike]);
    }

    #[test]
    fn a_part_reads_the_logits_of_its_own_answers() {
        let json = r#"{"n_layer": 2, "n_head": 1, "n_embd": 2, "n_positions": 8, "vocab_size": 9}"#;
        let config = Config::from_json(json.as_bytes()).unwrap();
        let pair = PromptPair {
            clean: vec![1, 2],
            corrupted: vec![1, 3],
            answers: vec![4],
            distractors: vec![5],
        };
        let batch = Batch::new(vec![pair; 1000], None, &config).unwrap();
        let three = Part {
            prompts: vec![10, 12, 15],
            ..part(10, 1, 2)
        };
        for (kind, of_three) in [(MetricKind::LogitDiff, 6), (MetricKind::Prob, 9)] {
            let metric = AnswerMetric::new(kind, batch.targets(), None).unwrap();
            let reads = Reads::of(&metric, &batch, &config).unwrap();
            assert_eq!(reads.tokens(&three), of_three, "{kind:?}");
        }
    }
}
