//! The metrics of the reference systems that an empty table turns on: what each is, said once. The config's check, the pages
//! and the engine all take it from here; what the config says goes before it.

use std::fmt;

mod x;
mod y;
mod z;

pub use x::X;
pub use y::Y;
pub use z::Z;

/// A metric that needs no declaration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BuiltIn {
    /// Its key.
    pub key: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where its total is: answered as `{"total": N}`.
    pub total: Endpoint,
    /// Where its alerts are explained.
    pub messages: Endpoint,
    /// When it alerts.
    pub alert: AlertWhen,
}

/// A path of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The system's name in the config.
    pub system: &'static str,
    /// The path below its address.
    pub path: &'static str,
}

/// When a built-in metric alerts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlertWhen {
    /// It is at least so much over the reading before.
    Rise(f64),
    /// It is more than this.
    Above(f64),
}

/// As an `alert` table of the config has it: `rise = 1.0`.
impl fmt::Display for AlertWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlertWhen::Rise(by) => write!(f, "rise = {by:?}"),
            AlertWhen::Above(threshold) => write!(f, "above = {threshold:?}"),
        }
    }
}

/// All of them, in the order in which people name them.
pub const BUILT_IN: [&BuiltIn; 3] = [&X, &Y, &Z];

impl BuiltIn {
    /// The built-in metric of a key, if it is one.
    pub fn find(key: &str) -> Option<&'static BuiltIn> {
        BUILT_IN.into_iter().find(|metric| metric.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricKey;

    #[test]
    fn keys_are_keys_and_found() {
        for metric in BUILT_IN {
            assert_eq!(metric.key.parse::<MetricKey>().unwrap(), metric.key);
            assert_eq!(BuiltIn::find(metric.key), Some(metric));
        }
        assert_eq!(BuiltIn::find("w"), None);
        assert_eq!(X.alert.to_string(), "rise = 1.0");
        assert_eq!(Z.alert.to_string(), "above = 100.0");
    }
}
