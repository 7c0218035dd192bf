//! DingTalk's custom robot: open.dingtalk.com/document/orgapp/custom-robot-access.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Rates, Taken, hmac_base64};

/// A group's robot.
#[derive(Clone, Debug)]
pub struct Dingtalk {
    token: String,
    secret: Option<String>,
    keyword: Option<String>,
    rates: Rates,
    blocked_until: Option<DateTime<Utc>>,
}

impl Dingtalk {
    /// The robot with this token, that requires neither signature nor word.
    pub fn new(token: &str) -> Dingtalk {
        Dingtalk {
            token: token.to_owned(),
            secret: None,
            keyword: None,
            rates: Rates::new(&[(20, TimeDelta::minutes(1))]),
            blocked_until: None,
        }
    }

    /// It requires a signature.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Dingtalk {
        self.secret = Some(secret.to_owned());
        self
    }

    /// It requires a word.
    #[must_use]
    pub fn with_keyword(mut self, word: &str) -> Dingtalk {
        self.keyword = Some(word.to_owned());
        self
    }

    fn check_signature(&self, request: &Request, now: DateTime<Utc>) -> Result<(), Answer> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let time = request.query_value("timestamp").unwrap_or_default();
        let sent = time.parse().ok().and_then(DateTime::from_timestamp_millis);
        // An hour either way.
        if sent.is_none_or(|sent| (now - sent).abs() > TimeDelta::hours(1)) {
            return Err(refusal(
                310_000,
                "description:invalid timestamp;solution:使用最近一小时以内的时间戳",
            ));
        }
        let right = hmac_base64(secret.as_bytes(), format!("{time}\n{secret}").as_bytes());
        match request.query_value("sign") == Some(right) {
            true => Ok(()),
            false => Err(refusal(310_000, "description:sign not match;solution:签名不匹配")),
        }
    }
}

fn refusal(code: i64, words: &str) -> Answer {
    Answer::json(200, &json!({ "errcode": code, "errmsg": words }))
}

impl Provider for Dingtalk {
    fn path(&self) -> String {
        format!("/robot/send?access_token={}", self.token)
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        if request.query_value("access_token").as_deref() != Some(&self.token) {
            return Err(refusal(300_001, "token is not exist"));
        }
        self.check_signature(request, now)?;
        let body: Value = request.json().ok_or_else(|| refusal(40_035, "缺少参数 json"))?;
        let text = match body["msgtype"].as_str() {
            Some("markdown") if body["markdown"]["title"].is_string() => body["markdown"]["text"].as_str(),
            Some("text") => body["text"]["content"].as_str(),
            _ => None,
        };
        let text = text.ok_or_else(|| refusal(40_035, "缺少参数 title/text"))?;
        if self.keyword.as_ref().is_some_and(|word| !text.contains(word)) {
            return Err(refusal(
                310_000,
                "description:关键词不匹配;solution:keywords not in content",
            ));
        }
        if text.len() > 20_000 {
            return Err(refusal(460_101, "message content exceeds 20000 bytes"));
        }
        if self.blocked_until.is_some_and(|until| now < until) || !self.rates.count(now) {
            self.blocked_until.get_or_insert(now + TimeDelta::minutes(10));
            if self.blocked_until.is_some_and(|until| now >= until) {
                self.blocked_until = Some(now + TimeDelta::minutes(10));
            }
            return Err(refusal(130_101, "send too fast, exceed 20 times per minute"));
        }
        self.blocked_until = None;
        Ok(Taken {
            text: text.to_owned(),
            markup: text.to_owned(),
            body: body.clone(),
        })
    }

    fn thanks(&self) -> Answer {
        refusal(0, "ok")
    }
}
