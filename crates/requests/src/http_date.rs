//! The three date formats of HTTP (RFC 9110, 5.6.7).

use chrono::{DateTime, NaiveDateTime, Utc};

/// The obsolete formats that a recipient must still read: RFC 850 and asctime.
const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// The date, or nothing for what is none.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.with_timezone(&Utc));
    }
    OBSOLETE
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|date| date.and_utc())
}

/// The date as it is sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn write(date: DateTime<Utc>) -> String {
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_formats_of_the_standard_are_the_same_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                parse(text).map(|date| date.timestamp()),
                Some(784_111_777),
                "{text}"
            );
        }
        let written = write(DateTime::from_timestamp(784_111_777, 0).unwrap());
        assert_eq!(written, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse("tomorrow"), None);
        assert_eq!(parse(""), None);
    }
}
