//! The use cases, in their order: load a model, tokenise prompts, sweep. No JavaScript types.

use std::rc::Rc;

use serde::Serialize;

use crate::{
    device::DeviceReport,
    error::{Code, Error, Result, Warning},
    gpt2::{Config, Gpt2},
    metric::{AnswerMetric, MetricKind},
    patching::{
        Component, Crew, CrewEvent, Direction, Edge, EdgeDetail, EdgeOptions, EdgeResult,
        EdgeUpdate, Estimates, Graph, Grid, Head, HeadDetail, LastRuns, LayerNorm, PairPredictions,
        Patch, Receiver, Replacement, Runs, Sender, SweepOptions, Update, edge_detail,
        estimate_direct_path_all_sources, get_act_patch_direct_path,
        get_act_patch_direct_path_all_sources, head_detail, predictions, sweep_edges,
    },
    pause::Pause,
    prompt::{Batch, PromptPair},
    question::Reader,
    rate::{BareProducts, matmul_rate, products},
    tokenizer::{Token, Tokenizer},
};

pub use crate::request::{Answer, MetricRequest, PairRequest, Prompt};

/// A model on a device, ready for prompts.
pub struct Session {
    model: Gpt2,
    /// Both runs of the prompts that were asked about last: a page asks what they say next, then for their edges.
    last: LastRuns,
    tokenizer: Option<Tokenizer>,
    /// What there is in place of a tokenizer.
    lack: Option<String>,
    device: DeviceReport,
    /// The workers that share the model, if there are several.
    crew: Option<Rc<Crew>>,
    warnings: Vec<Warning>,
}

/// What to sweep.
#[derive(Debug, Clone)]
pub struct SweepRequest {
    /// On what.
    pub on: MetricRequest,
    /// The input that is patched.
    pub component: Component,
    /// The source head; every head where `None`.
    pub source: Option<Head>,
}

/// A result, and what its caller should know of the request.
#[derive(Debug, Clone)]
pub struct Warned<T> {
    /// What was asked for.
    pub result: T,
    /// What [`Session::check`] says of the request.
    pub warnings: Vec<Warning>,
}

/// Which edges to sweep, and how.
#[derive(Debug, Clone)]
pub struct EdgesRequest {
    /// On what.
    pub on: MetricRequest,
    /// The edges; all of the model's where `None`.
    pub edges: Option<Vec<Edge>>,
    /// How.
    pub options: EdgeOptions,
}

/// One edge of one pair of prompts, of any class.
#[derive(Debug, Clone)]
pub struct EdgeDetailRequest {
    /// On what. Where means go in, they are over all of its pairs.
    pub on: MetricRequest,
    /// The pair that is looked at, counted from 0. It may be left out where there is one.
    pub pair: Option<usize>,
    /// What is patched.
    pub edge: Edge,
    /// How it is patched.
    pub patch: Patch,
    /// Whether each position is patched by itself too, a run for each.
    pub by_position: bool,
}

/// One edge between two heads on one pair of prompts, to be denoised with the other prompt's write.
#[derive(Debug, Clone)]
pub struct EdgeRequest {
    /// On what; one pair.
    pub on: MetricRequest,
    /// The head that writes.
    pub src: Head,
    /// The head that reads.
    pub dst: Head,
    /// The input that is patched.
    pub component: Component,
    /// How the destination's LayerNorm reads the patch.
    pub layer_norm: LayerNorm,
}

/// What an edge does, in words too.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeReport {
    /// In numbers.
    #[serde(flatten)]
    pub detail: EdgeDetail,
    /// The effect of patching each position alone, the value less the base run's metric, `[pos]`: from [`Session::edge`],
    /// where asked for. They need not add up to that of patching all.
    #[serde(rename = "byPosition", skip_serializing_if = "Option::is_none")]
    pub by_position: Option<Vec<f32>>,
    /// The tokens of [`EdgeDetail::moved`]; none without a tokenizer.
    pub tokens: Vec<Token>,
}

impl Session {
    /// A model that is complete: see [`Session::begin`]. `lack` is what there is in place of a tokenizer.
    pub(crate) fn new(
        model: Gpt2,
        tokenizer: Option<Tokenizer>,
        lack: Option<String>,
        device: DeviceReport,
        crew: Option<Rc<Crew>>,
        warnings: Vec<Warning>,
    ) -> Self {
        Self {
            model,
            last: LastRuns::default(),
            tokenizer,
            lack,
            device,
            crew,
            warnings,
        }
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.model.config
    }

