//! Metrics of the model's output: logits in, one number per edge out.
//!
//! ```text
//! logit-diff   logit(answer) - logit(distractor)
//! normalized   (logit-diff - corrupted) / (clean - corrupted)
//! log-prob     log p(answers)         prob   p(answers)
//! prob-diff    p(answers) - p(distractors)
//! kl           sum_t p_clean(t) (log p_clean(t) - log p(t))
//! ```
//!
//! where p(answers) is the sum of the probabilities of the answers: one token, or several if a task has no single right
//! answer. Greater-than (Hanna et al., 2023) sums over the years above the prompt's and subtracts the others;
//! subject-verb agreement sums over singular and plural verbs. A logit difference compares one token with one other,
//! since a sum or mean of logits over sets has no agreed definition.
//!
//! A run's value is the mean over the batch; the normalised value is computed from the means. Any closure over the
//! logits is a metric too. Metrics take and return tensors, and know neither prompts nor models.
//!
//! A large batch runs a few prompts at a time. If each prompt's number depends only on its own logits, the metric
//! returns its part for these prompts ([`Metric::of_prompts`]). If it needs all prompts at once, as closures do, the
//! whole batch is in memory.

use std::{cell::OnceCell, collections::HashSet, str::FromStr};

use burn::tensor::{
    Device, IndexingUpdateOp, Int, Tensor, TensorData,
    activation::{log_softmax, softmax},
};

use crate::{
    error::{Code, Error, Result},
    gpt2::Unembedding,
    ops::{index, signed_sum},
};

/// Something to measure on the logits of a run.
pub trait Metric {
    /// The positions it reads, one per prompt of the batch; `None` for all positions.
    fn positions(&self) -> Option<&[usize]> {
        None
    }

    /// The tokens whose logits it reads; `None` for all tokens in the order of their ids.
    fn tokens(&self) -> Option<&[u32]> {
        None
    }

    /// One number per edge and prompt; the edge's value is their mean over the prompts.
    ///
    /// # Shapes
    /// - `logits`: `[edge, batch, pos, token]`; `pos` is 1 if [`Metric::positions`] is `Some`; `token` runs over
    ///   [`Metric::tokens`]
    /// - returns `[edge, batch]`, or `[edge, 1]` if there is only one number for all prompts
    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2>;

    /// Itself, where it is enough to know a few numbers of all tokens' logits: patched runs are then measured without
    /// logits of all tokens being held. [`Metric::evaluate`] must give the same. It counts where
    /// [`Metric::positions`] is `Some`.
    fn summarised(&self) -> Option<&dyn Summarised> {
        None
    }

    /// The gradient of each edge's mean with respect to its logits; `None` if it is not known, which rules out
    /// estimates.
    ///
    /// # Shapes
    /// - `logits`: as for [`Metric::evaluate`], also returned
    fn gradient(&self, _logits: Tensor<4>) -> Option<Tensor<4>> {
        None
    }

    /// The same metric for some prompts of the batch, counted from 0, in the order given: positions, numbers and the
    /// gradient of the mean are over these prompts only. `None` if a prompt's number depends on other prompts; then all
    /// prompts run at once, regardless of the memory budget.
    fn of_prompts(&self, _prompts: &[usize]) -> Option<Box<dyn Metric + '_>> {
        None
    }

    /// Whether the clean run has the smallest value there is: there the gradient is 0, and estimates by it too.
    fn is_least_on_clean(&self) -> bool {
        false
    }

    /// Whether results are reported on a scale where the corrupted run is 0 and the clean run is 1.
    fn normalized(&self) -> bool {
        false
    }
}

/// A metric of all tokens' logits that needs the logarithm of the sum of their exponentials, and a few of them or a few
/// means of them.
pub trait Summarised {
    /// What it reads beside the log-sum.
    fn reads(&self) -> Summands<'_>;

    /// One number per edge and prompt: see [`Metric::evaluate`].
    ///
    /// # Shapes
    /// - `read`: what [`Summarised::reads`] asks for, `[edge, batch, n]`; `log_sum`: `[edge, batch, 1]`
    /// - returns `[edge, batch]`
    fn evaluate(&self, read: Tensor<3>, log_sum: Tensor<3>) -> Tensor<2>;
}

/// What is read of all tokens' logits.
pub enum Summands<'m> {
    /// Those of some tokens.
    Tokens(&'m [u32]),
    /// Means with these weights, `[n, d_vocab]`, each row of which adds up to 1.
    Means(Box<Tensor<2>>),
}

