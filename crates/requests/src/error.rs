//! What can go wrong with a request, by what one can do about it.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use monitor_domain::{Finding, counted};

/// Until when an attempt had come as its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Finding, connecting to or agreeing on TLS with the host: nothing was sent.
    Connect,
    /// Waiting for the answer's head.
    FirstByte,
    /// Reading the answer's body.
    Body,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The host's name has no address.
    Dns,
    /// No connection: refused, unreachable, or closed while it was made.
    Connect(String),
    /// No agreement on TLS, mostly a certificate that is not trusted.
    Tls(String),
    /// Time ran out.
    Timeout {
        /// How far it had come.
        phase: Phase,
        /// The limit that passed.
        after: Duration,
    },
    /// The body is larger than the client reads.
    TooLarge {
        /// The limit in bytes, after decompression.
        limit: u64,
    },
    /// The connection ended before the answer did.
    Truncated,
    /// An answer whose status is not 2xx, where one was required.
    Status {
        /// The status code.
        status: u16,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
        /// The beginning of the body, without secrets.
        excerpt: String,
    },
    /// Not tried, because the host failed too often just now, or wants to be left alone.
    CircuitOpen {
        /// When one request may try again.
        retry_in: Duration,
        /// How it failed the last time, or what it wanted: for people to read.
        cause: String,
    },
    /// The answer came and cannot be read: bad compression, not HTTP, not the JSON that was due.
    Decode(String),
    /// The request could not even be made, or something not foreseen here.
    Other(String),
}

/// A failed request: what went wrong, with what. Holds no secret.
#[derive(Clone, Debug)]
pub struct Error {
    /// What went wrong, at the last attempt.
    pub kind: ErrorKind,
    /// The method.
    pub method: Method,
    /// The URL, redacted.
    pub url: String,
    /// How many attempts were made; 0 where the breaker was open.
    pub attempts: u32,
    /// How long it took, with all attempts and the waits between them.
    pub elapsed: Duration,
    /// Whether the server may have received the request.
    pub(crate) sent: bool,
}

impl Error {
    /// Whether the same request may well succeed later without anybody changing it.
    ///
    /// So are failures of network, TLS and server; not so are answers that were understood, or are too large.
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            ErrorKind::Dns
            | ErrorKind::Connect(_)
            | ErrorKind::Tls(_)
            | ErrorKind::Timeout { .. }
            | ErrorKind::Truncated
            | ErrorKind::CircuitOpen { .. } => true,
            // 501 and 505: the server will not learn it by itself.
            ErrorKind::Status { status, .. } => {
                matches!(status, 408 | 425 | 429) || (*status >= 500 && !matches!(status, 501 | 505))
            }
            ErrorKind::TooLarge { .. } | ErrorKind::Decode(_) | ErrorKind::Other(_) => false,
        }
    }

    /// How long to wait before the next try, where the server or the breaker said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            ErrorKind::Status { retry_after, .. } => *retry_after,
            ErrorKind::CircuitOpen { retry_in, .. } => Some(*retry_in),
            _ => None,
        }
    }

    /// Whether the server cannot have received the request, at the last attempt: sending it again repeats nothing.
    pub fn nothing_sent(&self) -> bool {
        !self.sent
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.method, self.url, self.kind)?;
        if self.attempts > 1 {
            write!(f, " ({})", counted(self.attempts, "attempt"))
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Dns => f.write_str("no address found for the host (DNS)"),
            ErrorKind::Connect(why) => write!(f, "cannot connect: {why}"),
            ErrorKind::Tls(why) => write!(f, "TLS failed: {why}"),
            ErrorKind::Timeout { phase, after } => write!(f, "timed out after {} {phase}", short(*after)),
            ErrorKind::TooLarge { limit } => {
                write!(f, "the answer is larger than {}", counted(*limit, "byte"))
            }
            ErrorKind::Truncated => f.write_str("the connection ended before the answer was complete"),
            ErrorKind::Status { status, excerpt, .. } => {
                let reason = StatusCode::from_u16(*status)
                    .ok()
                    .and_then(|status| status.canonical_reason());
                write!(f, "answered {status}")?;
                if let Some(reason) = reason {
                    write!(f, " {reason}")?;
                }
                if excerpt.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {excerpt}")
                }
            }
            ErrorKind::CircuitOpen { retry_in, cause } => {
                let wait = Duration::from_secs(retry_in.as_millis().div_ceil(1000) as u64);
                write!(f, "{cause}; not tried again for {}", short(wait))
            }
            ErrorKind::Decode(why) => write!(f, "unreadable answer: {why}"),
            ErrorKind::Other(why) => f.write_str(why),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "while connecting",
            Phase::FirstByte => "waiting for the first byte",
            Phase::Body => "while reading the body",
        })
    }
}

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Keys of its configuration are wrong: all of them. No value is quoted that may be a secret.
    #[error("{}", joined(.0))]
    Settings(Vec<Finding>),
    /// TLS cannot be set up on this machine.
    #[error("cannot set up the HTTP client: {0}")]
    Tls(String),
}

fn joined(findings: &[Finding]) -> String {
    let said: Vec<String> = findings.iter().map(Finding::to_string).collect();
    said.join("; ")
}

/// A duration as people write it, to the millisecond.
fn short(d: Duration) -> humantime::FormattedDuration {
    let d = if d < Duration::from_millis(1) {
        d
    } else {
        Duration::from_millis(d.as_millis() as u64)
    };
    humantime::format_duration(d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, attempts: u32) -> Error {
        let url = "https://a.example/api/totals/x".to_owned();
        Error {
            kind,
            method: Method::GET,
            url,
            attempts,
            elapsed: Duration::ZERO,
            sent: true,
        }
    }

    #[test]
    fn an_error_reads_as_a_sentence() {
        let after = Duration::from_secs(5);
        let timeout = error(
            ErrorKind::Timeout {
                phase: Phase::FirstByte,
                after,
            },
            3,
        );
        assert_eq!(
            timeout.to_string(),
            "GET https://a.example/api/totals/x: timed out after 5s waiting for the first byte (3 attempts)"
        );
        let open = error(
            ErrorKind::CircuitOpen {
                retry_in: Duration::from_micros(1_500_400),
                cause: "answered 503 Service Unavailable".to_owned(),
            },
            0,
        );
        assert!(
            open.to_string()
                .ends_with("answered 503 Service Unavailable; not tried again for 2s"),
            "{open}"
        );
    }

    #[test]
    fn statuses_are_transient_when_time_may_heal_them() {
        let status = |status| {
            error(
                ErrorKind::Status {
                    status,
                    retry_after: None,
                    excerpt: String::new(),
                },
                1,
            )
            .is_transient()
        };
        for code in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(status(code), "{code}");
        }
        for code in [301, 400, 401, 403, 404, 410, 501, 505] {
            assert!(!status(code), "{code}");
        }
    }
}