    /// Which device it is on, and why.
    pub fn device(&self) -> &DeviceReport {
        &self.device
    }

    /// How many workers share the model.
    pub fn workers(&self) -> usize {
        self.crew.as_ref().map_or(1, |crew| crew.workers())
    }

    /// Which steps of the last sweep which worker did when; none where there is one worker.
    pub fn steps(&self) -> Vec<CrewEvent> {
        self.crew.as_ref().map_or(Vec::new(), |crew| crew.log())
    }

    /// Add to the model's warnings what happened while its files were fetched.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
    }

    /// What the caller should know of the model's files.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The tokens of a text, with the beginning-of-text token in front if asked for and not there already.
    ///
    /// # Errors
    /// [`Code::Tokenizer`] when there is no tokenizer, no such token, no token for a word, or none of the model's.
    pub fn tokenize(&self, text: &str, prepend_bos: bool) -> Result<Vec<Token>> {
        let ids = self.reader().ids(text, prepend_bos)?;
        let tokenizer = self.tokenizer.as_ref();
        Ok(tokenizer.map(|t| t.describe(&ids)).unwrap_or_default())
    }

    /// The tokens of answers, as [`Session::sweep`] reads them; `code` and `what` say in errors what they are.
    ///
    /// A text that is one token of the vocabulary is that token. Any other may name several: items between bars, as
    /// in `41|42`, and ranges of whole numbers of the same width, as `42..99`; a space in front of a range is a space
    /// in front of each of its numbers.
    ///
    /// # Errors
    /// `code` where an item is not one token, where a range is none, or for an id beyond the vocabulary.
    pub fn answer_tokens(&self, answers: &[Answer], code: Code, what: &str) -> Result<Vec<Token>> {
        let ids = self.reader().answers(answers, code, what)?;
        Ok(match &self.tokenizer {
            Some(tokenizer) => tokenizer.describe(&ids),
            None => Vec::new(),
        })
    }

    /// Tokens of the model's vocabulary whose text begins with `start`, at most `limit`: see [`Tokenizer::complete`].
    /// None without a tokenizer.
    pub fn complete(&self, start: &str, limit: usize) -> Vec<Token> {
        let rows = self.config().d_vocab;
        let tokenizer = self.tokenizer.as_ref();
        tokenizer.map_or(Vec::new(), |t| t.complete(start, limit, rows))
    }

    /// Tokenise and check a pair.
    ///
    /// # Errors
    /// The code of the part that is wrong.
    pub fn pair(&self, request: &PairRequest, prepend_bos: bool) -> Result<PromptPair> {
        let (pair, _) = self.reader().pair(request, prepend_bos)?;
        Ok(pair)
    }

    /// Check a request as whatever patches it with `replacement` does, without running the model; what its caller should
    /// know of it.
    ///
    /// # Errors
    /// The code of the part that is wrong; among several pairs, the pair is named. Equal prompts, an answer that is its
    /// own distractor and a metric that reads before the prompts differ are errors where they leave nothing to measure.
    pub async fn check(
        &self,
        request: &MetricRequest,
        replacement: Replacement,
        pause: &dyn Pause,
    ) -> Result<Vec<Warning>> {
        let (_, warnings) = self.reader().batch(request, replacement, pause).await?;
        Ok(warnings)
    }

    /// Check a request for edges likewise.
    ///
    /// # Errors
    /// Those of [`Session::check`]; [`Code::Source`] for an edge that the model does not have.
    pub async fn check_edges(
        &self,
        request: &EdgesRequest,
        pause: &dyn Pause,
    ) -> Result<Vec<Warning>> {
        let (_, warnings) = self.batch_of_edges(request, pause).await?;
        Ok(warnings)
    }

    /// The prompts of a request for edges.
    async fn batch_of_edges(
        &self,
        request: &EdgesRequest,
        pause: &dyn Pause,
    ) -> Result<(Batch, Vec<Warning>)> {
        let EdgesRequest { on, edges, options } = request;
        let graph = Graph::of(self.config());
        let mut named = edges.iter().flatten();
        named.try_for_each(|edge| graph.check(*edge))?;
        let Patch {
            direction,
            replacement,
            ..
        } = options.patch;
        let (batch, mut warnings) = self.reader().batch(on, replacement, pause).await?;
        if direction == Direction::Noise
            && on.metric.is_least_on_clean()
            && options.scores.need_gradient_of_base()
        {
            let message = format!(
                "{} is smallest in the clean run, which is the base when noising: its gradient is 0 there, and all \
                 scores are 0 up to rounding; scores eap-ig has gradients of other runs",
                on.metric.as_str()
            );
            warnings.push(Warning::new(Code::Metric, message));
        }
        Ok((batch, warnings))
    }

    /// The `top` likeliest next tokens of both runs of each pair where the metric reads, and what the runs make of the
    /// answers. The metric need not be one that can be measured on these prompts.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`predictions`].
    pub async fn predictions(
        &self,
        request: &MetricRequest,
        top: usize,
        pause: &dyn Pause,
    ) -> Result<Vec<PairPredictions>> {
        let batch = self.reader().unpatched(request, pause).await?;
        let runs = self.runs(&batch, Patch::default(), pause);
        let text = |id| match &self.tokenizer {
            Some(tokenizer) => tokenizer.text_of(id),
            None => String::new(),
        };
        predictions(&runs, request.metric, top, &text).await
    }

    /// Patch the direct paths from one head, or from every head, to every later head.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`get_act_patch_direct_path`].
    pub async fn sweep(
        &self,
        request: &SweepRequest,
        options: SweepOptions,
        pause: &dyn Pause,
        on_update: impl FnMut(Update<'_>) -> Result<()>,
    ) -> Result<Warned<Grid>> {
        if let Some(source) = request.source {
            source.check("source head", self.config())?;
        }
        let (batch, warnings) = self
            .reader()
            .batch(&request.on, Replacement::Resample, pause)
            .await?;
        let patch = Patch::default();
        let (runs, metric) = self.run(&batch, request.on.metric, patch, pause).await?;
        let (component, metric) = (request.component, &metric);
        let grid = match request.source {
            Some(source) => {
                get_act_patch_direct_path(&runs, metric, source, component, options, on_update)
                    .await
            }
            None => {
                let runs = &runs;
                get_act_patch_direct_path_all_sources(runs, metric, component, options, on_update)
                    .await
            }
        }?;
        Ok(Warned {
            result: grid,
            warnings,
        })
    }

    /// Patch edges of the graph.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`sweep_edges`].
    pub async fn edges(
        &self,
        request: &EdgesRequest,
        pause: &dyn Pause,
        on_update: impl FnMut(EdgeUpdate<'_>) -> Result<()>,
    ) -> Result<Warned<EdgeResult>> {
        let EdgesRequest { on, edges, options } = request;
        let (batch, warnings) = self.batch_of_edges(request, pause).await?;
        let edges = match edges {
            Some(edges) => edges.clone(),
            None => Graph::of(self.config()).edges().collect(),
        };
        let (runs, metric) = self.run(&batch, on.metric, options.patch, pause).await?;
        let result = sweep_edges(&runs, &metric, &edges, options, on_update).await?;
        Ok(Warned { result, warnings })
    }

    /// Estimate the direct paths from every head to every later head's query, key and value.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`estimate_direct_path_all_sources`].
    pub async fn estimate(
        &self,
        request: &MetricRequest,
        layer_norm: LayerNorm,
        pause: &dyn Pause,
    ) -> Result<Warned<Estimates>> {
        let (batch, warnings) = self
            .reader()
            .batch(request, Replacement::Resample, pause)
            .await?;
        let patch = Patch::default();
        let (runs, metric) = self.run(&batch, request.metric, patch, pause).await?;
        let result = estimate_direct_path_all_sources(&runs, &metric, layer_norm).await?;
        Ok(Warned { result, warnings })
    }

    /// Look at one head on one pair of prompts.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`head_detail`].
    pub async fn head_detail(
        &self,
        request: &MetricRequest,
        head: Head,
        pause: &dyn Pause,
    ) -> Result<Warned<HeadDetail>> {
        let (batch, warnings) = self
            .reader()
            .batch(request, Replacement::Resample, pause)
            .await?;
        let result = head_detail(&self.model, &batch, head, pause).await?;
        Ok(Warned { result, warnings })
    }

    /// Look at one edge between two heads on one pair of prompts, without its effects by position.
    ///
    /// # Errors
    /// Those of [`Session::edge`]; [`Code::Source`] names the head that is wrong.
    pub async fn edge_detail(
        &self,
        request: &EdgeRequest,
        pause: &dyn Pause,
    ) -> Result<Warned<EdgeReport>> {
        let (src, dst) = (request.src, request.dst);
        src.check("source head", self.config())?;
        dst.check("destination head", self.config())?;
        let edge = Edge {
            from: Sender::Head(src),
            to: Receiver::Head(dst, request.component),
        };
        if !edge.exists(self.config().n_layers) {
            let expected = format!("a head after layer {}", src.layer);
            return Err(Error::new(Code::Source, "destination head", expected, dst));
        }
        let patch = Patch {
            layer_norm: request.layer_norm,
            ..Patch::default()
        };
        let (batch, warnings) = self
            .reader()
            .batch(&request.on, Replacement::Resample, pause)
            .await?;
        let (runs, metric) = self.run(&batch, request.on.metric, patch, pause).await?;
        let detail = edge_detail(&runs, &metric, edge, patch.layer_norm).await?;
        let result = self.report(detail, None);
        Ok(Warned { result, warnings })
    }

    /// Look at one edge of any class on one pair of prompts. Its effects by position, if asked for, take a patched run
    /// each.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`], [`edge_detail`] and [`sweep_edges`].
    pub async fn edge(
        &self,
        request: &EdgeDetailRequest,
        pause: &dyn Pause,
    ) -> Result<Warned<EdgeReport>> {
        let EdgeDetailRequest {
            on,
            pair,
            edge,
            patch,
            by_position,
        } = request;
        Graph::of(self.config()).check(*edge)?;
        let (batch, warnings) = self.reader().batch(on, patch.replacement, pause).await?;
        let runs = self.runs(&batch, *patch, pause);
        let runs = match pair {
            Some(pair) => runs.of_pair(*pair)?,
            None => runs,
        };
        let metric = runs.metric(on.metric).await?;
        let detail = edge_detail(&runs, &metric, *edge, patch.layer_norm).await?;
        if !by_position {
            let result = self.report(detail, None);
            return Ok(Warned { result, warnings });
        }
        let options = EdgeOptions {
            patch: *patch,
            estimates: false,
            by_position: true,
            ..EdgeOptions::default()
        };
        let swept = sweep_edges(&runs, &metric, &[*edge], &options, |_| Ok(())).await?;
        let by_position = swept.by_position.and_then(|mut all| all.exact.pop());
        let result = self.report(detail, by_position.map(|(_, effects)| effects));
        Ok(Warned { result, warnings })
    }

    /// What an edge does, with the texts of the tokens that it moves.
    fn report(&self, detail: EdgeDetail, by_position: Option<Vec<f32>>) -> EdgeReport {
        let ids: Vec<u32> = detail.moved.iter().map(|moved| moved.id).collect();
        let tokens = self.tokenizer.as_ref().map(|t| t.describe(&ids));
        EdgeReport {
            detail,
            by_position,
            tokens: tokens.unwrap_or_default(),
        }
    }

    /// Operations a second of bare matrix products of so many rows, for every product that its device has a choice of, by
    /// name: see [`matmul_rate`].
    ///
    /// # Errors
    /// [`Code::Device`], or that of `pause`.
    pub async fn matmul_rates(
        &self,
        rows: usize,
        pause: &dyn Pause,
    ) -> Result<Vec<(&'static str, f64)>> {
        let (device, weights) = (self.model.device(), self.device.weights);
        let bare = BareProducts::new(&device, self.config(), weights, rows.max(1));
        let mut rates = Vec::new();
        for product in products(self.model.unembed.product) {
            let rate = matmul_rate(&bare, product, pause).await?;
            rates.push((product.name(), rate));
        }
        Ok(rates)
    }

    /// The model run on the prompts, and the metric bound to them.
    async fn run<'a>(
        &'a self,
        batch: &Batch,
        metric: MetricKind,
        patch: Patch,
        pause: &'a dyn Pause,
    ) -> Result<(Runs<'a>, AnswerMetric)> {
        let runs = self.runs(batch, patch, pause);
        let metric = runs.metric(metric).await?;
        Ok((runs, metric))
    }

    /// The model on the prompts.
    fn runs<'a>(&'a self, batch: &Batch, patch: Patch, pause: &'a dyn Pause) -> Runs<'a> {
        let runs = Runs::new(&self.model, batch, pause);
        let runs = runs.patching(patch.direction, patch.replacement);
        runs.shared(self.crew.clone()).remembered(&self.last)
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            config: self.config(),
            tokenizer: self.tokenizer.as_ref(),
            lack: self.lack.as_deref(),
        }
    }
}
