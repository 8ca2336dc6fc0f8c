//! Parsing of response headers in the forms that RFC 9110, the RateLimit drafts, the Hub and common hosts use.

#[path = "../web/src/headers.rs"]
mod headers;

use std::time::Duration;

use headers::{
    Patience, TRIES, Version, content_range, encode_path, encode_segment, host, is_html,
    is_html_type, wait_asked,
};

/// 2026-01-01T00:00:00Z in milliseconds.
const NOW: f64 = 1_767_225_600_000.0;

fn asked(retry_after: Option<&str>, rate_limit: Option<&str>) -> Option<f64> {
    let date = |text: &str| match text {
        "Thu, 01 Jan 2026 00:02:00 GMT" => NOW + 120_000.0,
        "Wed, 31 Dec 2025 23:59:00 GMT" => NOW - 60_000.0,
        _ => f64::NAN,
    };
    wait_asked(retry_after, rate_limit, NOW, date).map(|wait| wait.as_secs_f64())
}

#[test]
fn a_wait_is_read_from_seconds_dates_and_windows() {
    assert_eq!(asked(Some("20"), None), Some(20.0));
    assert_eq!(asked(Some(" 1.5 "), None), Some(1.5));
    assert_eq!(
        asked(Some("Thu, 01 Jan 2026 00:02:00 GMT"), None),
        Some(120.0)
    );
    assert_eq!(
        asked(Some("Wed, 31 Dec 2025 23:59:00 GMT"), None),
        Some(0.0)
    );
    assert_eq!(asked(Some("-3"), None), Some(0.0));
    assert_eq!(asked(Some("soon"), None), None);
    assert_eq!(asked(Some("soon"), Some("\"api\";r=0;t=7")), Some(7.0));
    assert_eq!(asked(Some("inf"), None), None);
    assert_eq!(asked(Some("1e300"), None), None);
    assert_eq!(asked(None, None), None);
    assert_eq!(asked(None, Some("\"resolvers\";r=0;t=20")), Some(20.0));
    // Wait only for a window with nothing remaining.
    assert_eq!(
        asked(None, Some("\"a\";r=5;t=200, \"b\";r=0;t=55")),
        Some(55.0)
    );
    assert_eq!(
        asked(None, Some("\"a\";r=0;t=200, \"b\";r=0;t=55")),
        Some(200.0)
    );
    assert_eq!(
        asked(None, Some("limit=100, remaining=0, reset=9")),
        Some(9.0)
    );
    assert_eq!(asked(None, Some("\"a\";r=3;t=20")), None);
    assert_eq!(asked(None, Some("")), None);
}

#[test]
fn lost_connections_are_retried_for_seconds_and_rate_limits_for_minutes() {
    let mut patience = Patience::default();
    let waits: Vec<_> = (0..TRIES).map(|_| patience.after_failure()).collect();
    let ms = |ms| Some(Duration::from_millis(ms));
    assert_eq!(waits, [ms(500), ms(1000), ms(2000), ms(4000), None]);
    patience.renew();
    assert_eq!(patience.after_failure(), ms(500));

    let waits = |asked| {
        let mut patience = Patience::default();
        let waits: Vec<_> = std::iter::from_fn(|| patience.after_limit(asked)).collect();
        waits.iter().map(Duration::as_secs).collect::<Vec<_>>()
    };
    let unasked = waits(None);
    assert_eq!(unasked[..6], [5, 10, 20, 40, 60, 60]);
    let sum: u64 = unasked.iter().sum();
    assert!((300..=600).contains(&sum), "{sum} s");
    assert_eq!(waits(Some(Duration::from_secs(300))), [300, 300]);
    assert_eq!(waits(Some(Duration::from_secs(3600))), [0; 0]);
    // Even if a server says 0 s, there is a pause before the next request.
    assert_eq!(waits(Some(Duration::ZERO)).len(), 600);
}

fn version(etag: Option<&str>, modified: Option<&str>) -> Version {
    Version {
        etag: etag.map(Into::into),
        modified: modified.map(Into::into),
    }
}

#[test]
fn weak_tags_can_be_compared_but_do_not_identify_bytes() {
    let strong = version(Some("\"a\""), None);
    let weak = version(Some("W/\"a\""), Some("then"));
    let other = version(Some("W/\"b\""), Some("then"));
    let dated = version(None, Some("then"));
    let later = version(None, Some("later"));
    let unknown = Version::default();
    assert!(!strong.differs(&weak));
    assert!(!weak.differs(&strong));
    assert!(weak.differs(&other));
    assert!(dated.differs(&later));
    assert!(weak.differs(&later));
    assert!(!strong.differs(&dated));
    assert!(!unknown.differs(&strong));
    assert!(strong.is_known_in(&weak));
    assert!(dated.is_known_in(&weak));
    assert!(!weak.is_known_in(&other));
    assert!(!strong.is_known_in(&dated));
    assert!(!unknown.is_known_in(&unknown));
    assert!(strong.names_bytes());
    assert!(dated.names_bytes());
    assert!(!weak.names_bytes());
    assert!(!unknown.names_bytes());
}

#[test]
fn a_version_stored_by_an_older_release_is_read() {
    let read: Version = serde_json::from_str(r#"{"etag": "\"a\""}"#).expect("a version");
    assert_eq!(read, version(Some("\"a\""), None));
}

#[test]
fn ranges_are_read() {
    assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
    assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
    assert_eq!(content_range("bytes */10"), None);
    assert_eq!(content_range("items 5-9/10"), None);
    assert_eq!(content_range(""), None);
}

#[test]
fn html_pages_are_distinguished_from_files() {
    assert!(is_html(b"<!doctype html><title>app</title>"));
    assert!(is_html(b"\xef\xbb\xbf\n  <!DOCTYPE HTML>"));
    assert!(is_html(b"<html lang=\"en\">"));
    for file in [
        &b"{\"a\": \"<html\"}"[..],
        b"",
        b"<",
        b"#version: 0.2\n",
        b"\x08\0\0\0",
    ] {
        assert!(!is_html(file));
    }
    assert!(is_html_type("text/html; charset=utf-8"));
    assert!(is_html_type("Text/HTML"));
    assert!(!is_html_type("application/json"));
    assert!(!is_html_type(""));
}

#[test]
fn revisions_and_names_are_encoded_as_the_hubs_client_does() {
    assert_eq!(encode_segment("refs/pr/1"), "refs%2Fpr%2F1");
    assert_eq!(encode_segment("v1.0-rc_2~x"), "v1.0-rc_2~x");
    assert_eq!(encode_segment("a b#ü?"), "a%20b%23%C3%BC%3F");
    assert_eq!(encode_path("onnx/model 1.json"), "onnx/model%201.json");
    assert_eq!(
        host("https://huggingface.co/api/models?x"),
        "huggingface.co"
    );
    assert_eq!(host("http://localhost:8080"), "localhost:8080");
    assert_eq!(host("models/ioi-demo"), "models");
}
