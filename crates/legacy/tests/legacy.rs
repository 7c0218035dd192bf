//! The old program's tables as its own code writes them, in SQLite and as a dump of MariaDB; `fixtures/old_program.py` made both.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use monitor_legacy::{LegacyError, Old, Source, TypeMap, Zone, parse_mapping, read};
use tempfile::TempDir;

const SQLITE: &str = include_str!("fixtures/old.sqlite.sql");
const DUMP: &str = include_str!("fixtures/old.mysql.sql");

fn read_with(path: &Path, mapping: &[&str]) -> Result<Old, LegacyError> {
    let types = TypeMap::new(mapping.iter().map(|text| parse_mapping(text).unwrap()));
    let zone: Zone = "Asia/Shanghai".parse().unwrap();
    read(&Source::find(path.to_str().unwrap())?, &types, zone, &mut |_| {})
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn sqlite(folder: &TempDir, script: &str) -> PathBuf {
    let path = folder.path().join("old.db");
    let mut c = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    c.batch_execute(script).unwrap();
    path
}

fn dump(text: &str) -> Result<Old, String> {
    let folder = tempfile::tempdir().unwrap();
    read_with(&file(&folder, "old.sql", text), &[]).map_err(|error| error.to_string())
}

/// A record, short.
fn shown(old: &Old) -> Vec<String> {
    let records = old.records.iter().map(|record| {
        let value = record.value.map_or("–".to_owned(), |value| value.to_string());
        let alert = if record.alert { "alert" } else { "notice" };
        format!("{} {} {value} {alert} {}", record.id, record.key, record.message)
    });
    records.collect()
}

const RECORDS: [&str; 8] = [
    "1 x 1 alert 订单 4711 未付款",
    "2 y 3 alert it's \"late\"; see C:\\new\tcol\nsecond line",
    "3 z 131 alert 🔥 100% over -- not a comment /* nor this */ (1,2),(3,4);",
    "4 x 2 notice recovered",
    "5 y – alert ",
    "6 x 5 notice ",
    "7 w 7 alert a metric that was added: W",
    "9 z 2147483647 alert 最后一条",
];

#[test]
fn both_databases_have_the_same_records_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let of_sqlite = read_with(&sqlite(&folder, SQLITE), &["3=w"]).unwrap();
    let of_dump = read_with(&file(&folder, "old.sql", DUMP), &["3=w"]).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(DUMP.as_bytes()).unwrap();
    let of_gzip = read_with(&file(&folder, "old.sql.gz", gzip.finish().unwrap()), &["3=w"]).unwrap();
    assert_eq!(of_dump, of_gzip);
    for (old, fraction, half) in [(of_sqlite, ".345678", ".500"), (of_dump, "", "")] {
        assert_eq!(shown(&old), RECORDS);
        assert_eq!(
            old.records[1].at.to_string(),
            format!("2025-03-01 00:01:02{fraction}")
        );
        let values: Vec<_> = old
            .values
            .iter()
            .map(|value| format!("{} {} {}", value.key, value.value, value.at.unwrap()))
            .collect();
        let of = |second: u32| format!("2025-03-01 00:09:0{second}{half}");
        assert_eq!(
            values,
            [
                format!("x 6 {}", of(0)),
                format!("y 3 {}", of(1)),
                format!("z 131 {}", of(2))
            ]
        );
        assert!(
            old.left_out.is_empty() && old.unknown_types.is_empty() && old.notes.is_empty(),
            "{old:?}"
        );
        assert_eq!(old.last_record(&"z".parse().unwrap()).unwrap().id, 9);
        let keys: Vec<_> = old
            .keys()
            .into_iter()
            .map(monitor_domain::MetricKey::as_str)
            .collect();
        assert_eq!(keys, ["w", "x", "y", "z"]);
    }
}

#[test]
fn a_record_is_the_same_in_sqlite_and_in_a_dump_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let origins = |old: Old| -> Vec<String> {
        // MySQL has no fractions of seconds here.
        let whole = old.records.into_iter().filter(|record| record.id != 2);
        whole.map(|record| record.origin).collect()
    };
    let of_sqlite = origins(read_with(&sqlite(&folder, SQLITE), &[]).unwrap());
    let of_dump = origins(read_with(&file(&folder, "old.sql", DUMP), &[]).unwrap());
    assert_eq!(of_sqlite, of_dump);
    assert_eq!(of_sqlite.len(), 6, "without the record of type 3");
}

