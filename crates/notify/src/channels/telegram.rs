//! Telegram: a bot. Facts: core.telegram.org/bots/api#sendmessage (messages), #html-style (markup), #making-requests and
//! #responseparameters (answers), core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this (rates);
//! descriptions: github.com/TelegramBotAPI/errors.

use std::io::{self, Write};
use std::time::Duration;

use monitor_domain::Finding;
use monitor_requests::{Request, Response, Secret, SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{ChatKind, Code, Codes, Meaning, Post};
use crate::{Failure, Form, Limits};

/// Stands between `@` and a name, and is invisible (U+2060, WORD JOINER).
const APART: char = '\u{2060}';

/// Where bots are.
const SERVER: &str = "https://api.telegram.org";

const CODES: Codes = Codes {
    code: "error_code",
    words: "description",
    // There is no code of success.
    taken: "",
    others: &[
        Code::new("401", Meaning::SetUpWrong)
            .advise("token was revoked or is not that of a bot: get it from @BotFather again"),
        Code::new("404", Meaning::SetUpWrong)
            .advise("token is not that of a bot: get it from @BotFather again"),
        Code::new("429", Meaning::Busy).advise("a bot may send 20 messages a minute into a group"),
        Code::new("400", Meaning::SetUpWrong)
            .with("upgraded to a supergroup")
            .advise("the group has a new id: put that into to"),
        Code::new("400", Meaning::SetUpWrong)
            .with("migrated to a supergroup")
            .advise("the group has a new id: put that into to"),
        Code::new("400", Meaning::UnknownRecipient)
            .with("chat not found")
            .advise("the id in to is not that of a chat, or the bot is not in it"),
        Code::new("400", Meaning::UnknownRecipient)
            .with("peer_id_invalid")
            .advise("the id in to is not that of a chat, or the bot is not in it"),
        Code::new("400", Meaning::SetUpWrong)
            .with("chat_write_forbidden")
            .advise("let the bot write in this chat"),
        Code::new("400", Meaning::SetUpWrong)
            .with("not enough rights")
            .advise("let the bot write in this chat"),
        Code::new("400", Meaning::SetUpWrong)
            .with("have no rights to send")
            .advise("let the bot write in this chat"),
        Code::new("400", Meaning::SetUpWrong)
            .with("administrator rights")
            .advise("make the bot an administrator of this channel"),
        Code::new("400", Meaning::SetUpWrong)
            .with("can't parse entities")
            .advise("the template chat/telegram.html writes tags that Telegram does not know"),
        Code::new("400", Meaning::Refused)
            .with("message is too long")
            .advise("it has more than 4096 characters"),
        Code::new("403", Meaning::UnknownRecipient)
            .with("blocked by the user")
            .advise("who is in to must press Start in the chat with the bot again"),
        Code::new("403", Meaning::UnknownRecipient)
            .with("can't initiate conversation")
            .advise("who is in to must press Start in the chat with the bot first"),
        Code::new("403", Meaning::UnknownRecipient)
            .with("kicked")
            .advise("add the bot to this chat again"),
        Code::new("403", Meaning::UnknownRecipient)
            .with("not a member")
            .advise("add the bot to this chat"),
        Code::new("403", Meaning::UnknownRecipient).with("deactivated"),
        Code::new("403", Meaning::UnknownRecipient)
            .with("can't send messages to bots")
            .advise("put a person, a group or a channel into to"),
        Code::new("403", Meaning::SetUpWrong).advise("let the bot write in this chat"),
    ],
};

/// The keys of `kind = "telegram"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TelegramSettings {
    /// The bot's token, as @BotFather gave it.
    token: SecretSource,
    /// The chats: ids such as `"-1001234567890"`, or public channels such as `"@shop_alerts"`.
    to: Vec<String>,
    /// The server that bots are at. Default `"https://api.telegram.org"`.
    #[serde(default = "server")]
    #[schemars(with = "String")]
    url: SecretSource,
}

fn server() -> SecretSource {
    SecretSource::Plain(Secret::new(SERVER))
}

impl ChatKind for TelegramSettings {
    const NAME: &'static str = "telegram";
    const DOC: &'static str = include_str!("telegram.md");
    const LIMITS: Limits = Limits::per_minute(20).per_second(1);

    fn form(&self) -> Form {
        Form {
            file: "telegram.html",
            template: include_str!("../../chat/telegram.html"),
            escape: calling_nobody,
            limit: 4096,
            measure: shown_units,
        }
    }

