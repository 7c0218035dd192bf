//! A program of somebody's own.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Sink, Webhook};
use toml::Table;

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "webhook",
    start: |clock| async { Sink::start(Webhook::new(SECRET), clock).await.unwrap() }.boxed(),
    keys: |_| {
        let keys = format!("secret = {SECRET:?}\nok = {{ path = \"$.ok\", equals = [true] }}\n");
        keys.parse::<Table>().unwrap()
    },
    wrong: &[Wrong {
        keys: "secret = \"hunter2-another\"",
        said: "the service does not know this sender",
    }],
    refusals: &[
        Refusal::later(r#"{"ok":false}"#, "$.ok is false, not true"),
        Refusal::later(r#"{"error":"full"}"#, "has no $.ok"),
        Refusal::later("ok", "the answer is not JSON"),
    ],
    burst: None,
    longest: usize::MAX,
};
