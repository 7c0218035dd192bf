//! Telegram's Bot API: core.telegram.org/bots/api.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Rates, Taken};

/// A bot and the chats that it is in.
#[derive(Clone, Debug)]
pub struct Telegram {
    token: String,
    chats: HashMap<String, Rates>,
    blocked: Vec<String>,
    upgraded: HashMap<String, i64>,
}

impl Telegram {
    /// The bot with this token, in no chat.
    pub fn new(token: &str) -> Telegram {
        Telegram {
            token: token.to_owned(),
            chats: HashMap::new(),
            blocked: Vec::new(),
            upgraded: HashMap::new(),
        }
    }

    /// It may write into this chat.
    #[must_use]
    pub fn in_chat(mut self, chat: &str) -> Telegram {
        let rates = Rates::new(&[(20, TimeDelta::minutes(1))]);
        self.chats.insert(chat.to_owned(), rates);
        self
    }

    /// This chat's people do not want it.
    #[must_use]
    pub fn blocked_by(mut self, chat: &str) -> Telegram {
        self.blocked.push(chat.to_owned());
        self
    }

    /// This group has another id by now.
    #[must_use]
    pub fn upgraded(mut self, chat: &str, to: i64) -> Telegram {
        self.upgraded.insert(chat.to_owned(), to);
        self
    }
}

fn refusal(status: u16, description: &str, parameters: Value) -> Answer {
    let mut body = json!({ "ok": false, "error_code": status, "description": description });
    if !parameters.is_null() {
        body["parameters"] = parameters;
    }
    Answer::json(status, &body)
}

/// HTML as Telegram reads it.
#[derive(Debug, Default)]
struct Parsed {
    /// What is counted.
    text: String,
    /// What links lead to.
    links: String,
    /// The tags.
    tags: String,
}

/// Reads HTML; `None` where it is not what is known.
fn parsed(html: &str) -> Option<Parsed> {
    const TAGS: [&str; 8] = ["b", "i", "u", "s", "a", "code", "pre", "blockquote"];
    let (mut parsed, mut open) = (Parsed::default(), Vec::new());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        parsed.text.push_str(&rest[..at]);
        let is_tag = rest[at..].starts_with('<');
        let end = at + rest[at..].find(if is_tag { '>' } else { ';' })?;
        let inner = &rest[at + 1..end];
        if is_tag {
            parsed.tags.push_str(&rest[at..=end]);
            match inner.strip_prefix('/') {
                Some(name) => (open.pop()? == name).then_some(())?,
                None => open.push(*TAGS.iter().find(|name| inner.split(' ').next() == Some(**name))?),
            }
            if let Some(link) = inner.strip_prefix("a href=\"") {
                parsed.links.push_str(&link.replace("&amp;", "&"));
            }
        } else {
            let entities = [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"')];
            let (_, one) = entities.iter().find(|(name, _)| *name == inner)?;
            parsed.text.push(*one);
        }
        rest = &rest[end + 1..];
    }
    parsed.text.push_str(rest);
    open.is_empty().then_some(parsed)
}

impl Provider for Telegram {
    fn path(&self) -> String {
        String::new()
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        let none = Value::Null;
        let token = request
            .path
            .strip_prefix("/bot")
            .and_then(|rest| rest.strip_suffix("/sendMessage"));
        match token {
            Some(token) if token == self.token => {}
            Some(token) if token.contains(':') => return Err(refusal(401, "Unauthorized", none)),
            _ => return Err(refusal(404, "Not Found", none)),
        }
        let body: Value = request
            .json()
            .ok_or_else(|| refusal(400, "Bad Request: message text is empty", Value::Null))?;
        let chat = match &body["chat_id"] {
            Value::String(chat) => chat.clone(),
            other => other.to_string(),
        };
        if let Some(to) = self.upgraded.get(&chat) {
            let words = "Bad Request: group chat was upgraded to a supergroup chat";
            return Err(refusal(400, words, json!({ "migrate_to_chat_id": to })));
        }
        if self.blocked.contains(&chat) {
            return Err(refusal(403, "Forbidden: bot was blocked by the user", none));
        }
        let Some(rates) = self.chats.get_mut(&chat) else {
            return Err(refusal(400, "Bad Request: chat not found", none));
        };
        let html = body["text"].as_str().unwrap_or_default();
        let text = match body["parse_mode"].as_str() {
            Some("HTML") => parsed(html),
            _ => Some(Parsed {
                text: html.to_owned(),
                ..Parsed::default()
            }),
        };
        let Some(Parsed { text, links, tags }) = text else {
            return Err(refusal(
                400,
                "Bad Request: can't parse entities: unsupported start tag",
                none,
            ));
        };
        if text.trim().is_empty() {
            return Err(refusal(400, "Bad Request: message text is empty", none));
        }
        if text.encode_utf16().count() > 4096 {
            return Err(refusal(400, "Bad Request: message is too long", none));
        }
        if !rates.count(now) {
            let words = "Too Many Requests: retry after 60";
            return Err(refusal(429, words, json!({ "retry_after": 60 })));
        }
        Ok(Taken {
            text: format!("{text}\n{links}"),
            markup: tags,
            body: body.clone(),
        })
    }

    fn thanks(&self) -> Answer {
        Answer::json(
            200,
            &json!({ "ok": true, "result": { "message_id": 1, "date": 1 } }),
        )
    }
}
