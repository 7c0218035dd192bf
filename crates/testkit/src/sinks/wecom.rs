//! WeCom's robot: developer.work.weixin.qq.com/document/path/91770.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Rates, Taken};

/// A group's robot.
#[derive(Clone, Debug)]
pub struct Wecom {
    key: String,
    rates: Rates,
}

impl Wecom {
    /// The robot with this key.
    pub fn new(key: &str) -> Wecom {
        Wecom {
            key: key.to_owned(),
            rates: Rates::new(&[(20, TimeDelta::minutes(1))]),
        }
    }

    /// It takes as much as comes.
    #[must_use]
    pub fn without_limit(mut self) -> Wecom {
        self.rates = Rates::new(&[]);
        self
    }
}

fn refusal(code: i64, words: &str) -> Answer {
    Answer::json(200, &json!({ "errcode": code, "errmsg": words }))
}

impl Provider for Wecom {
    fn path(&self) -> String {
        format!("/cgi-bin/webhook/send?key={}", self.key)
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        if request.path != "/cgi-bin/webhook/send" {
            return Err(Answer::error(404, "not found"));
        }
        if request.query_value("key").as_deref() != Some(&self.key) {
            return Err(refusal(
                93000,
                "invalid webhook url, hint: [1700000000000], from ip: 127.0.0.1",
            ));
        }
        let body: Value = request
            .json()
            .ok_or_else(|| refusal(40008, "invalid message type, hint: [1700000000000]"))?;
        let (text, limit) = match body["msgtype"].as_str() {
            Some("markdown") => (&body["markdown"]["content"], 4096),
            Some("text") => (&body["text"]["content"], 2048),
            _ => return Err(refusal(40008, "invalid message type, hint: [1700000000000]")),
        };
        let Some(text) = text.as_str().filter(|text| !text.is_empty()) else {
            return Err(refusal(44004, "empty content, hint: [1700000000000]"));
        };
        if text.len() > limit {
            let words = format!("content exceed max length. invalid Request Parameter, max {limit}");
            return Err(refusal(40058, &words));
        }
        if !self.rates.count(now) {
            return Err(refusal(45009, "api freq out of limit, hint: [1700000000000]"));
        }
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
