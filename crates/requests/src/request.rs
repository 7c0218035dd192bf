//! A request: built by value, printed without its secrets, sent as often as it takes.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use url::{Url, form_urlencoded};

use crate::Secret;
use crate::redact::{redact_path, redact_url};

/// One HTTP request. `Debug` shows no header values (but the content type), no body, and the URL redacted.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; userinfo in it is sent as basic authentication.
    pub url: Url,
    /// The headers, besides those of the client.
    pub headers: HeaderMap,
    /// The body, sent with its length.
    pub body: Option<Bytes>,
    /// Whether it may be sent again after it may have arrived. By default the method decides
    /// (RFC 9110, 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS).
    pub idempotent: Option<bool>,
    /// The whole URL is a secret, as a chat robot's webhook is: only scheme and host are ever printed.
    pub secret_url: bool,
    /// What is shown nowhere, besides what its place in the request tells to be secret: a ticket that is a part of the path.
    pub secrets: Vec<Secret>,
    /// Instead of the client's timeout of one attempt.
    pub timeout: Option<Duration>,
    /// Instead of the client's number of retries.
    pub retries: Option<u32>,
    /// Sent even while the breaker of its host is open, and not counted by it: for what must get through although other
    /// calls to the host fail.
    pub past_breaker: bool,
    /// Sent on a connection of its own: for what may not be repeated and must not fail only because the server closed a
    /// connection that was kept from an earlier call at the moment at which it was used again.
    pub on_new_connection: bool,
    /// It carries a signature that is only good at its time: a refusal says so where the clocks are apart.
    pub dated: bool,
    /// What went wrong while building; `send` answers with it.
    pub(crate) problem: Option<String>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Request {
        Request {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            idempotent: None,
            secret_url: false,
            secrets: Vec::new(),
            timeout: None,
            retries: None,
            past_breaker: false,
            on_new_connection: false,
            dated: false,
            problem: None,
        }
    }

    /// A GET.
    pub fn get(url: Url) -> Request {
        Request::new(Method::GET, url)
    }

    /// A POST, still without a body.
    pub fn post(url: Url) -> Request {
        Request::new(Method::POST, url)
    }

    /// Sends it even while the breaker of its host is open; see [`Request::past_breaker`].
    #[must_use]
    pub fn past_breaker(mut self) -> Request {
        self.past_breaker = true;
        self
    }

    /// Sends it on a connection of its own; see [`Request::on_new_connection`].
    #[must_use]
    pub fn on_new_connection(mut self) -> Request {
        self.on_new_connection = true;
        self
    }

    /// Sets a header, in place of one with that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.headers.insert(name, value);
        self
    }

    /// `Authorization: Bearer …` (RFC 6750, 2.1).
    #[must_use]
    pub fn bearer(self, token: &Secret) -> Request {
        let value = format!("Bearer {}", token.expose());
        self.authorization(&value)
    }

    /// `Authorization: Basic …` (RFC 7617), in UTF-8.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &Secret) -> Request {
        if user.contains(':') {
            self.problem = Some("the user name of basic authentication has a colon".to_owned());
            return self;
        }
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.expose()));
        self.authorization(&format!("Basic {pair}"))
    }

    /// A JSON body, with its content type.
    #[must_use]
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Request {
        match serde_json::to_vec(value) {
            Ok(body) => self.body("application/json", Bytes::from(body)),
            Err(error) => {
                self.problem = Some(format!("the body cannot be written as JSON: {error}"));
                self
            }
        }
    }

    /// A form body (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", Bytes::from(body))
    }

    /// Any body, with its content type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: Bytes) -> Request {
        match HeaderValue::from_str(content_type) {
            Ok(value) => {
                self.headers.insert(CONTENT_TYPE, value);
                self.body = Some(body);
            }
            Err(_) => {
                self.problem = Some("the content type has characters that no header may have".to_owned());
            }
        }
        self
    }

    /// Says whether it may be sent again after it may have arrived, whatever the method.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Request {
        self.idempotent = Some(idempotent);
        self
    }

    /// Says that it carries a signature that is only good at its time; see [`Request::dated`].
    #[must_use]
    pub fn dated(mut self) -> Request {
        self.dated = true;
        self
    }

    /// Lets nothing but scheme and host be printed.
    #[must_use]
    pub fn secret_url(mut self) -> Request {
        self.secret_url = true;
        self
    }

    /// Lets none of these values be printed, wherever in the request or its answer they stand; see [`Request::secrets`].
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Request {
        self.secrets.extend(secrets);
        self
    }

    /// Limits one attempt, instead of the client's timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Request {
        self.timeout = Some(timeout);
        self
    }

    /// Attempts after the first, instead of the client's.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Request {
        self.retries = Some(retries);
        self
    }

    /// The URL as it may be printed.
    pub fn shown_url(&self) -> String {
        redact_url(&self.url, self.secret_url, &self.secrets)
    }

    /// The path of the URL as it may be printed.
    pub fn shown_path(&self) -> String {
        match self.secret_url {
            true => "/…".to_owned(),
            false => redact_path(&self.url, &self.secrets),
        }
    }

    pub(crate) fn may_repeat(&self) -> bool {
        self.idempotent.unwrap_or_else(|| self.method.is_idempotent())
    }

    fn authorization(mut self, value: &str) -> Request {
        match HeaderValue::from_str(value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.header(AUTHORIZATION, value)
            }
            Err(_) => {
                self.problem = Some("the credential has characters that no header may have".to_owned());
                self
            }
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field(
                "headers",
                &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            )
            .field("content_type", &self.headers.get(CONTENT_TYPE))
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("idempotent", &self.idempotent)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://a.example/p?token=hunter2").unwrap()
    }

    #[test]
    fn bodies_are_encoded_with_their_type() {
        let form = Request::post(url()).form(&[("username", "mo nitor"), ("password", "a&b=c+ü")]);
        assert_eq!(
            form.body.as_deref(),
            Some(b"username=mo+nitor&password=a%26b%3Dc%2B%C3%BC".as_slice())
        );
        assert_eq!(form.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        let json = Request::post(url()).json(&serde_json::json!({"kind": "x"}));
        assert_eq!(json.body.as_deref(), Some(br#"{"kind":"x"}"#.as_slice()));
        let broken = Request::post(url()).json(&std::collections::BTreeMap::from([(vec![1], 1)]));
        assert!(broken.problem.unwrap().contains("JSON"));
    }

    #[test]
    fn credentials_are_encoded_and_marked_sensitive() {
        // The example of RFC 7617, 2.
        let basic = Request::get(url()).basic("Aladdin", &"open sesame".into());
        assert_eq!(basic.headers[AUTHORIZATION], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(basic.headers[AUTHORIZATION].is_sensitive());
        assert_eq!(
            Request::get(url()).bearer(&"abc".into()).headers[AUTHORIZATION],
            "Bearer abc"
        );
        let split = Request::get(url()).bearer(&"hunter2\r\nX: y".into());
        assert!(split.headers.is_empty());
        assert!(!split.problem.unwrap().contains("hunter2"));
        assert!(Request::get(url()).basic("a:b", &"c".into()).problem.is_some());
    }

    #[test]
    fn only_repeatable_methods_repeat_unless_told_otherwise() {
        for (method, repeats) in [
            (Method::GET, true),
            (Method::HEAD, true),
            (Method::PUT, true),
            (Method::DELETE, true),
            (Method::OPTIONS, true),
            (Method::POST, false),
            (Method::PATCH, false),
        ] {
            assert_eq!(Request::new(method, url()).may_repeat(), repeats);
        }
        assert!(Request::post(url()).idempotent(true).may_repeat());
        assert!(!Request::get(url()).idempotent(false).may_repeat());
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::post(url())
            .bearer(&"hunter3".into())
            .header(
                HeaderName::from_static("x-api-key"),
                HeaderValue::from_static("hunter4"),
            )
            .form(&[("password", "hunter5")]);
        let shown = format!("{request:?} {request:#?}");
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(
            shown.contains("https://a.example/p?token") && shown.contains("x-api-key"),
            "{shown}"
        );
    }
}
