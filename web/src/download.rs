//! Downloads a file: first what is kept of it, then the rest from the server, even if the connection is lost again and
//! again.
//!
//! After a lost connection a download goes on with a range request where the version is known to be the same. Otherwise
//! the whole file is requested again; the bytes that came before are compared by their hash and skipped. It waits as
//! long as a server asks. Size and SHA-256 are checked where the server lists them; a `Content-Length` is not trusted
//! for this, since it may count compressed bytes. Where the browser cannot keep the file, the download goes on without
//! that.

use std::fmt;

use gloo_timers::future::sleep;
use sha2::{Digest, Sha256};
use web_sys::js_sys::Uint8Array;
use web_time::Duration;

use crate::{
    bounded::{Bounded, Limit},
    cancel::check_signal,
    convert,
    headers::{Patience, TRIES, Version, host, is_html},
    http::{self, Answer, Failure, Length, WEB_PAGE},
    progress::{Origin, Progress},
    store::{Folder, PassedOver, hex},
    transfer::{CHUNK, Remote, Sink, Stop, Watcher},
    writer::Writer,
};
use pathpatch::{
    error::{Code, Error, Result},
    tokenizer,
};

/// Where what is downloaded is kept, as long as that works.
pub struct Cache {
    folder: Option<Folder>,
    /// Why nothing is kept, where it is not.
    reason: String,
    /// Files that the model is read without, though they may be there.
    pub passed_over: Vec<PassedOver>,
}

impl Cache {
    /// Keep it here.
    pub fn of(folder: Folder) -> Self {
        Self {
            folder: Some(folder),
            reason: String::new(),
            passed_over: Vec::new(),
        }
    }

    /// Keep nothing.
    pub fn none(reason: impl fmt::Display) -> Self {
        Self {
            folder: None,
            reason: reason.to_string(),
            passed_over: Vec::new(),
        }
    }

    /// What is kept so far, or why nothing is.
    pub fn folder(&mut self) -> Result<&mut Folder, &str> {
        self.folder.as_mut().ok_or(&self.reason)
    }

    /// Stop keeping files. What is there stays, so that another visit can go on from it.
    pub fn give_up(&mut self, reason: impl fmt::Display) {
        self.folder = None;
        self.reason = reason.to_string();
    }

    /// Note that a model is read without this file of its tokenizer.
    pub fn pass_over(&mut self, name: &str, got: &str) {
        if tokenizer::FILES.contains(&name) {
            self.passed_over.push(PassedOver {
                name: name.into(),
                got: got.into(),
            });
        }
    }
}

/// Why a model is not kept, for people.
pub fn not_kept(why: impl fmt::Display) -> String {
    format!("this browser could not keep it: {why}")
}

/// One file on its way from a server, through the store, to whoever takes it.
struct Download<'a> {
    name: &'a str,
    remote: &'a Remote,
    sink: &'a mut dyn Sink,
    cache: &'a mut Cache,
    writer: Option<Writer>,
    progress: Progress<'a>,
    watcher: &'a Watcher<'a>,
    /// The version that what was taken is of.
    version: Version,
    /// Bytes that have been taken, and their hash.
    at: u64,
    hash: Sha256,
    /// Whether some of them were kept.
    has_kept: bool,
    buffer: Vec<u8>,
}

/// Why an answer was not taken to its end.
enum Trouble {
    Failed(Failure),
    /// The server ended it, before the end of the file.
    Ended(String),
    /// It is a web page.
    Page,
    Stopped(Stop),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Stopped(error.into())
    }
}

/// All bytes of a file on a server, of which nothing is kept.
pub async fn read_remote(
    name: &str,
    url: &str,
    limit: Limit,
    watcher: &Watcher<'_>,
) -> Result<Answer<Vec<u8>>, Stop> {
    let remote = Remote {
        url: url.to_string(),
        size: None,
        sha256: None,
        is_fixed: false,
        beside: None,
    };
    let mut bytes = Bounded::new(name, limit);
    let mut cache = Cache::none("");
    Ok(
        match download(name, &remote, &mut cache, &mut bytes, watcher).await? {
            Answer::There(()) => Answer::There(bytes.into_bytes()),
            Answer::Absent(got) => Answer::Absent(got),
        },
    )
}

/// Download a file: what is kept of it first, then the rest.
pub async fn download(
    name: &str,
    remote: &Remote,
    cache: &mut Cache,
    sink: &mut dyn Sink,
    watcher: &Watcher<'_>,
) -> Result<Answer<()>, Stop> {
    let mut download = Download {
        name,
        remote,
        sink,
        cache,
        writer: None,
        progress: Progress::new(name, Origin::Store, remote.size, watcher.on_progress),
        watcher,
        version: Version::default(),
        at: 0,
        hash: Sha256::new(),
        has_kept: false,
        buffer: Vec::new(),
    };
    let is_complete = download.open().await;
    let is_complete = download.take_kept().await? && is_complete && download.is_current().await?;
    if !is_complete && let Some(got) = download.fetch().await? {
        download.discard().await;
        return Ok(Answer::Absent(got));
    }
    download.finish().await?;
    Ok(Answer::There(()))
}

