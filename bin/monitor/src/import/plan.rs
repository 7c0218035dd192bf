//! Which records are new, and where they go in a list that is by id: as in the old program, and before all that the monitor has
//! recorded itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use monitor_legacy::OldRecord;
use monitor_model::{ImportedRecord, NewRecord};

/// What stands for the message of a record that has none: one without a message is a removed one here.
pub(super) const NO_MESSAGE: &str = "(no message)";

/// What the database has.
#[derive(Default)]
pub(super) struct Present {
    /// Records that were brought over before.
    pub(super) origins: HashMap<String, i64>,
    /// The ids of all records.
    pub(super) ids: BTreeSet<i64>,
}

/// What is to be stored.
pub(super) struct Plan {
    /// New ones, in their order.
    pub(super) new: Vec<ImportedRecord>,
    /// How many are there already.
    pub(super) known: usize,
    /// The highest id that a new one gets.
    pub(super) last_id: i64,
}

impl Plan {
    /// `records` are by id.
    pub(super) fn new(records: &[OldRecord], present: &Present) -> Plan {
        let mut met = HashSet::new();
        let new: Vec<&OldRecord> = records
            .iter()
            .filter(|record| !present.origins.contains_key(&record.origin) && met.insert(&record.origin))
            .collect();
        let shift = shift(records, &new, present);
        let mut taken = BTreeSet::new();
        let placed = new.iter().map(|record| {
            let id = record.id.checked_add(shift);
            // What is there keeps its id, and of two old records of one id the later goes after all others.
            let id = id.filter(|id| !present.ids.contains(id) && taken.insert(*id));
            ImportedRecord {
                id,
                record: as_stored(record),
            }
        });
        let new: Vec<ImportedRecord> = placed.collect();
        Plan {
            known: records.len() - new.len(),
            last_id: new.iter().filter_map(|one| one.id).max().unwrap_or_default(),
            new,
        }
    }
}

/// What is added to the old ids. Nothing, where they are free: whoever has noted one finds it again. As in the run before, where there
/// was one. Otherwise so much that all of them are below those of the monitor.
fn shift(records: &[OldRecord], new: &[&OldRecord], present: &Present) -> i64 {
    let before = records
        .iter()
        .find_map(|record| present.origins.get(&record.origin)?.checked_sub(record.id));
    if let Some(shift) = before {
        return shift;
    }
    let (first, last) = match (new.first(), new.last()) {
        (Some(first), Some(last)) => (first.id, last.id),
        _ => return 0,
    };
    match present.ids.first() {
        // Below all that will come, too.
        None if first > 0 => 0,
        None => 0_i64.saturating_sub(last.max(0)),
        Some(lowest) if last < *lowest => 0,
        Some(lowest) => lowest.saturating_sub(1).saturating_sub(last),
    }
}

fn as_stored(record: &OldRecord) -> NewRecord {
    let is_empty = record.message.trim_matches(['\0', ' ']).is_empty();
    NewRecord {
        key: record.key.clone(),
        value: record.value,
        alert: record.alert,
        alert_message: if is_empty {
            NO_MESSAGE.to_owned()
        } else {
            record.message.clone()
        },
        timestamp: record.at,
        alert_id: None,
        source_id: Some(record.origin.clone()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;

    fn old(id: i64) -> OldRecord {
        OldRecord {
            id,
            key: "x".parse().unwrap(),
            value: None,
            alert: true,
            message: format!("message {id}"),
            at: NaiveDateTime::default(),
            origin: format!("flask:{id}:aa"),
        }
    }

    fn present(own: &[i64], imported: &[(i64, i64)]) -> Present {
        let origins = imported.iter().map(|(old, id)| (format!("flask:{old}:aa"), *id));
        Present {
            origins: origins.collect(),
            ids: own
                .iter()
                .copied()
                .chain(imported.iter().map(|(_, id)| *id))
                .collect(),
        }
    }

    fn ids(records: &[OldRecord], present: &Present) -> Vec<Option<i64>> {
        let plan = Plan::new(records, present);
        assert_eq!(plan.known + plan.new.len(), records.len());
        plan.new.iter().map(|one| one.id).collect()
    }

    #[test]
    fn records_keep_their_ids_or_come_before_those_of_the_monitor() {
        let three = [old(1), old(2), old(9)];
        for (own, imported, placed) in [
            (&[][..], &[][..], &[Some(1), Some(2), Some(9)][..]),
            // The monitor began above them.
            (&[10, 11], &[], &[Some(1), Some(2), Some(9)]),
            // It was first: below it.
            (&[1, 2], &[], &[Some(-8), Some(-7), Some(0)]),
            (&[5], &[], &[Some(-4), Some(-3), Some(4)]),
            // The run before broke off.
            (&[], &[(1, 1)], &[Some(2), Some(9)]),
            (&[1], &[(9, -1)], &[Some(-9), Some(-8)]),
            // New since the run before: the place of one is taken by now.
            (&[9], &[(1, 1)], &[Some(2), None]),
            (&[3], &[(1, 1), (2, 2), (9, 9)], &[]),
        ] {
            assert_eq!(
                ids(&three, &present(own, imported)),
                placed,
                "{own:?} {imported:?}"
            );
        }
        assert_eq!(
            ids(&[old(-3), old(0), old(2)], &Present::default()),
            [Some(-5), Some(-2), Some(0)]
        );
        assert_eq!(ids(&[], &Present::default()), []);
    }

    #[test]
    fn a_record_that_is_there_twice_comes_once_and_two_of_one_id_both_come() {
        let mut other = old(1);
        other.origin = "flask:1:bb".to_owned();
        let plan = Plan::new(&[old(1), old(1), other], &Present::default());
        let shown: Vec<_> = plan
            .new
            .iter()
            .map(|one| (one.id, one.record.source_id.clone().unwrap()))
            .collect();
        assert_eq!(
            shown,
            [
                (Some(1), "flask:1:aa".to_owned()),
                (None, "flask:1:bb".to_owned())
            ]
        );
        assert_eq!((plan.known, plan.last_id), (1, 1));
    }

    #[test]
    fn a_record_without_a_message_is_no_removed_one() {
        for (message, expected) in [
            ("", NO_MESSAGE),
            ("\0", NO_MESSAGE),
            ("  ", NO_MESSAGE),
            ("–", "–"),
        ] {
            let record = OldRecord {
                message: message.to_owned(),
                ..old(1)
            };
            assert_eq!(as_stored(&record).alert_message, expected, "{message:?}");
        }
    }
}
