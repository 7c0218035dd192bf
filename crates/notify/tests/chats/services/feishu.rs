//! Feishu.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Feishu, Sink};
use toml::{Table, Value};

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "feishu",
    start: |clock| {
        let robot = Feishu::new("hunter2-token")
            .with_secret(SECRET)
            .with_keyword("监控");
        async { Sink::start(robot, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let mut keys = Table::new();
        keys.insert("secret".to_owned(), Value::from(SECRET));
        keys.insert("keyword".to_owned(), Value::from("监控"));
        keys.insert("mention".to_owned(), Value::from(vec!["all"]));
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
            keys: "url = \"HOST/open-apis/bot/v2/hook/another\"",
            said: "the end of url is not that of a robot",
        },
    ],
    refusals: &[
        Refusal::after(r#"{"code":11232,"msg":"frequency limited"}"#, 10),
        Refusal::after(r#"{"code":9499,"msg":"too many request"}"#, 10),
        Refusal::after(r#"{"StatusCode":9499,"StatusMessage":"too many request"}"#, 10),
        Refusal::never(
            r#"{"code":9499,"msg":"Bad Request","data":{}}"#,
            "malformed or longer than 20 KB",
        ),
        Refusal::never(
            r#"{"StatusCode":9499,"StatusMessage":"fail to parse content"}"#,
            "fail to parse content",
        ),
        Refusal::later(
            r#"{"code":19022,"msg":"Ip Not Allowed"}"#,
            "this machine's is not among them",
        ),
        Refusal::later(r#"{"code":19007,"msg":"Bot Not Enabled"}"#, "switched off"),
        Refusal::later(
            r#"{"code":5000,"msg":"internal error"}"#,
            "code 5000: internal error",
        ),
        Refusal::later(r#"{"msg":"success"}"#, "has no code"),
    ],
    burst: Some((5, 10)),
    longest: 20_000,
};
