//! An answer, read whole, and what can be read from it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::charset;
use crate::excerpt::excerpt;
use crate::mask::{Mask, Which};
use crate::redact::redact_url;
use crate::{Error, ErrorKind, Secret, http_date};
use monitor_domain::{Clock, SystemClock};

/// How much of an answer's body an error quotes, in characters.
const EXCERPT: usize = 200;

/// How much of a text its excerpt is taken from, in characters.
const EXCERPTED: usize = 100_000;

/// An answer, whatever its status. `Debug` shows neither header values nor the body, which may hold a token.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The URL of the request.
    pub url: Url,
    /// The method of the request.
    pub method: Method,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long it took, with all attempts and the waits between them.
    pub elapsed: Duration,
    /// The URL as it may be printed.
    pub(crate) shown_url: String,
    /// Over the values that the request sent.
    pub(crate) mask: Mask,
    /// What may be wrong with the clocks, where that matters.
    pub(crate) skew: Option<String>,
}

impl Response {
    /// An answer that came from nowhere, for tests of those who judge answers.
    pub fn new(method: Method, url: Url, status: StatusCode, headers: HeaderMap, body: Bytes) -> Response {
        let (shown_url, mask) = (redact_url(&url, false, &[]), Mask::of_url(&url));
        Response {
            status,
            headers,
            body,
            url,
            method,
            attempts: 1,
            elapsed: Duration::ZERO,
            shown_url,
            mask,
            skew: None,
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] that says where it went wrong, or that it is HTML.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let body = self.utf8().map_err(|why| self.error(ErrorKind::Decode(why)))?;
        serde_json::from_slice(&body).map_err(|error| {
            let what = if self.is_html() {
                "expected JSON, got an HTML page".to_owned()
            } else if self.body.is_empty() {
                "expected JSON, got an empty body".to_owned()
            } else {
                format!("expected JSON: {}", self.excerpt(&error.to_string(), EXCERPT))
            };
            self.error(ErrorKind::Decode(what))
        })
    }

