//! The checked settings.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use monitor_domain::{BuiltIn, Language, MetricKey, Severity};
use monitor_login::SystemSettings;
use monitor_model::DbOptions;
use monitor_notify::Channel;
use monitor_requests::{RequestsSettings, SecretSource};
use monitor_rules::{Maintenance, Routes, Rule};
use monitor_upstream::{AlarmSettings, DetailsSettings, FetchSettings, ForEachSettings};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::fingerprint::{Fingerprints, SectionChange};
pub use crate::sections::PushSettings;

/// From the shortest interval that is taken, which a demo or test uses and not a person, to the longest.
pub const INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(7 * 24 * 3600);

/// Everything that the programs are configured with. References between sections have been checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file it was read from, absolute.
    pub path: PathBuf,
    /// The folder that relative paths start at: that of the file. Empty for a config from memory, whose paths start where the
    /// process does.
    pub folder: PathBuf,
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[web]`
    pub web: WebSettings,
    /// `[worker]`
    pub worker: WorkerSettings,
    /// `[requests]`
    pub requests: RequestsSettings,
    /// `[systems.NAME]`, in the order of the config.
    pub systems: Vec<(String, SystemSettings)>,
    /// `[alarm]`
    pub alarm: Option<AlarmSettings>,
    /// `[channels.NAME]`, in the order of the config.
    pub channels: Vec<Channel>,
    /// `[metrics.KEY]`, in the order of the config.
    pub metrics: Vec<MetricSettings>,
    /// `[[routes]]`, in the order of the config.
    pub routes: Routes,
    /// `[maintenance.NAME]`, in the order of the config.
    pub maintenance: Vec<(String, Maintenance)>,
    /// What each part amounts to.
    pub(crate) fingerprints: Fingerprints,
}

impl Settings {
    /// Whether a table such as `systems.a` is as it is in `before`, with what its secrets and files held when each was read, and
    /// what else it depends on.
    pub fn is_same(&self, before: &Settings, table: &str) -> bool {
        self.fingerprints.is_same(&before.fingerprints, table)
    }

    /// What is other than in `before`, but for what only a start takes.
    pub fn changes(&self, before: &Settings) -> Vec<SectionChange> {
        self.fingerprints.changes(&before.fingerprints)
    }

    /// The keys that are others than those a process was started with, and that only another start takes: `database.url`.
    pub fn for_a_start(&self, started: &Settings) -> Vec<String> {
        self.fingerprints.for_a_start(&started.fingerprints)
    }
}

/// Where everything is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `sqlite:PATH` or `postgres://…`, which may hold a password: Debug does not show it.
    pub url: String,
    /// How long a statement may take.
    pub statement_timeout: Duration,
}

impl DatabaseSettings {
    /// Its URL without a password.
    pub fn shown(&self) -> String {
        self.options().shown()
    }

    /// How to open it.
    pub fn options(&self) -> DbOptions {
        DbOptions {
            statement_timeout: self.statement_timeout,
            ..DbOptions::new(&self.url)
        }
    }
}

/// The web process.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// The address it listens on.
    pub bind: SocketAddr,
    /// Whether one must sign in.
    pub auth: Auth,
    /// With `auth` required: whether anyone may still read values and records.
    pub public_read: bool,
    /// Other origins whose pages may call the API, such as `https://intranet.example`.
    pub cors_origins: Vec<String>,
    /// What a scraper of `/metrics` shows as its bearer token.
    pub metrics_token: Option<SecretSource>,
    /// The language of pages, of reasons, and of channels that set none: `en` or `zh-CN`. The reasons of [`Rule`]s
    /// are stored as text: they stay in the language they were written in.
    pub lang: Language,
    /// A folder whose templates replace the embedded ones.
    pub templates: Option<PathBuf>,
    /// How the page is reached from outside, for links in messages; without a slash at the end.
    pub base_url: Option<String>,
}

/// Whether one must sign in to the page and the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Nobody signs in; only on loopback.
    #[default]
    None,
    /// Everybody signs in.
    Required,
}

/// The worker process.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// How often a metric is read that sets no interval of its own.
    pub interval: Duration,
    /// How many metrics are read at once, at most.
    pub concurrency: usize,
    /// How long what is in flight may take to finish when the worker is stopped.
    pub shutdown: Duration,
    /// Where its own `/metrics`, `/healthz` and `/readyz` are; `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// What a scraper of it shows as its bearer token.
    pub metrics_token: Option<SecretSource>,
    /// How long single readings are kept.
    pub keep_samples: Duration,
    /// How long alerts that are over are kept, with their records and deliveries, and incidents.
    pub keep_alerts: Duration,
    /// How long the audit log is kept.
    pub keep_audit: Duration,
    /// After this time the worker acknowledges an event that nobody acknowledged.
    pub auto_acknowledge: Duration,
    /// How often it reports that it lives; after three times that in silence others take its metrics over.
    pub heartbeat: Duration,
    /// What it calls after a good cycle, at most once an `interval`: a dead-man's switch outside, which misses the calls of
    /// a worker that cannot report its own end.
    pub heartbeat_url: Option<SecretSource>,
    /// The channels that are notified of the monitor's own incidents: those it names, or every channel.
    pub notify: Vec<String>,
}

/// One metric that is turned on.
#[derive(Clone, Debug)]
pub struct MetricSettings {
    /// Its key.
    pub key: MetricKey,
    /// The built-in metric that it is, if it is one.
    pub built_in: Option<&'static BuiltIn>,
    /// Its name on pages and in messages.
    pub title: String,
    /// What is counted, such as `orders`; may be empty.
    pub unit: String,
    /// How often it is read.
    pub interval: Duration,
    /// How bad its alerts are.
    pub severity: Severity,
    /// Where its total is read. `None` for a built-in metric that reads in its own way.
    pub fetch: Option<FetchSettings>,
    /// How its values are sent, in place of being read.
    pub push: Option<PushSettings>,
    /// Each item of the list that is read there is a metric of its own. `None` where it is one number.
    pub for_each: Option<ForEachSettings>,
    /// When it alerts.
    pub rule: Rule,
    /// Who explains its alerts. `None` for nobody, and for a built-in metric that is explained in its own way.
    pub details: Option<DetailsSettings>,
    /// Each message of an alert is sent by itself.
    pub each: bool,
    /// The page that says what to do about it.
    pub runbook: Option<String>,
    /// With `each`: how many messages of one alert are sent one by one; the rest is counted and listed in the last of them.
    pub max_messages: usize,
    /// Other metrics: while one of them fires or cannot be read, nobody is notified of this one.
    pub depends_on: Vec<MetricKey>,
    /// The channels its alerts go to: those it names, or every channel.
    pub notify: Vec<String>,
    /// It names none of its own: where there are routes, they decide.
    pub is_routed: bool,
    /// What it belongs to.
    pub group: Option<String>,
    /// Further words about it.
    pub labels: BTreeMap<String, String>,
    /// The key that it had before.
    pub was: Option<MetricKey>,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What follows the scheme may hold a password.
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("DatabaseSettings")
            .field("url", &format_args!("{scheme}:[redacted]"))
            .field("statement_timeout", &self.statement_timeout)
            .finish()
    }
}
