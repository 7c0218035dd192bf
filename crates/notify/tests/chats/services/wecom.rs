//! WeCom.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Sink, Wecom};
use toml::Table;

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "wecom",
    start: |clock| async { Sink::start(Wecom::new(SECRET), clock).await.unwrap() }.boxed(),
    keys: |_| Table::new(),
    wrong: &[Wrong {
        keys: "url = \"HOST/cgi-bin/webhook/send?key=another\"",
        said: "the key in url is not that of a robot",
    }],
    refusals: &[
        Refusal::after(r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, 60),
        Refusal::never(
            r#"{"errcode":40058,"errmsg":"content exceed max length"}"#,
            "too long",
        ),
        Refusal::later(
            r#"{"errcode":-1,"errmsg":"system busy"}"#,
            "errcode -1: system busy",
        ),
        Refusal::later(r#"{"errmsg":"what?"}"#, "has no errcode"),
    ],
    burst: Some((20, 60)),
    longest: 4096,
};