/// Any closure from the logits of one run, `[batch, pos, d_vocab]`, to a single number.
impl<F: Fn(Tensor<3>) -> Tensor<1>> Metric for F {
    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2> {
        let edges = logits.iter_dim(0).map(|edge| self(edge.squeeze_dim(0)));
        Tensor::cat(edges.collect(), 0).unsqueeze_dim(1)
    }
}

/// The built-in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Logit of the answer minus logit of the distractor.
    LogitDiff,
    /// The same on a scale where the corrupted run is 0 and the clean run is 1.
    NormalizedLogitDiff,
    /// Logarithm of the summed probability of the answers, in nats.
    LogProb,
    /// Summed probability of the answers.
    Prob,
    /// Summed probability of the answers minus that of the distractors.
    ProbDiff,
    /// KL divergence from the clean run's distribution, in nats.
    Kl,
}

impl MetricKind {
    /// Every metric with its name on the command line and in JavaScript.
    pub const ALL: [(Self, &str); 6] = [
        (Self::LogitDiff, "logit-diff"),
        (Self::NormalizedLogitDiff, "normalized-logit-diff"),
        (Self::LogProb, "log-prob"),
        (Self::Prob, "prob"),
        (Self::ProbDiff, "prob-diff"),
        (Self::Kl, "kl"),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Whether the clean run has the smallest value there is.
    pub(crate) fn is_least_on_clean(self) -> bool {
        self == Self::Kl
    }

    fn needs_answer(self) -> bool {
        self != Self::Kl
    }

    fn needs_distractor(self) -> bool {
        self == Self::ProbDiff || self.compares_logits()
    }

    /// Whether it reads the logits of one answer and one distractor, and no others.
    fn compares_logits(self) -> bool {
        matches!(self, Self::LogitDiff | Self::NormalizedLogitDiff)
    }

    /// Check one pair's answers and distractors; `name` gives a token's name for a message.
    ///
    /// # Errors
    /// [`Code::Answer`] or [`Code::Distractor`] for too few or too many tokens, for a token that occurs twice in a set,
    /// and, if the metric compares the sets, for a token in both.
    pub(crate) fn check(
        self,
        answers: &[u32],
        distractors: &[u32],
        name: impl Fn(u32) -> String,
    ) -> Result<()> {
        let is_compared = self.needs_distractor();
        for (code, what, ids, is_needed) in [
            (Code::Answer, "answer", answers, self.needs_answer()),
            (Code::Distractor, "distractor", distractors, is_compared),
        ] {
            if let Some(twice) = twice(ids) {
                let got = format!("{} twice", name(twice));
                return Err(Error::new(code, what, "each token once", got));
            }
            let is_one = is_needed && self.compares_logits();
            if is_needed && (ids.is_empty() || (is_one && ids.len() > 1)) {
                let count = if is_one { "one" } else { "at least one" };
                let expected = format!("{count} token (metric {})", self.as_str());
                let got = match ids.len() {
                    0 => "none".into(),
                    n => format!("{n}; the metric prob-diff takes several"),
                };
                return Err(Error::new(code, what, expected, got));
            }
        }
        let both = distractors.iter().find(|id| answers.contains(id));
        match both {
            Some(id) if is_compared => {
                let is_one = answers.len() == 1 && distractors.len() == 1;
                let name = name(*id);
                let (expected, got) = match is_one {
                    true => (
                        "another token than the answer",
                        format!("the same, {name}: their difference is 0 everywhere"),
                    ),
                    false => ("no token that is an answer", name),
                };
                Err(Error::new(Code::Distractor, "distractor", expected, got))
            }
            _ => Ok(()),
        }
    }
}

/// The first token that occurs a second time in a list.
fn twice(ids: &[u32]) -> Option<u32> {
    let mut seen = HashSet::new();
    ids.iter().copied().find(|id| !seen.insert(*id))
}

impl FromStr for MetricKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, n)| *n == name);
        known.map(|(kind, _)| *kind).ok_or_else(|| {
            let names = Self::ALL.map(|(_, n)| n).join(", ");
            Error::new(Code::Option, "metric", format!("one of {names}"), name)
        })
    }
}

/// The clean run's output at the positions that a metric reads. It is kept as the residual stream, and logits are
/// computed from it for the prompts that need them: for 1,000 prompts on GPT-2 small this takes 3 MB, the logits 201 MB.
#[derive(Debug, Clone)]
pub struct CleanOutput {
    resid: Tensor<2>,
    unembedding: Unembedding,
}

