//! A file from a server: what is kept of it first, then the rest, however often the connection is lost.
//!
//! A download goes on by ranges where it was cut off, waits as long as a server asks, begins anew where the file
//! has become another, and is checked by size and, where it is known, SHA-256.

use gloo_timers::future::sleep;
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, js_sys::Uint8Array};
use web_time::Duration;

use super::{
    check_signal,
    http::{self, Failure},
    place::{CHUNK, Remote, Sink, Stop, Watcher},
    progress::{From, Progress},
    store::{Folder, hex},
    writer::Writer,
};
use crate::error::{Code, Error, Result};

/// Requests that bring nothing, one after the other, until a download is given up.
const TRIES: u32 = 5;
/// The first wait between them; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// However long a server asks us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// One file on its way from a server, through the store, to whoever takes it.
struct Download<'a> {
    sink: &'a mut dyn Sink,
    writer: Option<Writer>,
    hash: Option<Sha256>,
    progress: Progress<'a>,
    /// Bytes that have been taken.
    at: u64,
    buffer: Vec<u8>,
}

impl Download<'_> {
    /// Hand on bytes that the store already has.
    fn take(&mut self, bytes: &Uint8Array) -> Result<()> {
        let n = bytes.length() as usize;
        self.buffer.resize(n, 0);
        bytes.copy_to(&mut self.buffer);
        if let Some(hash) = &mut self.hash {
            hash.update(&self.buffer);
        }
        self.sink.push(&self.buffer)?;
        self.at += n as u64;
        self.progress.add(n)
    }
}

/// All bytes of a file on a server, of which nothing is kept; `None` where there is no such file.
pub async fn read_remote(
    name: &str,
    url: &str,
    watcher: &Watcher<'_>,
) -> Result<Option<Vec<u8>>, Stop> {
    let remote = Remote {
        url: url.to_string(),
        size: None,
        sha256: None,
    };
    let mut bytes = Vec::new();
    let is_there = download(name, &remote, None, &mut bytes, watcher).await?;
    Ok(is_there.then_some(bytes))
}

