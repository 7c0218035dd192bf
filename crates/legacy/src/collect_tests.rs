//! Which rows are taken, and how those are named that are not.

use std::path::Path;

use chrono::NaiveDateTime;

use crate::cell::Cell;
use crate::collect::Collector;
use crate::columns::Column;
use crate::error::LegacyError;
use crate::old::Old;
use crate::types::TypeMap;

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
            "row 9: 1 value for 6 columns",
        ]
    );
    assert_eq!(old.unknown_types, [("\"3\"".to_owned(), 2)].into());
}

#[test]
fn a_row_has_the_same_origin_each_time_and_another_row_another() {
    let row = |id, kind, message, time| [Some(id), Some(kind), None, Some("1"), Some(message), Some(time)];
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
