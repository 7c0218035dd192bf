//! Alibaba Cloud's short messages (阿里云短信). Facts: help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
//! (request, answer), /zh/sms/developer-reference/api-error-codes (codes), /document_detail/463270.htm (what a variable may hold).

mod signature;

use std::collections::BTreeMap;
use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{Request, Response, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::signature::{Call, hex};
use super::http::{ChatKind, Code, Codes, Meaning, Post};
use super::phone_number;
use crate::templates::cut;
use crate::{Failure, Form, Limits, Preview};

/// The most characters of a variable of the widest sort.
const LONGEST: usize = 35;
/// How long a value is where there is none: an empty one is refused.
const NOTHING: &str = "-";

const HOUR: Duration = Duration::from_secs(3600);
const CODES: Codes = Codes {
    code: "Code",
    words: "Message",
    taken: "OK",
    others: &[
        // A day is over at midnight there; the pipeline waits an hour at most.
        Code::new("isv.BUSINESS_LIMIT_CONTROL", Meaning::Throttled(HOUR))
            .with("天级")
            .advise("the number got as many messages today as it may"),
        Code::new("isv.BUSINESS_LIMIT_CONTROL", Meaning::Throttled(HOUR))
            .with("小时级")
            .advise("the number got as many messages this hour as it may"),
        Code::new(
            "isv.BUSINESS_LIMIT_CONTROL",
            Meaning::Throttled(Duration::from_secs(60)),
        )
        .advise("a number gets one message a minute; the console's limits (发送频率) can be raised"),
        Code::new("isv.DAY_LIMIT_CONTROL", Meaning::Throttled(HOUR))
            .advise("the account's limit of a day, set in the console, is reached"),
        Code::new("isv.MONTH_LIMIT_CONTROL", Meaning::Throttled(HOUR))
            .advise("the account's limit of a month, set in the console, is reached"),
        Code::new("Throttling", Meaning::Throttled(Duration::from_secs(1))),
        Code::new("Throttling.User", Meaning::Throttled(Duration::from_secs(1))),
        Code::new("isv.MOBILE_NUMBER_ILLEGAL", Meaning::UnknownRecipient),
        Code::new("isv.AMOUNT_NOT_ENOUGH", Meaning::SetUpWrong)
            .advise("the account has no money left: top it up"),
        Code::new("isv.OUT_OF_SERVICE", Meaning::SetUpWrong)
            .advise("the account has no money left: top it up"),
        Code::new("SignatureDoesNotMatch", Meaning::SetUpWrong)
            .advise("access_key_secret is not that of access_key_id"),
        Code::new("InvalidAccessKeyId.NotFound", Meaning::SetUpWrong)
            .advise("there is no such access_key_id"),
        Code::new("InvalidAccessKeyId.Inactive", Meaning::SetUpWrong)
            .advise("the access key was switched off"),
        Code::new("InvalidTimeStamp.Expired", Meaning::SetUpWrong)
            .advise("the time of the signature is too far off: set this machine's clock by NTP"),
        Code::new("SignatureNonceUsed", Meaning::Busy),
        Code::new("isp.RAM_PERMISSION_DENY", Meaning::SetUpWrong)
            .advise("grant the key's user dysms:SendSms"),
        Code::new("isv.DENY_IP_RANGE", Meaning::SetUpWrong)
            .advise("the service takes nothing from where this machine is"),
        Code::new("isv.PRODUCT_UN_SUBSCRIPT", Meaning::SetUpWrong)
            .advise("the account has not opened the service"),
        Code::new("isv.PRODUCT_UNSUBSCRIBE", Meaning::SetUpWrong)
            .advise("the account has not opened the service"),
        Code::new("isv.ACCOUNT_NOT_EXISTS", Meaning::SetUpWrong),
        Code::new("isv.ACCOUNT_ABNORMAL", Meaning::SetUpWrong),
        Code::new("isv.SMS_SIGNATURE_ILLEGAL", Meaning::SetUpWrong)
            .advise("sign_name is not one of the account"),
        Code::new("isv.SMS_SIGN_ILLEGAL", Meaning::SetUpWrong).advise("sign_name may not be used"),
        Code::new("isv.SIGN_STATE_ILLEGAL", Meaning::SetUpWrong).advise("sign_name may not be used"),
        Code::new("isv.SMS_TEMPLATE_ILLEGAL", Meaning::SetUpWrong)
            .advise("template_code is not one of the account"),
        Code::new("isv.SMS_SIGNATURE_SCENE_ILLEGAL", Meaning::SetUpWrong)
            .advise("sign_name is for another sort of template"),
        Code::new("isv.TEMPLATE_MISSING_PARAMETERS", Meaning::SetUpWrong)
            .advise("the template has a variable that params has not"),
        Code::new("isv.TEMPLATE_PARAMS_ILLEGAL", Meaning::SetUpWrong)
            .advise("a variable of the template takes no such value: give it the sort 其他 (others)"),
        Code::new("isv.PARAM_LENGTH_LIMIT", Meaning::Refused).advise("a value is too long: lower longest"),
        Code::new("isv.PARAM_NOT_SUPPORT_URL", Meaning::Refused),
        Code::new("isv.INVALID_JSON_PARAM", Meaning::Refused),
        Code::new("isv.SMS_CONTENT_ILLEGAL", Meaning::Refused),
        Code::new("isv.BLACK_KEY_CONTROL_LIMIT", Meaning::Refused),
        Code::new("isp.SYSTEM_ERROR", Meaning::Busy),
        Code::new("isp.GATEWAY_ERROR", Meaning::Busy),
    ],
};

/// What a variable of the template holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Field {
    /// The metric's title.
    Title,
    /// The metric's key.
    Key,
    /// The value.
    Value,
    /// What is counted.
    Unit,
    /// The value before.
    Previous,
    /// By how much it changed.
    Change,
    /// The severity, in the channel's language.
    Severity,
    /// What happened, in the channel's language.
    Event,
    /// The message; of several the first, and how many there are.
    Text,
    /// The reason.
    Reason,
    /// When it happened.
    At,
    /// The alert's number.
    AlertId,
}

