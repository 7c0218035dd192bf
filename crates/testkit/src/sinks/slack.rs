//! Slack's incoming webhooks: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::Value;

use super::{Provider, Rates, Taken};

/// A webhook of a channel.
#[derive(Clone, Debug)]
pub struct Slack {
    token: String,
    is_archived: bool,
    rates: Rates,
}

impl Slack {
    /// The webhook with this token.
    pub fn new(token: &str) -> Slack {
        Slack {
            token: token.to_owned(),
            is_archived: false,
            rates: Rates::new(&[(1, TimeDelta::seconds(1))]),
        }
    }

    /// Its channel was archived.
    #[must_use]
    pub fn archived(mut self) -> Slack {
        self.is_archived = true;
        self
    }
}

fn word(status: u16, word: &str) -> Answer {
    Answer::body(status, "text/html", word.to_owned())
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What is between angle brackets.
fn links(text: &str) -> String {
    let inner = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    inner.map(|(link, _)| format!("<{link}>")).collect()
}

/// The text of a text object of at most so much; what is markup goes there too.
fn text(object: &Value, most: usize, markup: &mut String) -> Option<String> {
    let text = object["text"]
        .as_str()
        .filter(|text| !text.is_empty() && units(text) <= most)?;
    match object["type"].as_str()? {
        "plain_text" => {}
        "mrkdwn" => markup.push_str(text),
        _ => return None,
    }
    Some(text.to_owned())
}

/// What people see of the blocks, and what of it is markup; `None` where one is malformed.
fn read(blocks: &[Value]) -> Option<(String, String)> {
    let (mut parts, mut markup) = (Vec::new(), String::new());
    for block in blocks {
        match block["type"].as_str()? {
            "header" if block["text"]["type"] == "plain_text" => {
                parts.push(text(&block["text"], 150, &mut markup)?);
            }
            "section" => parts.push(text(&block["text"], 3_000, &mut markup)?),
            "context" => {
                for element in block["elements"].as_array()? {
                    parts.push(text(element, 3_000, &mut markup)?);
                }
            }
            _ => return None,
        }
    }
    Some((parts.join("\n"), markup))
}

impl Provider for Slack {
    fn path(&self) -> String {
        format!("/services/T0001/B0001/{}", self.token)
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        let Some(token) = request.path.strip_prefix("/services/T0001/B0001/") else {
            return Err(word(404, "no_service"));
        };
        if token != self.token {
            return Err(word(403, "invalid_token"));
        }
        if self.is_archived {
            return Err(word(410, "channel_is_archived"));
        }
        let body: Value = request.json().ok_or_else(|| word(400, "invalid_payload"))?;
        let fallback = body["text"].as_str().unwrap_or_default();
        let blocks = body["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
        if fallback.is_empty() && blocks.is_empty() {
            return Err(word(400, "no_text"));
        }
        let (text, markup) = match blocks.is_empty() {
            true => (fallback.to_owned(), fallback.to_owned()),
            false => read(blocks)
                .filter(|_| blocks.len() <= 50)
                .ok_or_else(|| word(400, "invalid_blocks"))?,
        };
        if !self.rates.count(now) {
            return Err(word(429, "rate_limited").header("Retry-After", "1"));
        }
        // Without bold words in it, links and mentions still are.
        let fallback = match body["mrkdwn"] == Value::Bool(false) {
            true => links(fallback),
            false => fallback.to_owned(),
        };
        let markup = [markup, fallback].join("\n");
        Ok(Taken { text, markup, body })
    }

    fn thanks(&self) -> Answer {
        word(200, "ok")
    }
}
