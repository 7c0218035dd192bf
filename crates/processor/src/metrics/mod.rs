//! The registry of metrics: one file each, one line here.

mod declared;
mod x;
mod y;
mod z;

use crate::metric::{Metric, MetricConfig};

/// Keys that have a metric of their own; any other key is declared by its `fetch`.
pub const BUILT_IN: &[&str] = &["x", "y", "z"];

/// The metric that `config` describes, or nothing for a key that is neither built in nor given a `fetch`.
pub fn metric(config: MetricConfig) -> Option<Box<dyn Metric>> {
    Some(match config.key.as_str() {
        "x" => Box::new(x::X::new(config)),
        "y" => Box::new(y::Y::new(config)),
        "z" => Box::new(z::Z::new(config)),
        _ => {
            let fetch = config.fetch.clone()?;
            Box::new(declared::Declared::new(config, fetch))
        }
    })
}
