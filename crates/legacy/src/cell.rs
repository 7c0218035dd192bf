//! What is in a cell. SQLite and a dump both give texts, whatever the column was declared as.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound};

use crate::zone::Zone;

/// A cell as bytes; `None` is NULL.
pub(crate) type Cell = Option<Vec<u8>>;

/// The longest text that an explanation quotes.
const QUOTED: usize = 40;

/// A cell as text.
pub(crate) fn text<'c>(cell: &'c Cell, column: &str) -> Result<Option<&'c str>, String> {
    let Some(bytes) = cell else {
        return Ok(None);
    };
    std::str::from_utf8(bytes).map(Some).map_err(|_| {
        format!("{column} is not UTF-8; a dump is, when it is made with --default-character-set=utf8mb4")
    })
}

/// A whole number.
pub(crate) fn whole(cell: &Cell, column: &str) -> Result<Option<i64>, String> {
    let Some(text) = text(cell, column)? else {
        return Ok(None);
    };
    let number = text.trim().parse().map(Some);
    number.map_err(|_| format!("{column} is {}, no whole number", quoted(text)))
}

/// A number that is finite.
pub(crate) fn number(cell: &Cell, column: &str) -> Result<Option<f64>, String> {
    let Some(text) = text(cell, column)? else {
        return Ok(None);
    };
    let parsed = text.trim().parse::<f64>().ok();
    match parsed.filter(|number| number.is_finite()) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("{column} is {}, no number", quoted(text))),
    }
}

/// A yes or no; NULL is no, as the old program's own list reads it. A column of bits has a byte.
pub(crate) fn flag(cell: &Cell, column: &str) -> Result<bool, String> {
    let Some(bytes) = cell else {
        return Ok(false);
    };
    match bytes.to_ascii_lowercase().as_slice() {
        b"1" | b"\x01" | b"true" | b"t" | b"1.0" => Ok(true),
        b"0" | b"\x00" | b"false" | b"f" | b"0.0" | b"" => Ok(false),
        _ => Err(format!(
            "{column} is {}, neither true nor false",
            quoted(&String::from_utf8_lossy(bytes))
        )),
    }
}

/// A time as UTC, whole microseconds. One that names its offset has its own zone.
pub(crate) fn time(text: &str, zone: Option<Zone>, column: &str) -> Result<NaiveDateTime, String> {
    let wrong = || format!("{column} is {}, no time", quoted(text));
    let trimmed = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(trimmed) {
        return Ok(time.naive_utc().trunc_subsecs(6));
    }
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let read = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(trimmed, format).ok())
        .or_else(|| {
            let day = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::MIN))
        });
    let local = read.ok_or_else(wrong)?.trunc_subsecs(6);
    zone.map_or(Some(local), |zone| zone.to_utc(local))
        .ok_or_else(wrong)
}

/// A text in quotes, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if text.chars().count() > QUOTED {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell {
        Some(text.as_bytes().to_vec())
    }

    #[test]
    fn numbers_are_whole_or_not_and_never_guessed() {
        assert_eq!(number(&cell("12"), "value"), Ok(Some(12.0)));
        assert_eq!(number(&cell("1.5e3"), "value"), Ok(Some(1500.0)));
        assert_eq!(number(&None, "value"), Ok(None));
        for wrong in ["12,5", "", "nan", "inf", "1 2", "十二"] {
            assert!(
                number(&cell(wrong), "value").unwrap_err().starts_with("value is"),
                "{wrong}"
            );
        }
        assert_eq!(whole(&cell("77"), "id"), Ok(Some(77)));
        assert!(whole(&cell("7.5"), "id").is_err());
        assert!(whole(&Some(vec![0xff]), "id").unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn flags_are_bits_numbers_or_words() {
        for yes in ["1", "true", "TRUE", "\u{1}", "t"] {
            assert_eq!(flag(&cell(yes), "alert"), Ok(true), "{yes:?}");
        }
        for no in ["0", "false", "\0", "", "F"] {
            assert_eq!(flag(&cell(no), "alert"), Ok(false), "{no:?}");
        }
        assert_eq!(flag(&None, "alert"), Ok(false));
        assert!(flag(&cell("2"), "alert").unwrap_err().contains("neither"));
    }

    #[test]
    fn times_are_what_both_databases_write() {
        let shanghai: Zone = "Asia/Shanghai".parse().unwrap();
        for (text, zone, expected) in [
            (
                "2025-03-01 08:01:02.345678",
                Some(shanghai),
                Some("2025-03-01 00:01:02.345678"),
            ),
            ("2025-03-01 08:01:02", Some(shanghai), Some("2025-03-01 00:01:02")),
            ("2025-03-01 08:01:02", None, Some("2025-03-01 08:01:02")),
            ("2025-03-01T08:01:02", None, Some("2025-03-01 08:01:02")),
            ("2025-03-01 08:01", None, Some("2025-03-01 08:01:00")),
            ("2025-03-01", Some(shanghai), Some("2025-02-28 16:00:00")),
            // Its own offset counts.
            (
                "2025-03-01T08:01:02+09:00",
                Some(shanghai),
                Some("2025-02-28 23:01:02"),
            ),
            ("0000-00-00 00:00:00", Some(shanghai), None),
            ("2025-02-30 08:00:00", None, None),
            ("yesterday", None, None),
            ("", None, None),
        ] {
            let read = time(text, zone, "timestamp");
            assert_eq!(read.ok().map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
        assert_eq!(
            time("0000-00-00", None, "timestamp").unwrap_err(),
            "timestamp is \"0000-00-00\", no time"
        );
    }
}