    /// The body as UTF-8, of whatever charset its byte order mark, its `Content-Type` or the `<meta>` of a page declares. What
    /// declares none is taken as it is.
    ///
    /// # Errors
    /// A charset that is not known, or that the body is not in; with its name.
    pub fn utf8(&self) -> Result<Cow<'_, [u8]>, String> {
        let content_type = self.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let utf8 = charset::utf8(&self.body, content_type, self.is_html());
        utf8.map_err(|why| self.excerpt(&why, EXCERPT))
    }

    /// The body as text; what cannot be decoded is replaced.
    pub fn text(&self) -> String {
        let body = self.utf8().unwrap_or(Cow::Borrowed(&self.body));
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Whether it is a page for people: by its content type, or, where it has none, by how it begins. JSON that is labelled as
    /// a page, as some servers do, is none.
    pub fn is_html(&self) -> bool {
        match self.content_type() {
            Some(kind) => {
                matches!(kind.as_str(), "text/html" | "application/xhtml+xml") && !self.begins_as_json()
            }
            None => {
                let start = &self.body[..self.body.len().min(256)];
                let start = String::from_utf8_lossy(start)
                    .trim_start_matches('\u{feff}')
                    .trim_start()
                    .to_lowercase();
                start.starts_with("<!doctype html") || start.starts_with("<html")
            }
        }
    }

    fn begins_as_json(&self) -> bool {
        let body = self
            .body
            .strip_prefix("\u{feff}".as_bytes())
            .unwrap_or(&self.body);
        matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
    }

    /// The media type in small letters, without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next().unwrap_or(value).trim();
        (!kind.is_empty()).then(|| kind.to_ascii_lowercase())
    }

    /// The URL of the request as it may be printed.
    pub fn shown_url(&self) -> &str {
        &self.shown_url
    }

    /// Where the answer sends one, made absolute. It is never followed by itself.
    pub fn location(&self) -> Option<Url> {
        self.url.join(self.headers.get(LOCATION)?.to_str().ok()?).ok()
    }

    /// Where the answer sends one, as it may be printed: without user, query and fragment.
    pub fn shown_location(&self) -> Option<String> {
        let mut to = self.location()?;
        // What has no host has neither of the two.
        let _ = to.set_username("");
        let _ = to.set_password(None);
        to.set_query(None);
        to.set_fragment(None);
        Some(self.excerpt(to.as_str(), EXCERPT))
    }

    /// Lets these values be masked too where this answer repeats them, although its request did not send them.
    pub fn add_secrets(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        self.mask.add_secrets(secrets);
    }

    /// A text of this answer that people are to read: `[redacted]` stands for every password, token and key that the request
    /// sent, also where the answer writes it percent-encoded or escaped. Words such as `unpaid` and days stay.
    pub fn masked(&self, text: &str) -> String {
        self.mask.hide(text, Which::Keys)
    }

    /// The beginning of a text of this answer, for an error: in one line, at most `max` characters, and without any value that
    /// the request sent.
    pub fn excerpt(&self, text: &str, max: usize) -> String {
        let start = text
            .char_indices()
            .nth(EXCERPTED.max(max))
            .map_or(text, |(end, _)| &text[..end]);
        excerpt(&self.mask.hide(start, Which::All), max)
    }

    /// The answer itself if its status is 2xx.
    ///
    /// # Errors
    /// [`ErrorKind::Status`] with the beginning of the body otherwise.
    pub fn require_success(self) -> Result<Response, Error> {
        if self.status.is_success() {
            return Ok(self);
        }
        // The server's own date is what a date in Retry-After was counted from.
        let sent = self
            .headers
            .get(DATE)
            .and_then(|date| http_date::parse(date.to_str().ok()?));
        let retry_after = self.retry_after(sent.unwrap_or_else(|| SystemClock.wall()));
        let redirected = self
            .status
            .is_redirection()
            .then(|| self.shown_location())
            .flatten();
        let excerpt = if let Some(to) = redirected {
            format!("redirects to {to}")
        } else if self.is_html() {
            "an HTML page".to_owned()
        } else {
            self.excerpt(&self.text(), EXCERPT)
        };
        Err(self.error(ErrorKind::Status {
            status: self.status.as_u16(),
            retry_after,
            excerpt: self.advised(excerpt),
        }))
    }

    /// An error of this kind about this answer.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error {
            kind,
            method: self.method.clone(),
            url: self.shown_url.clone(),
            attempts: self.attempts,
            elapsed: self.elapsed,
            sent: true,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("method", &self.method)
            .field("url", &self.shown_url)
            .field(
                "headers",
                &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            )
            .field("content_type", &self.content_type())
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use http::HeaderValue;
    use http::header::RETRY_AFTER;

    fn response(status: u16, headers: &[(HeaderName, &str)], body: &str) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        let url = Url::parse("https://a.example/api/totals/x?token=hunter2").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        Response::new(
            Method::GET,
            url,
            status,
            map,
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn json_says_what_it_got_instead() {
        let good = response(200, &[], r#"{"total":3}"#);
        assert_eq!(good.json::<serde_json::Value>().unwrap()["total"], 3);
        let html = response(200, &[(CONTENT_TYPE, "text/html; charset=utf-8")], "<p>sign in");
        let error = html.json::<serde_json::Value>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "GET https://a.example/api/totals/x?token: unreadable answer: expected JSON, got an HTML page"
        );
        assert!(!error.is_transient() && !error.nothing_sent());
        let empty = response(204, &[], "").json::<u8>().unwrap_err().to_string();
        assert!(empty.ends_with("got an empty body"), "{empty}");
        let wrong = response(200, &[], r#""text""#)
            .json::<u8>()
            .unwrap_err()
            .to_string();
        assert!(wrong.contains("expected u8 at line 1"), "{wrong}");
    }

    #[test]
    fn html_is_told_by_type_or_by_its_beginning() {
        assert!(response(200, &[(CONTENT_TYPE, "Text/HTML")], "").is_html());
        assert!(response(200, &[], " \n<!DOCTYPE HTML><p>").is_html());
        assert!(response(200, &[], "\u{feff}<html>").is_html());
        assert!(!response(200, &[(CONTENT_TYPE, "application/json")], "<html>").is_html());
        assert!(!response(200, &[], "{}").is_html());
        assert!(!response(200, &[(CONTENT_TYPE, "text/html")], " {\"total\":3}").is_html());
        assert!(!response(200, &[(CONTENT_TYPE, "text/html")], "\u{feff}[3]").is_html());
        assert!(response(200, &[(CONTENT_TYPE, "text/html")], "3").is_html());
    }

    #[test]
    fn location_is_made_absolute() {
        let to = |location| {
            response(302, &[(LOCATION, location)], "")
                .location()
                .map(String::from)
        };
        assert_eq!(
            to("/login?next=%2F").as_deref(),
            Some("https://a.example/login?next=%2F")
        );
        assert_eq!(to("login").as_deref(), Some("https://a.example/api/totals/login"));
        assert_eq!(to("https://b.example/").as_deref(), Some("https://b.example/"));
        assert_eq!(to("https://[").as_deref(), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap();
        let wait = |value| {
            response(503, &[(RETRY_AFTER, value)], "")
                .retry_after(now)
                .map(|d| d.as_secs())
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait("99999999999999999999999"), Some(u64::from(u32::MAX)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:36 GMT"), Some(0));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-5"), None);
        assert_eq!(response(503, &[], "").retry_after(now), None);
    }

    #[test]
    fn success_is_2xx_and_the_rest_an_error_with_an_excerpt() {
        assert!(response(204, &[], "").require_success().is_ok());
        let error = response(
            503,
            &[
                (RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT"),
                (DATE, "Sun, 06 Nov 1994 08:49:37 GMT"),
            ],
            "{\"error\": \"down\",\n \"token\": \"hunter3\"}",
        )
        .require_success()
        .unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
        assert!(error.is_transient());
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("answered 503 Service Unavailable: {\"error\": \"down\""),
            "{text}"
        );
        assert!(!text.contains("hunter"), "{text}");
        let redirect = response(302, &[], "").require_success().unwrap_err();
        assert!(!redirect.is_transient());
    }

    #[test]
    fn a_redirect_says_where_to_and_shows_no_query() {
        for (location, says) in [
            (
                "/login?next=/x&ticket=hunter3",
                "302 Found: redirects to https://a.example/login",
            ),
            (
                "login",
                "302 Found: redirects to https://a.example/api/totals/login",
            ),
            (
                "//b.example:8443/#hunter3",
                "302 Found: redirects to https://b.example:8443/",
            ),
            (
                "http://u:hunter3@b.example/x",
                "302 Found: redirects to http://b.example/x",
            ),
            ("https://[", "302 Found"),
        ] {
            let html = [(LOCATION, location), (CONTENT_TYPE, "text/html")];
            let error = response(302, &html[..], "")
                .require_success()
                .unwrap_err()
                .to_string();
            let end = error.strip_suffix(": an HTML page").unwrap_or(&error);
            assert!(end.ends_with(says) && !error.contains("hunter3"), "{error}");
        }
        let found = response(200, &[(LOCATION, "/x")], "").require_success();
        assert!(found.is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!(
            "{:?}",
            response(200, &[(http::header::SET_COOKIE, "sid=hunter3")], "hunter4")
        );
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
