//! One HTTP request: its bytes, or why there are none and whether to try again.

use std::time::Duration;

use gloo::net::http::{Headers, Method, Request, RequestBuilder, Response};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortSignal, ReadableStreamDefaultReader, ResponseType,
    js_sys::{Date, Reflect, Uint8Array},
};

use crate::{
    cancel::check_signal,
    convert,
    headers::{Version, content_range, host, is_html_type, wait_asked},
};
use pathpatch::error::{Code, Error};

/// Why a request brought nothing.
pub enum Failure {
    /// Trying again may help.
    Lost(String),
    /// No answer came, or one that the browser hides: a server may allow other origins its files and not its 404s.
    Silent(String),
    /// The server is asked too often; it may say how long to wait.
    Limited {
        reason: String,
        wait: Option<Duration>,
    },
    /// Not the part of the file that was asked for: ask for all of it.
    NoRange,
    /// Trying again will not help.
    Final(Error),
}

/// What a server has at an address.
pub enum Answer<T> {
    There(T),
    /// No such file, and what came in its place. Servers that do not list their files answer 401 or 403 for a missing
    /// file; those of a single-page application answer with its page.
    Absent(String),
}

/// Bytes that a server announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As many will come.
    Exact(u64),
    /// At least as many: the server may have compressed them, which the browser hides for another origin.
    Hint(u64),
    Unknown,
}

impl Length {
    /// The number that was announced.
    pub fn announced(self) -> Option<u64> {
        match self {
            Self::Exact(bytes) | Self::Hint(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }
}

/// A file's bytes as they come.
pub struct Body {
    pub url: String,
    reader: ReadableStreamDefaultReader,
    /// The whole file's.
    pub length: Length,
    pub version: Version,
    /// The place in the file that they begin at.
    pub from: u64,
    /// Whether nothing more will come.
    is_over: bool,
}

/// Ask for a file's bytes from a place on.
pub async fn get(url: &str, from: u64, signal: &AbortSignal) -> Result<Answer<Body>, Failure> {
    let request = Request::get(url);
    // A range in this form needs no preflight request in recent browsers. It counts bytes of the uncompressed file: a
    // browser that sends a range asks for no compression.
    let request = match from {
        0 => request,
        _ => request.header("range", &format!("bytes={from}-")),
    };
    let response = match send(request, url, signal).await? {
        Answer::There(response) => response,
        Answer::Absent(got) => return Ok(Answer::Absent(got)),
    };
    let headers = response.headers();
    let range = headers.get("content-range");
    let (from, length) = match (response.status(), range.as_deref().and_then(content_range)) {
        (206, Some((start, _))) if start != from => return Err(Failure::NoRange),
        (206, Some((start, size))) => (start, size.map_or(Length::Unknown, Length::Exact)),
        // Another origin may hide the header; then we trust the server.
        (206, None) => {
            let left = headers.get("content-length").and_then(|n| n.parse().ok());
            (
                from,
                left.map_or(Length::Unknown, |left: u64| Length::Hint(from + left)),
            )
        }
        _ => (0, length(&response, &headers)),
    };
    let body = response.body().ok_or_else(|| {
        let error = Error::new(Code::Io, url, "a file's bytes", "a response without a body");
        Failure::Final(error)
    })?;
    Ok(Answer::There(Body {
        url: url.to_string(),
        reader: body.get_reader().unchecked_into(),
        length,
        version: version(&headers),
        from,
        is_over: false,
    }))
}

/// How many bytes a server announces of a file, and which version it has.
pub async fn head(url: &str, signal: &AbortSignal) -> Result<Answer<(Length, Version)>, Failure> {
    let request = RequestBuilder::new(url).method(Method::HEAD);
    Ok(match send(request, url, signal).await? {
        Answer::There(response) => {
            let headers = response.headers();
            Answer::There((length(&response, &headers), version(&headers)))
        }
        Answer::Absent(got) => Answer::Absent(got),
    })
}

impl Body {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self, signal: &AbortSignal) -> Result<Option<Uint8Array>, Failure> {
        let read = JsFuture::from(self.reader.read()).await;
        self.is_over = read.is_err();
        check_signal(signal, &self.url).map_err(Failure::Final)?;
        let chunk =
            read.map_err(|e| Failure::Lost(format!("a lost connection ({})", convert::text(&e))))?;
        let value = Reflect::get(&chunk, &"value".into()).ok();
        let bytes: Option<Uint8Array> = value.and_then(|value| value.dyn_into().ok());
        self.is_over = bytes.is_none();
        Ok(bytes)
    }
}

impl Drop for Body {
    /// Cancel the stream if the body is dropped early.
    fn drop(&mut self) {
        if !self.is_over {
            let cancelled = JsFuture::from(self.reader.cancel());
            // This fails where the request was aborted, and then there is nothing to cancel.
            spawn_local(async { drop(cancelled.await) });
        }
    }
}

/// Send; a status that is no success becomes a failure, or an absence.
async fn send(
    request: RequestBuilder,
    url: &str,
    signal: &AbortSignal,
) -> Result<Answer<Response>, Failure> {
    let sent = request.abort_signal(Some(signal)).send().await;
    check_signal(signal, url).map_err(Failure::Final)?;
    let response =
        sent.map_err(|e| Failure::Silent(format!("no answer from {} ({e})", host(url))))?;
    let headers = response.headers();
    let status = response.status();
    let said = format!("status {status} {}", response.status_text());
    let said = said.trim_end().to_string();
    match status {
        200..300 => {
            let kind = headers.get("content-type").unwrap_or_default();
            Ok(match is_html_type(&kind) {
                true => Answer::Absent(WEB_PAGE.into()),
                false => Answer::There(response),
            })
        }
        401 | 403 | 404 | 410 => Ok(Answer::Absent(said)),
        416 => Err(Failure::NoRange),
        429 | 503 => {
            let [retry_after, rate_limit] = ["retry-after", "ratelimit"].map(|h| headers.get(h));
            let (retry_after, rate_limit) = (retry_after.as_deref(), rate_limit.as_deref());
            let wait = wait_asked(retry_after, rate_limit, Date::now(), Date::parse);
            let reason = said;
            Err(Failure::Limited { reason, wait })
        }
        408 | 425 | 500..600 => Err(Failure::Lost(said)),
        _ => {
            let error = Error::new(Code::Io, url, "a file that can be downloaded", said);
            Err(Failure::Final(error))
        }
    }
}

/// What came in place of a file, in words.
pub const WEB_PAGE: &str = "a web page (HTML)";

fn version(headers: &Headers) -> Version {
    Version {
        etag: headers.get("etag"),
        modified: headers.get("last-modified"),
    }
}

/// The body's length, as far as what is announced is its length once decoded.
fn length(response: &Response, headers: &Headers) -> Length {
    let announced = headers.get("content-length").and_then(|n| n.parse().ok());
    let Some(announced) = announced else {
        return Length::Unknown;
    };
    // A page sees whether the server compressed for its own origin only.
    let sees_encoding = response.type_() == ResponseType::Basic;
    match (headers.get("content-encoding"), sees_encoding) {
        (None, true) => Length::Exact(announced),
        (None, false) => Length::Hint(announced),
        (Some(_), _) => Length::Unknown,
    }
}
