//! How the engine runs.

use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{Language, MetricKey};
use monitor_notify::Notifier;
use monitor_requests::{Client, Url};
use monitor_rules::{Maintenance, Routes};

/// As "1y" in a config.
const YEAR: Duration = Duration::from_secs(31_557_600);

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most cycles at one time.
    pub concurrency: usize,
    /// How long a clean stop waits for what is in flight.
    pub shutdown: Duration,
    /// Time between two signs of life in the `worker` table.
    pub heartbeat: Duration,
    /// How long samples are kept.
    pub keep_samples: Duration,
    /// How long alerts that are over are kept, with their records and deliveries, and incidents.
    pub keep_alerts: Duration,
    /// How long the audit log is kept.
    pub keep_audit: Duration,
    /// After this time the program acknowledges an event that nobody acknowledged.
    pub auto_acknowledge: Duration,
    /// How long the alarm is tried before it is given up.
    pub max_age: Duration,
    /// How long an explanation is waited for before people are notified of the reading alone.
    pub details_wait: Duration,
    /// Address of the page, for links in messages; none where nobody could reach it.
    pub page: Option<String>,
    /// This program's version, shown with the worker.
    pub version: String,
    /// The language of the engine's own texts.
    pub language: Language,
    /// Names of the channels that are notified of the monitor's own incidents.
    pub notify: Vec<String>,
    /// Metrics that have another key than before: the old one, and the new one.
    pub renamed: Vec<(MetricKey, MetricKey)>,
    /// Who is notified of which alerts, where the metric does not say it itself.
    pub routes: Routes,
    /// The windows in which nobody is notified of alerts, by name.
    pub maintenance: Vec<(String, Maintenance)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            concurrency: 64,
            shutdown: Duration::from_secs(10),
            heartbeat: Duration::from_secs(5),
            keep_samples: Duration::from_secs(30 * 24 * 3600),
            keep_alerts: YEAR,
            keep_audit: YEAR,
            auto_acknowledge: Duration::from_secs(7 * 24 * 3600),
            max_age: Duration::from_secs(24 * 3600),
            details_wait: Duration::from_secs(30),
            page: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            language: Language::default(),
            notify: Vec::new(),
            renamed: Vec::new(),
            routes: Routes::default(),
            maintenance: Vec::new(),
        }
    }
}

/// The steps of a clean stop, all of them within `shutdown`: of 10 s, 7.5 s for what is in flight, a second to release the
/// rest and a second to sign off, whatever the database does.
impl Options {
    /// How long what is in flight may go on.
    pub(crate) fn finishing(&self) -> Duration {
        self.shutdown
            .saturating_sub(Duration::from_millis(2_500))
            .max(self.shutdown / 2)
    }

    /// How long all parts together may take.
    pub(crate) fn ending(&self) -> Duration {
        self.shutdown
            .saturating_sub(Duration::from_millis(1_500))
            .max(self.shutdown * 3 / 4)
    }

    /// How long signing off may take.
    pub(crate) fn goodbye(&self) -> Duration {
        (self.shutdown / 8).min(Duration::from_secs(1))
    }
}

/// A channel as the engine uses it.
#[derive(Clone)]
pub struct Channel {
    /// What sends.
    pub notifier: Arc<dyn Notifier>,
    /// How long a delivery is tried before it is given up.
    pub max_age: Duration,
    /// After a message, those that come within this time go together as one; none for each by itself.
    pub digest: Option<Duration>,
}

/// Whom to call, and how often at most.
#[derive(Clone, Debug)]
pub struct DeadMansSwitch {
    /// Makes the calls.
    pub client: Client,
    /// Where to; it is a secret, for whoever knows it can keep the switch quiet.
    pub url: Url,
    /// The least time between two calls.
    pub every: Duration,
}
