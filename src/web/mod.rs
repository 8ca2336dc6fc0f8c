//! The browser side: what the worker calls, with JavaScript's types in and out.
//!
//! The only room that knows wasm-bindgen, URLs and streams. `download` fetches a model's files, `convert`
//! translates requests, grids and errors.

mod convert;
mod download;

use gloo::timers::future::TimeoutFuture;
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, js_sys::Function};

use crate::{
    error::{Code, Error, Result},
    patching::{Progress, SweepOptions},
    session::{ModelFiles, Session},
};

/// Make panics readable in the console; called by the worker when the module is instantiated.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A loaded model.
#[wasm_bindgen]
pub struct Engine {
    session: Session,
}

#[wasm_bindgen]
impl Engine {
    /// Download `config.json`, `tokenizer.json` and `model.safetensors` from a base URL and load them.
    ///
    /// `on_progress` gets `{file, loaded, total}` in bytes, `total` undefined where the server does not
    /// say.
    pub async fn load(
        base_url: String,
        device: String,
        on_progress: Function,
        signal: AbortSignal,
    ) -> std::result::Result<Engine, JsValue> {
        let load = async {
            let choice = device.parse()?;
            let files = download::model_files(&base_url, &signal, &on_progress).await?;
            let files = ModelFiles {
                config: &files.config,
                tokenizer: files.tokenizer.as_deref(),
                weights: &files.weights,
            };
            let session = Session::load(files, choice).await?;
            Ok(Engine { session })
        };
        load.await.map_err(convert::error)
    }

    /// The model's shape.
    pub fn config(&self) -> std::result::Result<JsValue, JsValue> {
        convert::to_js(self.session.config()).map_err(convert::error)
    }

    /// `{kind, adapter, reason}` of the device it is on.
    pub fn device(&self) -> std::result::Result<JsValue, JsValue> {
        convert::to_js(self.session.device()).map_err(convert::error)
    }

    /// The tokens of a text, each `{id, text}`.
    pub fn tokenize(&self, text: &str, prepend_bos: bool) -> std::result::Result<JsValue, JsValue> {
        let tokens = self.session.tokenize(text, prepend_bos);
        tokens
            .and_then(|tokens| convert::to_js(&tokens))
            .map_err(convert::error)
    }

    /// Sweep the destinations of one source head, or of all where the request names none.
    ///
    /// `on_progress` gets `{done, total}` in edges. An aborted `signal` stops the sweep after the batch
    /// it is in.
    pub async fn sweep(
        &self,
        request: JsValue,
        on_progress: Function,
        signal: AbortSignal,
    ) -> std::result::Result<JsValue, JsValue> {
        let sweep = async {
            let request = convert::sweep_request(request)?;
            let report = async |progress: Progress| {
                convert::call(&on_progress, &convert::edges(progress))?;
                // A macrotask, so that the worker hears a cancel that was sent meanwhile.
                TimeoutFuture::new(0).await;
                check_signal(&signal, "sweep")
            };
            let grid = self
                .session
                .sweep(&request, SweepOptions::default(), report)
                .await?;
            convert::grid(grid)
        };
        sweep.await.map_err(convert::error)
    }
}

/// An error once the signal is aborted.
fn check_signal(signal: &AbortSignal, what: &str) -> Result<()> {
    if signal.aborted() {
        let expected = "to finish";
        return Err(Error::new(Code::Cancelled, what, expected, "a cancel"));
    }
    Ok(())
}