impl Download<'_> {
    /// Open what is kept, and empty it where it cannot be the beginning of this file. Returns whether the file is
    /// complete.
    async fn open(&mut self) -> bool {
        let Ok(folder) = self.cache.folder() else {
            return false;
        };
        let opened = folder.writer(self.name).await;
        let known = folder.known(self.name).cloned().unwrap_or_default();
        let mut writer = match opened {
            Ok(writer) => writer,
            Err(error) => {
                self.keep_no_more(&error.got);
                return false;
            }
        };
        let kept = writer.size();
        let is_same = match (&known.sha256, &self.remote.sha256) {
            (Some(known), Some(expected)) => known == expected,
            // Nothing is known of what is there, but its hash will tell.
            (None, Some(_)) => true,
            (None, None) => known.complete || known.version.names_bytes(),
            (Some(_), None) => false,
        };
        let fits = self.remote.size.is_none_or(|size| kept <= size);
        if is_same && fits {
            self.version = known.version;
            self.writer = Some(writer);
            return known.complete && self.remote.size.is_none_or(|size| kept == size);
        }
        match writer.truncate() {
            Ok(()) => self.writer = Some(writer),
            Err(e) => self.keep_no_more(&convert::text(&e)),
        }
        false
    }

    /// Hand on what is kept; false where some of it could not be read.
    async fn take_kept(&mut self) -> Result<bool, Stop> {
        loop {
            let Some(writer) = &self.writer else {
                return Ok(false);
            };
            if self.at == writer.size() {
                return Ok(true);
            }
            let bytes = match writer.read(self.at, CHUNK) {
                Ok(bytes) if bytes.length() > 0 => bytes,
                Ok(_) => {
                    self.keep_no_more("less could be read than is there");
                    return Ok(false);
                }
                Err(e) => {
                    self.keep_no_more(&convert::text(&e));
                    return Ok(false);
                }
            };
            self.has_kept = true;
            self.take(&bytes)?;
            // Reading never waits by itself: let a cancel be heard.
            sleep(Duration::ZERO).await;
            check_signal(self.watcher.signal, self.name)?;
        }
    }

    /// Whether the server still has the version that was read to its end. A file without a hash, at an address that
    /// names no commit, may have changed since an earlier visit.
    async fn is_current(&mut self) -> Result<bool, Stop> {
        let remote = self.remote;
        if remote.is_fixed || remote.sha256.is_some() {
            return Ok(true);
        }
        self.progress
            .waits(&format!("asking {}", host(&remote.url)))?;
        let Ok(Answer::There((length, version))) =
            http::head(&remote.url, self.watcher.signal).await
        else {
            check_signal(self.watcher.signal, self.name)?;
            return Ok(false);
        };
        let is_other_size = matches!(length, Length::Exact(bytes) if bytes != self.at);
        Ok(self.version.is_known_in(&version) && !is_other_size)
    }

    /// Ask the server until all of the file is there. Returns what the server has in its place, if it lacks the file.
    async fn fetch(&mut self) -> Result<Option<String>, Stop> {
        let remote = self.remote;
        let url = &remote.url;
        let mut patience = Patience::default();
        let mut knows_ranges = true;
        // A server may refuse the preflight request that some browsers send before a range; that looks like no answer.
        let mut try_whole = false;
        let mut ended_at = None;
        let mut silent = 0;
        // The tab may have been closed after the last byte, before the file was marked as complete.
        if remote.sha256.is_some() && remote.size == Some(self.at) {
            return Ok(None);
        }
        loop {
            let before = self.at;
            let from = match self.can_go_on() && knows_ranges && !try_whole {
                true => self.at,
                false => 0,
            };
            self.progress.waits(&format!("asking {}", host(url)))?;
            let trouble = match http::get(url, from, self.watcher.signal).await {
                Ok(Answer::There(body)) => match self.receive(body).await {
                    Ok(()) => return Ok(None),
                    Err(trouble) => trouble,
                },
                Ok(Answer::Absent(got)) if self.at == 0 => return Ok(Some(got)),
                Ok(Answer::Absent(got)) => Failure::Lost(format!("{got} in its place")).into(),
                Err(failure) => failure.into(),
            };
            if let Trouble::Failed(Failure::Silent(reason)) = &trouble {
                silent += 1;
                if silent == 2 && self.at == 0 && self.is_alone_silent().await {
                    let got = format!("{reason}, twice, while it answered for config.json");
                    self.cache.pass_over(self.name, &got);
                    return Ok(Some(got));
                }
            }
            let has_come = self.at > before;
            if has_come {
                patience.renew();
            }
            let is_refused = from > 0 && !has_come;
            try_whole = false;
            let (reason, wait) = match trouble {
                Trouble::Stopped(stop) => return Err(stop),
                Trouble::Page => return Ok(Some(WEB_PAGE.into())),
                Trouble::Failed(Failure::Final(error)) => return Err(error.into()),
                Trouble::Failed(Failure::NoRange) if from > 0 => {
                    knows_ranges = false;
                    continue;
                }
                Trouble::Failed(Failure::NoRange) => {
                    let got = "status 416: no range was asked for";
                    return Err(Error::new(Code::Io, url, "the whole file", got).into());
                }
                Trouble::Ended(reason) if ended_at == Some(self.at) => {
                    let expected = format!("{} bytes", self.remote.size.unwrap_or_default());
                    let got = format!("{reason} twice: it is shorter than the server lists");
                    return Err(Error::new(Code::Io, url, expected, got).into());
                }
                Trouble::Ended(reason) => {
                    ended_at = Some(self.at);
                    (reason, patience.after_failure())
                }
                Trouble::Failed(Failure::Lost(reason) | Failure::Silent(reason)) => {
                    try_whole = is_refused;
                    (reason, patience.after_failure())
                }
                Trouble::Failed(Failure::Limited { reason, wait }) => {
                    let waits = patience.after_limit(wait);
                    if waits.is_none() {
                        return Err(self.limited(&reason, wait).into());
                    }
                    (reason, waits)
                }
            };
            let Some(wait) = wait else {
                return Err(self.given_up(&reason).into());
            };
            self.wait(&reason, wait).await?;
        }
    }

    /// Whether the server answers for another file. If it does, this one, which may be missing, is missing.
    async fn is_alone_silent(&self) -> bool {
        let Some(beside) = &self.remote.beside else {
            return false;
        };
        let asked = http::head(beside, self.watcher.signal).await;
        matches!(asked, Ok(Answer::There(_)))
    }

    /// Take an answer to its end.
    async fn receive(&mut self, mut body: http::Body) -> Result<(), Trouble> {
        let exact = match body.length {
            Length::Exact(bytes) => Some(bytes),
            _ => None,
        };
        let is_part = body.from > 0;
        let is_other_size = matches!((self.remote.size, exact), (Some(a), Some(b)) if a != b);
        if is_part && (self.version.differs(&body.version) || is_other_size) {
            return Err(Failure::NoRange.into());
        }
        let size = self.remote.size.or(exact);
        // What came before, to be read again and compared.
        let mut again = match body.from {
            from if from < self.at => Some((Sha256::new(), self.at - from)),
            _ => None,
        };
        let total = size.or(body.length.announced());
        self.progress.switch_origin(Origin::Network, total);
        if again.is_some() {
            self.progress.waits("comparing what came before")?;
        } else if self.at == 0 {
            self.version = body.version.clone();
        }
        self.note().await;
        while let Some(mut bytes) = body.next(self.watcher.signal).await? {
            if let Some((hash, left)) = &mut again {
                let n = (*left).min(bytes.length().into()) as u32;
                hash.update(bytes.subarray(0, n).to_vec());
                *left -= u64::from(n);
                bytes = bytes.subarray(n, bytes.length());
                if *left == 0 {
                    let is_same = hash.clone().finalize() == self.hash.clone().finalize();
                    if !is_same {
                        return Err(self.changed().await.into());
                    }
                    again = None;
                    self.version = body.version.clone();
                    self.note().await;
                }
            }
            if bytes.length() == 0 {
                continue;
            }
            if self.at == 0 && is_html(&bytes.to_vec()) {
                return Err(Trouble::Page);
            }
            let end = self.at + u64::from(bytes.length());
            if size.is_some_and(|size| end > size) {
                self.discard().await;
                let expected = format!("{} bytes", size.unwrap_or_default());
                let got = format!("{end} bytes or more: it is another file than was announced");
                return Err(Error::new(Code::Io, &body.url, expected, got).into());
            }
            if let Some(writer) = &mut self.writer
                && let Err(e) = writer.write(&bytes)
            {
                self.keep_no_more(&convert::text(&e));
            }
            self.take(&bytes)?;
        }
        let is_short = size.is_some_and(|size| self.at < size) || again.is_some();
        match is_short {
            true => Err(Trouble::Ended(format!(
                "the answer ended after {} bytes",
                self.at
            ))),
            false => Ok(()),
        }
    }

    /// Hand on bytes that the store has, or that are not kept.
    fn take(&mut self, bytes: &Uint8Array) -> Result<()> {
        let n = bytes.length() as usize;
        self.buffer.resize(n, 0);
        bytes.copy_to(&mut self.buffer);
        self.hash.update(&self.buffer);
        self.sink.push(&self.buffer)?;
        self.at += n as u64;
        self.progress.add(n)
    }

    /// Check the whole file, and write down that it is there.
    async fn finish(&mut self) -> Result<(), Stop> {
        if let Some(expected) = &self.remote.sha256 {
            let got = hex(&self.hash.clone().finalize());
            if got != *expected {
                self.discard().await;
                let expected = format!("the SHA-256 {expected}");
                let got =
                    format!("{got}: it was damaged on the way, and is not kept; load it again");
                let error = Error::new(Code::Io, &self.remote.url, expected, got);
                return Err(match self.has_kept {
                    true => Stop::Changed(error),
                    false => Stop::Failed(error),
                });
            }
        }
        if let Some(mut writer) = self.writer.take() {
            if let Err(e) = writer.flush() {
                self.keep_no_more(&convert::text(&e));
            } else if let Ok(folder) = self.cache.folder() {
                drop(writer);
                folder.file(self.name).complete = true;
                if let Err(error) = folder.write_entry().await {
                    self.keep_no_more(&error.got);
                }
            }
        }
        self.progress.done()?;
        Ok(())
    }

    /// Write down which version of the file is being kept.
    async fn note(&mut self) {
        let Ok(folder) = self.cache.folder() else {
            return;
        };
        let file = folder.file(self.name);
        file.version = self.version.clone();
        file.sha256 = self.remote.sha256.clone();
        file.complete = false;
        if let Err(error) = folder.write_entry().await {
            self.keep_no_more(&error.got);
        }
    }

    /// Go on without keeping what comes.
    fn keep_no_more(&mut self, why: &str) {
        self.writer = None;
        self.cache.give_up(not_kept(why));
    }

    /// Delete what is kept of a file that is the wrong one, or that the server lacks.
    async fn discard(&mut self) {
        self.writer = None;
        if let Ok(folder) = self.cache.folder()
            && let Err(error) = folder.discard(self.name).await
        {
            self.keep_no_more(&error.got);
        }
    }

    async fn changed(&mut self) -> Stop {
        self.discard().await;
        let expected = "a file that stays the same while it is downloaded";
        let got = "the file changed during the download; try again later";
        Stop::Changed(Error::new(Code::Io, &self.remote.url, expected, got))
    }

    /// Wait, and count the seconds down.
    async fn wait(&self, reason: &str, wait: Duration) -> Result<()> {
        const SECOND: Duration = Duration::from_secs(1);
        let mut left = wait;
        while !left.is_zero() {
            let seconds = left.as_secs_f64().ceil();
            let text = format!("{reason}; asking again in {seconds:.0} s");
            self.progress.waits(&text)?;
            let step = left.min(SECOND);
            sleep(step).await;
            left -= step;
        }
        Ok(())
    }

    fn given_up(&mut self, reason: &str) -> Error {
        let url = &self.remote.url;
        let times = format!("{reason}, {TRIES} times in a row");
        if self.at == 0 {
            let host = host(url);
            let got = format!(
                "{times}; check the connection, or whether something blocks {host}, and load again"
            );
            return Error::new(Code::Io, url, "an answer", got);
        }
        let expected = match self.remote.size {
            Some(size) => format!("{size} bytes"),
            None => "all bytes of a file".into(),
        };
        let at = self.at;
        let next = self.next_step();
        Error::new(
            Code::Io,
            url,
            expected,
            format!("{at} bytes, then {times}; {next}"),
        )
    }

    fn limited(&mut self, reason: &str, asked: Option<Duration>) -> Error {
        let when = match asked {
            Some(asked) => format!("in {:.0} minutes", (asked.as_secs_f64() / 60.0).ceil()),
            None => "later".into(),
        };
        let next = self.next_step();
        let got = format!("{reason}: too many requests from your network; {next} {when}");
        Error::new(
            Code::Io,
            &self.remote.url,
            "an answer within 10 minutes",
            got,
        )
    }

    /// Whether a range continues what has come, or its hash will show that it does not.
    fn can_go_on(&self) -> bool {
        self.remote.sha256.is_some() || self.version.names_bytes()
    }

    fn next_step(&mut self) -> &'static str {
        match self.at > 0 && self.can_go_on() && self.cache.folder().is_ok() {
            true => "what came is kept: load again to go on from there",
            false => "load again",
        }
    }
}
