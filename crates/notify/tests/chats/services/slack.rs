//! Slack.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Sink, Slack};
use toml::Table;

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "slack",
    start: |clock| async { Sink::start(Slack::new(SECRET), clock).await.unwrap() }.boxed(),
    keys: |_| Table::new(),
    wrong: &[
        Wrong {
            keys: "url = \"HOST/services/T0001/B0001/another\"",
            said: "the webhook was revoked",
        },
        Wrong {
            keys: "url = \"HOST/services/T0001\"",
            said: "the webhook was removed or switched off",
        },
    ],
    refusals: &[
        Refusal::later(
            "channel_is_archived",
            "refused with channel_is_archived; the webhook's channel is archived",
        ),
        Refusal::later("team_disabled", "not active any more"),
        Refusal::never("invalid_blocks", "malformed or too long"),
        Refusal::later("rollup_error", "refused with rollup_error"),
        Refusal::later("something new", "refused with something new"),
        Refusal::later("", "the answer is empty"),
    ],
    burst: Some((1, 1)),
    longest: 3 * 3_300,
};
