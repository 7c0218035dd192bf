//! The values that a request sends.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{LEAST, LEAST_WITHIN, Mask, is_key};
use crate::redact::{is_secret_header, is_secret_name};
use crate::{ClientConfig, Request, Secret};

/// Headers whose values say how to talk, not who is talking.
const PLAIN_HEADERS: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
];

/// Values are searched for values in them so many times over.
const DEEP: usize = 4;

/// What the addresses of many services share: these are words of what they say too, such as "invalid webhook url".
const SHARED_SEGMENTS: [&str; 10] = [
    "api",
    "bot",
    "cgi-bin",
    "hook",
    "hooks",
    "open-apis",
    "robot",
    "send",
    "services",
    "webhook",
];

/// Fields that say who signs in. A refusal that cannot say who was refused helps nobody.
const ACCOUNT_FIELDS: [&str; 6] = ["user", "username", "user_name", "account", "login", "loginname"];

impl Mask {
    /// Those of its URL, headers and body, and those that the client adds to every request or has to keep.
    pub(crate) fn of(request: &Request, config: &ClientConfig) -> Mask {
        let mut mask = Mask::of_url(&request.url);
        if request.secret_url {
            mask.add_secrets(secret_segments(&request.url));
        }
        for (name, value) in &request.headers {
            mask.add_header(name, value);
        }
        for (name, value) in &config.headers {
            mask.add_in_header(value, is_secret_header(name));
        }
        mask.add_secrets(config.secrets.iter().chain(&request.secrets).cloned());
        for proxy in config.proxy.iter().chain(proxies_of_environment()) {
            if let Ok(proxy) = Url::parse(proxy) {
                mask.add_user(&proxy);
            }
        }
        if let Some(body) = &request.body {
            let kind = request.headers.get(header::CONTENT_TYPE);
            let kind = kind
                .map(|kind| kind.as_bytes().to_ascii_lowercase())
                .unwrap_or_default();
            match kind.starts_with(b"application/x-www-form") {
                true => mask.add_pairs(body),
                false => mask.add_body(&String::from_utf8_lossy(body)),
            }
        }
        mask
    }

    /// Those of a URL: user, password and the values of its query.
    pub(crate) fn of_url(url: &Url) -> Mask {
        let mut mask = Mask::default();
        mask.add_user(url);
        mask.add_pairs(url.query().unwrap_or_default().as_bytes());
        mask
    }

    /// A value, and the values in it: the fields of JSON, the cookies one by one, a token without its scheme, what base64 holds.
    fn add_value(&mut self, value: &str, is_secret: bool, deep: usize) {
        self.add(value, is_secret);
        let Some(deep) = deep.checked_sub(1) else { return };
        if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(value) {
            return self.add_json("", &json, deep);
        }
        for piece in value.split(|c: char| c.is_whitespace() || ";,&?\"'<>(){}[]|".contains(c)) {
            // `ak=…` and a cookie; the padding of base64 is none.
            let mut unnamed = piece;
            if let Some((name, named)) = piece.split_once('=').filter(|(_, named)| named.len() > 1) {
                self.add_named(name, named, is_secret, deep);
                // Its name is none: `Signature` is in the codes of errors too.
                unnamed = named;
            }
            for word in unnamed.split([':', '=']).chain([piece]) {
                // `Bearer` is no secret, and hardly a key.
                if word.len() < value.len() && ((is_secret && word.len() > LEAST) || is_key(word)) {
                    self.add(word, is_secret);
                }
            }
            if let Some(pair) = base64_text(piece) {
                match pair.split_once(':').filter(|_| !pair.starts_with('{')) {
                    // Some give the key as the user.
                    Some((user, password)) => {
                        self.add(user, is_secret && password.is_empty());
                        self.add(password, is_secret);
                    }
                    None => self.add_value(&pair, is_secret, deep),
                }
            }
        }
    }

    fn add_body(&mut self, body: &str) {
        self.add_value(body, false, DEEP);
        if serde_json::from_str::<Value>(body).is_err() {
            // The texts and attributes of XML, and the lines of what is not known.
            for piece in body.split(['<', '>', '"', '\'', '\n']) {
                self.add(piece, false);
            }
        }
    }

