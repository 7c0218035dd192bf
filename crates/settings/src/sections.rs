//! The sections this crate owns as they are written: everything may be missing, nothing is checked yet. What is said of a key
//! here is what the documentation says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use monitor_domain::{Language, Severity};
use monitor_requests::SecretSource;
use monitor_upstream::{DetailsSettings, FetchSettings, ForEachSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::settings::Auth;

/// The sections there are, in the order of the documentation.
pub(crate) const SECTIONS: &[&str] = &[
    "database",
    "web",
    "worker",
    "requests",
    "systems",
    "alarm",
    "channels",
    "fetches",
    "metrics",
    "routes",
    "maintenance",
];

/// Where everything is kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSection {
    /// `sqlite:PATH`, relative to the config's folder, or `postgres://USER:PASSWORD@HOST/DATABASE`. A secret: with a
    /// password in it, better `{ env = "DATABASE_URL" }`. Special characters in it are percent-encoded.
    #[schemars(extend("default" = "sqlite:data/monitor.db"))]
    pub(crate) url: Option<SecretSource>,
    /// How long a statement may take. PostgreSQL ends it then; where it does not answer for a quarter longer, the
    /// connection is given up and made anew. Migrations may take half an hour.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "10s"))]
    pub(crate) statement_timeout: Option<Duration>,
}

/// The page and the API.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebSection {
    /// IP and port to listen on. Only loopback, until there is sign-in.
    #[schemars(extend("default" = "127.0.0.1:8080"))]
    pub(crate) bind: Option<String>,
    /// Whether one must sign in. `"required"` is refused at the start, until there is sign-in.
    #[schemars(extend("default" = "none"))]
    pub(crate) auth: Option<Auth>,
    /// With `auth` required: anyone may read values and records. No effect yet.
    #[schemars(extend("default" = false))]
    pub(crate) public_read: Option<bool>,
    /// Origins (`"https://intranet.example"`) whose pages may call the API from a browser, changes included.
    #[schemars(extend("default" = []))]
    pub(crate) cors_origins: Option<Vec<String>>,
    /// A secret that a scraper of `/metrics` must show as `Authorization: Bearer`. Without one anyone on loopback may read it.
    pub(crate) metrics_token: Option<SecretSource>,
    /// `"en"` or `"zh-CN"` (`"zh"`, in any case, is the same): the language of pages, where a browser accepts neither; of
    /// stored reasons; of channels that set none.
    #[schemars(extend("default" = "en"))]
    pub(crate) lang: Option<Language>,
    /// A folder: files in its `pages` and `mail` replace the embedded templates of the same name.
    pub(crate) templates: Option<PathBuf>,
    /// How people reach the page, such as `"https://monitor.example"`: for the link in messages, which have none without it.
    pub(crate) base_url: Option<String>,
}

/// The process that reads the metrics, alerts and delivers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerSection {
    /// How often a metric is read that sets none; from `"100ms"` to `"7d"`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "10s"))]
    pub(crate) interval: Option<Duration>,
    /// How many metrics are read at once, at most, and at least one of each system; 1 to 4096. Half of them are shared out among the systems, so that those that hang delay only their own metrics.
    #[schemars(extend("default" = 64))]
    pub(crate) concurrency: Option<usize>,
    /// How long what is in flight may take to finish when the worker is stopped.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "10s"))]
    pub(crate) shutdown: Option<Duration>,
    /// IP and port of its own `/healthz`, `/readyz` and `/metrics`; `""` for none. Off loopback it requires `metrics_token`.
    #[schemars(extend("default" = "127.0.0.1:9464"))]
    pub(crate) listen: Option<String>,
    /// A secret that a scraper of `/metrics` must show as `Authorization: Bearer`. Off loopback it is required for everything
    /// but `/healthz`.
    pub(crate) metrics_token: Option<SecretSource>,
    /// How long single readings are kept.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "30d"))]
    pub(crate) keep_samples: Option<Duration>,
    /// How long alerts that are over are kept, with their records and deliveries, and incidents. What is open, or has yet to be sent, stays.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "1y"))]
    pub(crate) keep_alerts: Option<Duration>,
    /// How long the audit log is kept.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "1y"))]
    pub(crate) keep_audit: Option<Duration>,
    /// After this time the worker acknowledges a rise, or another event, that nobody acknowledged: in the name of `monitor`, with an entry in the audit log. For ever is a long time, such as `"100years"`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "7d"))]
    pub(crate) auto_acknowledge: Option<Duration>,
    /// How often the worker reports that it lives. The page calls it silent after 30 s.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("default" = "5s"))]
    pub(crate) heartbeat: Option<Duration>,
    /// A secret: an http or https URL that is called after good cycles, at most once an `interval`. A dead-man's switch
    /// outside misses the calls and notifies you that the worker, or its machine, is gone.
    pub(crate) heartbeat_url: Option<SecretSource>,
    /// Names of channels that are notified of the monitor's own incidents; `[]` for none. Default: every channel.
    pub(crate) notify: Option<Vec<String>>,
}

