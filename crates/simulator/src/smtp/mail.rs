//! A mail as it came in.

use std::time::Instant;

use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};

/// One mail that the server accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// The envelope's sender; empty for `<>`.
    pub from: String,
    /// The envelope's recipients (not the `To` header).
    pub to: Vec<String>,
    /// `Message-ID`, without `<` and `>`; empty when there is none.
    pub message_id: String,
    /// `Subject`, decoded; empty when there is none.
    pub subject: String,
    /// The plain text part, decoded, with `\n` at the ends of lines; empty when there is none.
    pub text: String,
    /// The HTML part, the same way.
    pub html: String,
    /// The whole mail as sent, without the dots that SMTP added.
    pub raw: Vec<u8>,
    /// When its last byte was read.
    pub at: Instant,
}

impl Mail {
    pub(super) fn new(from: String, to: Vec<String>, raw: Vec<u8>) -> Mail {
        let mut mail = Mail {
            from,
            to,
            message_id: String::new(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            raw,
            at: Instant::now(),
        };
        let Some(parsed) = MessageParser::default().parse(&mail.raw) else {
            return mail;
        };
        let message_id = parsed.message_id().unwrap_or_default().to_owned();
        let subject = parsed.subject().unwrap_or_default().to_owned();
        // Not `body_text`, which makes a text of the HTML where there is none.
        let (mut text, mut html) = (String::new(), String::new());
        for part in &parsed.parts {
            match &part.body {
                PartType::Text(body) if text.is_empty() => text = body.replace("\r\n", "\n"),
                PartType::Html(body) if html.is_empty() => html = body.replace("\r\n", "\n"),
                _ => {}
            }
        }
        (mail.message_id, mail.subject, mail.text, mail.html) = (message_id, subject, text, html);
        mail
    }

    /// The first header of this name, as sent but without line breaks; `None` when there is none.
    pub fn header(&self, name: &str) -> Option<String> {
        let parsed = MessageParser::default().parse_headers(&self.raw)?;
        let raw = parsed.header_raw(name)?;
        Some(raw.replace("\r\n", "").trim().to_owned())
    }

    /// What the HTML shows as `cid:…`, by its Content-ID and decoded, in the order of the mail.
    pub fn pictures(&self) -> Vec<(String, Vec<u8>)> {
        let parsed = MessageParser::default().parse(&self.raw);
        let parts = parsed.iter().flat_map(|mail| &mail.parts);
        let picture = |part: &MessagePart<'_>| match &part.body {
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                Some((part.content_id()?.to_owned(), bytes.to_vec()))
            }
            _ => None,
        };
        parts.filter_map(picture).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_apart() {
        let raw = "From: Monitor <m@example.com>\r\nTo: a@example.com,\r\n b@example.com\r\nMessage-ID: <1.2@example.com>\r\n\
            Subject: =?utf-8?B?55uR5o6n5ZGK6K2m?=\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nOne =E2=82=AC\r\ntwo\r\n--B\r\nContent-Type: text/html\r\n\r\n<p>One</p>\r\n--B--\r\n";
        let mail = Mail::new(String::new(), vec![], raw.as_bytes().to_vec());
        assert_eq!(
            (mail.message_id.as_str(), mail.subject.as_str()),
            ("1.2@example.com", "监控告警")
        );
        assert_eq!(
            (mail.text.trim_end(), mail.html.trim_end()),
            ("One €\ntwo", "<p>One</p>")
        );
        assert_eq!(mail.header("to").as_deref(), Some("a@example.com, b@example.com"));
        assert_eq!(mail.header("Cc"), None);
    }

    #[test]
    fn a_mail_without_anything_is_kept_too() {
        let mail = Mail::new("a@example.com".into(), vec![], b"\r\n".to_vec());
        assert_eq!(
            (mail.message_id.as_str(), mail.text.trim(), mail.html.as_str()),
            ("", "", "")
        );
        let html = Mail::new(
            String::new(),
            vec![],
            b"Content-Type: text/html\r\n\r\n<p>x</p>".to_vec(),
        );
        assert_eq!((html.text.as_str(), html.html.as_str()), ("", "<p>x</p>"));
    }
}
