//! The use cases, in their order: load a model, tokenise prompts, sweep. No JavaScript types.

use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::Loader,
    device::{self, DeviceChoice, DeviceReport},
    error::{Code, Error, Result},
    gpt2::{Config, Gpt2},
    metric::{AnswerMetric, MetricKind},
    patching::{
        Component, EdgeDetail, Estimates, Grid, Head, HeadDetail, LayerNorm, Runs, SweepOptions,
        Update, edge_detail, estimate_direct_path_all_sources, get_act_patch_direct_path,
        get_act_patch_direct_path_all_sources, head_detail,
    },
    pause::Pause,
    prompt::{Batch, PromptPair},
    rate::{choose_kernel, matmul_rate},
    tokenizer::{Token, Tokenizer},
};

/// A model whose weights are still to come.
pub struct Loading {
    loader: Loader,
    tokenizer: Option<Tokenizer>,
    device: DeviceReport,
}

impl Loading {
    /// The model's shape.
    pub fn config(&self) -> &Config {
        self.loader.config()
    }

    /// Where the bytes of the checkpoint's files go.
    pub fn weights(&mut self) -> &mut Loader {
        &mut self.loader
    }

    /// The model, ready for prompts.
    ///
    /// # Errors
    /// [`Code::Checkpoint`] when weights are missing.
    pub fn finish(self) -> Result<Session> {
        Ok(Session {
            model: self.loader.finish()?,
            tokenizer: self.tokenizer,
            device: self.device,
        })
    }
}

/// A model on a device, ready for prompts.
pub struct Session {
    model: Gpt2,
    tokenizer: Option<Tokenizer>,
    device: DeviceReport,
}

/// A prompt as it comes from a person or a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prompt {
    /// Text to tokenise.
    Text(String),
    /// Token ids, taken as they are.
    Ids(Vec<u32>),
}

/// An answer as it comes from a person or a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Text that must be one token.
    Text(String),
    /// A token id.
    Id(u32),
}

/// A pair of prompts before tokenisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRequest {
    /// The clean prompt.
    pub clean: Prompt,
    /// The corrupted prompt.
    pub corrupted: Prompt,
    /// The right next token of the clean prompt.
    pub answer: Option<Answer>,
    /// The token it is compared with.
    pub distractor: Option<Answer>,
}

/// Prompts, and what to measure on them.
#[derive(Debug, Clone)]
pub struct MetricRequest {
    /// The prompts; metrics are means over them.
    pub pairs: Vec<PairRequest>,
    /// The metric.
    pub metric: MetricKind,
    /// Where the metric reads; at each prompt's last token where `None`.
    pub position: Option<usize>,
    /// Whether texts get the model's beginning-of-text token in front.
    pub prepend_bos: bool,
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

/// One edge of one pair of prompts.
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
    /// The tokens of [`EdgeDetail::moved`]; none without a tokenizer.
    pub tokens: Vec<Token>,
}

impl Session {
    /// Open a device for the model of a `config.json`; without a tokenizer, its prompts are token ids.
    ///
    /// # Errors
    /// [`Code::Config`] or [`Code::Device`].
    pub async fn begin(
        config: &[u8],
        tokenizer: Option<Tokenizer>,
        choice: DeviceChoice,
    ) -> Result<Loading> {
        let config = Config::from_json(config)?;
        let (device, mut report) = device::open(choice).await?;
        report.matmul = choose_kernel(&device, &config).await?;
        Ok(Loading {
            loader: Loader::new(config, &device),
            tokenizer,
            device: report,
        })
    }

    /// The model's shape.
    pub fn config(&self) -> &Config {
        &self.model.config
    }

    /// Which device it is on, and why.
    pub fn device(&self) -> &DeviceReport {
        &self.device
    }

    /// The tokens of a text, with the beginning-of-text token in front if asked for.
    ///
    /// # Errors
    /// [`Code::Tokenizer`] when there is no tokenizer, no such token, or no token for a word.
    pub fn tokenize(&self, text: &str, prepend_bos: bool) -> Result<Vec<Token>> {
        let ids = self.ids(text, prepend_bos)?;
        Ok(self.tokenizer()?.describe(&ids))
    }

    /// Tokenise and check a pair.
    ///
    /// # Errors
    /// The code of the part that is wrong.
    pub fn pair(&self, request: &PairRequest, prepend_bos: bool) -> Result<PromptPair> {
        let prompt = |prompt: &Prompt, code, what| match prompt {
            Prompt::Ids(ids) => Ok(ids.clone()),
            Prompt::Text(text) => {
                self.ids(text, prepend_bos)
                    .map_err(|e| Error { code, what, ..e })
            }
        };
        let answer = |answer: &Option<Answer>, code, what| {
            let one = |answer: &Answer| match answer {
                Answer::Id(id) => Ok(*id),
                Answer::Text(text) => self.one_token(text, code, what),
            };
            answer.as_ref().map(one).transpose()
        };
        let pair = PromptPair {
            clean: prompt(&request.clean, Code::Clean, "clean prompt".into())?,
            corrupted: prompt(
                &request.corrupted,
                Code::Corrupted,
                "corrupted prompt".into(),
            )?,
            answer: answer(&request.answer, Code::Answer, "answer")?,
            distractor: answer(&request.distractor, Code::Distractor, "distractor")?,
        };
        pair.check(&self.model.config)?;
        Ok(pair)
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
    ) -> Result<Grid> {
        if let Some(source) = request.source {
            source.check(self.config())?;
        }
        let (runs, metric) = self.runs(&request.on, pause).await?;
        let (component, metric) = (request.component, &metric);
        match request.source {
            Some(source) => {
                get_act_patch_direct_path(&runs, metric, source, component, options, on_update)
                    .await
            }
            None => {
                let runs = &runs;
                get_act_patch_direct_path_all_sources(runs, metric, component, options, on_update)
                    .await
            }
        }
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
    ) -> Result<Estimates> {
        let (runs, metric) = self.runs(request, pause).await?;
        estimate_direct_path_all_sources(&runs, &metric, layer_norm).await
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
    ) -> Result<HeadDetail> {
        head_detail(&self.model, &self.batch(request)?, head, pause).await
    }