    fn add_header(&mut self, name: &HeaderName, value: &HeaderValue) {
        if PLAIN_HEADERS.contains(name) {
            return;
        }
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            self.add_in_header(text, value.is_sensitive() || is_secret_header(name.as_str()));
        }
    }

    fn add_in_header(&mut self, value: &str, is_secret: bool) {
        self.add_value(value, is_secret, DEEP);
        // A header that the config adds mostly says who is calling, whatever its name.
        if value.len() >= LEAST_WITHIN && value.contains(|c: char| c.is_ascii_digit()) {
            self.add(value, true);
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
            // What has no name is a value.
            let value = if value.is_empty() { &name } else { &value };
            self.add_named(&name, value, false, DEEP);
        }
    }

    fn add_json(&mut self, name: &str, json: &Value, deep: usize) {
        match json {
            Value::String(text) => self.add_named(name, text, false, deep),
            Value::Number(number) => self.add_named(name, &number.to_string(), false, deep),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(name, item, deep)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.add_json(name, field, deep);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add_named(&mut self, name: &str, value: &str, is_secret: bool, deep: usize) {
        let is_account = ACCOUNT_FIELDS.contains(&name.to_ascii_lowercase().as_str());
        // `max_tokens=2026` and `session=open` are no secrets.
        let is_secret = is_secret || (is_secret_name(name) && !is_number(value));
        if !is_account || is_key(value) {
            self.add_value(value, is_secret, deep);
        }
    }
}

/// The segments of the path of a secret address: whoever knows them can call it.
pub fn secret_segments(url: &Url) -> impl Iterator<Item = Secret> {
    let segments = url.path().split('/').map(percent_decoded);
    let own = segments.filter(|segment| !SHARED_SEGMENTS.contains(&&**segment));
    own.map(|segment| Secret::from(segment.as_str()))
}

/// Those of the environment, which are used where the config has none.
fn proxies_of_environment() -> &'static [String] {
    static PROXIES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let all = names
            .iter()
            .flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
        all.filter_map(|name| std::env::var(name).ok()).collect()
    });
    &PROXIES
}

fn is_number(value: &str) -> bool {
    value.len() < LEAST && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// What base64 holds, if it is a text.
fn base64_text(piece: &str) -> Option<String> {
    let piece = piece.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD
        .decode(piece)
        .or_else(|_| URL_SAFE_NO_PAD.decode(piece))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    (piece.len() >= LEAST && !text.contains(char::is_control)).then_some(text)
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
    fn values_within_values_are_known() {
        let shown = |request: &Request, text: &str| {
            let mask = Mask::of(request, &ClientConfig::default());
            mask.hide(text, Which::All).replace(REDACTED, "")
        };
        let url = |query: &str| Url::parse(&format!("https://a.example/?{query}")).unwrap();
        let get = |query: &str| Request::get(url(query));
        let header = |name: &'static str, value: &'static str| {
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
            get("").header(name, value)
        };
        for (request, secret) in [
            (get(r#"params={"ak":"open-sesame"}"#), "open-sesame"),
            (get("data=ak%3Dopen-sesame%26v%3D1"), "open-sesame"),
            (get("next=http%3A%2F%2Fh%2F%3Fak%3Dopen-sesame"), "open-sesame"),
            (get("list=a,9f8a7b6c1d,b"), "9f8a7b6c1d"),
            (get("auth=Bearer+9f8a7b6c1d"), "9f8a7b6c1d"),
            (header("authorization", "ACS me:open-sesame"), "open-sesame"),
            (header("x-auth", "id1:open-sesame"), "open-sesame"),
            (header("x-auth", "id=1&sign=open-sesame"), "open-sesame"),
            (header("x-data", "eyJhayI6Im9wZW4tc2VzYW1lIn0="), "open-sesame"),
            (header("x-api-key", "z8q1k"), "z8q1k"),
            (
                get("").json(&serde_json::json!({"inner": "{\"ak\":\"open-sesame\"}"})),
                "open-sesame",
            ),
            (
                get("").body("Application/X-WWW-Form-Urlencoded", "a=1&ak=open-sesame".into()),
                "open-sesame",
            ),
            (
                get("").body("text/plain", r#"{ login(key: "9f8a7b6c1d") { id } }"#.into()),
                "9f8a7b6c1d",
            ),
        ] {
            assert_eq!(shown(&request, &format!("bad {secret}")), "bad ", "{request:?}");
        }
    }

    #[test]
    fn the_name_of_a_secret_in_a_header_is_none() {
        let url = Url::parse("https://a.example/").unwrap();
        let proof = "ACS3-HMAC-SHA256 Credential=id1,SignedHeaders=host;x-date,Signature=9f8a7b6c1d";
        let name = HeaderName::from_static("authorization");
        let request = Request::get(url).header(name, HeaderValue::from_static(proof));
        let mask = Mask::of(&request, &ClientConfig::default());
        let shown = mask.hide(
            "SignatureDoesNotMatch: the Signature is not 9f8a7b6c1d",
            Which::All,
        );
        assert_eq!(shown, "SignatureDoesNotMatch: the Signature is not [redacted]");
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
    fn what_all_addresses_share_is_no_secret() {
        let url =
            Url::parse("https://robot.example/cgi-bin/webhook/send/shop-alerts?key=9f8a7b6c-1d2e").unwrap();
        let mask = Mask::of(&Request::post(url).secret_url(), &ClientConfig::default());
        let said = "invalid webhook url, send to shop-alerts with 9f8a7b6c-1d2e";
        assert_eq!(
            mask.hide(said, Which::All),
            "invalid webhook url, send to [redacted] with [redacted]"
        );
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
