//! From the final residual stream to what a metric makes of it, on the host.
//!
//! Only the rows and tokens that the metric reads become logits. A metric of probabilities needs those of all tokens but
//! for the logarithm of the sum of their exponentials alone: they are made for all variants, some tokens at a time, and
//! added up. Where a metric needs all of them at once, as closures do, they are made for as many variants at a time as
//! fit the memory: over a vocabulary of 50,257 tokens each prompt of each variant takes 0.6 MB with the copies that a
//! softmax makes.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use burn::tensor::Tensor;

use super::{memory::Memory, slice::Slice, window::Window};
use crate::{
    error::{Code, Error, Result},
    gpt2::Unembedding,
    metric::{Metric, Summands, Summarised},
    ops::{OneRow, Queries, cat, index, pick},
};

/// Tokens whose logits are there at a time, where they are added up: few enough that they are still in a cache then.
const TOKENS: usize = 4096;

/// A metric, or its part for some prompts.
enum Bound<'m> {
    Whole(&'m dyn Metric),
    Part(Box<dyn Metric + 'm>),
}

impl<'m> Bound<'m> {
    fn get(&self) -> &(dyn Metric + 'm) {
        match self {
            Self::Whole(metric) => *metric,
            Self::Part(metric) => &**metric,
        }
    }
}

/// What a metric reads of the runs of some prompts.
pub(super) struct Readout<'a, 'm> {
    slice: Rc<Slice<'a>>,
    metric: Bound<'m>,
    /// One row per prompt, counted from the first row; all positions where `None`.
    rows: Option<OneRow>,
    unembedding: Unembedding,
    /// The map to what the metric reads beside the log-sum of all tokens, where that is enough for it.
    summands: Option<Unembedding>,
    memory: Memory,
}

impl<'a, 'm> Readout<'a, 'm> {
    /// A metric of a whole batch, for the prompts of a slice. It reads within the slice's window: see
    /// [`super::plan`].
    pub fn new(
        slice: Rc<Slice<'a>>,
        metric: &'m dyn Metric,
        prompts: &[usize],
        memory: Memory,
    ) -> Self {
        let metric = match metric.of_prompts(prompts) {
            Some(part) => Bound::Part(part),
            None => Bound::Whole(metric),
        };
        let positions = metric.get().positions();
        let first = slice.window.first;
        let unembed = &slice.model.unembed;
        let rows = positions.map(|all| {
            let of_prompt = all.iter().map(|position| position - first).collect();
            OneRow::new(of_prompt, &slice.model.device())
        });
        let unembedding = unembed.of_tokens(metric.get().tokens());
        let summarised = metric.get().summarised().filter(|_| rows.is_some());
        let summands = summarised.map(|metric| match metric.reads() {
            Summands::Tokens(tokens) => unembed.of_tokens(Some(tokens)),
            Summands::Means(weights) => unembed.of_means(*weights),
        });
        Self {
            rows,
            unembedding,
            summands,
            slice,
            metric,
            memory,
        }
    }

    /// The runs.
    pub fn slice(&self) -> &Slice<'a> {
        &self.slice
    }

    /// The memory that it keeps to.
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// The rows of a layer's outcome that are wanted: those that it reads in the last, all before.
    pub fn queries(&self, layer: usize) -> Queries<'_> {
        match &self.rows {
            Some(rows) if layer + 1 == self.slice.model.config.n_layers => Queries::One(rows),
            _ => Queries::All,
        }
    }

    /// The row that it reads of each prompt, counted from the first row; all positions where `None`.
    pub fn rows(&self) -> Option<&[usize]> {
        self.rows.as_ref().map(OneRow::of_prompt)
    }

    /// The metric of the base run, then of the other one: a number for each prompt.
    ///
    /// # Errors
    /// Those of the device and of the pause.
    pub async fn of_both_runs(&self) -> Result<[Vec<f32>; 2]> {
        let mut numbers = Vec::with_capacity(2);
        for resid in [&self.slice.base_final, &self.slice.other_final] {
            let metric = self.metric.get().evaluate(self.of_whole_runs(resid));
            numbers.push(to_host(metric.flatten(0, 1)).await?);
            self.slice.steps.pause.pause().await?;
        }
        let other = numbers.pop().unwrap_or_default();
        Ok([numbers.pop().unwrap_or_default(), other])
    }

    /// The metric of patched runs, for each variant a number for each prompt, on its way to the host.
    ///
    /// # Shapes
    /// - `normalised`: `[variant * batch * queries, d_model]`, the final residual stream as it is normalised
    ///
    /// # Errors
    /// Those of the device and of the pause.
    pub async fn of_variants(&self, normalised: Tensor<2>, variants: usize) -> Result<Reading> {
        if let (Some(metric), Some(summands)) = (self.metric.get().summarised(), &self.summands) {
            let numbers = self.summarise(metric, summands, normalised, variants);
            return Ok(Reading::begin(numbers.await?.flatten(0, 1)).await);
        }
        let each = normalised.dims()[0] / variants;
        let logits = self.slice.batch * self.positions();
        let tokens = self.unembedding.tokens();
        let together = (self.memory.rows_of_logits(tokens) / logits).max(1);
        let mut numbers = Vec::with_capacity(variants.div_ceil(together));
        for first in (0..variants).step_by(together) {
            let n = together.min(variants - first);
            let rows = normalised.clone().narrow(0, first * each, n * each);
            numbers.push(self.metric.get().evaluate(self.logits_of_rows(rows)));
            self.slice.steps.pause.pause().await?;
        }
        let numbers = cat(numbers, 0);
        Ok(Reading::begin(numbers.flatten(0, 1)).await)
    }

    /// The metric of patched runs without logits of all tokens at once, `[variant, batch]`.
    async fn summarise(
        &self,
        metric: &dyn Summarised,
        summands: &Unembedding,
        normalised: Tensor<2>,
        variants: usize,
    ) -> Result<Tensor<2>> {
        let (slice, batch) = (&self.slice, self.slice.batch);
        let [rows, _] = normalised.dims();
        let read = summands.of_normalised(normalised.clone());
        let read = read.reshape([variants, batch, summands.tokens()]);
        // As many logits as a step's rows have numbers in the hidden layer of the MLP.
        let floats = slice.steps.rows.saturating_mul(slice.model.config.d_mlp);
        let tokens = (floats / rows).clamp(1, TOKENS);
        let log_sum = slice
            .model
            .unembed
            .log_sum(normalised, tokens, slice.steps.pause);
        let log_sum = log_sum.await?.reshape([variants, batch, 1]);
        Ok(metric.evaluate(read, log_sum))
    }

    /// The final LayerNorm, without its weight and bias.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_model]`, also returned
    pub fn normalise(&self, resid: Tensor<2>) -> Tensor<2> {
        self.unembedding.normalise(resid)
    }

    /// The gradient of a run's mean over the slice's prompts with respect to the final residual stream as it is
    /// normalised, on the wanted rows of the last layer; `None` where the metric has none.
    ///
    /// # Shapes
    /// - `resid`: the run's final residual stream, `[batch, pos, d_model]`
    /// - returns `[batch * queries, d_model]`
    pub fn gradient_of(&self, resid: &Tensor<3>) -> Option<Tensor<2>> {
        let logits = self.of_whole_runs(resid);
        let gradient = self.metric.get().gradient(logits)?;
        let [_, batch, pos, tokens] = gradient.dims();
        let asked = self.last_queries().count(self.slice.window.rows);
        let on_rows = gradient.narrow(2, pos - asked, asked);
        let on_rows = on_rows.reshape([batch * asked, tokens]);
        Some(self.unembedding.backward(on_rows))
    }

    /// The wanted rows of the last layer.
    pub fn last_queries(&self) -> Queries<'_> {
        self.queries(self.slice.model.config.n_layers - 1)
    }

    /// How many positions of each prompt it reads.
    fn positions(&self) -> usize {
        match self.rows {
            Some(_) => 1,
            None => self.slice.window.end(),
        }
    }

    /// Logits of patched runs, `[variant, batch, pos, token]`.
    fn logits_of_rows(&self, normalised: Tensor<2>) -> Tensor<4> {
        let Window { first, rows } = self.slice.window;
        if self.rows.is_some() || first == 0 {
            return self.logits(normalised);
        }
        let ([flat, d_model], batch) = (normalised.dims(), self.slice.batch);
        let sequences = flat / rows;
        let before = self.slice.base_final.clone().narrow(1, 0, first);
        let before = self.normalise(before.reshape([batch * first, d_model]));
        let before = before.reshape([batch, first, d_model]);
        let before = before.repeat(&[sequences / batch, 1, 1]);
        let normalised = normalised.reshape([sequences, rows, d_model]);
        let whole = cat(vec![before, normalised], 1);
        self.logits(whole.reshape([sequences * (first + rows), d_model]))
    }

    /// Logits of one run, `[1, batch, pos, token]`.
    fn of_whole_runs(&self, resid: &Tensor<3>) -> Tensor<4> {
        let [batch, pos, d_model] = resid.dims();
        let rows = match &self.rows {
            None => resid.clone().reshape([batch * pos, d_model]),
            Some(rows) => {
                let first = self.slice.window.first;
                let positions: Vec<usize> = rows.of_prompt().iter().map(|r| r + first).collect();
                rows_read(resid, &positions)
            }
        };
        self.logits(self.normalise(rows))
    }

    fn logits(&self, normalised: Tensor<2>) -> Tensor<4> {
        let logits = self.unembedding.of_normalised(normalised);
        let [flat, tokens] = logits.dims();
        let (batch, pos) = (self.slice.batch, self.positions());
        logits.reshape([flat / (batch * pos), batch, pos, tokens])
    }
}