impl CleanOutput {
    /// The output of a run, where `unembedding` computes the logits of all tokens.
    ///
    /// # Shapes
    /// - `resid`: `[batch, d_model]`, the final residual stream
    pub fn new(resid: Tensor<2>, unembedding: Unembedding) -> Self {
        Self { resid, unembedding }
    }

    /// Its logits, `[batch, d_vocab]`.
    pub fn logits(&self) -> Tensor<2> {
        self.unembedding.logits(self.resid.clone())
    }

    fn of_prompts(&self, prompts: &[usize]) -> Self {
        let prompts = index(prompts.iter().copied(), &self.resid.device());
        Self {
            resid: self.resid.clone().select(0, prompts),
            unembedding: self.unembedding.clone(),
        }
    }
}

/// A built-in metric, ready for one batch of prompts.
#[derive(Debug, Clone)]
pub struct AnswerMetric {
    kind: MetricKind,
    positions: Vec<usize>,
    /// The tokens read for each prompt: its answers, then its distractors if the metric compares them.
    sets: Vec<Vec<Term>>,
    /// The ids of all sets, prompt by prompt.
    tokens: Vec<u32>,
    /// Only for [`MetricKind::Kl`].
    clean: Option<CleanOutput>,
    /// Computed on first use.
    clean_log_probs: OnceCell<CleanLogProbs>,
}

/// The clean run's distribution.
#[derive(Debug, Clone)]
struct CleanLogProbs {
    /// `[1, batch, d_vocab]`.
    all: Tensor<3>,
    /// Their mean under the distribution, which is less than 0 by the entropy, `[1, batch, 1]`.
    mean: Tensor<3>,
}

/// Among which logits a set's tokens are looked up.
#[derive(Debug, Clone, Copy)]
enum Among {
    /// Those of the tokens of all sets.
    Sets,
    /// Those of the whole vocabulary.
    AllTokens,
}

/// A token that a metric reads, with its sign: 1 for an answer, -1 for a distractor.
#[derive(Debug, Clone, Copy)]
struct Term {
    id: u32,
    sign: f32,
}

/// What a metric reads from a batch, one entry per prompt.
#[derive(Debug, Clone)]
pub struct Targets {
    /// The position it reads.
    pub positions: Vec<usize>,
    /// Ids of the right next tokens.
    pub answers: Vec<Vec<u32>>,
    /// Ids of the tokens that they are compared with.
    pub distractors: Vec<Vec<u32>>,
}

/// The sets of a batch on the device, padded to the size of the largest.
struct Places {
    /// Indices of the tokens among the logits, `[1, batch, set]`; padding repeats a set's first token.
    ids: Tensor<3, Int>,
    /// Their signs, `[1, batch, set]`; 0 for padding.
    signs: Tensor<3>,
}

impl Places {
    /// Gather the values at these indices.
    ///
    /// # Shapes
    /// - `values`: `[edge, batch, token]`
    /// - returns `[edge, batch, set]`
    fn read(&self, values: Tensor<3>) -> Tensor<3> {
        let ids = self.ids_of_edges(values.dims()[0]);
        values.gather(2, ids)
    }

    /// Scatter values to these indices, with zeros elsewhere; the values of padding must be 0.
    ///
    /// # Shapes
    /// - `values`: `[edge, batch, set]`
    /// - returns `[edge, batch, tokens]`
    fn put(&self, values: Tensor<3>, tokens: usize) -> Tensor<3> {
        let [edges, batch, _] = values.dims();
        let zeros = Tensor::zeros([edges, batch, tokens], &values.device());
        let ids = self.ids_of_edges(edges);
        zeros.scatter(2, ids, values, IndexingUpdateOp::Add)
    }

    fn ids_of_edges(&self, edges: usize) -> Tensor<3, Int> {
        let [_, batch, set] = self.ids.dims();
        self.ids.clone().expand([edges, batch, set])
    }

    /// Sum over each set: answers minus distractors.
    ///
    /// # Shapes
    /// - `read`: `[edge, batch, set]`
    /// - returns `[edge, batch, 1]`
    fn sum(&self, read: Tensor<3>) -> Tensor<3> {
        (read * self.signs.clone()).sum_dim(2)
    }

    /// Logarithm of the sum of a set's probabilities. The largest is factored out first, since all of them may be too
    /// small for f32.
    ///
    /// # Shapes
    /// - `log_probs`: `[edge, batch, set]`
    /// - returns `[edge, batch, 1]`
    fn log_sum(&self, log_probs: Tensor<3>) -> Tensor<3> {
        let largest = log_probs.clone().max_dim(2);
        let shares = self.sum((log_probs - largest.clone()).exp());
        largest + shares.log()
    }
}

