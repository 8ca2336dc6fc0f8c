//! The browser side: what the worker calls, with JavaScript's types in and out.
//!
//! The only crate that knows wasm-bindgen, URLs and streams.
//!
//! - `load` makes a session from a `source`. `place` reads a model's files, wherever they are; `bounded` limits the
//!   small ones; `download` gets a file from a server with `http` and `headers`. Files are kept in the `store`, under a
//!   `lock`, and `progress` reports their bytes. `transfer` has the types that these share. `cancel` stops all of it, `turn`
//!   lets messages in between.
//! - `convert` translates requests, grids and errors, `edges` the tables of the whole graph.
//! - `crew` has the way to other workers that share a model.
//! - `fused` links the matrix product of relaxed SIMD.

#![cfg(target_family = "wasm")]

mod bounded;
mod cancel;
mod convert;
mod crew;
mod download;
mod edges;
mod fused;
mod headers;
mod http;
mod load;
mod lock;
mod place;
mod progress;
mod source;
mod store;
mod transfer;
mod turn;
mod writer;

use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, js_sys::Function};

use pathpatch::{
    device::DeviceReport,
    error::{Code, Result, Warning},
    gpt2::Config,
    patching::{EdgeUpdate, Update},
    session::Session,
};

use cancel::cancellable;
use crew::Hire;
use load::Keeping;
use source::Source;
use store::Store;
use transfer::Watcher;
use turn::Turn;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Make panics readable in the console and products fast; called when the module is instantiated.
#[wasm_bindgen(start)]
fn start() -> Result<(), JsValue> {
    // SAFETY: the linker's function that runs the constructors which libraries register; called once, before
    // anything else. If nobody called it, the linker would make every export call it each time: 3 ms a call.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
    fused::link()
}

/// A loaded model.
#[wasm_bindgen]
pub struct Engine {
    session: Session,
    keeping: Keeping,
}

/// A loaded model.
#[derive(Serialize)]
struct About<'a> {
    config: &'a Config,
    device: &'a DeviceReport,
    /// How many share it.
    workers: usize,
    /// Whether this browser keeps it.
    keeping: &'a Keeping,
    /// What the caller should know of its files.
    warnings: &'a [Warning],
}

/// What loading a source would download: `{title, revision, files, kept, space}`.
#[wasm_bindgen]
pub async fn plan(
    source: JsValue,
    on_progress: Function,
    signal: AbortSignal,
) -> Result<JsValue, JsValue> {
    let plan = async {
        let watcher = Watcher {
            on_progress: &on_progress,
            signal: &signal,
        };
        let source = Source::from_js(source)?;
        let plan = load::plan(&source, &watcher);
        convert::to_js(&cancellable(&signal, "the plan", plan).await?)
    };
    plan.await.map_err(convert::error)
}

/// The models that this browser keeps, and what it grants: `{models, space}`.
#[wasm_bindgen(js_name = keptModels)]
pub async fn kept_models() -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    struct Kept {
        models: Vec<store::Listed>,
        space: Option<store::Space>,
    }
    let kept = async {
        let models = Store::open().await?.list().await?;
        let space = store::space().await;
        convert::to_js(&Kept { models, space })
    };
    kept.await.map_err(convert::error)
}

/// Delete a kept model.
#[wasm_bindgen(js_name = removeModel)]
pub async fn remove_model(id: String) -> Result<(), JsValue> {
    let remove = async { Store::open().await?.remove(&id).await };
    remove.await.map_err(convert::error)
}

impl Engine {
    /// A sweep, or an error once it is cancelled: at once where other workers do some of its steps, else as its pauses say.
    async fn at_once<T>(
        &self,
        signal: &AbortSignal,
        what: &str,
        sweep: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.session.workers() {
            1 => sweep.await,
            _ => cancellable(signal, what, sweep).await,
        }
    }
}

