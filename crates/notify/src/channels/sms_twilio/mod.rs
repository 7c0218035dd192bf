//! Twilio. Facts: twilio.com/docs/messaging/api/message-resource (request, answer), /docs/api/errors/21617 and its neighbours
//! (codes), /docs/glossary/what-sms-character-limit (segments).

mod segments;

use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{Request, Response, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::http::{ChatKind, Code, Codes, Meaning, Post};
use super::phone_number;
use crate::{Failure, Form, Limits};

/// Ten messages in the alphabet of phones are 1530 characters; Twilio takes 1600.
const MOST_SEGMENTS: usize = 10;
const MINUTE: Meaning = Meaning::Throttled(Duration::from_secs(60));
const CODES: Codes = Codes {
    code: "code",
    words: "message",
    // It says so by another member.
    taken: "",
    others: &[
        Code::new("20003", Meaning::SetUpWrong)
            .advise("account_sid and auth_token are not those of one account; copy both again"),
        Code::new("20404", Meaning::SetUpWrong).advise("see whether account_sid and url are right"),
        Code::new("20005", Meaning::SetUpWrong).advise("the account is not active"),
        Code::new("20429", Meaning::Busy).advise("the account sends more at once than Twilio takes"),
        Code::new("21211", Meaning::UnknownRecipient).advise("it is no phone number"),
        Code::new("21614", Meaning::UnknownRecipient).advise("it takes no text messages"),
        Code::new("21612", Meaning::UnknownRecipient).advise("the sender cannot reach it"),
        Code::new("21610", Meaning::UnknownRecipient)
            .advise("they answered STOP to this sender; START from their phone takes that back"),
        Code::new("21408", Meaning::SetUpWrong).advise("allow the country in the account's geo permissions"),
        Code::new("21608", Meaning::SetUpWrong).advise("a trial account writes to verified numbers alone"),
        Code::new("21212", Meaning::SetUpWrong).advise("from is no sender"),
        Code::new("21603", Meaning::SetUpWrong).advise("set from or messaging_service"),
        Code::new("21606", Meaning::SetUpWrong).advise("from is no number of the account that can send"),
        Code::new("21659", Meaning::SetUpWrong).advise("from is no number of the account"),
        Code::new("21660", Meaning::SetUpWrong).advise("from is a number of another account"),
        Code::new("21701", Meaning::SetUpWrong).advise("messaging_service is not one of the account"),
        Code::new("21703", Meaning::SetUpWrong).advise("the messaging service has no sender"),
        Code::new("21611", MINUTE).advise("more waits for this sender than Twilio keeps"),
        Code::new("21602", Meaning::Refused),
        Code::new("21605", Meaning::Refused).advise("the message is too long"),
        Code::new("21617", Meaning::Refused).advise("the message is too long"),
        Code::new("30007", Meaning::Refused).advise("a filter took it for advertising"),
    ],
};

/// The keys of `kind = "sms_twilio"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TwilioSettings {
    /// The account, as the console shows it; begins with `AC`.
    account_sid: String,
    /// The account's token.
    auth_token: SecretSource,
    /// The numbers that get messages, with their country: `"+8613800138000"`. Each gets its own.
    to: Vec<String>,
    /// The number or name that messages come from.
    from: Option<String>,
    /// The messaging service that messages come from, by `from` if that is set and is one of its senders; begins with `MG`.
    messaging_service: Option<String>,
    /// How many text messages one message may be: 1 to 10. What is longer is cut. One is 160 characters, or 70 where a character
    /// such as a Chinese one is in it; each is paid for. Default 3.
    #[serde(default = "segments_of_a_message")]
    segments: usize,
    /// The service's address. Default `"https://api.twilio.com"`.
    #[serde(default = "address")]
    url: SecretSource,
}

fn segments_of_a_message() -> usize {
    3
}

fn address() -> SecretSource {
    SecretSource::Plain("https://api.twilio.com".into())
}

impl ChatKind for TwilioSettings {
    const NAME: &'static str = "sms_twilio";
    const DOC: &'static str = include_str!("doc.md");
    const LIMITS: Limits = Limits {
        per_minute: Some(60),
        per_second: None,
        concurrency: 2,
    };

    fn form(&self) -> Form {
        Form {
            template: Form::SHORT,
            ..Form::text("sms_twilio.txt").at_most(self.segments, segments::segments)
        }
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey::new("auth_token", &self.auth_token)]
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = phone_number::check(&self.to, true);
        let is_sid = self.account_sid.len() == 34 && self.account_sid.starts_with("AC");
        if !is_sid || !self.account_sid.chars().all(|one| one.is_ascii_alphanumeric()) {
            let how = "an account has AC and 32 digits and letters; the console shows it as Account SID";
            findings.push(Finding::new("account_sid", how));
        }
        if self.from.is_none() && self.messaging_service.is_none() {
            findings.push(Finding::new(
                "from",
                "nobody sends: set from, or messaging_service",
            ));
        }
        if !(1..=MOST_SEGMENTS).contains(&self.segments) {
            findings.push(Finding::new(
                "segments",
                format!("must be from 1 to {MOST_SEGMENTS}"),
            ));
        }
        findings
    }

    fn recipients(&self) -> Vec<String> {
        self.to.clone()
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let mut url = post.url.clone();
        url.set_path(&format!(
            "/2010-04-01/Accounts/{}/Messages.json",
            self.account_sid
        ));
        let body = segments::tidy(&post.text.body);
        let mut fields = vec![("To", post.recipient), ("Body", body.as_str())];
        let senders = [
            ("From", &self.from),
            ("MessagingServiceSid", &self.messaging_service),
        ];
        fields.extend(
            senders
                .into_iter()
                .filter_map(|(name, sender)| Some((name, sender.as_deref()?))),
        );
        let request = Request::post(url).form(&fields);
        match post.secret("auth_token") {
            Some(token) => request.basic(&self.account_sid, token),
            None => request,
        }
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        let body: Value = response
            .json()
            .map_err(|error| Failure::transient(format!("{error}; a proxy may have answered instead")))?;
        if let Some(code) = body["error_code"].as_i64() {
            let words = body["error_message"].as_str().unwrap_or_default();
            return Err(CODES.failure(response, &code.to_string(), words));
        }
        match body["sid"].as_str() {
            Some(sid) if !sid.is_empty() => Ok(()),
            _ => Err(Failure::transient(
                "the answer has no sid, so it does not say that the message was taken",
            )),
        }
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        CODES.refusal(response)
    }
}
