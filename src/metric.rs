//! Metrics of the output: logits in, one number per edge out.
//!
//! ```text
//! logit-diff   logit(answer) - logit(distractor)
//! normalized   (logit-diff - corrupted) / (clean - corrupted)
//! log-prob     log p(answer)          prob   p(answer)
//! kl           sum_t p_clean(t) (log p_clean(t) - log p(t))
//! ```
//!
//! A run's value is the mean over the batch; the normalised one is made of the means. Any closure over the logits
//! is a metric too. Tensors in, tensors out: no strings from prompts, no model.
//!
//! A large batch is run some prompts at a time, and a metric that takes one prompt's number from its own logits is
//! asked for its part ([`Metric::of_prompts`]). One that needs all prompts at once, as a closure does, has the whole
//! batch in memory.

use std::{cell::OnceCell, ops::Range, str::FromStr};

use burn::tensor::{
    Device, Int, Tensor, TensorData,
    activation::{log_softmax, softmax},
};

use crate::{
    error::{Code, Error, Result},
    gpt2::Unembedding,
};

/// Something to measure on the logits of a run.
pub trait Metric {
    /// The positions it reads, one for each prompt of the batch; all of them where `None`.
    fn positions(&self) -> Option<&[usize]> {
        None
    }

    /// The tokens whose logits it reads; all of them, in the order of their ids, where `None`.
    fn tokens(&self) -> Option<&[u32]> {
        None
    }

    /// One number for each prompt of each edge; the edge's value is their mean.
    ///
    /// # Shapes
    /// - `logits`: `[edge, batch, pos, token]`; `pos` is 1 where [`Metric::positions`] is `Some`, `token`
    ///   goes over [`Metric::tokens`]
    /// - returns `[edge, batch]`, or `[edge, 1]` where there is only a number for all prompts
    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2>;

    /// The gradient of each edge's mean with respect to its logits; `None` where it is not known, and
    /// with it no first-order estimate.
    ///
    /// # Shapes
    /// - `logits`: as for [`Metric::evaluate`], also returned
    fn gradient(&self, _logits: Tensor<4>) -> Option<Tensor<4>> {
        None
    }

    /// The same metric for some prompts of the batch, counted from 0: its positions, its numbers and the gradient
    /// of its mean are theirs alone. `None` where a prompt's number depends on other prompts; then all prompts
    /// are run at once, whatever the memory.
    fn of_prompts(&self, _prompts: Range<usize>) -> Option<Box<dyn Metric + '_>> {
        None
    }

    /// Whether results are reported on the scale that puts the corrupted run at 0, the clean one at 1.
    fn normalized(&self) -> bool {
        false
    }
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
    /// The same, corrupted at 0 and clean at 1.
    NormalizedLogitDiff,
    /// Log-probability of the answer, in nats.
    LogProb,
    /// Probability of the answer.
    Prob,
    /// KL divergence from the clean run's distribution, in nats.
    Kl,
}

impl MetricKind {
    /// Every metric with the name that the command line and JavaScript know it by.
    pub const ALL: [(Self, &str); 5] = [
        (Self::LogitDiff, "logit-diff"),
        (Self::NormalizedLogitDiff, "normalized-logit-diff"),
        (Self::LogProb, "log-prob"),
        (Self::Prob, "prob"),
        (Self::Kl, "kl"),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub(crate) fn needs_answer(self) -> bool {
        self != Self::Kl
    }

    pub(crate) fn needs_distractor(self) -> bool {
        matches!(self, Self::LogitDiff | Self::NormalizedLogitDiff)
    }
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

/// What the clean run says where a metric reads: kept as the residual stream, from which the logits of some prompts
/// are made when they are wanted. GPT-2 small's logits of 1,000 prompts are 201 MB; this is 3 MB.
#[derive(Debug, Clone)]
pub struct CleanOutput {
    resid: Tensor<2>,
    unembedding: Unembedding,
}

impl CleanOutput {
    /// The output of a run.
    ///
    /// # Shapes
    /// - `resid`: `[batch, d_model]`, the final residual stream; `unembedding` gives all tokens' logits
    pub fn new(resid: Tensor<2>, unembedding: Unembedding) -> Self {
        Self { resid, unembedding }
    }

    /// Its logits, `[batch, d_vocab]`.
    pub fn logits(&self) -> Tensor<2> {
        self.unembedding.logits(self.resid.clone())
    }

    fn of_prompts(&self, prompts: &Range<usize>) -> Self {
        Self {
            resid: self.resid.clone().narrow(0, prompts.start, prompts.len()),
            unembedding: self.unembedding.clone(),
        }
    }
}

/// A built-in metric, ready for one batch of prompts.
#[derive(Debug, Clone)]
pub struct AnswerMetric {
    kind: MetricKind,
    positions: Vec<usize>,
    /// Answers of all prompts, then for a logit difference their distractors.
    tokens: Vec<u32>,
    /// For [`MetricKind::Kl`] alone.
    clean: Option<CleanOutput>,
    /// `[batch, d_vocab]`, once it has been wanted.
    clean_log_probs: OnceCell<Tensor<2>>,
}

/// What a batch gives a metric to read, one entry per prompt.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Where it reads.
    pub positions: Vec<usize>,
    /// Ids of the right next tokens, where there are any.
    pub answers: Vec<Option<u32>>,
    /// Ids of the tokens they are compared with, where there are any.
    pub distractors: Vec<Option<u32>>,
}

impl AnswerMetric {
    /// Bind a metric to a batch; [`Runs::metric`](crate::patching::Runs::metric) does that from the runs.
    ///
    /// `clean` is the clean run at the targets' positions, which only [`MetricKind::Kl`] reads.
    ///
    /// # Errors
    /// [`Code::Answer`] or [`Code::Distractor`] when the metric needs one and a prompt has none;
    /// [`Code::Metric`] for [`MetricKind::Kl`] without the clean run.
    pub fn new(kind: MetricKind, targets: Targets, clean: Option<CleanOutput>) -> Result<Self> {
        if kind == MetricKind::Kl && clean.is_none() {
            let expected = "the clean run's output to compare with";
            return Err(Error::new(Code::Metric, "metric kl", expected, "none"));
        }
        let needed = |is_needed: bool, code, what, ids: Vec<Option<u32>>| {
            if !is_needed {
                return Ok(Vec::new());
            }
            let missing = || {
                let expected = format!("one token (metric {})", kind.as_str());
                Error::new(code, what, expected, "none")
            };
            let ids = ids.into_iter().map(|id| id.ok_or_else(missing));
            ids.collect::<Result<Vec<u32>>>()
        };
        let (answers, distractors) = (targets.answers, targets.distractors);
        let (one, two) = (kind.needs_answer(), kind.needs_distractor());
        let mut tokens = needed(one, Code::Answer, "answer", answers)?;
        tokens.extend(needed(two, Code::Distractor, "distractor", distractors)?);
        Ok(Self {
            kind,
            positions: targets.positions,
            tokens,
            clean,
            clean_log_probs: OnceCell::new(),
        })
    }

