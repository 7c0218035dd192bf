//! What is said of an import.

use std::collections::BTreeMap;

use monitor_domain::{MetricKey, Number, counted, one_line};
use monitor_legacy::{Old, Source, Zone};
use monitor_settings::Settings;
use monitor_worker::Exit;

use super::flask::incomplete;
use super::plan::Plan;
use crate::init::say;

/// Rows that are named one by one.
const NAMED: usize = 50;

/// What came of it.
pub(super) struct Totals {
    /// Records that are new.
    pub(super) added: usize,
    /// Records that were there.
    pub(super) known: usize,
    /// Metrics whose value came over.
    pub(super) values: Vec<MetricKey>,
    /// Metrics that the monitor has read itself.
    pub(super) read_here: Vec<MetricKey>,
}

impl Totals {
    /// As it would be.
    pub(super) fn of(plan: &Plan, values: Vec<MetricKey>) -> Totals {
        Totals {
            added: plan.new.len(),
            known: plan.known,
            values,
            read_here: Vec::new(),
        }
    }
}

/// What was found, with a line for each metric.
pub(super) fn read(source: &Source, old: &Old, settings: &Settings, zone: Zone, is_named: bool) {
    let from = match is_named {
        true => String::new(),
        false => ", the zone of this machine; --timezone names another".to_owned(),
    };
    say(&format!(
        "{}: {}, {}; its times are those of {zone}{from}",
        source.path().display(),
        counted(old.records.len(), "record"),
        counted(old.values.len(), "current value"),
    ));
    let mut counts: BTreeMap<&MetricKey, usize> = BTreeMap::new();
    for record in &old.records {
        *counts.entry(&record.key).or_default() += 1;
    }
    for key in old.keys() {
        let mut line = format!(
            "- {key}: {}",
            counted(counts.get(key).copied().unwrap_or_default(), "record")
        );
        if let Some(last) = old.last_record(key) {
            line.push_str(&format!(", the last at {}Z", last.at.format("%Y-%m-%d %H:%M:%S")));
        }
        if let Some(value) = old.values.iter().find(|value| value.key == *key) {
            line.push_str(&format!(", current value {}", Number(value.value)));
        }
        if !settings.metrics.iter().any(|metric| metric.key == *key) {
            line.push_str(&format!(
                "; the config has no [metrics.{key}], so it is not read any more"
            ));
        }
        say(&line);
    }
    for note in &old.notes {
        say(&format!("note: {note}"));
    }
}

/// What came of it, or would.
pub(super) fn stored(totals: &Totals, is_dry: bool) {
    let verb = if is_dry {
        "would be brought over"
    } else {
        "brought over"
    };
    let values = match totals.values.as_slice() {
        [] => String::new(),
        keys => format!(", and the current value of {}", list(keys)),
    };
    say(&format!("{verb}: {}{values}", counted(totals.added, "record")));
    if totals.known > 0 {
        say(&format!("there already: {}", counted(totals.known, "record")));
    }
    if !totals.read_here.is_empty() {
        let keys = list(&totals.read_here);
        say(&format!(
            "current values that this monitor has itself stay as they are: {keys}"
        ));
    }
}

fn list(keys: &[MetricKey]) -> String {
    let keys: Vec<&str> = keys.iter().map(MetricKey::as_str).collect();
    keys.join(", ")
}

/// Names what was left out.
///
/// # Errors
/// Where anything was: the caller ends with it.
pub(super) fn left_out(old: &Old) -> Result<(), Exit> {
    for row in old.left_out.iter().take(NAMED) {
        say(&format!(
            "left out: {} {}: {}",
            row.table,
            one_line(&row.row),
            one_line(&row.why)
        ));
    }
    if let Some(more @ 1..) = old.left_out.len().checked_sub(NAMED) {
        say(&format!("left out: {}", counted(more, "more row")));
    }
    for (kind, rows) in &old.unknown_types {
        let shown = kind.trim_matches('"');
        say(&format!(
            "left out: {} of type {kind}; say which metric that is with --map {shown}=KEY",
            counted(*rows, "row")
        ));
    }
    let rows = old.unknown_types.values().sum::<u64>() + old.left_out.len() as u64;
    if rows == 0 { Ok(()) } else { Err(incomplete(rows)) }
}
