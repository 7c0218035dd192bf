//! ntfy.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Ntfy, Sink};
use toml::{Table, Value};

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "ntfy",
    start: |clock| {
        let server = Ntfy::new("hunter2-topic").with_token(SECRET);
        async { Sink::start(server, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let mut keys = Table::new();
        keys.insert("token".to_owned(), Value::from(SECRET));
        keys
    },
    wrong: &[
        Wrong {
            keys: "token = \"tk_another\"",
            said: "token is not an access token of this server",
        },
        Wrong {
            keys: "url = \"HOST/another\"",
            said: "set token to an access token that may write there",
        },
        Wrong {
            keys: "url = \"HOST/no.topic\"",
            said: "the end of url is no topic",
        },
        Wrong {
            keys: "url = \"HOST/push/hunter2-topic\"",
            said: "url is not that of a topic",
        },
    ],
    refusals: &[
        Refusal::after(
            r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#,
            5,
        ),
        Refusal::after(
            r#"{"code":42908,"http":429,"error":"limit reached: too many messages"}"#,
            3600,
        ),
        Refusal::never(
            r#"{"code":41303,"http":413,"error":"JSON body too large"}"#,
            "too long",
        ),
        Refusal::later(
            r#"{"code":50001,"http":500,"error":"internal server error"}"#,
            "internal server error",
        ),
        Refusal::later(
            r#"{"id":"hwQ2YpKdmg","event":"open","topic":"hunter2-topic"}"#,
            "has no code",
        ),
    ],
    burst: Some((60, 5)),
    longest: 4096 + 1_500,
};