    /// Log-probabilities of the clean run, `[1, batch, d_vocab]`.
    fn clean_log_probs(&self) -> Tensor<3> {
        let log_probs = self.clean_log_probs.get_or_init(|| {
            let clean = self.clean.as_ref();
            let clean = clean.expect("a divergence is bound to a clean run");
            log_softmax(clean.logits(), 1)
        });
        log_probs.clone().unsqueeze_dim(0)
    }

    /// Where the answers are among the logits, and the distractors where those are read.
    ///
    /// # Shapes
    /// each `[1, batch, 1]`
    fn places(&self, device: &Device) -> Vec<Tensor<3, Int>> {
        let batch = self.positions.len();
        let ids: Vec<i32> = match self.tokens() {
            Some(tokens) => (0..tokens.len() as i32).collect(),
            None => self.tokens.iter().map(|id| *id as i32).collect(),
        };
        let place =
            |ids: &[i32]| Tensor::from_data(TensorData::new(ids.to_vec(), [1, batch, 1]), device);
        ids.chunks(batch).map(place).collect()
    }
}

impl Metric for AnswerMetric {
    fn positions(&self) -> Option<&[usize]> {
        Some(&self.positions)
    }

    fn tokens(&self) -> Option<&[u32]> {
        self.kind.needs_distractor().then_some(&self.tokens)
    }

    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2> {
        let logits: Tensor<3> = logits.squeeze_dim(2);
        let places = self.places(&logits.device());
        let pick = |values: Tensor<3>, place: &Tensor<3, Int>| {
            let [edges, batch, _] = values.dims();
            let place = place.clone().expand([edges, batch, 1]);
            values.gather(2, place).squeeze_dim::<2>(2)
        };
        match self.kind {
            MetricKind::LogitDiff | MetricKind::NormalizedLogitDiff => {
                pick(logits.clone(), &places[0]) - pick(logits, &places[1])
            }
            MetricKind::LogProb => pick(log_softmax(logits, 2), &places[0]),
            MetricKind::Prob => pick(log_softmax(logits, 2), &places[0]).exp(),
            MetricKind::Kl => {
                let clean = self.clean_log_probs();
                let terms = clean.clone().exp() * (clean - log_softmax(logits, 2));
                terms.sum_dim(2).squeeze_dim(2)
            }
        }
    }

    fn gradient(&self, logits: Tensor<4>) -> Option<Tensor<4>> {
        let logits: Tensor<3> = logits.squeeze_dim(2);
        let [_, batch, tokens] = logits.dims();
        let ids = Tensor::<1, Int>::arange(0..tokens as i64, &logits.device());
        let one_hot = |place: &Tensor<3, Int>| {
            let ids = ids.clone().reshape([1, 1, tokens]);
            ids.equal(place.clone()).float()
        };
        let places = self.places(&logits.device());
        let per_prompt = match self.kind {
            MetricKind::LogitDiff | MetricKind::NormalizedLogitDiff => {
                let direction = one_hot(&places[0]) - one_hot(&places[1]);
                direction.expand(logits.dims())
            }
            MetricKind::LogProb => one_hot(&places[0]) - softmax(logits, 2),
            MetricKind::Prob => {
                let probs = softmax(logits, 2);
                let one_hot = one_hot(&places[0]);
                let answer = (probs.clone() * one_hot.clone()).sum_dim(2);
                answer * (one_hot - probs)
            }
            MetricKind::Kl => {
                let clean = self.clean_log_probs();
                softmax(logits, 2) - clean.exp()
            }
        };
        Some((per_prompt / batch as f64).unsqueeze_dim(2))
    }

    fn of_prompts(&self, prompts: Range<usize>) -> Option<Box<dyn Metric + '_>> {
        let of_batch = self.tokens.chunks(self.positions.len());
        let tokens = of_batch.flat_map(|of_batch| &of_batch[prompts.clone()]);
        Some(Box::new(Self {
            kind: self.kind,
            positions: self.positions[prompts.clone()].to_vec(),
            tokens: tokens.copied().collect(),
            clean: self.clean.as_ref().map(|clean| clean.of_prompts(&prompts)),
            clean_log_probs: OnceCell::new(),
        }))
    }

    fn normalized(&self) -> bool {
        self.kind == MetricKind::NormalizedLogitDiff
    }
}
