//! Rows of the old tables, one after the other, become what the old program knew. A row that cannot be read is named and the next is
//! read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use chrono::NaiveDateTime;
use monitor_domain::MetricKey;
use sha2::{Digest, Sha256};

use crate::cell::{self, Cell, quoted};
use crate::columns::{Column, Places, Table};
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
    places: Places,
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
        let places = Places::of(&columns);
        if table == Table::Records && !places.missing_for_records().is_empty() {
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
                    places.missing_for_records().join(", "),
                    has.join(", ")
                ),
            ));
        }
        let is_wide = table == Table::Values && places.kind.is_none();
        if !is_wide && !places.others.is_empty() {
            let others: Vec<&str> = places
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
            places,
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
            Err(format!("it has {has} values for {needs} columns"))
        } else {
            match heading.table {
                Table::Records => self.record(heading, cells),
                Table::Values if heading.places.kind.is_some() => self.value(heading, cells),
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

    /// All of it; an error where there was none of the tables. `seen` are the tables that are there.
    pub(crate) fn finish(mut self, path: &Path, seen: &[String]) -> Result<Old, LegacyError> {
        if self.tables.is_empty() {
            let has = match seen {
                [] => "it has no tables at all".to_owned(),
                _ => format!("it has {}", seen.join(", ")),
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
        let places = &heading.places;
        let cell = |at: Option<usize>| at.map_or(&None, |at| &cells[at]);
        let id = cell::whole(cell(places.id), "id")?.ok_or("it has no id")?;
        let message = cell::text(cell(places.message), "alert_message")?.unwrap_or_default();
        let time = cell::text(cell(places.time), "timestamp")?.ok_or("it has no timestamp")?;
        let at = cell::time(time, self.zone_of(heading), "timestamp")?;
        let value = cell::number(cell(places.value), "value")?;
        // Without the column every record is an alert: the old list has nothing else.
        let alert = match places.alert {
            Some(at) => cell::flag(&cells[at], "alert")?,
            None => true,
        };
        let kind = cell::text(cell(places.kind), "type")?.ok_or("it has no type")?;
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
        let places = &heading.places;
        let cell = |at: Option<usize>| at.map_or(&None, |at| &cells[at]);
        let at = self.time_of_value(heading, cells)?;
        let value = cell::number(cell(places.value), "value")?;
        let kind = cell::text(cell(places.kind), "type")?.ok_or("it has no type")?;
        if let (Some(value), Some(key)) = (value, self.key(kind)) {
            self.keep(OldValue { key, value, at });
        }
        Ok(())
    }

    /// A column a metric: the latest row is the current one.
    fn wide_values(&mut self, heading: &Heading, cells: &[Cell]) -> Result<(), String> {
        let at = self.time_of_value(heading, cells)?;
        let mut wrong = Vec::new();
        for place in &heading.places.others {
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
        let Some(place) = heading.places.time else {
            return Ok(None);
        };
        let text = cell::text(&cells[place], "timestamp")?;
        text.map(|text| cell::time(text, self.zone_of(heading), "timestamp"))
            .transpose()
    }

    /// The zone of the times; `None` where they are UTC.
    fn zone_of(&self, heading: &Heading) -> Option<Zone> {
        let is_utc = heading.places.time.is_some_and(|at| heading.columns[at].is_utc);
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
    let id = heading.places.id.and_then(|at| cells.get(at)?.as_deref());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(values: &[Option<&str>]) -> Vec<Cell> {
        let cell = |value: &Option<&str>| value.map(|text| text.as_bytes().to_vec());
        values.iter().map(cell).collect()
    }

    fn collect(name: &str, columns: &[&str], rows: &[&[Option<&str>]]) -> Result<Old, LegacyError> {
        let types = TypeMap::new([]);
        let mut collector = Collector::new(&types, "Asia/Shanghai".parse().unwrap());
        let path = Path::new("old.db");
        let columns = columns.iter().map(|name| Column::new(*name)).collect();
        if let Some(heading) = collector.heading(path, name, columns)? {
            for row in rows {
                collector.row(&heading, &cells(row));
            }
        }
        collector.finish(path, &[name.to_owned()])
    }

    const RECORD: [&str; 6] = ["id", "type", "value", "alert", "alert_message", "timestamp"];
    const AT: Option<&str> = Some("2025-03-01 08:00:00");

    #[test]
    fn rows_that_cannot_be_read_are_named_and_the_others_are_there() {
        let row = |id, kind, value, alert, time| [Some(id), kind, value, alert, Some("m"), time];
        let old = collect(
            "monitor_record",
            &RECORD,
            &[
                &row("5", Some("0"), Some("1"), Some("1"), AT),
                &row("4", Some("x"), None, None, AT),
                &row("6", Some("0"), Some("many"), Some("1"), AT),
                &row("7", Some("0"), Some("1"), Some("perhaps"), AT),
                &row("8", Some("0"), Some("1"), Some("1"), Some("0000-00-00 00:00:00")),
                &row("9", Some("0"), Some("1"), Some("1"), None),
                &row("9", None, Some("1"), Some("1"), AT),
                &row("ten", Some("0"), Some("1"), Some("1"), AT),
                &[Some("11")],
                &row("12", Some("3"), Some("1"), Some("1"), AT),
                &row("13", Some("3"), Some("1"), Some("1"), AT),
            ],
        )
        .unwrap();
        let ids: Vec<i64> = old.records.iter().map(|record| record.id).collect();
        assert_eq!(ids, [4, 5], "by id");
        assert_eq!((old.records[0].alert, old.records[0].value), (false, None));
        assert_eq!(old.records[1].at.to_string(), "2025-03-01 00:00:00", "UTC");
        let named: Vec<String> = old
            .left_out
            .iter()
            .map(|row| format!("{}: {}", row.row, row.why))
            .collect();
        assert_eq!(
            named,
            [
                "id 6: value is \"many\", no number",
                "id 7: alert is \"perhaps\", neither true nor false",
                "id 8: timestamp is \"0000-00-00 00:00:00\", no time",
                "id 9: it has no timestamp",
                "id 9: it has no type",
                "id ten: id is \"ten\", no whole number",
                "row 9: it has 1 values for 6 columns",
            ]
        );
        assert_eq!(old.unknown_types, [("\"3\"".to_owned(), 2)].into());
    }

    #[test]
    fn a_row_has_the_same_origin_each_time_and_another_row_another() {
        let row =
            |id, kind, message, time| [Some(id), Some(kind), None, Some("1"), Some(message), Some(time)];
        let origin = |row: &[Option<&str>]| {
            let old = collect("monitor_record", &RECORD, &[row]).unwrap();
            old.records[0].origin.clone()
        };
        let first = origin(&row("1", "0", "m", "2025-03-01 08:00:00"));
        assert!(first.starts_with("flask:1:"), "{first}");
        assert_eq!(first, origin(&row("1", "0", "m", "2025-03-01 08:00:00.000000")));
        for other in [
            row("2", "0", "m", "2025-03-01 08:00:00"),
            row("1", "1", "m", "2025-03-01 08:00:00"),
            row("1", "0", "n", "2025-03-01 08:00:00"),
            row("1", "0", "m", "2025-03-01 08:00:01"),
        ] {
            assert_ne!(first, origin(&other), "{other:?}");
        }
    }

    #[test]
    fn current_values_are_rows_or_columns() {
        let at = |text: &str| Some(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap());
        let old = collect(
            "realtime_monitor",
            &["id", "_type", "_value", "timestamp"],
            &[
                &[Some("1"), Some("0"), Some("6"), AT],
                &[Some("2"), Some("0"), Some("5"), Some("2025-03-01 07:00:00")],
                &[Some("3"), Some("2"), None, AT],
                &[Some("4"), Some("1"), Some("x"), AT],
            ],
        )
        .unwrap();
        let shown: Vec<_> = old
            .values
            .iter()
            .map(|value| (value.key.as_str(), value.value, value.at))
            .collect();
        assert_eq!(shown, [("x", 6.0, at("2025-03-01 00:00:00"))]);
        assert_eq!(old.left_out.len(), 1);

        let old = collect(
            "RealtimeMonitor",
            &["id", "x", "Y", "_w"],
            &[
                &[Some("1"), Some("1"), Some("2"), Some("3")],
                &[Some("2"), Some("4"), None, Some("many")],
            ],
        )
        .unwrap();
        let shown: Vec<_> = old
            .values
            .iter()
            .map(|value| (value.key.as_str(), value.value, value.at))
            .collect();
        assert_eq!(shown, [("w", 3.0, None), ("x", 4.0, None), ("y", 2.0, None)]);
        assert_eq!(old.left_out[0].why, "_w is \"many\", no number");
    }

    #[test]
    fn what_is_not_the_old_program_says_what_is_there() {
        let other = collect("users", &["id"], &[]).unwrap_err().to_string();
        assert!(
            other.ends_with("neither monitor_record nor realtime_monitor is in it; it has users"),
            "{other}"
        );
        let other = collect("monitor_record", &["id", "message"], &[])
            .unwrap_err()
            .to_string();
        assert!(
            other.ends_with("has no column type, alert_message, timestamp; it has id, message"),
            "{other}"
        );
        let more = [&RECORD[..], &["operator"]].concat();
        let old = collect("monitor_record", &more, &[]).unwrap();
        assert_eq!(
            old.notes,
            [
                "monitor_record has columns that are not brought over: operator",
                "it has no table realtime_monitor"
            ]
        );
    }
}