/// Download a file: what is kept of it first, then the rest, however often the connection is lost.
pub async fn download(
    name: &str,
    remote: &Remote,
    mut folder: Option<&mut Folder>,
    sink: &mut dyn Sink,
    watcher: &Watcher<'_>,
) -> Result<bool, Stop> {
    let writer = match &folder {
        Some(folder) => Some(folder.writer(name).await?),
        None => None,
    };
    let mut download = Download {
        sink,
        writer,
        hash: remote.sha256.as_ref().map(|_| Sha256::new()),
        progress: Progress::new(name, From::Store, remote.size, watcher.on_progress),
        at: 0,
        buffer: Vec::new(),
    };
    let mut etag = None;
    let mut is_complete = false;
    if let (Some(folder), Some(writer)) = (&mut folder, &mut download.writer) {
        let known = folder.file(name);
        etag = known.etag.clone();
        is_complete = known.complete;
        // Nobody could tell whether the rest would be the rest of the same file.
        let is_unknown = etag.is_none() && remote.sha256.is_none();
        if !is_complete && (is_unknown || known.sha256 != remote.sha256) {
            writer.truncate().map_err(|e| not_kept(name, &e))?;
        }
        let kept = writer.size();
        while download.at < kept {
            let Some(writer) = &download.writer else {
                break;
            };
            let bytes = writer
                .read(download.at, CHUNK)
                .map_err(|e| not_kept(name, &e))?;
            if bytes.length() == 0 {
                break;
            }
            download.take(&bytes)?;
            // Reading is not waiting: let a cancel be heard.
            sleep(Duration::ZERO).await;
            check_signal(watcher.signal, name)?;
        }
    }
    let mut size = remote.size;
    let mut tries = 0;
    while !is_complete {
        let before = download.at;
        let failure = match http::get(&remote.url, download.at, watcher.signal).await {
            Ok(None) => {
                if let Some(folder) = &folder {
                    drop(download.writer.take());
                    folder.remove(name).await?;
                }
                return Ok(false);
            }
            Ok(Some(body)) => {
                let has_begun = download.at > 0;
                if has_begun && differ(&etag, &body.head.etag) {
                    return Err(Stop::Changed);
                }
                if differ(&size, &body.head.size) {
                    return Err(match has_begun {
                        true => Stop::Changed,
                        false => wrong_size(&remote.url, size, body.head.size).into(),
                    });
                }
                etag = body.head.etag.clone().or(etag);
                size = size.or(body.head.size);
                if let Some(folder) = &mut folder {
                    let known = folder.file(name);
                    (known.etag, known.sha256) = (etag.clone(), remote.sha256.clone());
                    folder.write_entry().await?;
                }
                download.progress.comes(From::Network, size);
                match receive(&mut download, body, size, watcher).await {
                    Ok(()) => {
                        is_complete = true;
                        continue;
                    }
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        let (reason, wait) = match failure {
            Failure::Final(error) => return Err(error.into()),
            Failure::Changed => return Err(Stop::Changed),
            Failure::Passing { reason, wait } => (reason, wait),
        };
        tries = if download.at > before { 1 } else { tries + 1 };
        if tries >= TRIES {
            return Err(Stop::Lost(given_up(
                remote,
                &reason,
                download.at,
                size,
                folder.is_some(),
            )));
        }
        let wait = wait
            .unwrap_or(FIRST_WAIT * 2_u32.pow(tries - 1))
            .min(LONGEST_WAIT);
        let text = format!(
            "{reason}; asking again in {:.0} s",
            wait.as_secs_f64().ceil()
        );
        download.progress.waits(&text)?;
        pause(wait, watcher.signal, name).await?;
    }
    if let (Some(expected), Some(hash)) = (&remote.sha256, download.hash.take()) {
        let got = hex(&hash.finalize());
        if got != *expected {
            let expected = format!("the SHA-256 {expected}");
            let got = format!("{got}: it was damaged on the way, and is not kept; load it again");
            return Err(Error::new(Code::Io, &remote.url, expected, got).into());
        }
    }
    drop(download.writer.take());
    if let Some(folder) = &mut folder {
        folder.file(name).complete = true;
        folder.write_entry().await?;
    }
    download.progress.done()?;
    Ok(true)
}

/// Take a body to its end.
async fn receive(
    download: &mut Download<'_>,
    mut body: http::Body,
    size: Option<u64>,
    watcher: &Watcher<'_>,
) -> Result<(), Failure> {
    // A server that does not know ranges begins at the beginning.
    let mut to_skip = download.at - body.from;
    while let Some(bytes) = body.next(watcher.signal).await? {
        let skipped = to_skip.min(u64::from(bytes.length()));
        to_skip -= skipped;
        let bytes = bytes.subarray(skipped as u32, bytes.length());
        if size.is_some_and(|size| download.at + u64::from(bytes.length()) > size) {
            let got = Some(download.at + u64::from(bytes.length()));
            return Err(Failure::Final(wrong_size(&body.url, size, got)));
        }
        if let Some(writer) = &mut download.writer {
            let written = writer.write(&bytes);
            written.map_err(|e| Failure::Final(not_kept(download.progress.file, &e)))?;
        }
        download.take(&bytes).map_err(Failure::Final)?;
    }
    match size {
        Some(size) if download.at < size => Err(Failure::Passing {
            reason: format!("{} of {size} bytes came", download.at),
            wait: None,
        }),
        _ => Ok(()),
    }
}

/// Wait, unless the caller has had enough.
async fn pause(wait: Duration, signal: &AbortSignal, what: &str) -> Result<()> {
    const STEP: Duration = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() {
        let step = left.min(STEP);
        sleep(step).await;
        check_signal(signal, what)?;
        left -= step;
    }
    Ok(())
}

/// Whether both are known and not the same.
fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

fn wrong_size(url: &str, expected: Option<u64>, got: Option<u64>) -> Error {
    let bytes =
        |size: Option<u64>| size.map_or("some bytes".into(), |size| format!("{size} bytes"));
    let got = format!("{}: it is another file than was announced", bytes(got));
    Error::new(Code::Io, url, bytes(expected), got)
}

fn given_up(remote: &Remote, reason: &str, at: u64, size: Option<u64>, is_kept: bool) -> Error {
    let expected = match size {
        Some(size) => format!("{size} bytes"),
        None => "a file's bytes".to_string(),
    };
    let next = match (at, is_kept) {
        (0, _) => "check the connection and load again",
        (_, true) => "what came is kept: load again to go on from there",
        (_, false) => "load again",
    };
    let got = format!("{at} bytes, then {reason}, {TRIES} times in a row; {next}");
    Error::new(Code::Io, &remote.url, expected, got)
}

fn not_kept(name: &str, error: &JsValue) -> Error {
    let expected = "space in this browser to keep it";
    let got = format!(
        "{}; load it without keeping it, or delete other models",
        super::convert::text(error)
    );
    Error::new(Code::Io, name, expected, got)
}
