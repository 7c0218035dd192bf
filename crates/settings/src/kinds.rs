//! The kinds of system, channel and condition that a config may name, and the metrics that are in code.

use monitor_domain::{BuiltIn, Kind, MetricKey};
use monitor_login::LoginSettings;
use monitor_notify::ChannelSettings;
use monitor_rules::ConditionSettings;

/// What a config may name. A program begins with the [stock](Kinds::stock) ones and adds its own; a kind of the same name
/// replaces the stock one.
#[derive(Clone, Debug)]
pub struct Kinds {
    /// The kinds of `[systems.NAME]`.
    pub systems: Vec<Kind<dyn LoginSettings>>,
    /// The kinds of `[channels.NAME]`.
    pub channels: Vec<Kind<dyn ChannelSettings>>,
    /// The kinds of condition of an `alert`.
    pub conditions: Vec<Kind<dyn ConditionSettings>>,
    /// The metrics that are in code besides the built-in ones: they need no `fetch`.
    pub metrics: Vec<MetricKey>,
    /// Whether any further metric may be in code, of a program that this one does not know. For one that shows metrics and
    /// does not read them.
    pub unknown_metrics_are_in_code: bool,
}

impl Kinds {
    /// What this project brings.
    pub fn stock() -> Kinds {
        Kinds {
            systems: monitor_login::KINDS.to_vec(),
            channels: monitor_notify::KINDS.to_vec(),
            conditions: monitor_rules::KINDS.to_vec(),
            metrics: Vec::new(),
            unknown_metrics_are_in_code: false,
        }
    }

    /// One more kind of system.
    #[must_use]
    pub fn system(mut self, kind: Kind<dyn LoginSettings>) -> Kinds {
        add(&mut self.systems, kind);
        self
    }

    /// One more kind of channel.
    #[must_use]
    pub fn channel(mut self, kind: Kind<dyn ChannelSettings>) -> Kinds {
        add(&mut self.channels, kind);
        self
    }

    /// One more kind of condition.
    #[must_use]
    pub fn condition(mut self, kind: Kind<dyn ConditionSettings>) -> Kinds {
        add(&mut self.conditions, kind);
        self
    }

    /// One more metric that is in code.
    #[must_use]
    pub fn metric(mut self, key: MetricKey) -> Kinds {
        self.metrics.push(key);
        self
    }

    /// Any metric may be in code: see [`unknown_metrics_are_in_code`](Kinds::unknown_metrics_are_in_code).
    #[must_use]
    pub fn any_metric(mut self) -> Kinds {
        self.unknown_metrics_are_in_code = true;
        self
    }

    /// Whether a metric may go without `fetch`.
    pub(crate) fn is_in_code(&self, key: &str) -> bool {
        self.unknown_metrics_are_in_code
            || BuiltIn::find(key).is_some()
            || self.metrics.iter().any(|known| known == key)
    }
}

impl Default for Kinds {
    fn default() -> Kinds {
        Kinds::stock()
    }
}

/// The names of kinds, in their order.
pub(crate) fn names<S: ?Sized>(kinds: &[Kind<S>]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name).collect()
}

fn add<S: ?Sized>(kinds: &mut Vec<Kind<S>>, kind: Kind<S>) {
    match kinds.iter_mut().find(|known| known.name == kind.name) {
        Some(known) => *known = kind,
        None => kinds.push(kind),
    }
}
