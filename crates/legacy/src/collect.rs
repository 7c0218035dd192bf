//! Rows of the old tables, one after the other, become what the old program knew. A row that cannot be read is named and the next is
//! read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use chrono::NaiveDateTime;
use monitor_domain::{MetricKey, counted};
use sha2::{Digest, Sha256};

use crate::cell::{self, Cell, quoted};
use crate::columns::{Column, Layout, Table};
use crate::error::LegacyError;
use crate::old::{LeftOut, Old, OldRecord, OldValue};
use crate::types::TypeMap;
use crate::zone::Zone;

/// How many bytes of the hash tell two rows of the same id apart.
const HASH: usize = 8;

/// What becomes [`Old`].
pub(crate) struct Collector<'a> {
    types: &'a TypeMap,
    zone: Zone,
    old: Old,
    values: BTreeMap<MetricKey, OldValue>,
    /// Tables that were begun, with how many rows they had so far.
    tables: Vec<(Table, u64)>,
}

/// A table whose rows come.
pub(crate) struct Heading {
    table: Table,
    name: String,
    columns: Vec<Column>,
    layout: Layout,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(types: &'a TypeMap, zone: Zone) -> Collector<'a> {
        Collector {
            types,
            zone,
            old: Old::default(),
            values: BTreeMap::new(),
            tables: Vec::new(),
        }
    }

    /// Says something that is to be known besides.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.old.notes.contains(&note) {
            self.old.notes.push(note);
        }
    }

    /// Begins a table, or goes on with it.
    pub(crate) fn heading(
        &mut self,
        path: &Path,
        name: &str,
        columns: Vec<Column>,
    ) -> Result<Option<Heading>, LegacyError> {
        let Some(table) = Table::of(name) else {
            return Ok(None);
        };
        let layout = Layout::of(&columns);
        if table == Table::Records && !layout.missing_for_records().is_empty() {
            let has: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            // The tables have the same names here.
            let ours = match has.contains(&"source_id") {
                true => ": that is a database of this monitor",
                false => "",
            };
            return Err(LegacyError::not_ours(
                path,
                format!(
                    "its table {name} has no column {}; it has {}{ours}",
                    layout.missing_for_records().join(", "),
                    has.join(", ")
                ),
            ));
        }
        let is_wide = table == Table::Values && layout.kind.is_none();
        if !is_wide && !layout.others.is_empty() {
            let others: Vec<&str> = layout
                .others
                .iter()
                .map(|at| columns[*at].name.as_str())
                .collect();
            self.note(format!(
                "{name} has columns that are not brought over: {}",
                others.join(", ")
            ));
        }
        if !self.tables.iter().any(|(begun, _)| *begun == table) {
            self.tables.push((table, 0));
        }
        Ok(Some(Heading {
            table,
            name: name.to_owned(),
            columns,
            layout,
        }))
    }

    /// Takes a row.
    pub(crate) fn row(&mut self, heading: &Heading, cells: &[Cell]) {
        let count = self.tables.iter_mut().find(|(table, _)| *table == heading.table);
        let place = count.map_or(0, |(_, rows)| {
            *rows += 1;
            *rows
        });
        let taken = if cells.len() != heading.columns.len() {
            let (has, needs) = (cells.len(), heading.columns.len());
            Err(format!(
                "{} for {}",
                counted(has, "value"),
                counted(needs, "column")
            ))
        } else {
            match heading.table {
                Table::Records => self.record(heading, cells),
                Table::Values if heading.layout.kind.is_some() => self.value(heading, cells),
                Table::Values => self.wide_values(heading, cells),
            }
        };
        if let Err(why) = taken {
            self.old.left_out.push(LeftOut {
                table: heading.name.clone(),
                row: name_of(heading, cells, place),
                why,
            });
        }
    }

    /// All of it; an error where there was none of the tables. `there` are the tables that are there.
    pub(crate) fn finish(mut self, path: &Path, there: &[String]) -> Result<Old, LegacyError> {
        if self.tables.is_empty() {
            let has = match there {
                [] => "it has no tables at all".to_owned(),
                _ => format!("it has {}", there.join(", ")),
            };
            return Err(LegacyError::not_ours(
                path,
                format!("neither monitor_record nor realtime_monitor is in it; {has}"),
            ));
        }
        for (table, name) in [
            (Table::Records, "monitor_record"),
            (Table::Values, "realtime_monitor"),
        ] {
            if !self.tables.iter().any(|(begun, _)| *begun == table) {
                self.note(format!("it has no table {name}"));
            }
        }
        // Two of the same id differ in the origin and keep their order.
        self.old.records.sort_by_key(|record| record.id);
        self.old.values = self.values.into_values().collect();
        Ok(self.old)
    }

    fn record(&mut self, heading: &Heading, cells: &[Cell]) -> Result<(), String> {
        let layout = &heading.layout;
        let cell = |at: Option<usize>| at.map_or(&None, |at| &cells[at]);
        let id = cell::whole(cell(layout.id), "id")?.ok_or("it has no id")?;
        let message = cell::text(cell(layout.message), "alert_message")?.unwrap_or_default();
        let time = cell::text(cell(layout.time), "timestamp")?.ok_or("it has no timestamp")?;
        let at = cell::time(time, self.zone_of(heading), "timestamp")?;
        let value = cell::number(cell(layout.value), "value")?;
        // Without the column every record is an alert: the old list has nothing else.
        let alert = match layout.alert {
            Some(at) => cell::flag(&cells[at], "alert")?,
            None => true,
        };
        let kind = cell::text(cell(layout.kind), "type")?.ok_or("it has no type")?;
        let Some(key) = self.key(kind) else {
            return Ok(());
        };
        let written = cell::time(time, None, "timestamp")?;
        self.old.records.push(OldRecord {
            id,
            key,
            value,
            alert,
            message: message.to_owned(),
            at,
            origin: origin(id, kind, written, message),
        });
        Ok(())
    }

    fn value(&mut self, heading: &Heading, cells: &[Cell]) -> Result<(), String> {
        let layout = &heading.layout;
        let cell = |at: Option<usize>| at.map_or(&None, |at| &cells[at]);
        let at = self.time_of_value(heading, cells)?;
        let value = cell::number(cell(layout.value), "value")?;
        let kind = cell::text(cell(layout.kind), "type")?.ok_or("it has no type")?;
        if let (Some(value), Some(key)) = (value, self.key(kind)) {
            self.keep(OldValue { key, value, at });
        }
        Ok(())
    }

    /// A column a metric: the latest row is the current one.
    fn wide_values(&mut self, heading: &Heading, cells: &[Cell]) -> Result<(), String> {
        let at = self.time_of_value(heading, cells)?;
        let mut wrong = Vec::new();
        for place in &heading.layout.others {
            let name = &heading.columns[*place].name;
            match cell::number(&cells[*place], name) {
                Ok(Some(value)) => {
                    if let Some(key) = self.key(name.trim_start_matches('_')) {
                        self.keep(OldValue { key, value, at });
                    }
                }
                Ok(None) => {}
                Err(why) => wrong.push(why),
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }

    /// Of two values of a metric the later one.
    fn keep(&mut self, value: OldValue) {
        let is_later = self.values.get(&value.key).is_none_or(|kept| kept.at <= value.at);
        if is_later {
            self.values.insert(value.key.clone(), value);
        }
    }

    fn time_of_value(&self, heading: &Heading, cells: &[Cell]) -> Result<Option<NaiveDateTime>, String> {
        let Some(place) = heading.layout.time else {
            return Ok(None);
        };
        let text = cell::text(&cells[place], "timestamp")?;
        text.map(|text| cell::time(text, self.zone_of(heading), "timestamp"))
            .transpose()
    }

    /// The zone of the times; `None` where they are UTC.
    fn zone_of(&self, heading: &Heading) -> Option<Zone> {
        let is_utc = heading.layout.time.is_some_and(|at| heading.columns[at].is_utc);
        (!is_utc).then_some(self.zone)
    }

    /// The metric of a type; one that is none is counted.
    fn key(&mut self, kind: &str) -> Option<MetricKey> {
        let key = self.types.key(kind);
        if key.is_none() {
            *self.old.unknown_types.entry(quoted(kind.trim())).or_default() += 1;
        }
        key
    }
}

/// How a row is named: by its id, or by its place.
fn name_of(heading: &Heading, cells: &[Cell], place: u64) -> String {
    let id = heading.layout.id.and_then(|at| cells.get(at)?.as_deref());
    match id.and_then(|id| std::str::from_utf8(id).ok()) {
        Some(id) if cells.len() == heading.columns.len() => format!("id {id}"),
        _ => format!("row {place}"),
    }
}

fn origin(id: i64, kind: &str, written: NaiveDateTime, message: &str) -> String {
    let written = written.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let mut hash = Sha256::new();
    for part in [kind.trim(), written.as_str(), message] {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut origin = format!("flask:{id}:");
    for byte in hash.finalize().iter().take(HASH) {
        // Writing to a String does not fail.
        let _ = write!(origin, "{byte:02x}");
    }
    origin
}
