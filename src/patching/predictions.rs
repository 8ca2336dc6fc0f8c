//! What both runs of each pair say next, where the metric reads.
//!
//! ```text
//! p(t) = exp(logit(t) - max) / sum_u exp(logit(u) - max)
//! ```
//!
//! in f64, over the whole vocabulary. Logits are those of the centred unembedding: see [`crate::gpt2`]. Nothing is
//! patched, so the prompts of a pair may be equal. A metric that cannot be measured on a pair, for want of an answer say,
//! is left out for this pair, and all else is told.

use burn::tensor::Tensor;
use serde::Serialize;

use super::{
    both::Both,
    patch::Direction,
    readout::to_host,
    runs::Runs,
    scale::{Scale, finite},
};
#[cfg(doc)]
use crate::error::Code;
use crate::{
    error::Result,
    gpt2::Unembedding,
    metric::{AnswerMetric, CleanOutput, Metric, MetricKind, Targets},
    ops::index,
    prompt::PromptPair,
};

/// One of the next tokens that a run gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// Its id.
    pub id: u32,
    /// Its text.
    pub text: String,
    /// Its logit.
    pub logit: f32,
    /// Its probability.
    pub probability: f32,
}

/// What both runs of one pair say next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairPredictions {
    /// The likeliest tokens, the likeliest first.
    pub top: Both<Vec<Prediction>>,
    /// The answers, in the order asked.
    pub answers: Both<Vec<Prediction>>,
    /// The distractors likewise.
    pub distractors: Both<Vec<Prediction>>,
    /// The metric on this pair alone; `None` where it cannot be measured: answers are missing or too many, or it is
    /// normalised and equal in both runs.
    pub metric: Both<Option<f32>>,
    /// Mean logit of the answers less that of the distractors; `None` without either.
    #[serde(rename = "logitDiff")]
    pub logit_diff: Both<Option<f32>>,
}

/// The `top` likeliest next tokens of both runs of each pair, and what becomes of the answers. `text` is what a token is
/// called.
///
/// # Errors
/// [`Code::PromptLength`] for a prompt longer than memory allows; [`Code::Metric`] for logits that are no finite numbers;
/// [`Code::Device`] when the device fails; whatever ends a pause.
pub async fn predictions(
    runs: &Runs<'_>,
    kind: MetricKind,
    top: usize,
    text: &dyn Fn(u32) -> String,
) -> Result<Vec<PairPredictions>> {
    let resid = runs.outputs().await?;
    let unembedding = runs.model.unembed.of_tokens(None);
    let tokens = unembedding.tokens();
    let together = runs.memory().rows_of_logits(tokens);
    let pairs = runs.batch.pairs();
    let mut told = Vec::with_capacity(pairs.len());
    for (i, some) in pairs.chunks(together).enumerate() {
        let of_some = |all: &Tensor<2>| all.clone().narrow(0, i * together, some.len());
        let resid = Both {
            clean: of_some(&resid.clean),
            corrupted: of_some(&resid.corrupted),
        };
        let metrics = metrics(runs, kind, some, &resid).await?;
        let clean = logits(runs, &unembedding, &resid.clean).await?;
        let corrupted = logits(runs, &unembedding, &resid.corrupted).await?;
        let rows = clean.chunks(tokens).zip(corrupted.chunks(tokens));
        for ((pair, metric), (clean, corrupted)) in some.iter().zip(metrics).zip(rows) {
            let output = Both {
                clean: Output::new(clean, "the clean run")?,
                corrupted: Output::new(corrupted, "the corrupted run")?,
            };
            let of = |ids: &[u32]| output.each(|output| output.predict(ids, text));
            told.push(PairPredictions {
                top: output.each(|output| output.predict(&output.likeliest(top), text)),
                answers: of(&pair.answers),
                distractors: of(&pair.distractors),
                metric,
                logit_diff: output.each(|output| output.logit_diff(pair)),
            });
            runs.pause.pause().await?;
        }
    }
    Ok(told)
}

/// Logits of all tokens, row by row.
async fn logits(runs: &Runs<'_>, unembedding: &Unembedding, resid: &Tensor<2>) -> Result<Vec<f32>> {
    runs.pause.pause().await?;
    to_host(unembedding.logits(resid.clone()).flatten(0, 1)).await
}

