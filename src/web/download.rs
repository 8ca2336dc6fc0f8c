//! The files of a model over HTTP, chunk by chunk, with progress and cancel.
//!
//! Leaves out resuming and keeping what was downloaded.

use gloo::net::http::{Request, Response};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, ReadableStreamDefaultReader,
    js_sys::{Function, Reflect, Uint8Array},
};

use super::{check_signal, convert};
use crate::error::{Code, Error, Result};

/// The bytes of a model's files.
pub struct Downloaded {
    pub config: Vec<u8>,
    pub tokenizer: Option<Vec<u8>>,
    pub weights: Vec<u8>,
}

#[derive(Serialize)]
struct DownloadProgress<'a> {
    file: &'a str,
    loaded: usize,
    total: Option<usize>,
}

/// Fetch the files under a base URL; a tokenizer that is not there is `None`.
///
/// # Errors
/// [`Code::Io`] with the URL and what the server or the network said; [`Code::Cancelled`].
pub async fn model_files(
    base_url: &str,
    signal: &AbortSignal,
    on_progress: &Function,
) -> Result<Downloaded> {
    let get = |file| get(base_url, file, signal, on_progress);
    let required = |file: &str, found: Option<Vec<u8>>| {
        let url = join(base_url, file);
        found.ok_or_else(|| Error::new(Code::Io, url, "a file", "status 404 (not found)"))
    };
    Ok(Downloaded {
        config: required("config.json", get("config.json").await?)?,
        tokenizer: get("tokenizer.json").await?,
        weights: required("model.safetensors", get("model.safetensors").await?)?,
    })
}

fn join(base_url: &str, file: &str) -> String {
    format!("{}/{file}", base_url.trim_end_matches('/'))
}

/// The bytes of one file; `None` where the server has no such file.
async fn get(
    base_url: &str,
    file: &str,
    signal: &AbortSignal,
    on_progress: &Function,
) -> Result<Option<Vec<u8>>> {
    let url = join(base_url, file);
    let failed = |got: String| match check_signal(signal, &url) {
        Err(cancelled) => cancelled,
        Ok(()) => Error::new(Code::Io, &url, "a file that can be downloaded", got),
    };
    let request = Request::get(&url).abort_signal(Some(signal));
    let response = request.send().await.map_err(|e| failed(e.to_string()))?;
    match response.status() {
        404 => return Ok(None),
        200..300 => (),
        status => {
            return Err(failed(format!(
                "status {status} {}",
                response.status_text()
            )));
        }
    }
    let total = length(&response);
    let mut bytes = Vec::with_capacity(total.unwrap_or(0));
    let report = |loaded| {
        let progress = DownloadProgress {
            file,
            loaded,
            total,
        };
        convert::call(on_progress, &convert::to_js(&progress)?)
    };
    let body = response
        .body()
        .ok_or_else(|| failed("a response without a body".into()))?;
    let reader = body
        .get_reader()
        .unchecked_into::<ReadableStreamDefaultReader>();
    loop {
        let chunk = JsFuture::from(reader.read()).await;
        let chunk = chunk.map_err(|e| failed(convert::text(&e)))?;
        match chunk_bytes(&chunk) {
            Some(chunk) => append(&mut bytes, &chunk),
            None => break,
        }
        report(bytes.len())?;
    }
    match total {
        Some(total) if total != bytes.len() => Err(failed(format!(
            "{} of the {total} bytes announced",
            bytes.len()
        ))),
        _ => Ok(Some(bytes)),
    }
}

/// The body's length as the server announces it, where that is its length once decoded.
fn length(response: &Response) -> Option<usize> {
    let headers = response.headers();
    let plain = headers.get("content-encoding").is_none();
    let length = headers.get("content-length").filter(|_| plain)?;
    length.parse().ok()
}

/// The bytes of what a reader gave; `None` at the end of the stream.
fn chunk_bytes(chunk: &JsValue) -> Option<Uint8Array> {
    let value = Reflect::get(chunk, &"value".into()).ok()?;
    value.dyn_into().ok()
}

fn append(bytes: &mut Vec<u8>, chunk: &Uint8Array) {
    let start = bytes.len();
    bytes.resize(start + chunk.length() as usize, 0);
    chunk.copy_to(&mut bytes[start..]);
}
