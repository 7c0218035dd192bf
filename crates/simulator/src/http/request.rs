//! The requests that a simulated system received: the last ones whole, all of them counted.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::watch;

use crate::net::lock;

/// Requests kept whole.
const KEEP: usize = 10_000;

/// Bytes of bodies kept; older requests go first.
const KEEP_BYTES: usize = 64 << 20;

/// Different method and path pairs counted; further ones are not.
const KEEP_COUNTS: usize = 10_000;

/// One request as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// What follows the `?`, as sent; empty for none.
    pub query: String,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Bytes,
    /// When its last byte was read.
    pub at: Instant,
}

impl Request {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A value of the query, decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        value(self.query.as_bytes(), name)
    }

    /// A field of an `application/x-www-form-urlencoded` body, decoded.
    pub fn form_value(&self, name: &str) -> Option<String> {
        value(&self.body, name)
    }

    /// The body as JSON; `None` where it is none.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A cookie that was sent.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let sent = self.headers.iter().filter(|(header, _)| header == "cookie");
        sent.flat_map(|(_, value)| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// Path and query.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }
}

fn value(pairs: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(pairs)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The log of a server; its memory is bounded.
#[derive(Debug)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
    total: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Request>,
    bytes: usize,
    counts: HashMap<(String, String), usize>,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            kept: Mutex::default(),
            total: watch::Sender::new(0),
        }
    }
}

impl Log {
    pub(crate) fn push(&self, request: Request) {
        {
            let mut kept = lock(&self.kept);
            let key = (request.method.clone(), request.path.clone());
            if kept.counts.len() < KEEP_COUNTS || kept.counts.contains_key(&key) {
                *kept.counts.entry(key).or_default() += 1;
            }
            kept.bytes += request.body.len();
            kept.requests.push_back(request);
            while kept.requests.len() > KEEP || kept.bytes > KEEP_BYTES {
                let Some(oldest) = kept.requests.pop_front() else {
                    break;
                };
                kept.bytes -= oldest.body.len();
            }
        }
        self.total.send_modify(|total| *total += 1);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.kept).requests.iter().cloned().collect()
    }

    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        lock(&self.kept)
            .counts
            .get(&(method.to_owned(), path.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// How many came in; changes with each.
    pub(crate) fn total(&self) -> watch::Receiver<usize> {
        self.total.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, body: &[u8]) -> Request {
        Request {
            method: "POST".into(),
            path: path.into(),
            query: "total=7&text=a%20b".into(),
            headers: vec![
                ("cookie".into(), "a=1; sid=xyz".into()),
                ("content-type".into(), "text/plain".into()),
            ],
            body: Bytes::copy_from_slice(body),
            at: Instant::now(),
        }
    }

    #[test]
    fn a_request_is_taken_apart() {
        let request = request("/", b"username=m%26n&password=+");
        assert_eq!(request.header("Content-Type"), Some("text/plain"));
        assert_eq!(request.query_value("text").as_deref(), Some("a b"));
        assert_eq!(request.form_value("username").as_deref(), Some("m&n"));
        assert_eq!(request.form_value("password").as_deref(), Some(" "));
        assert_eq!((request.cookie("sid"), request.cookie("si")), (Some("xyz"), None));
    }

    #[test]
    fn the_log_is_bounded_and_counts_on() {
        let log = Log::default();
        for _ in 0..KEEP + 5 {
            log.push(request("/a", b""));
        }
        assert_eq!(log.requests().len(), KEEP);
        assert_eq!(log.count("POST", "/a"), KEEP + 5);
        let big = vec![0; KEEP_BYTES / 2];
        for _ in 0..3 {
            log.push(request("/b", &big));
        }
        assert_eq!(log.requests().len(), 2);
    }
}
