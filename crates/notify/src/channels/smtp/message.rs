//! A notification as the bytes of a mail (RFC 5322, MIME).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers};
use lettre::message::{Attachment, Mailbox, Mailboxes, Message, MultiPart, SinglePart};
use monitor_domain::{Language, Severity, one_line};

use super::mailbox::{needs_utf8, on_wire};
use crate::templates::{Mail, Picture, cut};
use crate::{Event, Notification};

/// Longest identifier taken into a header, in characters.
const ID_LIMIT: usize = 200;
/// Longest subject, in characters. A line of a mail has at most 998 bytes (RFC 5322 section 2.1.1), and one word of ASCII
/// stays on one line.
const SUBJECT_LIMIT: usize = 500;

/// Who a mail is from and to, and in which language.
pub(super) struct Letterhead<'a> {
    pub(super) from: &'a Mailbox,
    /// Whom it is delivered to.
    pub(super) recipient: &'a Mailbox,
    /// Who else gets one like it.
    pub(super) everybody: &'a [Mailbox],
    pub(super) language: Language,
}

impl Letterhead<'_> {
    /// Whom the mail names. An address that only some servers take is left out of the mails to others, which it would make
    /// mails that only those servers take.
    fn to(&self) -> Vec<Mailbox> {
        let may_need_utf8 = needs_utf8(&self.from.email) || needs_utf8(&self.recipient.email);
        let mut to: Vec<Mailbox> = self.everybody.iter().map(written).collect();
        let recipient = written(self.recipient);
        if !to.iter().any(|one| one.email == recipient.email) {
            to.push(recipient);
        }
        to.retain(|one| may_need_utf8 || !needs_utf8(&one.email));
        to
    }
}

/// A mailbox as it is written into a mail.
fn written(mailbox: &Mailbox) -> Mailbox {
    Mailbox::new(mailbox.name.clone(), on_wire(&mailbox.email))
}

/// Addresses, each on a line of its own: a list of any length has no long line.
fn list(name: &'static str, all: &[Mailbox]) -> HeaderValue {
    let lines: Vec<String> = all
        .iter()
        .map(|one| {
            let mut alone = Headers::new();
            alone.set(header::To::from(Mailboxes::from(one.clone())));
            let line = alone.to_string();
            line.trim_start_matches("To:").trim().to_owned()
        })
        .collect();
    plain(name, lines.join(",\r\n "))
}

/// Writes the mail. The same notification gives the same bytes, so that a repeat is one to every program that compares.
pub(super) fn compose(
    head: &Letterhead<'_>,
    mail: &Mail,
    about: &Notification,
) -> Result<Vec<u8>, lettre::error::Error> {
    let from = written(head.from);
    let to = head.to();
    let domain = from.email.domain();
    let message_id = message_id(&about.message_id, domain);
    let mut builder = Message::builder()
        .date(system_time(about.at))
        .from(from.clone())
        .raw_header(list("To", &to))
        .envelope(Envelope::new(
            Some(from.email.clone()),
            vec![on_wire(&head.recipient.email)],
        )?)
        .subject(cut(&mail.subject, SUBJECT_LIMIT))
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
    let (text, html) = (
        part(ContentType::TEXT_PLAIN, &mail.text),
        part(ContentType::TEXT_HTML, &mail.html),
    );
    let body = MultiPart::alternative()
        .boundary(boundary(&message_id))
        .singlepart(text);
    let body = match &mail.chart {
        None => body.singlepart(html),
        Some(picture) => {
            let with_picture =
                MultiPart::related().boundary(boundary(&format!("{message_id} with its picture")));
            body.multipart(with_picture.singlepart(html).singlepart(inline(picture)))
        }
    };
    Ok(builder.multipart(body)?.formatted())
}

/// A picture that the HTML shows where it wants, and that is in no list of attachments.
fn inline(picture: &Picture) -> SinglePart {
    let (cid, png) = (picture.cid.clone(), picture.png.clone());
    Attachment::new_inline(cid).body(png, png_type())
}

fn png_type() -> ContentType {
    ContentType::parse("image/png").expect("a content type that is written here")
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

/// A header whose value is fit for a mail as it is. Encoding or folding an identifier would break it for some readers.
fn plain(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

fn is_urgent(about: &Notification) -> bool {
    about.severity == Severity::Critical
        && !matches!(
            about.event,
            Event::Recovered | Event::DataBack | Event::Closed | Event::Test
        )
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
