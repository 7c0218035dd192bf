//! A program that a webhook calls: it checks the signature as the documentation says.

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Taken, hmac_sha256};

/// A receiver.
#[derive(Clone, Debug)]
pub struct Webhook {
    secret: Option<String>,
    keys: Vec<String>,
}

impl Webhook {
    /// One that takes what anybody sends.
    pub fn open() -> Webhook {
        Webhook {
            secret: None,
            keys: Vec::new(),
        }
    }

    /// One that requires this secret's signature.
    pub fn new(secret: &str) -> Webhook {
        Webhook {
            secret: Some(secret.to_owned()),
            ..Webhook::open()
        }
    }

    fn check_signature(&self, request: &Request, now: DateTime<Utc>) -> Option<()> {
        let Some(secret) = &self.secret else {
            return Some(());
        };
        let (time, signature) = request.header("x-monitor-signature")?.split_once(',')?;
        let (time, signature) = (time.strip_prefix("t=")?, signature.strip_prefix("v1=")?);
        let sent = DateTime::from_timestamp(time.parse().ok()?, 0)?;
        let signed = [format!("{time}.").as_bytes(), &request.body].concat();
        let right = hmac_sha256(secret.as_bytes(), &signed);
        let right: String = right.iter().map(|byte| format!("{byte:02x}")).collect();
        ((now - sent).abs() < TimeDelta::minutes(5) && right == signature).then_some(())
    }
}

impl Provider for Webhook {
    fn path(&self) -> String {
        "/hook?from=monitor".to_owned()
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        if self.check_signature(request, now).is_none() {
            return Err(Answer::error(401, "no good signature"));
        }
        let Some(key) = request.header("idempotency-key") else {
            return Err(Answer::error(400, "no idempotency key"));
        };
        self.keys.push(key.to_owned());
        Ok(Taken {
            text: String::from_utf8_lossy(&request.body).into_owned(),
            markup: String::new(),
            body: request.json().unwrap_or(Value::Null),
        })
    }

    fn thanks(&self) -> Answer {
        Answer::json(200, &json!({ "ok": true, "taken": self.keys.len() }))
    }
}