    fn url(&self) -> &SecretSource {
        &self.url
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey::new("token", &self.token)]
    }

    fn secret_parts(&self, secrets: &[Secret]) -> Vec<Secret> {
        // What is before the colon is the bot's id, which everybody in a chat with it may know.
        let parts = secrets
            .iter()
            .filter_map(|token| token.expose().trim().split_once(':'));
        parts.map(|(_, secret)| Secret::from(secret)).collect()
    }

    fn check(&self) -> Vec<Finding> {
        if self.to.is_empty() {
            return vec![Finding::new("to", "names nobody; such as [\"-1001234567890\"]")];
        }
        let wrong = self.to.iter().enumerate().filter(|(_, chat)| !is_chat(chat));
        wrong
            .map(|(n, chat)| {
                let message = format!(
                    "{chat:?} is no chat; such as \"-1001234567890\", or \"@name\" of a public channel"
                );
                Finding::new(format!("to[{n}]"), message)
            })
            .collect()
    }

    fn recipients(&self) -> Vec<String> {
        self.to.clone()
    }

    fn request(&self, post: &Post<'_>) -> Request {
        let mut url = post.url.clone();
        let token = post.secret("token").map_or("", |token| token.expose().trim());
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend([&*format!("bot{token}"), "sendMessage"]);
        }
        Request::post(url).json(&json!({
            "chat_id": post.recipient,
            "text": post.text.body,
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        }))
    }

    fn refusal(&self, response: &Response) -> Option<Failure> {
        refusal(response, CODES.refusal(response)?)
    }

    fn judge(&self, response: &Response) -> Result<(), Failure> {
        let body: Value = response
            .json()
            .map_err(|error| Failure::transient(format!("{error}; a proxy may have answered instead")))?;
        if body["ok"] == true && body["result"]["message_id"].is_number() {
            return Ok(());
        }
        let said = match CODES.judge(response) {
            Err(failure) => failure,
            Ok(()) => Failure::transient("the answer does not say that the message was taken"),
        };
        Err(refusal(response, said.clone()).unwrap_or(said))
    }
}

/// A refusal with what Telegram says besides in `parameters`.
fn refusal(response: &Response, failure: Failure) -> Option<Failure> {
    let body: Value = response.json().ok()?;
    let parameters = &body["parameters"];
    let failure = match (&failure, parameters["migrate_to_chat_id"].as_i64()) {
        (Failure::Transient { reason, .. }, Some(id)) => Failure::transient(format!("{reason}: \"{id}\"")),
        _ => failure,
    };
    Some(failure.after(parameters["retry_after"].as_u64().map(Duration::from_secs)))
}

/// For HTML, and so that `@name` calls nobody: Telegram makes a mention of that by itself, wherever it stands. In an address it is a
/// part of that.
fn calling_nobody(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_address = ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
        && !text.contains(char::is_whitespace);
    let mut rest = text;
    while let Some(at) = rest.find('@').filter(|_| !is_address) {
        let (before, after) = rest.split_at(at + 1);
        Form::html(before, out)?;
        let in_word = rest[..at].ends_with(|one: char| one.is_ascii_alphanumeric() || one == '_');
        if !in_word && after.starts_with(|one: char| one.is_ascii_alphanumeric() || one == '_') {
            write!(out, "{APART}")?;
        }
        rest = after;
    }
    Form::html(rest, out)
}

/// A number, or a name after `@`.
fn is_chat(chat: &str) -> bool {
    let digits = chat.strip_prefix('-').unwrap_or(chat);
    let is_number = (1..=18).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit());
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_');
    is_number || chat.strip_prefix('@').is_some_and(is_name)
}

/// The length after Telegram has read the tags and the characters that are written as words, in units of UTF-16, as its entities
/// count.
fn shown_units(text: &str) -> usize {
    let mut units = 0;
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        match one {
            '<' => drop(rest.find(|one| *one == '>')),
            '&' => {
                rest.find(|one| *one == ';');
                units += 1;
            }
            other => units += other.len_utf16(),
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_not_counted_and_emojis_count_twice() {
        for (text, units) in [
            ("", 0),
            ("<b>a</b>", 1),
            ("a &lt;b&gt; &amp; c", 11 - 2),
            ("告<a href=\"https://x/?a=1&amp;b=2\">警</a>👍", 4),
        ] {
            assert_eq!(shown_units(text), units, "{text}");
        }
    }

    #[test]
    fn a_name_in_a_text_is_no_mention() {
        let written = |text: &str| {
            let mut out = Vec::new();
            calling_nobody(text, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        for (text, expected) in [
            ("@ceo", "@\u{2060}ceo"),
            (
                "call @ceo, (@bob_1) & @",
                "call @\u{2060}ceo, (@\u{2060}bob_1) &amp; @",
            ),
            ("告警@ceo", "告警@\u{2060}ceo"),
            ("ops@example.com", "ops@example.com"),
            ("@@ceo", "@@\u{2060}ceo"),
            (
                "https://m.example/@shop?a=1&b=2",
                "https://m.example/@shop?a=1&amp;b=2",
            ),
            ("https://m.example/ @ceo", "https://m.example/ @\u{2060}ceo"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn a_chat_is_a_number_or_a_name() {
        for chat in ["-1001234567890", "42", "@shop_alerts"] {
            assert!(is_chat(chat), "{chat}");
        }
        for chat in ["", "-", "@", "shop", "12x", "https://t.me/shop", "@a b"] {
            assert!(!is_chat(chat), "{chat}");
        }
    }
}
