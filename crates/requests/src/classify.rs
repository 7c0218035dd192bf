//! From the errors of reqwest, hyper, rustls and the system to ours.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use crate::tls_error::tls_error;
use crate::{ErrorKind, Phase};

/// A failed attempt: what went wrong, and whether the server may have received the request.
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) sent: bool,
}

/// An error before the answer's head was there.
pub(crate) fn before_head(error: reqwest::Error, connect_timeout: Duration) -> Failure {
    // The URL may hold a secret, and is printed by us anyway.
    let error = error.without_url();
    let connecting = error.is_connect();
    let hyper = find::<hyper::Error>(&error);
    let kind = if error.is_builder() {
        ErrorKind::Other(format!("the request cannot be made: {}", innermost(&error)))
    } else if let Some(tls) = find::<rustls::Error>(&error) {
        ErrorKind::Tls(tls_error(tls))
    } else if error.is_dns() {
        ErrorKind::Dns
    } else if connecting && error.is_timeout() {
        ErrorKind::Timeout {
            phase: Phase::Connect,
            after: connect_timeout,
        }
    } else if connecting {
        ErrorKind::Connect(innermost(&error))
    } else if hyper.is_some_and(hyper::Error::is_parse) {
        ErrorKind::Decode(format!("not an HTTP answer: {}", innermost(&error)))
    } else if hyper.is_some() || find::<io::Error>(&error).is_some() {
        ErrorKind::Truncated
    } else {
        ErrorKind::Other(innermost(&error))
    };
    // "Canceled" is hyper's word for a connection that was lost before the request was written to it.
    let sent = !(connecting || error.is_builder() || hyper.is_some_and(hyper::Error::is_canceled));
    Failure { kind, sent }
}

/// An error while the body was read.
pub(crate) fn in_body(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let cut_short = find::<hyper::Error>(&error).is_some()
        || find::<io::Error>(&error).is_some_and(|io| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
            matches!(
                io.kind(),
                UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut
            )
        });
    let kind = if cut_short {
        ErrorKind::Truncated
    } else {
        ErrorKind::Decode(format!("bad compression or encoding: {}", innermost(&error)))
    };
    Failure { kind, sent: true }
}

/// The causes of an error, from the outside in, with what is wrapped in an [`io::Error`].
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        next_cause(*error)
    })
}

fn next_cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// What the last cause says: "Connection refused (os error 111)" and not "error sending request".
fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