#[wasm_bindgen]
impl Engine {
    /// Load a model: `{kind: "hub", hub, repo, revision}`, `{kind: "url", baseUrl}` or `{files}`.
    ///
    /// `options` are `{device, weights, fastest}`: see `LoadOptions`.
    ///
    /// `workers` is how many share it on the CPU; where it is undefined, `by_default`, unless the model is small. `bring`
    /// starts others, `ask` asks one: see `crew`. `on_progress` gets what `Progress` makes of each file's bytes.
    #[expect(
        clippy::too_many_arguments,
        reason = "they come one by one from JavaScript"
    )]
    pub async fn load(
        source: JsValue,
        options: JsValue,
        keep: bool,
        workers: JsValue,
        by_default: usize,
        bring: Function,
        ask: Function,
        on_progress: Function,
        signal: AbortSignal,
    ) -> Result<Engine, JsValue> {
        let load = async {
            let options = convert::load_options(&options)?;
            let source = Source::from_js(source)?;
            let watcher = Watcher {
                on_progress: &on_progress,
                signal: &signal,
            };
            let asked = match workers.is_undefined() {
                true => None,
                false => Some(convert::count(&workers, "workers")?),
            };
            let hire = Hire {
                asked,
                by_default,
                bring: &bring,
                ask: &ask,
            };
            let load = load::load(source, &options, keep, &hire, &watcher);
            let (session, keeping) = cancellable(&signal, "the load", load).await?;
            Ok(Engine { session, keeping })
        };
        load.await.map_err(convert::error)
    }

    /// What was loaded: see [`About`].
    pub fn about(&self) -> Result<JsValue, JsValue> {
        let about = About {
            config: self.session.config(),
            device: self.session.device(),
            workers: self.session.workers(),
            keeping: &self.keeping,
            warnings: self.session.warnings(),
        };
        convert::to_js(&about).map_err(convert::error)
    }

    /// Which steps of the last sweep which worker did when: see `CrewEvent`.
    pub fn steps(&self) -> Result<JsValue, JsValue> {
        convert::to_js(&self.session.steps()).map_err(convert::error)
    }

    /// Check a request without running it: its warnings, each `{code, message, suggestion?}`. Its `patch` is `resample`
    /// where it names none.
    pub async fn check(&self, request: JsValue, signal: AbortSignal) -> Result<JsValue, JsValue> {
        let check = async {
            let (on, _) = convert::metric_request(&request)?;
            let replacement = edges::replacement(&request)?;
            let turn = Turn::new("check", Some(&signal));
            convert::to_js(&self.session.check(&on, replacement, &turn).await?)
        };
        check.await.map_err(convert::error)
    }

    /// The tokens of a text, each `{id, text}`.
    pub fn tokenize(&self, text: &str, prepend_bos: bool) -> Result<JsValue, JsValue> {
        let tokens = self.session.tokenize(text, prepend_bos);
        tokens
            .and_then(|tokens| convert::to_js(&tokens))
            .map_err(convert::error)
    }

    /// The tokens of an answer, or of a distractor, each `{id, text}`: a text, an id or an array of those, read as in
    /// a request.
    pub fn answer_tokens(&self, answer: JsValue, is_distractor: bool) -> Result<JsValue, JsValue> {
        let (code, what) = match is_distractor {
            true => (Code::Distractor, "distractor"),
            false => (Code::Answer, "answer"),
        };
        convert::answers(&answer, code, what)
            .and_then(|answers| self.session.answer_tokens(&answers, code, what))
            .and_then(|tokens| convert::to_js(&tokens))
            .map_err(convert::error)
    }

    /// At most `limit` tokens of the vocabulary whose text begins with `start`, each `{id, text}`.
    pub fn complete(&self, start: &str, limit: JsValue) -> Result<JsValue, JsValue> {
        convert::whole_number(&limit, "limit")
            .and_then(|limit| convert::to_js(&self.session.complete(start, limit)))
            .map_err(convert::error)
    }

    /// What both runs of each pair say next, one `PairPredictions` each; the request's `top` says how many tokens.
    pub async fn predictions(
        &self,
        request: JsValue,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let predict = async {
            let (on, _) = convert::metric_request(&request)?;
            let top = convert::whole_number(&convert::field(&request, "top"), "top")?;
            let turn = Turn::new("predictions", Some(&signal));
            convert::to_js(&self.session.predictions(&on, top, &turn).await?)
        };
        predict.await.map_err(convert::error)
    }

    /// Sweep the destinations of one source head, or of all where the request names none.
    ///
    /// `on_progress` gets what `convert::update` makes. An aborted `signal` stops the sweep after the step
    /// it is in: some rows of one layer, in a run or a chunk.
    pub async fn sweep(
        &self,
        request: JsValue,
        on_progress: Function,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let sweep = async {
            let (request, options) = convert::sweep_request(&request)?;
            let report =
                |update: Update<'_>| convert::call(&on_progress, &convert::update(update)?);
            let turn = Turn::new("sweep", Some(&signal));
            let grid = self.session.sweep(&request, options, &turn, report);
            convert::grid(self.at_once(&signal, "sweep", grid).await?)
        };
        sweep.await.map_err(convert::error)
    }

    /// Estimate every edge into every head's query, key and value: `{q, k, v}`, one grid per component.
    pub async fn estimate(
        &self,
        request: JsValue,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let estimate = async {
            let (request, layer_norm) = convert::metric_request(&request)?;
            let turn = Turn::new("estimate", Some(&signal));
            let estimates = self.session.estimate(&request, layer_norm, &turn);
            convert::estimates(estimates.await?)
        };
        estimate.await.map_err(convert::error)
    }

    /// Patch or estimate edges of the graph: all of them, or those that the request names.
    ///
    /// `on_progress` gets what `edges::Teller` makes. An aborted `signal` stops it after the step it is in.
    pub async fn edges(
        &self,
        request: JsValue,
        on_progress: Function,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let compute = async {
            let request = edges::edges_request(&request)?;
            let mut teller = edges::Teller::new(request.options);
            let report =
                |update: EdgeUpdate<'_>| convert::call(&on_progress, &teller.update(update)?);
            let turn = Turn::new("edges", Some(&signal));
            let computed = self.session.edges(&request, &turn, report);
            let computed = self.at_once(&signal, "edges", computed).await?;
            edges::result(&computed, &request.options)
        };
        compute.await.map_err(convert::error)
    }

    /// Look at one edge on one pair of prompts, by the names of its nodes or between two heads by their numbers: see
    /// `EdgeReport`. With names, the request may have several pairs and say with `pair` which is looked at.
    #[wasm_bindgen(js_name = edgeDetail)]
    pub async fn edge_detail(
        &self,
        request: JsValue,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let detail = async {
            let turn = Turn::new("edge", Some(&signal));
            if let Some(named) = edges::detail_request(&request)? {
                return convert::warned(self.session.edge(&named, &turn).await?);
            }
            let request = convert::edge_request(&request)?;
            convert::warned(self.session.edge_detail(&request, &turn).await?)
        };
        detail.await.map_err(convert::error)
    }

    /// Look at one head on one pair of prompts: see `HeadDetail`.
    #[wasm_bindgen(js_name = headDetail)]
    pub async fn head_detail(
        &self,
        request: JsValue,
        signal: AbortSignal,
    ) -> Result<JsValue, JsValue> {
        let detail = async {
            let (request, head) = convert::head_request(&request)?;
            let turn = Turn::new("head", Some(&signal));
            convert::warned(self.session.head_detail(&request, head, &turn).await?)
        };
        detail.await.map_err(convert::error)
    }

    /// Floating-point operations a second of bare matrix products of so many rows, for every product that its device has a
    /// choice of: `[name, rate]` each.
    #[wasm_bindgen(js_name = matmulRates)]
    pub async fn matmul_rates(&self, rows: usize, signal: AbortSignal) -> Result<JsValue, JsValue> {
        let turn = Turn::new("rates", Some(&signal));
        let rates = self.session.matmul_rates(rows, &turn).await;
        rates
            .and_then(|rates| convert::to_js(&rates))
            .map_err(convert::error)
    }
}