impl AnswerMetric {
    /// Bind a metric to a batch; [`Runs::metric`](crate::patching::Runs::metric) does this for a pair of runs.
    ///
    /// `clean` is the clean run's output at the targets' positions; only [`MetricKind::Kl`] reads it.
    ///
    /// # Errors
    /// [`Code::Answer`] or [`Code::Distractor`] if a prompt has no token that the metric needs, has several where the
    /// metric takes one, or has a token twice in a set or in both sets; [`Code::Metric`] for [`MetricKind::Kl`] without
    /// the clean run.
    pub fn new(kind: MetricKind, targets: Targets, clean: Option<CleanOutput>) -> Result<Self> {
        if kind == MetricKind::Kl && clean.is_none() {
            let expected = "the clean run's output to compare with";
            return Err(Error::new(Code::Metric, "metric kl", expected, "none"));
        }
        let sets = targets.answers.iter().zip(&targets.distractors);
        let set = |(answers, distractors): (&Vec<u32>, &Vec<u32>)| {
            kind.check(answers, distractors, |id| format!("token {id}"))?;
            let term = |sign: f32| move |id: &u32| Term { id: *id, sign };
            let answers = answers.iter().filter(|_| kind.needs_answer());
            let distractors = distractors.iter().filter(|_| kind.needs_distractor());
            Ok(answers
                .map(term(1.0))
                .chain(distractors.map(term(-1.0)))
                .collect())
        };
        let sets = sets.map(set).collect::<Result<Vec<_>>>()?;
        Ok(Self::of_sets(kind, targets.positions, sets, clean))
    }

    fn of_sets(
        kind: MetricKind,
        positions: Vec<usize>,
        sets: Vec<Vec<Term>>,
        clean: Option<CleanOutput>,
    ) -> Self {
        Self {
            kind,
            positions,
            tokens: sets.iter().flatten().map(|term| term.id).collect(),
            sets,
            clean,
            clean_log_probs: OnceCell::new(),
        }
    }

    /// Log-probabilities of the clean run.
    fn clean_log_probs(&self) -> &CleanLogProbs {
        self.clean_log_probs.get_or_init(|| {
            let clean = self.clean.as_ref();
            let clean = clean.expect("`new` requires the clean run for kl");
            let all = log_softmax(clean.logits(), 1).unsqueeze_dim::<3>(0);
            let mean = (all.clone().exp() * all.clone()).sum_dim(2);
            CleanLogProbs { all, mean }
        })
    }

    /// The sign of each of [`Metric::tokens`] for each prompt, times a factor, `[1, batch, 1, tokens]`.
    fn signs_of_tokens(&self, factor: f32, device: &Device) -> Tensor<4> {
        let (batch, tokens) = (self.sets.len(), self.tokens.len());
        let mut signs = vec![0.0; batch * tokens];
        let mut before = 0;
        for (prompt, set) in self.sets.iter().enumerate() {
            for (i, term) in set.iter().enumerate() {
                signs[prompt * tokens + before + i] = factor * term.sign;
            }
            before += set.len();
        }
        Tensor::from_data(TensorData::new(signs, [1, batch, 1, tokens]), device)
    }

    /// Indices of the sets among the logits of all tokens, or among those of the sets' tokens, prompt by prompt.
    fn places(&self, device: &Device, among: Among) -> Places {
        let largest = self.sets.iter().map(Vec::len).max().unwrap_or_default();
        let shape = [1, self.sets.len(), largest];
        let (mut ids, mut signs) = (Vec::new(), Vec::new());
        let mut before = 0;
        for set in &self.sets {
            let place = |i: usize| match among {
                Among::Sets => (before + i) as i32,
                Among::AllTokens => set[i].id as i32,
            };
            for i in 0..largest {
                let term = set.get(i);
                ids.push(place(term.map_or(0, |_| i)));
                signs.push(term.map_or(0.0, |term| term.sign));
            }
            before += set.len();
        }
        Places {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            signs: Tensor::from_data(TensorData::new(signs, shape), device),
        }
    }
}

impl Metric for AnswerMetric {
    fn positions(&self) -> Option<&[usize]> {
        Some(&self.positions)
    }

