//! Twilio's Messages resource: twilio.com/docs/messaging/api/message-resource.

use base64::Engine;
use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};

use super::{Provider, Rates, Taken};

/// An account with one number.
#[derive(Clone, Debug)]
pub struct Twilio {
    account: String,
    token: String,
    from: String,
    stopped: Vec<String>,
    rates: Rates,
}

impl Twilio {
    /// The account with this token, whose number is `from`.
    pub fn new(account: &str, token: &str, from: &str) -> Twilio {
        Twilio {
            account: account.to_owned(),
            token: token.to_owned(),
            from: from.to_owned(),
            stopped: Vec::new(),
            rates: Rates::new(&[(100, TimeDelta::seconds(1))]),
        }
    }

    /// Whose number this is answered STOP.
    #[must_use]
    pub fn with_stopped(mut self, number: &str) -> Twilio {
        self.stopped.push(number.to_owned());
        self
    }

    fn check_sign_in(&self, request: &Request) -> Result<(), Answer> {
        let pair = format!("{}:{}", self.account, self.token);
        let right = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        match request.header("authorization") == Some(&right) {
            true => Ok(()),
            false => Err(refusal(401, 20003, "Authenticate")),
        }
    }
}

fn refusal(status: u16, code: i64, words: &str) -> Answer {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    Answer::json(
        status,
        &json!({ "code": code, "message": words, "more_info": more, "status": status }),
    )
}

impl Provider for Twilio {
    fn path(&self) -> String {
        String::new()
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        self.check_sign_in(request)?;
        if request.path != format!("/2010-04-01/Accounts/{}/Messages.json", self.account) {
            return Err(refusal(404, 20404, "The requested resource was not found"));
        }
        let field = |name| request.form_value(name).filter(|value| !value.is_empty());
        let to = field("To").ok_or_else(|| refusal(400, 21604, "A 'To' phone number is required."))?;
        if !to.starts_with('+') || to.len() < 9 {
            return Err(refusal(
                400,
                21211,
                "The 'To' number is not a valid phone number.",
            ));
        }
        match (field("From"), field("MessagingServiceSid")) {
            (Some(from), _) if from == self.from => {}
            (None, Some(service)) if service.starts_with("MG") => {}
            (None, Some(_)) => return Err(refusal(400, 21701, "The messaging service does not exist")),
            (Some(_), _) => return Err(refusal(400, 21606, "The 'From' phone number is not a valid one")),
            (None, None) => return Err(refusal(400, 21603, "A 'From' phone number is required.")),
        }
        let text = field("Body").ok_or_else(|| refusal(400, 21602, "Message body is required."))?;
        if text.chars().count() > 1600 {
            return Err(refusal(
                400,
                21617,
                "The concatenated message body exceeds 1600 characters",
            ));
        }
        if self.stopped.contains(&to) {
            return Err(refusal(400, 21610, "Attempt to send to unsubscribed recipient"));
        }
        if !self.rates.count(now) {
            return Err(refusal(429, 20429, "Too Many Requests").header("Retry-After", "3"));
        }
        Ok(Taken {
            markup: String::new(),
            text,
            body: json!({ "to": to }),
        })
    }

    fn thanks(&self) -> Answer {
        let body = json!({ "sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "error_code": Value::Null });
        Answer::json(201, &body)
    }
}