/// The keys of `kind = "sms_aliyun"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AliyunSettings {
    /// The access key's id, best of a RAM user who may send messages and nothing else.
    access_key_id: String,
    /// Its secret.
    access_key_secret: SecretSource,
    /// The approved signature (签名) that messages begin with.
    sign_name: String,
    /// The approved template, such as `"SMS_154950909"`.
    template_code: String,
    /// The template's variables, each with what it holds: `title`, `key`, `value`, `unit`, `previous`, `change`, `severity`, `event`,
    /// `text`, `reason`, `at` or `alert_id`. Default: none.
    #[serde(default)]
    params: BTreeMap<String, Field>,
    /// The most characters of a variable. Default 35, what the service takes of a variable of the sort 其他 (others).
    #[serde(default = "longest")]
    longest: usize,
    /// The numbers that get messages. Each gets its own.
    to: Vec<String>,
    /// The service's address. Default `"https://dysmsapi.aliyuncs.com"`.
    #[serde(default = "address")]
    url: SecretSource,
}

fn longest() -> usize {
    LONGEST
}

fn address() -> SecretSource {
    SecretSource::Plain("https://dysmsapi.aliyuncs.com".into())
}

impl ChatKind for AliyunSettings {
    const NAME: &'static str = "sms_aliyun";
    const DOC: &'static str = include_str!("doc.md");
    // The service counts by number, and says so; the pipeline then leaves that number alone and no other.
    const LIMITS: Limits = Limits {
        per_minute: None,
        per_second: Some(20),
        concurrency: 4,
    };

    fn form(&self) -> Form {
        // What people see is the service's own template.
        Form::text("sms_aliyun.txt")
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey::new("access_key_secret", &self.access_key_secret)]
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = phone_number::check(&self.to, false);
        for (key, value) in [
            ("access_key_id", &self.access_key_id),
            ("sign_name", &self.sign_name),
            ("template_code", &self.template_code),
        ] {
            if value.trim().is_empty() {
                findings.push(Finding::new(key, "is empty; the console shows it"));
            }
        }
        if self.longest == 0 {
            findings.push(Finding::new("longest", "0 would leave nothing of a variable"));
        }
        findings
    }

    fn recipients(&self) -> Vec<String> {
        self.to.clone()
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let now = post.now;
        let once = format!(
            "{}\n{}\n{}",
            post.notification.id,
            post.recipient,
            now.timestamp_micros()
        );
        let params: Map<String, Value> = self
            .filled(post)
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        let mut query = vec![
            ("PhoneNumbers", post.recipient.to_owned()),
            ("SignName", self.sign_name.clone()),
            ("TemplateCode", self.template_code.clone()),
        ];
        if !params.is_empty() {
            query.push(("TemplateParam", Value::Object(params).to_string()));
        }
        let call = Call {
            action: "SendSms",
            version: "2017-05-25",
            date: now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            nonce: hex(&Sha256::digest(once))[..32].to_owned(),
            query,
        };
        match post.secret("access_key_secret") {
            Some(secret) => call.sign(post.url.clone(), &self.access_key_id, secret),
            None => Request::post(post.url.clone()),
        }
    }

    /// The variables: what is around them only the service knows.
    fn preview(&self, post: &Post<'_>) -> Preview {
        let lines = self
            .filled(post)
            .map(|(name, value)| format!("\n{name} = {value}"));
        let text = format!(
            "【{}】{}{}",
            self.sign_name,
            self.template_code,
            lines.collect::<String>()
        );
        Preview {
            title: String::new(),
            text,
            html: None,
        }
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        CODES.judge(response)
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        CODES.refusal(response)
    }
}