    fn tokens(&self) -> Option<&[u32]> {
        self.kind.compares_logits().then_some(&self.tokens)
    }

    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2> {
        let logits: Tensor<3> = logits.squeeze_dim(2);
        let device = logits.device();
        let numbers = match self.kind {
            MetricKind::LogitDiff | MetricKind::NormalizedLogitDiff => {
                let places = self.places(&device, Among::Sets);
                signed_sum(logits, &places.ids, &places.signs)
            }
            MetricKind::LogProb => {
                let places = self.places(&device, Among::AllTokens);
                places.log_sum(places.read(log_softmax(logits, 2)))
            }
            MetricKind::Prob | MetricKind::ProbDiff => {
                let places = self.places(&device, Among::AllTokens);
                places.sum(places.read(log_softmax(logits, 2)).exp())
            }
            MetricKind::Kl => {
                let clean = self.clean_log_probs().all.clone();
                let terms = clean.clone().exp() * (clean - log_softmax(logits, 2));
                terms.sum_dim(2)
            }
        };
        numbers.squeeze_dim(2)
    }

    fn summarised(&self) -> Option<&dyn Summarised> {
        (!self.kind.compares_logits()).then_some(self)
    }

    /// Where p are the probabilities, s is a token's sign (0 outside both sets) and A are the answers:
    ///
    /// ```text
    /// logit-diff        s
    /// log-prob          [t in A] p / p(A) - p
    /// prob, prob-diff   p (s - value)
    /// kl                p - p_clean
    /// ```
    fn gradient(&self, logits: Tensor<4>) -> Option<Tensor<4>> {
        let logits: Tensor<3> = logits.squeeze_dim(2);
        let [edges, batch, tokens] = logits.dims();
        let device = logits.device();
        let per_prompt = match self.kind {
            MetricKind::LogitDiff | MetricKind::NormalizedLogitDiff => {
                let share = 1.0 / batch as f32;
                let gradient = self.signs_of_tokens(share, &device);
                return Some(gradient.expand([edges, batch, 1, tokens]));
            }
            MetricKind::LogProb => {
                let places = self.places(&device, Among::AllTokens);
                let log_probs = places.read(log_softmax(logits.clone(), 2));
                let shares = (log_probs.clone() - places.log_sum(log_probs)).exp();
                places.put(shares * places.signs.clone(), tokens) - softmax(logits, 2)
            }
            MetricKind::Prob | MetricKind::ProbDiff => {
                let places = self.places(&device, Among::AllTokens);
                let probs = softmax(logits, 2);
                let value = places.sum(places.read(probs.clone()));
                probs * (places.put(places.signs.clone(), tokens) - value)
            }
            MetricKind::Kl => {
                let clean = self.clean_log_probs().all.clone();
                softmax(logits, 2) - clean.exp()
            }
        };
        Some((per_prompt / batch as f64).unsqueeze_dim(2))
    }

    fn of_prompts(&self, prompts: &[usize]) -> Option<Box<dyn Metric + '_>> {
        let clean = self.clean.as_ref().map(|clean| clean.of_prompts(prompts));
        let positions = prompts.iter().map(|i| self.positions[*i]).collect();
        let sets = prompts.iter().map(|i| self.sets[*i].clone()).collect();
        Some(Box::new(Self::of_sets(self.kind, positions, sets, clean)))
    }

    fn is_least_on_clean(&self) -> bool {
        self.kind.is_least_on_clean()
    }

    fn normalized(&self) -> bool {
        self.kind == MetricKind::NormalizedLogitDiff
    }
}

/// With `log p(t) = logit(t) - log_sum`, and
///
/// ```text
/// kl  sum_t p_clean(t) log p_clean(t) - sum_t p_clean(t) logit(t) + log_sum
/// ```
impl Summarised for AnswerMetric {
    fn reads(&self) -> Summands<'_> {
        match self.kind {
            MetricKind::Kl => {
                let clean = self.clean_log_probs().all.clone();
                Summands::Means(Box::new(clean.squeeze_dim::<2>(0).exp()))
            }
            _ => Summands::Tokens(&self.tokens),
        }
    }

    fn evaluate(&self, read: Tensor<3>, log_sum: Tensor<3>) -> Tensor<2> {
        let device = read.device();
        let numbers = match self.kind {
            MetricKind::Kl => {
                // Each prompt's own mean among those of all.
                let [edges, batch, _] = read.dims();
                let own = index(0..batch, &device).reshape([1, batch, 1]);
                let mean = read.gather(2, own.expand([edges, batch, 1]));
                log_sum - mean + self.clean_log_probs().mean.clone()
            }
            MetricKind::LogProb => {
                let places = self.places(&device, Among::Sets);
                places.log_sum(places.read(read - log_sum))
            }
            _ => {
                let places = self.places(&device, Among::Sets);
                places.sum(places.read(read - log_sum).exp())
            }
        };
        numbers.squeeze_dim(2)
    }
}
