//! What a server's headers and a file's first bytes say, and how long to go on asking. Knows no browser.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What tells one version of a file on a server from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The `ETag` header; hidden from other origins unless the server exposes it.
    pub etag: Option<String>,
    /// The `Last-Modified` header, as it came.
    #[serde(default)]
    pub modified: Option<String>,
}

impl Version {
    /// Whether two files of this version have the same bytes, so that a range continues what came before. A weak ETag
    /// does not promise that: the file may have been compressed anew.
    pub fn names_bytes(&self) -> bool {
        match &self.etag {
            Some(etag) => !etag.starts_with("W/"),
            None => self.modified.is_some(),
        }
    }

    /// Whether the two are known to be of one version.
    pub fn is_known_in(&self, other: &Self) -> bool {
        let is_known = match (&self.etag, &other.etag) {
            (Some(_), Some(_)) => true,
            _ => self.modified.is_some() && other.modified.is_some(),
        };
        is_known && !self.differs(other)
    }

    /// Whether the two are of different versions, by what is known of both.
    pub fn differs(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            // The weak comparison of RFC 9110: a server that compresses only weakens the tag.
            (Some(a), Some(b)) => opaque(a) != opaque(b),
            _ => matches!((&self.modified, &other.modified), (Some(a), Some(b)) if a != b),
        }
    }
}

fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// How long a server asks us to wait: by `Retry-After` (seconds, or a date), else by `RateLimit`, whose
/// `t` is the seconds until its window ends. `milliseconds` reads a date, and gives NaN for anything else.
pub fn wait_asked(
    retry_after: Option<&str>,
    rate_limit: Option<&str>,
    now: f64,
    milliseconds: impl Fn(&str) -> f64,
) -> Option<Duration> {
    let by_date = |text: &str| (milliseconds(text) - now) / 1e3;
    let seconds = |text: &str| {
        let text = text.trim();
        text.parse::<f64>().unwrap_or_else(|_| by_date(text))
    };
    let asked = retry_after
        .map(seconds)
        .filter(|seconds| seconds.is_finite())
        .or_else(|| seconds_of_window(rate_limit?))?;
    Duration::try_from_secs_f64(asked.max(0.0)).ok()
}

/// The longest time until a window of which nothing remains ends: of `"api";r=0;t=55`, or in an older form
/// `limit=100, remaining=0, reset=55`.
fn seconds_of_window(rate_limit: &str) -> Option<f64> {
    let mut is_spent = true;
    let mut longest: Option<f64> = None;
    for part in rate_limit.split([',', ';']) {
        let Some((key, value)) = part.trim().split_once('=') else {
            is_spent = true;
            continue;
        };
        match key {
            "r" | "remaining" => is_spent = value.trim() == "0",
            "t" | "reset" if is_spent => {
                let seconds: Option<f64> = value.trim().parse().ok();
                let seconds = seconds.filter(|seconds| seconds.is_finite());
                longest = longest.into_iter().chain(seconds).reduce(f64::max);
            }
            _ => {}
        }
    }
    longest
}

/// How long to go on requesting a file while no bytes come.
#[derive(Debug, Default)]
pub struct Patience {
    failures: u32,
    limited: u32,
    waited: Duration,
}

/// Requests in a row without an answer after which a download is given up.
pub const TRIES: u32 = 5;
/// The first wait between them; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The first wait where a server says that it is asked too often, but not for how long; doubled likewise.
const FIRST_LIMITED_WAIT: Duration = Duration::from_secs(5);
const LONGEST_LIMITED_WAIT: Duration = Duration::from_secs(60);
/// All waits for such a server. The Hub counts requests in windows of 5 minutes.
const LONGEST_LIMIT: Duration = Duration::from_secs(10 * 60);

impl Patience {
    /// Bytes have come: start counting again.
    pub fn renew(&mut self) {
        *self = Self::default();
    }

    /// How long to wait after a request that brought nothing; `None` once it is given up.
    pub fn after_failure(&mut self) -> Option<Duration> {
        self.failures += 1;
        (self.failures < TRIES).then(|| FIRST_WAIT * 2_u32.pow(self.failures - 1))
    }

    /// How long to wait for a server that is asked too often; `None` once it is given up.
    pub fn after_limit(&mut self, asked: Option<Duration>) -> Option<Duration> {
        // A server may round the rest of a second down to 0 s.
        let asked = asked.map(|asked| asked.max(Duration::from_secs(1)));
        let wait = asked.unwrap_or_else(|| {
            let doubled = FIRST_LIMITED_WAIT * 2_u32.pow(self.limited.min(8));
            doubled.min(LONGEST_LIMITED_WAIT)
        });
        self.limited += 1;
        self.waited += wait;
        (self.waited <= LONGEST_LIMIT).then_some(wait)
    }
}

/// Where a part of a file begins, and how large the whole is: `bytes 5-9/10`.
pub fn content_range(range: &str) -> Option<(u64, Option<u64>)> {
    let (start, rest) = range.strip_prefix("bytes ")?.split_once('-')?;
    let (_, size) = rest.split_once('/')?;
    Some((start.trim().parse().ok()?, size.trim().parse().ok()))
}

/// Whether bytes begin as a web page does, which a server may send in place of a file that it lacks.
pub fn is_html(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 2] = [b"<!doctype html", b"<html"];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = bytes.trim_ascii_start();
    BEGINNINGS.iter().any(|beginning| {
        let begins = bytes.get(..beginning.len());
        begins.is_some_and(|bytes| bytes.eq_ignore_ascii_case(beginning))
    })
}

/// Whether a content type is that of a web page.
pub fn is_html_type(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| kind.eq_ignore_ascii_case(html))
}

/// One segment of an address, everything else than letters, digits and `-._~` encoded, slashes too: `refs/pr/1` is
/// one segment `refs%2Fpr%2F1`, as the Hub's own client writes a revision.
pub fn encode_segment(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A path of an address, its slashes kept.
pub fn encode_path(path: &str) -> String {
    let segments: Vec<_> = path.split('/').map(encode_segment).collect();
    segments.join("/")
}

/// The host of an address, for people; all of it where it has none.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
