//! What can go wrong with an answer, and how often.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;

use super::answer::{Answer, SIGN_IN_PAGE};
use crate::net::lock;

/// Something that goes wrong on the wire.
///
/// The request is logged and counted all the same. Whether the simulated system *acts* on it (an alarm sounds, a session
/// begins) is said at each.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// This status with `{"error": …}` instead of the answer. The system does not act.
    Status(u16),
    /// The same with headers, such as `Retry-After`. The system does not act.
    StatusWith(u16, Vec<(String, String)>),
    /// The system acts; nothing is sent for this long, then the whole answer.
    DelayHead(Duration),
    /// The system acts; the head comes at once, the body in pieces over this long.
    SlowBody(Duration),
    /// The system acts; the answer ends in the middle of its body, then the connection is closed.
    Truncate,
    /// The system acts; the connection is closed before any byte of the answer.
    LoseAnswer,
    /// 200 and a sign-in page as HTML. The system does not act.
    Html,
    /// 302 to this address. The system does not act.
    Redirect(String),
    /// 200 with this content type and body. The system does not act.
    Body(String, Bytes),
    /// 200 and valid JSON of at least this many bytes, chunked, so that no length warns of it. The system does not act.
    Huge(usize),
    /// The same, gzipped to about a thousandth: at least this many bytes when unpacked. The system does not act.
    GzipBomb(usize),
    /// The connection is closed as soon as the request was read. The system does not act.
    CloseAtOnce,
    /// No answer, and the connection stays open until the client closes it. The system does not act.
    Hang,
}

impl Fault {
    /// What is answered in place of the system, which does not act then; `None` where it does.
    pub(crate) fn instead(&self) -> Option<Answer> {
        match self {
            Fault::DelayHead(_) | Fault::SlowBody(_) | Fault::Truncate | Fault::LoseAnswer => None,
            Fault::Status(status) => Some(Answer::error(*status, "scripted fault")),
            Fault::StatusWith(status, headers) => {
                let mut answer = Answer::error(*status, "scripted fault");
                answer.headers.extend_from_slice(headers);
                Some(answer)
            }
            Fault::Html => Some(Answer::html(200, SIGN_IN_PAGE)),
            Fault::Redirect(location) => Some(Answer::redirect(location)),
            Fault::Body(content_type, body) => Some(Answer::body(200, content_type, body.clone())),
            // What these send is made on the wire, if it is anything.
            Fault::Huge(_) | Fault::GzipBomb(_) | Fault::CloseAtOnce | Fault::Hang => {
                Some(Answer::status(200))
            }
        }
    }
}

/// How often something scripted happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next time only.
    Once,
    /// The next so many times.
    N(usize),
    /// Until it is cleared.
    Always,
}

impl Times {
    /// Uses one up; `false` when there was none left.
    pub(crate) fn take(&mut self) -> bool {
        match self {
            Times::Always => true,
            Times::N(0) => false,
            Times::Once => {
                *self = Times::N(0);
                true
            }
            Times::N(left) => {
                *left -= 1;
                true
            }
        }
    }

    pub(crate) fn is_used_up(self) -> bool {
        self == Times::N(0)
    }
}

/// Faults waiting for their requests.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    script: Mutex<Vec<(String, Fault, Times)>>,
}

impl Faults {
    pub(crate) fn add(&self, prefix: &str, fault: Fault, times: Times) {
        lock(&self.script).push((prefix.to_owned(), fault, times));
    }

    pub(crate) fn clear(&self) {
        lock(&self.script).clear();
    }

    /// The first that fits, in the order they were added.
    pub(crate) fn take(&self, method: &str, target: &str) -> Option<Fault> {
        let mut script = lock(&self.script);
        let fits = |prefix: &str| match prefix.split_once(' ') {
            Some((only, prefix)) => only == method && target.starts_with(prefix),
            None => target.starts_with(prefix),
        };
        let place = script
            .iter_mut()
            .position(|(prefix, _, times)| fits(prefix) && times.take())?;
        let fault = script[place].1.clone();
        script.retain(|(_, _, times)| !times.is_used_up());
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_in_order() {
        let faults = Faults::default();
        faults.add("/api", Fault::Status(500), Times::N(2));
        faults.add("/api/x", Fault::Status(404), Times::Once);
        faults.add("POST /", Fault::Hang, Times::Always);
        assert_eq!(faults.take("GET", "/other"), None);
        assert_eq!(faults.take("GET", "/api/x"), Some(Fault::Status(500)));
        assert_eq!(faults.take("GET", "/api/y?a=1"), Some(Fault::Status(500)));
        assert_eq!(faults.take("GET", "/api/y"), None);
        assert_eq!(faults.take("GET", "/api/x"), Some(Fault::Status(404)));
        assert_eq!(faults.take("GET", "/api/x"), None);
        assert_eq!(faults.take("POST", "/any"), Some(Fault::Hang));
        assert_eq!(faults.take("POST", "/any"), Some(Fault::Hang));
        faults.clear();
        assert_eq!(faults.take("POST", "/any"), None);
    }
}