    /// Look at one edge on one pair of prompts.
    ///
    /// # Errors
    /// Those of [`Session::pair`], [`Batch::new`] and [`edge_detail`].
    pub async fn edge_detail(
        &self,
        request: &EdgeRequest,
        pause: &dyn Pause,
    ) -> Result<EdgeReport> {
        let (batch, ends) = (self.batch(&request.on)?, [request.src, request.dst]);
        let (runs, metric) = self.run(&batch, request.on.metric, pause).await?;
        let (component, layer_norm) = (request.component, request.layer_norm);
        let detail = edge_detail(&runs, &metric, ends, component, layer_norm).await?;
        let ids: Vec<u32> = detail.moved.iter().map(|moved| moved.id).collect();
        let tokens = self.tokenizer.as_ref().map(|t| t.describe(&ids));
        Ok(EdgeReport {
            detail,
            tokens: tokens.unwrap_or_default(),
        })
    }

    /// Operations a second of bare matrix products of so many rows on the session's device: see
    /// [`matmul_rate`].
    ///
    /// # Errors
    /// [`Code::Device`].
    pub async fn matmul_rate(&self, rows: usize) -> Result<f64> {
        matmul_rate(&self.model.device(), self.config(), rows).await
    }

    /// The model run on the prompts, and the metric bound to them.
    async fn runs<'a>(
        &'a self,
        request: &MetricRequest,
        pause: &'a dyn Pause,
    ) -> Result<(Runs<'a>, AnswerMetric)> {
        self.run(&self.batch(request)?, request.metric, pause).await
    }

    async fn run<'a>(
        &'a self,
        batch: &Batch,
        metric: MetricKind,
        pause: &'a dyn Pause,
    ) -> Result<(Runs<'a>, AnswerMetric)> {
        let runs = Runs::new(&self.model, batch, pause);
        let metric = runs.metric(metric).await?;
        Ok((runs, metric))
    }

    /// The pairs of a request, tokenised and checked.
    fn batch(&self, request: &MetricRequest) -> Result<Batch> {
        let numbered = |(i, pair): (usize, &PairRequest)| {
            self.pair(pair, request.prepend_bos).map_err(|e| Error {
                what: match request.pairs.len() {
                    1 => e.what,
                    _ => format!("pair {}: {}", i + 1, e.what),
                },
                ..e
            })
        };
        let pairs = request.pairs.iter().enumerate().map(numbered);
        let pairs = pairs.collect::<Result<_>>()?;
        Batch::new(pairs, request.position, self.config())
    }

    fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| {
            let expected = "a tokenizer.json beside the model, or prompts as token ids";
            Error::new(Code::Tokenizer, "text", expected, "text and no tokenizer")
        })
    }

    fn ids(&self, text: &str, prepend_bos: bool) -> Result<Vec<u32>> {
        let ids = self.tokenizer()?.encode(text)?;
        if !prepend_bos {
            return Ok(ids);
        }
        let bos = self.model.config.bos_token_id.ok_or_else(|| {
            let expected = "a bos_token_id within the vocabulary, or a run without it";
            Error::new(Code::Config, "beginning-of-text token", expected, "none")
        })?;
        Ok(std::iter::once(bos).chain(ids).collect())
    }

    fn one_token(&self, text: &str, code: Code, what: &str) -> Result<u32> {
        let tokenizer = self.tokenizer()?;
        let of_field = |e| Error {
            code,
            what: what.to_string(),
            ..e
        };
        let ids = tokenizer.encode(text).map_err(of_field)?;
        if let [id] = ids[..] {
            return Ok(id);
        }
        let tokens = tokenizer.describe(&ids);
        let texts: Vec<String> = tokens.iter().map(|t| format!("{:?}", t.text)).collect();
        let got = match ids.len() {
            0 => "none".to_string(),
            n => format!("{n}: {}", texts.join(" ")),
        };
        let error = Error::new(code, what, "one token", got);
        // The usual slip with byte-level tokens: a word within a text begins with its space.
        let spaced = format!(" {text}");
        match tokenizer.encode(&spaced) {
            Ok(ids) if ids.len() == 1 && !text.starts_with(' ') => Err(error.suggest(spaced)),
            _ => Err(error),
        }
    }
}
