//! The metrics that need no declaration: X, Y and Z of the reference systems.

use monitor_rules::RuleSettings;
use monitor_upstream::{DetailsSettings, FetchSettings};

/// A metric that an empty table turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// Alerts when it rises.
    X,
    /// Alerts when it rises.
    Y,
    /// Alerts above a threshold.
    Z,
}

/// The threshold of Z where the config sets none.
const Z_ABOVE: f64 = 100.0;

impl Builtin {
    /// All of them.
    pub const ALL: [Builtin; 3] = [Builtin::X, Builtin::Y, Builtin::Z];

    /// The key in the config: `x`, `y`, `z`.
    pub fn key(self) -> &'static str {
        match self {
            Builtin::X => "x",
            Builtin::Y => "y",
            Builtin::Z => "z",
        }
    }

    /// The built-in metric of a key, if it is one.
    pub fn find(key: &str) -> Option<Builtin> {
        Builtin::ALL.into_iter().find(|builtin| builtin.key() == key)
    }

    /// The name on pages and in messages.
    pub fn title(self) -> String {
        self.key().to_uppercase()
    }

    /// Where its total is read, with what the config sets instead.
    pub(crate) fn fetch(self, given: Option<FetchSettings>) -> FetchSettings {
        let mut fetch = given.unwrap_or_default();
        fetch.system.get_or_insert_with(|| "a".to_owned());
        fetch
            .path
            .get_or_insert_with(|| format!("/api/totals/{}", self.key()));
        let ways = [
            &fetch.value,
            &fetch.count,
            &fetch.sum,
            &fetch.max,
            &fetch.min,
            &fetch.header,
            &fetch.regex,
        ];
        if ways.iter().all(|way| way.is_none()) {
            fetch.value = Some("$.total".to_owned());
        }
        fetch
    }

    /// Who explains its alerts, with what the config sets instead.
    pub(crate) fn details(self, given: Option<DetailsSettings>) -> DetailsSettings {
        let mut details = given.unwrap_or_default();
        details.system.get_or_insert_with(|| "b".to_owned());
        details.path.get_or_insert_with(|| {
            format!(
                "/api/alerts/{}?total={{{{ total }}}}&previous={{{{ previous }}}}",
                self.key()
            )
        });
        details
    }

    /// Its rule, with what the config sets instead: a table without a condition keeps the built-in one.
    pub(crate) fn alert(self, given: Option<RuleSettings>) -> RuleSettings {
        let mut alert = given.unwrap_or_default();
        let has_condition = alert.outside.is_some()
            || alert.when.is_some()
            || [alert.rise, alert.fall, alert.change, alert.above, alert.below]
                .iter()
                .any(Option::is_some);
        if !has_condition {
            match self {
                Builtin::X | Builtin::Y => alert.rise = Some(1.0),
                Builtin::Z => alert.above = Some(Z_ABOVE),
            }
        }
        alert
    }
}
