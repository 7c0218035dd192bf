//! A notification as the bytes of a mail (RFC 5322, MIME).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::message::header::{self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, Message, MultiPart, SinglePart};
use monitor_domain::{Language, Severity};

use crate::templates::{Mail, one_line};
use crate::{Event, Notification};

/// Longest identifier taken into a header, in characters.
const ID_LIMIT: usize = 200;

/// Who a mail is from and to, and in which language.
pub(super) struct Letterhead<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a [Mailbox],
    pub(super) language: Language,
}

/// Writes the mail. The same notification gives the same bytes, so that a repeat is one to every program that compares.
pub(super) fn compose(
    head: &Letterhead<'_>,
    mail: &Mail,
    about: &Notification,
) -> Result<Vec<u8>, lettre::error::Error> {
    let domain = head.from.email.domain();
    let message_id = message_id(&about.message_id, domain);
    let mut builder = Message::builder()
        .date(system_time(about.at))
        .from(head.from.clone())
        .mailbox(header::To::from(head.to.iter().cloned().collect::<Mailboxes>()))
        .subject(mail.subject.clone())
        .raw_header(plain("Message-ID", message_id.clone()));
    if let Some(thread) = about
        .thread_id
        .as_deref()
        .map(|thread| self::message_id(thread, domain))
        && thread != message_id
    {
        builder = builder
            .raw_header(plain("In-Reply-To", thread.clone()))
            .raw_header(plain("References", thread));
    }
    // RFC 3834: no holiday answers, please; Exchange only listens to its own header.
    builder = builder
        .raw_header(plain("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(plain("X-Auto-Response-Suppress", "All".to_owned()))
        .raw_header(plain("Content-Language", head.language.tag().to_owned()));
    let id: String = one_line(&about.id).chars().take(ID_LIMIT).collect();
    builder = builder.raw_header(HeaderValue::new(
        HeaderName::new_from_ascii_str("X-Monitor-Id"),
        id,
    ));
    if is_urgent(about) {
        builder = builder.raw_header(plain("Importance", "high".to_owned()));
    }
    let message = builder.multipart(
        MultiPart::alternative()
            .boundary(boundary(&message_id))
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html)),
    )?;
    Ok(message.formatted())
}

/// A Message-ID with its brackets, made of characters that RFC 5322 allows there, whatever came in.
pub(super) fn message_id(text: &str, domain: &str) -> String {
    let id: String = text
        .trim()
        .trim_matches(['<', '>'])
        .chars()
        .map(|one| {
            if one.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(one) {
                one
            } else {
                '-'
            }
        })
        .take(ID_LIMIT)
        .collect();
    if id.contains('@') {
        format!("<{id}>")
    } else {
        format!("<{id}@{domain}>")
    }
}

/// A header whose value is printable ASCII for certain, written as it is: encoding or folding would break an
/// identifier for some readers.
fn plain(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

fn is_urgent(about: &Notification) -> bool {
    about.severity == Severity::Critical
        && !matches!(about.event, Event::Recovered | Event::DataBack | Event::Test)
}

/// One body, always quoted-printable or base64: neither can hold `=_`, which every boundary of ours does, so that no
/// message can end its part and begin another.
fn part(kind: ContentType, body: &str) -> SinglePart {
    let foreign = body.chars().filter(|one| !one.is_ascii()).count();
    let encoding = if foreign * 6 > body.chars().count() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    SinglePart::builder()
        .header(kind)
        .header(encoding)
        .body(body.to_owned())
}

fn boundary(message_id: &str) -> String {
    format!("=_monitor_{}", fingerprint(message_id))
}

/// A short name for a long one. Not secret, only stable.
pub(super) fn fingerprint(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The time as the `Date` header can hold it: years 1970 to 9999.
fn system_time(at: DateTime<Utc>) -> SystemTime {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0).min(253_402_300_799);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_safe_whatever_came_in() {
        assert_eq!(message_id("alert-7@m.example", "d"), "<alert-7@m.example>");
        assert_eq!(message_id("<alert-7@m.example>", "d"), "<alert-7@m.example>");
        assert_eq!(
            message_id("alert 7\r\nBcc: x", "d.example"),
            "<alert-7--Bcc--x@d.example>"
        );
        assert!(message_id(&"告".repeat(5_000), "d").len() < 250);
    }

    #[test]
    fn dates_outside_the_format_do_not_panic() {
        for at in [
            DateTime::<Utc>::MIN_UTC,
            DateTime::<Utc>::MAX_UTC,
            DateTime::UNIX_EPOCH,
        ] {
            let _ = header::Date::new(system_time(at));
        }
    }
}
