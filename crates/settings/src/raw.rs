//! The sections this crate owns as they are written: everything may be missing, nothing is checked yet.

use std::path::PathBuf;
use std::time::Duration;

use monitor_domain::{Language, Severity};
use monitor_requests::SecretSource;
use monitor_rules::RuleSettings;
use monitor_upstream::{DetailsSettings, FetchSettings};
use serde::Deserialize;

use crate::settings::Auth;

/// `[database]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawDatabase {
    pub(crate) url: Option<SecretSource>,
}

/// `[web]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawWeb {
    pub(crate) bind: Option<String>,
    pub(crate) auth: Option<Auth>,
    pub(crate) public_read: Option<bool>,
    pub(crate) cors_origins: Option<Vec<String>>,
    pub(crate) metrics_token: Option<SecretSource>,
    pub(crate) lang: Option<Language>,
    pub(crate) templates: Option<PathBuf>,
    pub(crate) base_url: Option<String>,
}

/// `[worker]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawWorker {
    #[serde(with = "humantime_serde")]
    pub(crate) interval: Option<Duration>,
    pub(crate) concurrency: Option<usize>,
    #[serde(with = "humantime_serde")]
    pub(crate) shutdown: Option<Duration>,
    pub(crate) listen: Option<String>,
    pub(crate) metrics_token: Option<SecretSource>,
    #[serde(with = "humantime_serde")]
    pub(crate) keep_samples: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) heartbeat_url: Option<SecretSource>,
    pub(crate) notify: Option<Vec<String>>,
}

/// `[metrics.KEY]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawMetric {
    pub(crate) title: Option<String>,
    pub(crate) unit: Option<String>,
    #[serde(with = "humantime_serde")]
    pub(crate) interval: Option<Duration>,
    pub(crate) severity: Option<Severity>,
    pub(crate) fetch: Option<FetchSettings>,
    pub(crate) alert: Option<RuleSettings>,
    pub(crate) details: Option<DetailsSettings>,
    pub(crate) max_messages: Option<usize>,
    pub(crate) notify: Option<Vec<String>>,
}
