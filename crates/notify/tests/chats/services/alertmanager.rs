//! An Alertmanager.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Alertmanager, Sink};
use toml::Table;

use super::{SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "alertmanager",
    start: |clock| {
        async {
            Sink::start(Alertmanager::with_token(SECRET), clock)
                .await
                .unwrap()
        }
        .boxed()
    },
    keys: |_| {
        let keys = format!("token = {SECRET:?}\nlabels = {{ team = \"shop\" }}\n");
        keys.parse::<Table>().unwrap()
    },
    wrong: &[
        Wrong {
            keys: "token = \"hunter2-another\"",
            said: "the service does not know this sender",
        },
        Wrong {
            keys: "url = \"HOST/graph\"",
            said: "nothing takes messages there: see whether url is still right",
        },
    ],
    // It says all by its status.
    refusals: &[],
    burst: None,
    longest: usize::MAX,
};
