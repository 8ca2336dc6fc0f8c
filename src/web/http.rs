//! One HTTP request: the bytes that come, or why not and whether asking again may help.

use std::time::Duration;

use gloo::net::http::{Headers, Method, Request, RequestBuilder, Response};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, ReadableStreamDefaultReader,
    js_sys::{Reflect, Uint8Array},
};

use super::{check_signal, convert};
use crate::error::{Code, Error};

/// Why a request brought nothing.
pub enum Failure {
    /// Asking again may help, after the time that the server asks for.
    Passing {
        reason: String,
        wait: Option<Duration>,
    },
    /// The file is not the one that was begun.
    Changed,
    /// Asking again will not help.
    Final(Error),
}

/// What a server says of a file before its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Bytes of the whole file, where the server says.
    pub size: Option<u64>,
    /// What the server calls this version of it.
    pub etag: Option<String>,
}

/// A file's bytes as they come.
pub struct Body {
    pub url: String,
    reader: ReadableStreamDefaultReader,
    pub head: Head,
    /// The place in the file that they begin at.
    pub from: u64,
    /// Whether nothing more will come.
    is_over: bool,
}

/// Ask for a file's bytes from a place on; `None` where there is no such file.
pub async fn get(url: &str, from: u64, signal: &AbortSignal) -> Result<Option<Body>, Failure> {
    let request = Request::get(url);
    // In this form a range needs no question to the server beforehand.
    let request = match from {
        0 => request,
        _ => request.header("range", &format!("bytes={from}-")),
    };
    let Some(response) = send(request, url, signal).await? else {
        return Ok(None);
    };
    let headers = response.headers();
    let (from, size) = match response.status() {
        206 => match content_range(&headers) {
            // Of another origin, the header may be hidden; then the server is believed.
            None => (from, length(&headers).map(|left| from + left)),
            Some((start, _)) if start != from => return Err(Failure::Changed),
            Some((start, size)) => (start, size),
        },
        _ => (0, length(&headers)),
    };
    let etag = headers.get("etag");
    let body = response.body().ok_or_else(|| {
        let error = Error::new(Code::Io, url, "a file's bytes", "a response without a body");
        Failure::Final(error)
    })?;
    Ok(Some(Body {
        url: url.to_string(),
        reader: body.get_reader().unchecked_into(),
        head: Head { size, etag },
        from,
        is_over: false,
    }))
}

/// Ask what a server has to say of a file; `None` where there is no such file.
pub async fn head(url: &str, signal: &AbortSignal) -> Result<Option<Head>, Failure> {
    let request = RequestBuilder::new(url).method(Method::HEAD);
    let response = send(request, url, signal).await?;
    Ok(response.map(|response| {
        let headers = response.headers();
        Head {
            size: length(&headers),
            etag: headers.get("etag"),
        }
    }))
}

impl Body {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self, signal: &AbortSignal) -> Result<Option<Uint8Array>, Failure> {
        let read = JsFuture::from(self.reader.read()).await;
        self.is_over = read.is_err() || signal.aborted();
        check_signal(signal, &self.url).map_err(Failure::Final)?;
        let chunk =
            read.map_err(|e| passing(format!("a lost connection ({})", convert::text(&e))))?;
        let value = Reflect::get(&chunk, &"value".into()).ok();
        let bytes: Option<Uint8Array> = value.and_then(|value| value.dyn_into().ok());
        self.is_over = bytes.is_none();
        Ok(bytes)
    }
}

impl Drop for Body {
    /// Whoever has enough of it has no use for the rest.
    fn drop(&mut self) {
        if !self.is_over {
            let _done = self.reader.cancel();
        }
    }
}

/// Send; a status that is no success becomes a failure, and 404 `None`.
async fn send(
    request: RequestBuilder,
    url: &str,
    signal: &AbortSignal,
) -> Result<Option<Response>, Failure> {
    let sent = request.abort_signal(Some(signal)).send().await;
    check_signal(signal, url).map_err(Failure::Final)?;
    let response = sent.map_err(|e| passing(format!("no answer ({e})")))?;
    let headers = response.headers();
    let status = response.status();
    let said = format!("status {status} {}", response.status_text());
    let said = said.trim_end();
    let last =
        |expected: &str, got: String| Failure::Final(Error::new(Code::Io, url, expected, got));
    match status {
        200..300 => {
            let kind = headers.get("content-type").unwrap_or_default();
            if kind.starts_with("text/html") {
                let got = "a web page; is the address right?";
                return Err(last("a model's file", got.into()));
            }
            Ok(Some(response))
        }
        404 | 410 => Ok(None),
        401 | 403 => {
            let got = format!("{said}: it is private, gated or not there");
            Err(last("a file that everybody may read", got))
        }
        416 => Err(Failure::Changed),
        408 | 425 | 429 | 500..600 => {
            let seconds = headers.get("retry-after").and_then(|s| s.parse().ok());
            Err(Failure::Passing {
                reason: said.to_string(),
                wait: seconds.map(Duration::from_secs),
            })
        }
        _ => Err(last("a file that can be downloaded", said.to_string())),
    }
}

fn passing(reason: String) -> Failure {
    Failure::Passing { reason, wait: None }
}

/// The body's length, where what is announced is its length once decoded.
fn length(headers: &Headers) -> Option<u64> {
    let plain = headers.get("content-encoding").is_none();
    headers
        .get("content-length")
        .filter(|_| plain)?
        .parse()
        .ok()
}

/// Where a part of a file begins, and how large the whole is.
fn content_range(headers: &Headers) -> Option<(u64, Option<u64>)> {
    let range = headers.get("content-range")?;
    let (start, rest) = range.strip_prefix("bytes ")?.split_once('-')?;
    let (_, size) = rest.split_once('/')?;
    Some((start.parse().ok()?, size.parse().ok()))
}
