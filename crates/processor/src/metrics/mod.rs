//! The metrics in code: one file each, listed in [`METRICS`]. `docs/extending.md` has the steps to add one.

mod declared;
mod pushed;
mod x;
mod y;
mod z;

use monitor_domain::MetricKey;
use monitor_upstream::Fetch;

use crate::metric::{Metric, MetricConfig};

/// Makes a metric of its config.
pub type Make = fn(MetricConfig) -> Box<dyn Metric>;

/// A metric in code: its key in the config, and how it is made.
#[derive(Clone, Debug)]
pub struct CodedMetric {
    /// The key that turns it on.
    pub key: MetricKey,
    /// How it is made of its config.
    pub make: Make,
}

/// The metrics that this project brings. Any other key is declared by its `fetch` or `push`.
pub const METRICS: &[(&str, Make)] = &[
    ("x", |config| Box::new(x::X::new(config))),
    ("y", |config| Box::new(y::Y::new(config))),
    ("z", |config| Box::new(z::Z::new(config))),
];

/// A metric of this config that is read by `fetch`.
pub(crate) fn declared(config: MetricConfig, fetch: Fetch) -> Box<dyn Metric> {
    Box::new(declared::Declared::new(config, fetch))
}

/// The metric that `config` describes: one of `own` where it has that key, a stock one, or one that its `fetch` or `push` declares.
/// Nothing for a key that is none of them.
pub fn metric(config: MetricConfig, own: &[CodedMetric]) -> Option<Box<dyn Metric>> {
    if let Some(coded) = own.iter().find(|coded| coded.key == config.key) {
        return Some((coded.make)(config));
    }
    if let Some((_, make)) = METRICS.iter().find(|(key, _)| config.key == *key) {
        return Some(make(config));
    }
    if config.is_pushed {
        return Some(Box::new(pushed::Pushed::new(config)));
    }
    let fetch = config.fetch.clone()?;
    Some(declared(config, fetch))
}
