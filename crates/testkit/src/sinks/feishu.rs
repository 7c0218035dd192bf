//! Feishu's custom robot: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Rates, Taken, hmac_base64};

/// The longest body, in bytes.
const LONGEST: usize = 20_000;

/// A group's robot.
#[derive(Clone, Debug)]
pub struct Feishu {
    token: String,
    secret: Option<String>,
    keyword: Option<String>,
    rates: Rates,
}

impl Feishu {
    /// The robot with this token, that requires neither signature nor word.
    pub fn new(token: &str) -> Feishu {
        Feishu {
            token: token.to_owned(),
            secret: None,
            keyword: None,
            rates: Rates::new(&[(5, TimeDelta::seconds(1)), (100, TimeDelta::minutes(1))]),
        }
    }

    /// It requires a signature.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Feishu {
        self.secret = Some(secret.to_owned());
        self
    }

    /// It requires a word.
    #[must_use]
    pub fn with_keyword(mut self, word: &str) -> Feishu {
        self.keyword = Some(word.to_owned());
        self
    }

    fn is_signed(&self, body: &Value, now: DateTime<Utc>) -> bool {
        let Some(secret) = &self.secret else { return true };
        let time = body["timestamp"].as_str().unwrap_or_default();
        let sent = time
            .parse()
            .ok()
            .and_then(|time| DateTime::from_timestamp(time, 0));
        // An hour either way.
        let is_fresh = sent.is_some_and(|sent| (now - sent).abs() <= TimeDelta::hours(1));
        is_fresh && body["sign"] == hmac_base64(format!("{time}\n{secret}").as_bytes(), b"")
    }
}

fn refusal(status: u16, code: i64, words: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "msg": words, "data": {} }))
}

/// What people see of a card, and what of it is markup; `None` where it is malformed.
fn read(body: &Value) -> Option<(String, String)> {
    if body["msg_type"] != "interactive" {
        return Some((body["content"]["text"].as_str()?.to_owned(), String::new()));
    }
    let card = &body["card"];
    let mut parts = Vec::new();
    let mut markup = String::new();
    let mut text = |text: &Value| {
        let content = text["content"].as_str()?.to_owned();
        match text["tag"].as_str()? {
            "plain_text" => {}
            "lark_md" => markup.push_str(&content),
            _ => return None,
        }
        Some(content)
    };
    parts.push(text(&card["header"]["title"])?);
    let colours = [
        "blue",
        "wathet",
        "turquoise",
        "green",
        "yellow",
        "orange",
        "red",
        "carmine",
        "violet",
        "purple",
        "indigo",
        "grey",
        "default",
    ];
    colours
        .contains(&card["header"]["template"].as_str()?)
        .then_some(())?;
    for element in card["elements"].as_array()? {
        match element["tag"].as_str()? {
            "div" => parts.push(text(&element["text"])?),
            "action" => {
                for button in element["actions"].as_array()? {
                    parts.push(format!("{} {}", text(&button["text"])?, button["url"].as_str()?));
                }
            }
            _ => return None,
        }
    }
    Some((parts.join("\n"), markup))
}

impl Provider for Feishu {
    fn path(&self) -> String {
        format!("/open-apis/bot/v2/hook/{}", self.token)
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        if request.path != self.path() {
            return Err(refusal(
                200,
                19_001,
                "param invalid: incoming webhook access token invalid",
            ));
        }
        if request.body.len() > LONGEST {
            return Err(refusal(400, 9499, "Bad Request"));
        }
        let body: Value = request.json().ok_or_else(|| refusal(400, 9499, "Bad Request"))?;
        if !self.is_signed(&body, now) {
            return Err(refusal(
                200,
                19_021,
                "sign match fail or timestamp is not within one hour from current time",
            ));
        }
        let (text, markup) = read(&body).ok_or_else(|| refusal(400, 9499, "Bad Request"))?;
        if self.keyword.as_ref().is_some_and(|word| !text.contains(word)) {
            return Err(refusal(200, 19_024, "Key Words Not Found"));
        }
        if !self.rates.count(now) {
            return Err(refusal(400, 11_232, "create message service trigger rate limit"));
        }
        Ok(Taken { text, markup, body })
    }

    fn thanks(&self) -> Answer {
        Answer::json(
            200,
            &json!({ "code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success" }),
        )
    }
}
