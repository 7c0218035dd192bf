//! The values that a request sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{LEAST, Mask, is_key};
use crate::redact::SECRET_PARTS;
use crate::{ClientConfig, Request};

/// Headers whose values say how to talk, not who is talking.
const PLAIN_HEADERS: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
];

/// Fields that say who signs in. A refusal that cannot say who was refused helps nobody.
const ACCOUNT_FIELDS: [&str; 6] = ["user", "username", "user_name", "account", "login", "loginname"];

impl Mask {
    /// Those of its URL, headers and body, and those that the client adds to every request or has to keep.
    pub(crate) fn of(request: &Request, config: &ClientConfig) -> Mask {
        let mut mask = Mask::of_url(&request.url);
        if request.secret_url {
            for segment in request.url.path().split('/') {
                mask.add(&percent_decoded(segment), true);
            }
        }
        for (name, value) in &request.headers {
            mask.add_header(name, value);
        }
        for (name, value) in &config.headers {
            mask.add_pieces(value, is_secret_name(name));
        }
        mask.add_secrets(config.secrets.iter().cloned());
        if let Some(proxy) = config.proxy.as_ref().and_then(|proxy| Url::parse(proxy).ok()) {
            mask.add_user(&proxy);
        }
        if let Some(body) = &request.body {
            let kind = request.headers.get(header::CONTENT_TYPE);
            let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
            match serde_json::from_slice::<Value>(body) {
                _ if is_form => mask.add_pairs(body),
                Ok(json) => mask.add_json("", &json),
                Err(_) => mask.add_pieces(&String::from_utf8_lossy(body), false),
            }
        }
        mask.sorted()
    }

    /// Those of a URL: user, password and the values of its query.
    pub(crate) fn of_url(url: &Url) -> Mask {
        let mut mask = Mask::default();
        mask.add_user(url);
        mask.add_pairs(url.query().unwrap_or_default().as_bytes());
        mask.sorted()
    }

    /// A value, and the words in it: a token without its scheme, the cookies one by one, the name and the password of `Basic`.
    fn add_pieces(&mut self, value: &str, is_secret: bool) {
        self.add(value, is_secret);
        for piece in value.split(|c: char| c.is_whitespace() || ";,\"'<>".contains(c)) {
            // `Bearer` is no secret, and hardly a key.
            self.add(piece, is_secret && piece.len() > LEAST);
            // `ak=…` and a cookie; the padding of base64 is none.
            if let Some((_, named)) = piece.split_once('=') {
                self.add(named, is_secret);
            }
            let decoded = STANDARD
                .decode(piece)
                .ok()
                .and_then(|pair| String::from_utf8(pair).ok());
            if let Some((user, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
                // Some give the key as the user.
                self.add(user, is_secret && password.is_empty());
                self.add(password, is_secret);
            }
        }
    }

    fn add_header(&mut self, name: &HeaderName, value: &HeaderValue) {
        if PLAIN_HEADERS.contains(name) {
            return;
        }
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            self.add_pieces(text, value.is_sensitive() || is_secret_name(name.as_str()));
        }
    }

    fn add_user(&mut self, url: &Url) {
        let user = percent_decoded(url.username());
        let password = percent_decoded(url.password().unwrap_or_default());
        self.add(&user, password.is_empty());
        self.add(&password, true);
        if !user.is_empty() || !password.is_empty() {
            self.add(&STANDARD.encode(format!("{user}:{password}")), true);
        }
    }

    fn add_pairs(&mut self, pairs: &[u8]) {
        for (name, value) in form_urlencoded::parse(pairs) {
            // Some servers still split at `;`, and what has no name is a value.
            let value = if value.is_empty() { &name } else { &value };
            self.add_named(&name, value);
            for piece in value.split(';').filter(|piece| piece.len() < value.len()) {
                self.add(piece.split_once('=').map_or(piece, |(_, value)| value), false);
            }
        }
    }

    fn add_json(&mut self, name: &str, json: &Value) {
        match json {
            Value::String(text) => self.add_named(name, text),
            Value::Number(number) => self.add_named(name, &number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(name, item)),
            Value::Object(fields) => fields.iter().for_each(|(name, field)| self.add_json(name, field)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add_named(&mut self, name: &str, value: &str) {
        let is_account = ACCOUNT_FIELDS.contains(&name.to_ascii_lowercase().as_str());
        if !is_account || is_key(value) {
            self.add(value, is_secret_name(name));
        }
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
}

fn percent_decoded(text: &str) -> String {
    let plus = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(plus.as_bytes());
    pairs
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Which;
    use super::*;
    use crate::redact::REDACTED;

    #[test]
    fn all_that_a_request_sends_is_known() {
        let config = ClientConfig {
            headers: [("x-key".to_owned(), "marker-client".to_owned())].into(),
            proxy: Some("http://marker-user:marker%2Bpw@proxy.example".to_owned()),
            secrets: vec!["marker-kept".into()],
            ..ClientConfig::default()
        };
        let url =
            Url::parse("https://marker-u:marker-p@a.example/?appkey=marker-q&n=1;ak=marker-s&marker-bare")
                .unwrap();
        let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let (ticket, cookies) = (
            header("x-ticket", "ak=marker-ak, sign=\"marker-sign\""),
            header("cookie", "sid=marker-sid; t=marker-t"),
        );
        let request = Request::post(url)
            .basic("marker-b", &"marker-c".into())
            .header(ticket.0, ticket.1)
            .header(cookies.0, cookies.1);
        let json = request
            .clone()
            .json(&serde_json::json!({"a": [{"b": "marker-json"}], "n": 12_345_678_901_u64}));
        let form = request.clone().form(&[("a", "marker form")]);
        let text = request
            .clone()
            .body("text/xml", bytes::Bytes::from("<a>marker-xml</a>"));
        let common = "marker-client marker-kept marker-user marker+pw marker-u marker-p marker-q marker-s marker-bare \
            marker-ak marker-sign marker-sid marker-t marker-b marker-c bWFya2VyLWI6bWFya2VyLWM= bWFya2VyLXU6bWFya2VyLXA=";
        for (request, own) in [
            (json, "marker-json 12345678901"),
            (form, "marker form"),
            (text, "marker-xml"),
        ] {
            let shown = Mask::of(&request, &config).hide(&format!("{common} {own}"), Which::All);
            let left = shown.replace(REDACTED, "");
            assert_eq!(left.trim(), "", "{shown}");
        }
    }

    #[test]
    fn the_path_of_a_secret_address_is_known() {
        let url = Url::parse("https://robot.example/v2/hook/9f8a7b6c-1d2e").unwrap();
        let shown = |request: &Request| {
            let mask = Mask::of(request, &ClientConfig::default());
            mask.hide("no robot 9f8a7b6c-1d2e", Which::Keys)
        };
        let request = Request::post(url);
        assert_eq!(shown(&request), "no robot 9f8a7b6c-1d2e");
        assert_eq!(shown(&request.secret_url()), "no robot [redacted]");
    }

    #[test]
    fn a_refusal_may_say_who_was_refused() {
        let url = Url::parse("https://a.example/login").unwrap();
        let request = Request::post(url).form(&[("username", "operations"), ("password", "wrong")]);
        let mask = Mask::of(&request, &ClientConfig::default());
        assert_eq!(
            mask.hide("no operations with wrong", Which::All),
            "no operations with [redacted]"
        );
    }
}
