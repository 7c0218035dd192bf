//! The registry of metrics: one file each, one line here.

mod declared;
mod x;
mod y;
mod z;

use crate::metric::{Metric, MetricConfig};

/// Makes a metric of its config.
pub type Make = fn(MetricConfig) -> Box<dyn Metric>;

/// The metrics in code, by key. Any other key is declared by its `fetch`.
pub const CODED: &[(&str, Make)] = &[
    ("x", |config| Box::new(x::X::new(config))),
    ("y", |config| Box::new(y::Y::new(config))),
    ("z", |config| Box::new(z::Z::new(config))),
];

/// The metric that `config` describes, or nothing for a key that is neither in code nor given a `fetch`.
pub fn metric(config: MetricConfig) -> Option<Box<dyn Metric>> {
    if let Some((_, make)) = CODED.iter().find(|(key, _)| config.key == *key) {
        return Some(make(config));
    }
    let fetch = config.fetch.clone()?;
    Some(Box::new(declared::Declared::new(config, fetch)))
}
