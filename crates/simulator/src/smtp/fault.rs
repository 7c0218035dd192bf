//! What can go wrong while a mail is handed over, and where.

use std::sync::Mutex;

use crate::http::Times;
use crate::net::lock;

/// A point in an SMTP session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The client has connected and waits for the greeting.
    Connect,
    /// `EHLO` or `HELO`.
    Ehlo,
    /// `MAIL FROM`.
    MailFrom,
    /// `RCPT TO` for this address, in any case; for any address with `None`.
    RcptTo(Option<String>),
    /// `DATA`, before any of the content.
    Data,
    /// The whole content is there and waits for its answer.
    EndOfData,
}

impl Stage {
    fn fits(&self, now: &Stage) -> bool {
        match (self, now) {
            (Stage::RcptTo(None), Stage::RcptTo(_)) => true,
            (Stage::RcptTo(Some(wanted)), Stage::RcptTo(Some(address))) => {
                wanted.eq_ignore_ascii_case(address)
            }
            _ => self == now,
        }
    }
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmtpFault {
    /// The connection is accepted and nothing is ever said.
    NoGreeting,
    /// This reply instead of the usual one. A code below 400 lets the session go on as usual; otherwise the command is refused, at
    /// [`Stage::EndOfData`] the mail with it. After a 421, and after a refused greeting, the connection is closed.
    Reply {
        /// Where.
        at: Stage,
        /// The reply code, such as 451 (try again) or 550 (never).
        code: u16,
        /// The text after it.
        text: String,
    },
    /// The connection is closed instead of the reply; at [`Stage::Data`] in the middle of the content. The mail is not kept.
    DropAt(Stage),
    /// No reply, and the connection stays open until the client closes it. The mail is not kept.
    HangAt(Stage),
    /// The mail is kept, but the connection is closed before the client gets the reply: it cannot know.
    DropAfterData,
}

impl SmtpFault {
    /// A refusal; short for [`SmtpFault::Reply`].
    pub fn reply(at: Stage, code: u16, text: &str) -> SmtpFault {
        SmtpFault::Reply {
            at,
            code,
            text: text.to_owned(),
        }
    }

    fn fits(&self, now: &Stage) -> bool {
        match self {
            SmtpFault::NoGreeting => *now == Stage::Connect,
            SmtpFault::Reply { at, .. } | SmtpFault::DropAt(at) | SmtpFault::HangAt(at) => at.fits(now),
            SmtpFault::DropAfterData => *now == Stage::EndOfData,
        }
    }
}

/// Faults waiting for their stage.
#[derive(Debug, Default)]
pub(super) struct Script {
    faults: Mutex<Vec<(SmtpFault, Times)>>,
}

impl Script {
    pub(super) fn add(&self, fault: SmtpFault, times: Times) {
        lock(&self.faults).push((fault, times));
    }

    pub(super) fn clear(&self) {
        lock(&self.faults).clear();
    }

    /// The first that fits, in the order they were added.
    pub(super) fn take(&self, now: &Stage) -> Option<SmtpFault> {
        let mut faults = lock(&self.faults);
        let place = faults
            .iter_mut()
            .position(|(fault, times)| fault.fits(now) && times.take())?;
        let fault = faults[place].0.clone();
        faults.retain(|(_, times)| !times.is_used_up());
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_meant_alone_or_with_all_others() {
        let script = Script::default();
        script.add(
            SmtpFault::DropAt(Stage::RcptTo(Some("Bad@example.com".into()))),
            Times::Always,
        );
        script.add(SmtpFault::HangAt(Stage::RcptTo(None)), Times::Once);
        let to = |address: &str| Stage::RcptTo(Some(address.to_owned()));
        assert_eq!(script.take(&Stage::Ehlo), None);
        assert!(matches!(
            script.take(&to("bad@example.com")),
            Some(SmtpFault::DropAt(_))
        ));
        assert!(matches!(
            script.take(&to("good@example.com")),
            Some(SmtpFault::HangAt(_))
        ));
        assert_eq!(script.take(&to("good@example.com")), None);
        script.clear();
        assert_eq!(script.take(&to("bad@example.com")), None);
    }
}