/// The metric of both runs on each pair alone.
async fn metrics(
    runs: &Runs<'_>,
    kind: MetricKind,
    pairs: &[PromptPair],
    resid: &Both<Tensor<2>>,
) -> Result<Vec<Both<Option<f32>>>> {
    let mut told = vec![Both::default(); pairs.len()];
    let is_measurable = |pair: &PromptPair| {
        let check = kind.check(&pair.answers, &pair.distractors, |id| id.to_string());
        check.is_ok()
    };
    let measured: Vec<usize> = (0..pairs.len())
        .filter(|i| is_measurable(&pairs[*i]))
        .collect();
    if measured.is_empty() {
        return Ok(told);
    }
    let sets = |ids: fn(&PromptPair) -> &Vec<u32>| {
        let sets = measured.iter().map(|i| ids(&pairs[*i]).clone());
        sets.collect()
    };
    let targets = Targets {
        positions: vec![0; measured.len()],
        answers: sets(|pair| &pair.answers),
        distractors: sets(|pair| &pair.distractors),
    };
    let places = index(measured.iter().copied(), &resid.clean.device());
    let resid = resid.each(|all| all.clone().select(0, places.clone()));
    let unembed = &runs.model.unembed;
    let clean = CleanOutput::new(resid.clean.clone(), unembed.of_tokens(None));
    let metric = AnswerMetric::new(kind, targets, Some(clean))?;
    let unembedding = unembed.of_tokens(metric.tokens());
    let evaluate = |resid: Tensor<2>| {
        let logits = unembedding.logits(resid);
        let [prompts, tokens] = logits.dims();
        metric.evaluate(logits.reshape([1, prompts, 1, tokens]))
    };
    let clean = to_host(evaluate(resid.clean).flatten(0, 1)).await?;
    runs.pause.pause().await?;
    let corrupted = to_host(evaluate(resid.corrupted).flatten(0, 1)).await?;
    for (i, (clean, corrupted)) in measured.into_iter().zip(clean.into_iter().zip(corrupted)) {
        let numbers = Both {
            clean: vec![clean],
            corrupted: vec![corrupted],
        };
        // Without a scale there is no metric to tell.
        if let Ok((both, _)) = Scale::new(metric.normalized(), numbers, Direction::default()) {
            told[i] = both.each(|metric| Some(*metric));
        }
    }
    Ok(told)
}

/// What one run says next, `[d_vocab]`.
struct Output<'l> {
    logits: &'l [f32],
    /// Logarithm of the sum of their exponentials.
    log_sum: f64,
}

impl<'l> Output<'l> {
    /// # Errors
    /// [`Code::Metric`] where a logit is no finite number.
    fn new(logits: &'l [f32], whose: &str) -> Result<Self> {
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let shares = logits
            .iter()
            .map(|l| (f64::from(*l) - f64::from(most)).exp());
        let log_sum = f64::from(most) + shares.sum::<f64>().ln();
        finite(log_sum as f32, || whose.into())?;
        Ok(Self { logits, log_sum })
    }

    fn predict(&self, ids: &[u32], text: &dyn Fn(u32) -> String) -> Vec<Prediction> {
        let of = |id: &u32| {
            let logit = self.logits[*id as usize];
            Prediction {
                id: *id,
                text: text(*id),
                logit,
                probability: (f64::from(logit) - self.log_sum).exp() as f32,
            }
        };
        ids.iter().map(of).collect()
    }

    /// The ids of the `n` largest logits, the largest first, and of equal ones the first.
    fn likeliest(&self, n: usize) -> Vec<u32> {
        let logit = |id: &u32| self.logits[*id as usize];
        let by_logit = |a: &u32, b: &u32| logit(b).total_cmp(&logit(a)).then(a.cmp(b));
        let mut ids: Vec<u32> = (0..self.logits.len() as u32).collect();
        if n < ids.len() {
            ids.select_nth_unstable_by(n, by_logit);
            ids.truncate(n);
        }
        ids.sort_unstable_by(by_logit);
        ids
    }

    fn logit_diff(&self, pair: &PromptPair) -> Option<f32> {
        let mean = |ids: &[u32]| {
            let logits = ids.iter().map(|id| f64::from(self.logits[*id as usize]));
            (!ids.is_empty()).then(|| logits.sum::<f64>() / ids.len() as f64)
        };
        Some((mean(&pair.answers)? - mean(&pair.distractors)?) as f32)
    }
}