/// One metric.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetricSection {
    /// What people read; up to 120 characters. Default: the key, such as `X`.
    pub(crate) title: Option<String>,
    /// What is counted, such as `"orders"`; up to 40 characters.
    pub(crate) unit: Option<String>,
    /// How often it is read. Default `worker.interval`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub(crate) interval: Option<Duration>,
    /// How bad its alerts are: `"info"`, `"warning"` or `"critical"`.
    #[schemars(extend("default" = "warning"))]
    pub(crate) severity: Option<Severity>,
    /// Where the number comes from. A built-in metric has its own.
    pub(crate) fetch: Option<FetchSettings>,
    /// That its values are sent to the monitor, in place of `fetch`.
    pub(crate) push: Option<PushSettings>,
    /// Each item of the list that `fetch` answers with is a metric of its own: those of the rest of this section.
    pub(crate) for_each: Option<ForEachSettings>,
    /// When it alerts. A built-in metric has its own.
    pub(crate) alert: Option<AlertTable>,
    /// What an alert is explained by. A built-in metric has its own; any other by default nothing.
    pub(crate) details: Option<DetailsSettings>,
    /// Whether each message of an alert is sent by itself; otherwise an alert is one message that lists them.
    #[schemars(extend("default" = false))]
    pub(crate) each: Option<bool>,
    /// With `each`: how many messages of one alert are sent one by one; 1 to 1000. The rest is counted and listed in the last one.
    #[schemars(extend("default" = 20))]
    pub(crate) max_messages: Option<usize>,
    /// Names of channels that its alerts go to, whatever the routes say; `[]` for none. Default: those of the routes or, without
    /// routes, every channel.
    pub(crate) notify: Option<Vec<String>>,
    /// What it belongs to, such as `"payments"`; up to 64 characters. Routes may choose by it.
    pub(crate) group: Option<String>,
    /// Further words about it, such as `{ team = "shop" }`. Routes may choose by them.
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// The page that says what to do when it alerts, `https://…`: it is in each message. Default: none.
    pub(crate) runbook: Option<String>,
    /// Keys of other metrics: while one of them fires or cannot be read, this one is judged and recorded as ever, and nobody
    /// is notified of it. Default: none.
    pub(crate) depends_on: Option<Vec<String>>,
    /// The key that it had before: its history, state, alerts, records and silences come along at the next start.
    pub(crate) was: Option<String>,
}

/// `metrics.KEY.push`: a business system sends the values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// The secret that the sender shows as `Authorization: Bearer`, of this metric alone.
    pub token: SecretSource,
}

/// That there is a table `alert`, whose keys depend on its condition: they are read and described with those of conditions.
#[derive(Debug)]
pub(crate) struct AlertTable;

impl<'de> Deserialize<'de> for AlertTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AlertTable, D::Error> {
        struct AnyTable;
        impl<'de> Visitor<'de> for AnyTable {
            type Value = AlertTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("struct AlertTable")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AlertTable, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(AlertTable)
            }
        }
        deserializer.deserialize_any(AnyTable)
    }
}

impl JsonSchema for AlertTable {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Alert".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
