//! What a metric is: the extension point of this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use monitor_domain::{MetricKey, Severity};
use monitor_rules::Rule;
use monitor_upstream::{AlertMessage, Details, Fetch, Poll, Question, UpstreamError, Upstreams};

/// Messages of one alert that go out one by one, where each does and the config does not say how many.
pub const MAX_MESSAGES: usize = 20;

/// How a metric is run; the same for a built-in one and a declared one.
#[derive(Clone, Debug)]
pub struct MetricConfig {
    /// The key in the database, the API and the config.
    pub key: MetricKey,
    /// What people call it.
    pub title: String,
    /// What it counts; may be empty.
    pub unit: String,
    /// How bad a breach is.
    pub severity: Severity,
    /// Time between two readings.
    pub interval: Duration,
    /// When it alerts.
    pub rule: Rule,
    /// Other metrics: while one of them fires or cannot be read, nobody is notified of this one.
    pub depends_on: Vec<MetricKey>,
    /// Names of the channels that are notified.
    pub notify: Vec<String>,
    /// Where there are routes, they decide who is notified.
    pub is_routed: bool,
    /// What it belongs to: routes may choose by it.
    pub group: Option<String>,
    /// Further words about it: routes may choose by them.
    pub labels: BTreeMap<String, String>,
    /// Read it this way instead of the metric's own.
    pub fetch: Option<Fetch>,
    /// It is not read at all: a business system sends its values.
    pub is_pushed: bool,
    /// Explain its alerts this way instead of the metric's own.
    pub details: Option<Details>,
    /// The page that says what to do about it.
    pub runbook: Option<String>,
    /// Each message of an alert goes out by itself, and not all of them as one.
    pub each: bool,
    /// Where each does: how many go out one by one; the last of them lists the rest.
    pub max_messages: usize,
}

/// A business number that is watched.
///
/// An impl only says where the number and the explanation come from: when it is read and judged, and who is notified, is
/// the engine's. `docs/extending.md` says how to add one.
#[async_trait]
pub trait Metric: Send + Sync {
    /// How it is run.
    fn config(&self) -> &MetricConfig;

    /// Reads the number.
    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError>;

    /// The system that it is read from, where it is one: metrics that one system keeps from being read are one incident.
    fn system(&self) -> Option<&str> {
        None
    }

    /// Whether somebody can explain an alert. Where nobody can, people are notified of the reading alone.
    fn explains(&self) -> bool {
        false
    }

    /// The system that explains, where that is another one than the metric is read from: a slow one holds up only what it explains.
    fn explainer(&self) -> Option<&str> {
        None
    }

    /// Requests what an alert was about; only called where the metric [`explains`](Metric::explains) its alerts.
    async fn explain(
        &self,
        _upstreams: &Upstreams,
        _question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        Ok(Vec::new())
    }
}

/// Reads `metric` once: the config's `fetch` goes before the metric's own way.
///
/// # Errors
/// Why it cannot be read.
pub async fn sample(metric: &dyn Metric, upstreams: &Upstreams, poll: &Poll) -> Result<f64, UpstreamError> {
    let config = metric.config();
    match &config.fetch {
        _ if config.is_pushed => Err(UpstreamError::Pushed),
        Some(fetch) => upstreams.read(fetch, poll).await,
        None => metric.sample(upstreams).await,
    }
}

/// The system that `metric` is read from, as far as that is known before it is.
pub fn system(metric: &dyn Metric) -> Option<&str> {
    let config = metric.config();
    match &config.fetch {
        _ if config.is_pushed => None,
        Some(fetch) => Some(&fetch.system),
        None => metric.system(),
    }
}

/// Who explains the alerts of `metric`: those of one system wait for each other, and for nobody else.
pub(crate) fn explainer(metric: &dyn Metric) -> &str {
    let config = metric.config();
    match &config.details {
        Some(details) => &details.system,
        None => metric
            .explainer()
            .or_else(|| metric.system())
            .unwrap_or_else(|| config.key.as_str()),
    }
}

/// Whether somebody can explain an alert of `metric`.
pub fn explains(metric: &dyn Metric) -> bool {
    metric.config().details.is_some() || metric.explains()
}

/// Explains an alert of `metric`: the config's `details` go before the metric's own way.
///
/// # Errors
/// Why nobody explains it.
pub async fn explain(
    metric: &dyn Metric,
    upstreams: &Upstreams,
    question: &Question,
) -> Result<Vec<AlertMessage>, UpstreamError> {
    match &metric.config().details {
        Some(details) => upstreams.messages(details, question).await,
        None => metric.explain(upstreams, question).await,
    }
}