/// One position of each prompt, `[batch, pos, width]` to `[batch, width]`.
pub(super) fn rows_read(x: &Tensor<3>, positions: &[usize]) -> Tensor<2> {
    let [batch, pos, width] = x.dims();
    let flat = positions.iter().enumerate().map(|(i, p)| i * pos + p);
    let flat = index(flat, &x.device());
    pick(x.clone().reshape([batch * pos, width]), &flat)
}

/// Numbers on their way from the device to the host.
pub(super) struct Reading {
    /// What has come at once, as it does from the CPU.
    here: Option<Result<Vec<f32>>>,
    coming: Pin<Box<dyn Future<Output = Result<Vec<f32>>>>>,
}

impl Reading {
    /// Ask the device for numbers, without waiting for them.
    async fn begin(numbers: Tensor<1>) -> Self {
        let mut coming = Box::pin(to_host(numbers));
        // It is asked when it is polled first.
        let here = poll_fn(|context| match coming.as_mut().poll(context) {
            Poll::Ready(numbers) => Poll::Ready(Some(numbers)),
            Poll::Pending => Poll::Ready(None),
        });
        Self {
            here: here.await,
            coming,
        }
    }

    /// The numbers, once they have come.
    ///
    /// # Errors
    /// Those of [`to_host`].
    pub async fn values(self) -> Result<Vec<f32>> {
        match self.here {
            Some(numbers) => numbers,
            None => self.coming.await,
        }
    }

    /// Wait for numbers that nobody wants any more. A buffer whose reading was given up would be used for other numbers while
    /// it is still being read.
    pub async fn settle(self) {
        // Whoever gave up has an error of their own to tell.
        let _unwanted = self.values().await;
    }
}

/// Numbers of the device, on the host.
///
/// # Errors
/// [`Code::Device`]: a GPU that was lost or reset no longer answers, and what was on it is gone.
pub(super) async fn to_host(numbers: Tensor<1>) -> Result<Vec<f32>> {
    let lost = |e: &dyn std::fmt::Display| {
        let why = e.to_string();
        let why = why.lines().next().unwrap_or_default();
        let got = format!("a lost one ({why}): the model has to be loaded again");
        Error::new(Code::Device, "device", "one that answers", got)
    };
    let data = numbers.into_data_async().await;
    let data = data.map_err(|e| lost(&e))?;
    data.try_into_vec().map_err(|e| lost(&format!("{e:?}")))
}