#[test]
fn types_that_nobody_explained_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let old = read_with(&sqlite(&folder, SQLITE), &[]).unwrap();
    assert_eq!(old.unknown_types, [("\"3\"".to_owned(), 1)].into());
}

#[test]
fn numbers_of_every_kind_and_bytes_that_are_no_text_come_out_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = sqlite(
        &folder,
        "CREATE TABLE \"MonitorRecord\" (id INTEGER PRIMARY KEY, _type TEXT, _value NUMERIC, alert INTEGER, alert_message, \"timestamp\");
         INSERT INTO \"MonitorRecord\" VALUES
            (1, 'X', 0.1, 1, 'a', '2025-03-01 08:00:00'),
            (2, 'Y', 1e300, 1, 'b', '2025-03-01T08:00:00'),
            (3, 'z', '12', 1, x'e8aea2', '2025-03-01 08:00:00'),
            (4, 'v', NULL, 1, x'ff00', '2025-03-01 08:00:00'),
            (-5, 'V', 9007199254740993, 0, '', '2025-03-01 08:00:00'),
            (6, 'x', '12,5', 1, 'c', '2025-03-01 08:00:00');",
    );
    let old = read_with(&path, &[]).unwrap();
    assert_eq!(
        shown(&old),
        [
            "-5 v 9007199254740992 notice ".to_owned(),
            "1 x 0.1 alert a".to_owned(),
            format!("2 y {} alert b", 1e300),
            "3 z 12 alert 订".to_owned(),
        ]
    );
    let left_out: Vec<_> = old
        .left_out
        .iter()
        .map(|row| format!("{} {}", row.row, row.why))
        .collect();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(
        left_out[0].starts_with("id 4 alert_message is not UTF-8"),
        "{left_out:?}"
    );
    assert_eq!(left_out[1], "id 6 value is \"12,5\", no number");
}

