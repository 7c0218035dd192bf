//! What a recording keeps secret, and what may be taken over from it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::exchange::{Exchange, Field};
use crate::har::Recording;
use crate::json::walk;
use crate::limits::{MAX_LITERAL, MAX_SECRETS};
use crate::names;

/// A shorter cookie or token protects nothing, and is a word such as `zh-CN`.
const MIN_TOKEN: usize = 8;

/// The values that nothing of a proposal may contain.
#[derive(Default)]
pub(crate) struct Secrets {
    /// As they are, and as they are written in an address.
    texts: BTreeSet<String>,
    /// Finds any of them.
    finder: OnceLock<Option<AhoCorasick>>,
    /// Too short, or too common, to be searched in other texts.
    short: BTreeSet<String>,
}

impl Secrets {
    /// All cookies, credentials, passwords, and what may be a key, of a recording.
    pub(crate) fn of(recording: &Recording) -> Secrets {
        let mut secrets = Secrets::default();
        for exchange in &recording.exchanges {
            secrets.add_exchange(exchange);
        }
        secrets
    }

    fn add_exchange(&mut self, exchange: &Exchange) {
        for (_, value) in exchange.cookies.iter().chain(&exchange.set_cookies) {
            if !is_word(value) {
                self.add_token(value);
            }
        }
        let headers = exchange.headers.iter().chain(&exchange.answer_headers);
        for (name, value) in headers {
            if names::is_credential_header(name) {
                self.add_credential(value);
            } else if looks_random(value) {
                self.add_token(value);
            }
        }
        let fields = exchange.body.fields.iter();
        for (name, value) in exchange.url.query_pairs() {
            self.add_named(&name, &value);
        }
        for field in fields {
            self.add_named(field.name(), &field.text());
        }
        if let Some(to) = exchange.redirect() {
            to.query_pairs()
                .for_each(|(name, value)| self.add_named(&name, &value));
        }
        if let Some(password) = exchange.url.password() {
            self.add_password(password);
        }
        if let Some(json) = &exchange.json {
            walk(json, |way, value| {
                let field = Field {
                    path: way.to_vec(),
                    value: Value::Null,
                };
                if let Value::String(text) = value
                    && names::is_secret(field.name())
                    && !is_word(text)
                {
                    self.add_token(text);
                }
            });
        }
    }

    fn add_named(&mut self, name: &str, value: &str) {
        if names::is_password(name) {
            self.add_password(value);
        } else if looks_random(value) || (names::is_secret(name) && !is_word(value)) {
            self.add_token(value);
        }
    }

