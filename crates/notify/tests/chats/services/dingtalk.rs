//! DingTalk.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Dingtalk, Sink};
use toml::{Table, Value};

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "dingtalk",
    start: |clock| {
        let robot = Dingtalk::new("hunter2-token")
            .with_secret(SECRET)
            .with_keyword("监控");
        async { Sink::start(robot, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let mut keys = Table::new();
        keys.insert("secret".to_owned(), Value::from(SECRET));
        keys.insert("keyword".to_owned(), Value::from("监控"));
        keys
    },
    wrong: &[
        Wrong {
            keys: "secret = \"SECanother\"",
            said: "secret is not the one that the robot shows",
        },
        Wrong {
            keys: "keyword = \"别的\"",
            said: "set keyword to one of its words",
        },
        Wrong {
            keys: "url = \"HOST/robot/send?access_token=another\"",
            said: "the token in url is not that of a robot",
        },
    ],
    refusals: &[
        Refusal::after(r#"{"errcode":130101,"errmsg":"send too fast"}"#, 600),
        Refusal::never(r#"{"errcode":460101,"errmsg":"too long"}"#, "too long"),
        Refusal::later(r#"{"errcode":-1,"errmsg":"系统繁忙"}"#, "errcode -1: 系统繁忙"),
        Refusal::later(r#"{"errmsg":"what?"}"#, "has no errcode"),
    ],
    burst: Some((20, 600)),
    longest: 20_000,
};