#[test]
fn a_file_in_use_is_read_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = sqlite(&folder, SQLITE);
    let mut writer = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    writer
        .batch_execute("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; DELETE FROM monitor_record")
        .unwrap();
    assert_eq!(read_with(&path, &[]).unwrap().records.len(), 7);
    writer.batch_execute("ROLLBACK").unwrap();
    drop(writer);
    let before = std::fs::read(&path).unwrap();
    read_with(&path, &[]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

const CREATE: &str = "CREATE TABLE `monitor_record` (`id` int NOT NULL, `type` int DEFAULT '0,)' COMMENT 'it\\'s; (a) type',\n\
    `value` decimal(10,2), `alert` bit(1), `alert_message` text, `timestamp` timestamp NULL, PRIMARY KEY (`id`), KEY `k` (`type`,`id`));\n";

#[test]
fn dumps_of_other_programs_and_options_are_read() {
    let insert =
        "INSERT IGNORE INTO `shop`.`monitor_record` VALUES (1,0,'5.00',b'1','m','2025-03-01 08:00:00');\n";
    for (name, text) in [
        ("plain", format!("{CREATE}{insert}")),
        ("a mark and old line ends", format!("\u{feff}{}", format!("{CREATE}{insert}").replace('\n', "\r\n"))),
        ("no ; at the end", format!("{CREATE}{insert}UNLOCK TABLES")),
        ("Navicat", format!("SET NAMES utf8mb4;\n{CREATE}BEGIN;\n{insert}COMMIT;\n")),
        (
            "complete inserts without a table",
            "INSERT INTO monitor_record (alert_message, id, `type`, timestamp, alert, value) VALUES ('m', 1, 0, '2025-03-01 08:00:00', _binary 0x01, 5);"
                .to_owned(),
        ),
        (
            "triggers and other tables",
            format!(
                "CREATE TABLE users (id int);\nINSERT INTO users VALUES (1,'it\\'s; INSERT INTO monitor_record VALUES (9)');\n{CREATE}{insert}\
                 DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON monitor_record FOR EACH ROW BEGIN\n  INSERT INTO monitor_record VALUES (NEW.id);\nEND;;\n\
                 DELIMITER ;\n/*!50001 CREATE VIEW v AS SELECT 1 */;\n# done\n"
            ),
        ),
    ] {
        let old = dump(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(shown(&old), ["1 x 5 alert m"], "{name}");
        assert_eq!(old.records[0].at.to_string(), "2025-03-01 00:00:00", "{name}");
        assert!(old.left_out.is_empty(), "{name}: {old:?}");
    }
    // mysqldump gives times of the type TIMESTAMP in UTC and says so.
    let old = dump(&format!("/*!40103 SET TIME_ZONE='+00:00' */;\n{CREATE}{insert}")).unwrap();
    assert_eq!(old.records[0].at.to_string(), "2025-03-01 08:00:00");
}

#[test]
fn what_is_no_whole_dump_of_the_old_program_is_refused_with_its_line() {
    let begun = format!("{CREATE}INSERT INTO monitor_record VALUES (1,0,5,1,'m','2025-03-01 08:00:00')");
    for (text, why) in [
        (
            format!("{begun},\n(2,0,5,1,'m"),
            "old.sql:4: the file ends in the middle of a statement",
        ),
        (
            begun.clone(),
            "old.sql:3: the file ends in the middle of a statement",
        ),
        (
            format!("{begun},(2,now());"),
            "old.sql:3: now where a value was expected",
        ),
        (
            "INSERT INTO monitor_record VALUES (1);".to_owned(),
            "make the dump with CREATE TABLE",
        ),
        (format!("{CREATE}{CREATE}"), "a second table monitor_record"),
        (SQLITE.to_owned(), "that is a dump of SQLite"),
        ("PRAGMA foreign_keys=OFF;".to_owned(), "that is a dump of SQLite"),
        (
            "--\n-- PostgreSQL database dump\n--\n".to_owned(),
            "that is a dump of PostgreSQL",
        ),
        (String::new(), "it has no tables at all"),
        ("not sql at all".to_owned(), "it has no tables at all"),
        ("CREATE TABLE users (id int);".to_owned(), "it has users"),
        (
            "CREATE TABLE monitor_record (id int);".to_owned(),
            "has no column type",
        ),
        ("CREATE TABLE monitor_record (".to_owned(), "ends in the middle"),
        ("\u{0}\u{1}\u{2}".to_owned(), "no tables at all"),
    ] {
        let error = dump(&text).unwrap_err().replace("NOW", "now");
        assert!(error.contains(why), "{text}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("-- MySQL".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let error = read_with(&file(&folder, "old.sql", utf16), &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("--result-file"), "{error}");
    let cut = &DUMP[..DUMP.find("-- Dump completed").unwrap()];
    let old = dump(cut).unwrap();
    assert!(
        old.notes
            .iter()
            .any(|note| note.contains("may have been cut off")),
        "{:?}",
        old.notes
    );
}

/// However a dump is damaged, it is read or refused, and nothing panics.
#[test]
fn a_damaged_dump_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = DUMP.as_bytes();
    let (mut read, mut refused) = (0, 0);
    for at in (0..bytes.len()).step_by(31) {
        for change in [Some(b'\''), Some(b'('), Some(0xff), None] {
            let mut damaged = bytes.to_vec();
            match change {
                Some(byte) => damaged[at] = byte,
                None => damaged.truncate(at),
            }
            match read_with(&file(&folder, "old.sql", damaged), &[]) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 50 && refused > 50, "{read} read, {refused} refused");
}

#[test]
fn a_hundred_thousand_records_are_read() {
    let mut text = CREATE.to_owned();
    for hundred in 0..1_000 {
        text.push_str("INSERT INTO monitor_record VALUES ");
        for one in 1..=100 {
            let id = hundred * 100 + one;
            let end = if one == 100 { ";\n" } else { "," };
            write!(
                text,
                "({id},{},{id},1,'订单 {id} 未付款','2025-03-01 08:00:00'){end}",
                id % 3
            )
            .unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "old.sql", text);
    let mut last = None;
    let source = Source::find(path.to_str().unwrap()).unwrap();
    let zone: Zone = "UTC".parse().unwrap();
    let old = read(&source, &TypeMap::new([]), zone, &mut |progress| {
        last = Some(progress);
    })
    .unwrap();
    assert_eq!(old.records.len(), 100_000);
    let last = last.unwrap();
    assert_eq!(last.done, last.total);
}
