//! Telegram.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Sink, Telegram};
use toml::{Table, Value};

use super::{Refusal, Service, Wrong};

/// A token is of digits before a colon.
const TOKEN: &str = "42:SEChunter2-and-more";

pub(super) const SERVICE: Service = Service {
    kind: "telegram",
    start: |clock| {
        let bot = Telegram::new(TOKEN)
            .in_chat("-100")
            .in_chat("@shop")
            .blocked_by("7")
            .upgraded("-5", -1005);
        async { Sink::start(bot, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let mut keys = Table::new();
        keys.insert("token".to_owned(), Value::from(TOKEN));
        keys.insert("to".to_owned(), Value::from(vec!["-100", "@shop"]));
        keys
    },
    wrong: &[
        Wrong {
            keys: "token = \"43:hunter2-another\"",
            said: "token was revoked or is not that of a bot",
        },
        Wrong {
            keys: "token = \"hunter2\"",
            said: "token is not that of a bot",
        },
        Wrong {
            keys: "to = [\"-6\"]",
            said: "the id in to is not that of a chat",
        },
        Wrong {
            keys: "to = [\"7\"]",
            said: "must press Start in the chat with the bot again",
        },
        Wrong {
            keys: "to = [\"-5\"]",
            said: "put that into to: \"-1005\"",
        },
    ],
    refusals: &[
        Refusal::after(
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 34","parameters":{"retry_after":34}}"#,
            34,
        ),
        Refusal::never(
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}"#,
            "more than 4096 characters",
        ),
        Refusal::later(
            r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: unsupported start tag"}"#,
            "chat/telegram.html",
        ),
        Refusal::later(
            r#"{"ok":false,"error_code":400,"description":"Bad Request: not enough rights to send text messages to the chat"}"#,
            "let the bot write in this chat",
        ),
        Refusal::later(
            r#"{"ok":false,"error_code":403,"description":"Forbidden: something new"}"#,
            "Forbidden: something new",
        ),
        Refusal::later(
            r#"{"ok":false,"error_code":500,"description":"Internal"}"#,
            "error_code 500: Internal",
        ),
        Refusal::later(r#"{"ok":true}"#, "does not say that the message was taken"),
    ],
    burst: Some((20, 60)),
    longest: 14_000,
};