    /// `Bearer …`, `Basic …`: what follows the scheme, and of `Basic` the password by itself.
    fn add_credential(&mut self, value: &str) {
        let rest = value.split_once(' ').map_or(value, |(_, rest)| rest).trim();
        self.add_token(rest);
        let account = STANDARD
            .decode(rest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((_, password)) = account.as_deref().and_then(|account| account.split_once(':')) {
            self.add_password(password);
        }
    }

    /// A password, however short. One that is a word (`admin`) stands in many paths, which do not give it away.
    pub(crate) fn add_password(&mut self, text: &str) {
        if text.chars().count() < 4 || (text.len() <= 10 && is_word(text)) {
            self.short.insert(text.to_owned());
        } else {
            self.add(text);
        }
    }

    /// A session id or token.
    pub(crate) fn add_token(&mut self, text: &str) {
        if text.len() >= MIN_TOKEN {
            self.add(text);
        }
    }

    fn add(&mut self, text: &str) {
        if self.texts.len() >= MAX_SECRETS {
            return;
        }
        self.finder = OnceLock::new();
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let decoded = decoded(text);
        for form in [text.to_owned(), encoded, decoded] {
            if form.len() >= 4 {
                self.texts.insert(form);
            }
        }
    }

    /// Whether a text contains something that is kept secret.
    pub(crate) fn hides(&self, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        let plain = decoded(text);
        let build = || {
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .build(&self.texts)
                .ok()
        };
        let is_in = match self.finder.get_or_init(build) {
            Some(finder) => finder.is_match(text) || finder.is_match(&plain),
            // Too many to be searched at once: nothing is known to be harmless.
            None => true,
        };
        is_in || self.short.contains(text)
    }

    /// Whether a name or a path may be taken over.
    pub(crate) fn may_show(&self, text: &str) -> bool {
        is_literal(text) && !self.hides(text)
    }

    /// Whether the name of a field may be: a password may well be "password".
    pub(crate) fn may_show_name(&self, name: &str) -> bool {
        let is_usual = names::is_password(name) || names::account(name) > 0;
        self.may_show(name) || (is_usual && is_literal(name) && is_word(name))
    }

    /// Whether a value may be taken over: it may not be a key either.
    pub(crate) fn may_show_value(&self, text: &str) -> bool {
        self.may_show(text) && !looks_random(text)
    }

    /// Whether a JSONPath or a pattern may be: none of its names may be a key.
    pub(crate) fn may_show_place(&self, text: &str) -> bool {
        self.may_show(text)
            && !text
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(is_random_run)
    }

    /// Whether a path may be taken over. A UUID in it is the name of something.
    pub(crate) fn may_show_path(&self, path: &str) -> bool {
        let is_name = |part: &str| !looks_random(part) || is_uuid(part);
        self.may_show(path) && path.split('/').all(|part| is_name(&decoded(part)))
    }
}

/// Whether the config can hold a text as it is: no control characters, and nothing that a template would fill in.
fn is_literal(text: &str) -> bool {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.chars().count() <= MAX_LITERAL
        && !text.chars().any(is_control)
        && !["{{", "{%", "{#"].iter().any(|begin| text.contains(begin))
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode(&text)
}

/// Undoes `%20`, as an address has it.
pub(crate) fn percent_decode(text: &str) -> String {
    let one = format!("x={}", text.replace('&', "%26").replace('+', "%2B"));
    let pair = url::form_urlencoded::parse(one.as_bytes()).next();
    pair.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A value such as `dashboard` or `zh-CN`, which no session id is.
fn is_word(text: &str) -> bool {
    text.len() <= 20
        && text
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_')
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().chars().all(|c| c.is_ascii_hexdigit())
}

/// Whether a text was made by a machine to be hard to guess: a session id, a token, a hash, a UUID.
pub(crate) fn looks_random(text: &str) -> bool {
    if text.len() < MIN_TOKEN || text.contains(char::is_whitespace) {
        return text.split_whitespace().count() > 1 && text.split_whitespace().any(looks_random);
    }
    if is_uuid(text) {
        return true;
    }
    let count = |is: fn(&char) -> bool| text.chars().filter(is).count();
    let digits = count(char::is_ascii_digit);
    let (lower, upper) = (count(char::is_ascii_lowercase), count(char::is_ascii_uppercase));
    if text.len() >= 20 && digits >= 2 && lower >= 2 && upper >= 2 {
        return true;
    }
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_random_run)
}

fn is_random_run(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let letters = run.len() - digits;
    let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_uppercase());
    let changes = run
        .chars()
        .zip(run.chars().skip(1))
        .filter(|(a, b)| kind(*a) != kind(*b))
        .count();
    match run.len() {
        0..MIN_TOKEN => false,
        MIN_TOKEN..16 => digits >= 2 && letters >= 2 && changes >= 4,
        16..20 => (digits >= 3 && letters >= 3) || changes >= 6,
        _ => (digits >= 2 && letters >= 2) || letters == 0 || changes >= 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_made_is_distinguished_from_words() {
        for random in [
            "6f1c2a3b-0c4d-4e5f-8a9b-0123456789ab",
            "d41d8cd98f00b204e9800998ecf8427e",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "a8Xk2p9Q",
            "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo",
            "Bearer 4f9a8b7c6d5e4f3a2b1c",
            "12345678901234567890",
        ] {
            assert!(looks_random(random), "{random}");
        }
        for plain in [
            "unpaid",
            "2026-11-27",
            "2026-11-27T08:00:00Z",
            "2026-11-27 08:00:00",
            "000000",
            "application/json, text/plain, */*",
            "/api/v1/orders/statistics",
            "createdAt,desc",
            "zh-CN",
            "待处理订单",
            "1730123456789",
            "order_status_2",
        ] {
            assert!(!looks_random(plain), "{plain}");
        }
    }

    #[test]
    fn a_secret_is_found_in_each_form() {
        let mut secrets = Secrets::default();
        secrets.add_password("p@ss w&rd");
        secrets.add_password("abc");
        secrets.add_token("tok-123456");
        secrets.add_token("short");
        for text in [
            "xp@ss w&rdx",
            "q=p%40ss+w%26rd",
            "q=p%40ss%20w%26rd",
            "abc",
            "/a/tok-123456/b",
        ] {
            assert!(secrets.hides(text), "{text}");
        }
        for text in ["", "abcd", "tok", "short", "/api/orders"] {
            assert!(!secrets.hides(text), "{text}");
        }
    }

    #[test]
    fn what_a_template_would_fill_in_and_what_cannot_be_shown_is_not_taken_over() {
        let secrets = Secrets::default();
        for text in [
            "{{ password }}",
            "a{% raw %}",
            "{# x #}",
            "a\u{0}b",
            "\u{1b}[2J",
            &"x".repeat(401),
        ] {
            assert!(!secrets.may_show(text), "{text:?}");
        }
        assert!(secrets.may_show("query { orders { total } }\n"));
        assert!(secrets.may_show_path("/projects/6f1c2a3b-0c4d-4e5f-8a9b-0123456789ab/total"));
        assert!(!secrets.may_show_path("/s/d41d8cd98f00b204e9800998ecf8427e/total"));
    }
}