impl AliyunSettings {
    /// The variables with what they hold.
    fn filled(&self, post: &Post<'_>) -> impl Iterator<Item = (&str, String)> {
        self.params.iter().map(|(name, field)| {
            let more = shown("more", &post.fields);
            let value = match field {
                Field::Text if !more.is_empty() => {
                    let room = self.longest.saturating_sub(more.chars().count()).max(1);
                    fit(
                        &format!("{}{more}", fit(&post.notification.text, room)),
                        self.longest,
                    )
                }
                field => fit(&shown(field.name(), &post.fields), self.longest),
            };
            (name.as_str(), value)
        })
    }
}

impl Field {
    /// As a template calls it.
    fn name(self) -> &'static str {
        match self {
            Field::Title => "title",
            Field::Key => "key",
            Field::Value => "value",
            Field::Unit => "unit",
            Field::Previous => "previous",
            Field::Change => "change",
            Field::Severity => "severity_word",
            Field::Event => "event_word",
            Field::Text => "text",
            Field::Reason => "reason",
            Field::At => "at",
            Field::AlertId => "alert_id",
        }
    }
}

fn shown(name: &str, fields: &Map<String, Value>) -> String {
    match fields.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// A value as a variable takes it: in one line, without links, without what could be one or an address, and without the marks of a
/// signature; of at most `longest` characters.
fn fit(text: &str, longest: usize) -> String {
    let words = text
        .split_whitespace()
        .filter(|word| !is_link(word) && *word != "·")
        .map(without_dots);
    let line = words.collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|one| !"【】[]".contains(*one)).collect();
    let line = line.replace('\u{2212}', "-");
    match cut(line.trim(), longest).as_str() {
        "" => NOTHING.to_owned(),
        line => line.to_owned(),
    }
}

fn is_link(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://") || word.contains("www.")
}

/// A name or an address of a machine with dashes for its dots; a number keeps its own.
fn without_dots(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let dots = letters.iter().filter(|one| **one == '.').count();
    let is_number = dots == 1 && !letters.iter().any(char::is_ascii_alphabetic);
    let is_inside = |index: usize| {
        let beside = |at: Option<usize>| {
            at.and_then(|at| letters.get(at))
                .is_some_and(char::is_ascii_alphanumeric)
        };
        beside(index.checked_sub(1)) && beside(Some(index + 1))
    };
    let dashed = |(index, one): (usize, &char)| match one {
        '.' if !is_number && is_inside(index) => '-',
        other => *other,
    };
    letters.iter().enumerate().map(dashed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_the_service_takes_of_one() {
        for (text, expected) in [
            ("Order 5 failed", "Order 5 failed"),
            ("131.5", "131.5"),
            ("1.5 → 2.25", "1.5 → 2.25"),
            ("see https://m.example/a?b=1 now", "see now"),
            ("www.example.com", "-"),
            (
                "db1.example.com at 10.0.0.1 is down.",
                "db1-example-com at 10-0-0-1 is dow…",
            ),
            ("【阿里云】[x]", "阿里云x"),
            ("a\nb\t c", "a b c"),
            ("−3", "-3"),
            ("", "-"),
        ] {
            assert_eq!(fit(text, 35), expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        let cut = fit(&"告".repeat(36), 35);
        assert_eq!((cut.chars().count(), cut.chars().last()), (35, Some('…')));
        assert_eq!(fit(&"告".repeat(35), 35), "告".repeat(35));
        assert_eq!(fit(&"👍".repeat(60), 20).chars().count(), 20);
    }
}
