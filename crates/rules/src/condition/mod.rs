//! What a metric is held against. Each kind of condition owns its keys in the config, their checks, what it makes of a
//! value, its phrases in every language, its paragraph of documentation and its tests; [`KINDS`] has a line for each.
//!
//! A condition never knows of `for`, `keep_for`, missing data or other readings' outcomes: the engine, `judge`, holds its
//! [`Signal`]s against those. It keeps nothing itself, reads no clock, and nothing outside of this room names a kind.

mod change;
mod contract;
mod level;
mod memory;
mod no_data;
mod when;

use monitor_domain::{Finding, Kind};

pub use change::{Baseline, Change, ChangeSettings, Direction, FallSettings, Initial, RiseSettings, Step};
pub use contract::{
    Condition, ConditionSettings, Context, Lifetime, Limits, Past, Range, Reference, Signal, Timing,
};
pub use level::{AboveSettings, BelowSettings, Level, OutsideSettings};
pub(crate) use memory::Kept;
pub use memory::Memory;
pub use no_data::{NoData, NoDataSettings};
pub use when::{Expression, WhenSettings};

/// Every kind of condition there is. In the config, a rule's is chosen by the key that names it: `above = 100`.
pub const KINDS: &[Kind<dyn ConditionSettings>] = &[
    change::RISE,
    change::FALL,
    change::CHANGE,
    level::ABOVE,
    level::BELOW,
    level::OUTSIDE,
    when::KIND,
    no_data::KIND,
];

/// What is wrong with a number that nothing can be compared with.
fn not_finite(field: &'static str, number: f64) -> Option<Finding> {
    (!number.is_finite()).then(|| Finding::new(field, format!("{number} is not a number to compare with")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::RuleCommon;
    use monitor_domain::{TableDeserializer, keys_of};

    #[test]
    fn each_kind_has_its_naming_key_and_says_what_it_is() {
        let common = keys_of::<RuleCommon>();
        for kind in KINDS {
            let mut keys = kind.keys();
            assert!(keys.iter().all(|key| !common.contains(key)), "{kind:?}: {keys:?}");
            keys.extend(common.iter().cloned());
            assert!(keys.iter().any(|key| key == kind.name), "{kind:?}");
            assert!(kind.doc.contains(&format!("`{} = ", kind.name)), "{kind:?}");
            assert!(kind.doc.ends_with('.'), "{kind:?}");
        }
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len(), "a name of its own");
    }

    #[test]
    fn no_kind_takes_a_key_that_it_does_not_have() {
        for kind in KINDS {
            let table = TableDeserializer::parse("{ nonsense = 1 }").unwrap();
            let message = (kind.read)(table).unwrap_err().to_string();
            assert!(
                message.contains("unknown field `nonsense`"),
                "{kind:?}: {message}"
            );
        }
    }
}
