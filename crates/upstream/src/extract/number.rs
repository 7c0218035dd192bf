//! Numbers as they are written: in JSON, in a header, on a page. They are judged by their digits, since a double that was
//! rounded is like any other.

use std::sync::LazyLock;

use monitor_requests::Response;
use regex::Regex;
use serde_json::Value;

/// The largest magnitude at which an `f64` still counts one by one: 2^53. A total beyond it could rise
/// without the stored number changing, so it is unreadable rather than silently wrong.
pub const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
const MAX_DIGITS: &str = "9007199254740992";

/// The longest text that an error shows, in characters.
const MAX_EXCERPT: usize = 60;

/// Begins the strings that [`parse_json`] puts where a number stood that a double does not hold.
const MARKER: &str = "\u{0}number:";

/// What stands between the whole part and the fraction of a number in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// 1,234.56
    #[default]
    Point,
    /// 1.234,56
    Comma,
}

impl Decimal {
    pub(crate) fn parse(text: &str) -> Result<Decimal, String> {
        match text {
            "." => Ok(Decimal::Point),
            "," => Ok(Decimal::Comma),
            other => Err(format!("no decimal sign \"{other}\"; there are \".\" and \",\"")),
        }
    }

    fn sign(self) -> char {
        match self {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        }
    }

    fn other(self) -> Decimal {
        match self {
            Decimal::Point => Decimal::Comma,
            Decimal::Comma => Decimal::Point,
        }
    }
}

/// A JSON document in which a number with a fraction or an exponent that a double does not hold is an error for whoever
/// takes it, and for nobody else.
///
/// # Errors
/// When it is not JSON.
pub(super) fn parse_json(body: &[u8]) -> Result<Value, String> {
    let wrong = |error: serde_json::Error| format!("the answer is not JSON: {error}");
    let json = serde_json::from_slice(body).map_err(wrong)?;
    match mark_inexact(body) {
        None => Ok(json),
        Some(marked) => serde_json::from_slice(&marked).map_err(wrong),
    }
}

/// Puts strings in the place of numbers that a double does not hold; nothing where there are none. Integers stay: the
/// parser holds them exactly or as something too large. `body` is valid JSON.
fn mark_inexact(body: &[u8]) -> Option<Vec<u8>> {
    let mut marked: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'"' => at = end_of_string(body, at),
            b'-' | b'0'..=b'9' => {
                let end = body[at..]
                    .iter()
                    .position(|byte| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    .map_or(body.len(), |length| at + length);
                let token = std::str::from_utf8(&body[at..end]).unwrap_or_default();
                if token.contains(['.', 'e', 'E']) && held(token).is_err() {
                    let out = marked.get_or_insert_with(Vec::new);
                    out.extend_from_slice(&body[copied..at]);
                    out.extend_from_slice(format!("\"\\u0000number:{token}\"").as_bytes());
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    let mut out = marked?;
    out.extend_from_slice(&body[copied..]);
    Some(out)
}

fn end_of_string(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < body.len() && body[at] != b'"' {
        at += if body[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// A JSON number and nothing else: `"12"` or `null` where a number was due means that the answer is not what
/// the config thinks it is, and no data must not read as a value.
///
/// # Errors
/// What it is instead, where `place` says.
pub(super) fn from_json(place: &str, node: &Value) -> Result<f64, String> {
    let kind = match node {
        Value::Number(number) => return held(&number.to_string()),
        Value::String(text) => match text.strip_prefix(MARKER) {
            Some(token) => return held(token),
            None => "a string",
        },
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Err(format!("{place} is {kind}; wanted a number"))
}

/// Headers and pages hold text: a plain decimal, with separators where they are exact groups of three.
///
/// # Errors
/// What the text may be instead, with so much of it as `response` may show.
pub(super) fn from_text(text: &str, decimal: Decimal, response: &Response) -> Result<f64, String> {
    if let Some(plain) = plain(text, decimal) {
        return held(&plain);
    }
    let excerpt = response.excerpt(text, MAX_EXCERPT);
    let numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    let hint = if plain(text, decimal.other()).is_some() {
        format!("; with decimal = \"{}\" it is one", decimal.other().sign())
    } else if numbers.count() > 1 {
        "; it may be several, or one whose separators do not make groups of three".to_owned()
    } else {
        String::new()
    };
    Err(format!("\"{excerpt}\" is not a number{hint}"))
}

/// Digits with a point for the fraction and no separators; nothing where `text` is not written that way.
fn plain(text: &str, decimal: Decimal) -> Option<String> {
    // Sign, digits with separators, fraction, exponent.
    static NUMBER: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        [(r"\.", ","), (",", r"\.")].map(|(decimal, group)| {
            Regex::new(&format!(
                r"^([-+]?)(?:(\d+)|([1-9]\d{{0,2}}(?:(?:{group}\d{{3}})+|(?:_\d{{3}})+|(?:['’]\d{{3}})+|(?: \d{{3}})+)))(?:{decimal}(\d+))?([eE][-+]?\d+)?$"
            ))
            .expect("a constant expression")
        })
    });
    let spaces = [
        "&nbsp;", "&#160;", "&#xa0;", "&#xA0;", "\u{a0}", "\u{202f}", "\u{2009}",
    ];
    let text = spaces.iter().fold(text.replace('\u{2212}', "-"), |text, space| {
        text.replace(space, " ")
    });
    let number = match decimal {
        Decimal::Point => &NUMBER[0],
        Decimal::Comma => &NUMBER[1],
    };
    let found = number.captures(text.trim())?;
    let part = |n: usize| found.get(n).map_or("", |part| part.as_str());
    let grouped = part(3);
    // A number with separators and an exponent was written by nobody.
    if !grouped.is_empty() && !part(5).is_empty() {
        return None;
    }
    let whole: String = [part(2), grouped]
        .concat()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let fraction = if part(4).is_empty() {
        String::new()
    } else {
        format!(".{}", part(4))
    };
    Some(format!("{}{whole}{fraction}{}", part(1), part(5)))
}

/// The double of a decimal number (`-12.5e3`), where it is the number that was written, as far as counting goes.
///
/// # Errors
/// A magnitude over 2^53, and one so small that nothing would be left of it.
pub(super) fn held(written: &str) -> Result<f64, String> {
    let number: f64 = written
        .parse()
        .map_err(|_| format!("\"{written}\" is not a number"))?;
    let shown: String = written.chars().take(MAX_EXCERPT).collect();
    let mantissa = written.split(['e', 'E']).next().unwrap_or_default();
    if number == 0.0 && mantissa.contains(|c: char| ('1'..='9').contains(&c)) {
        return Err(format!("{shown} is too close to 0 to differ from it"));
    }
    if number.abs() > MAX_EXACT || (number.abs() >= MAX_EXACT && !is_max(written)) {
        return Err(format!(
            "{shown} is too large to be counted exactly (the limit is 2^53)"
        ));
    }
    Ok(number + 0.0)
}

/// Whether the digits say 2^53 and not something beside it.
fn is_max(written: &str) -> bool {
    let unsigned = written.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i32>() else {
        return false;
    };
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    let (Ok(fraction), Ok(zeros)) = (
        i32::try_from(fraction.len()),
        i32::try_from(digits.len() - significant.len()),
    ) else {
        return false;
    };
    significant == MAX_DIGITS && exponent.saturating_sub(fraction).saturating_add(zeros) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(text: &str, decimal: Decimal) -> Result<f64, String> {
        let url = monitor_requests::Url::parse("http://a.example/").unwrap();
        let (status, headers) = (monitor_requests::StatusCode::OK, http::HeaderMap::new());
        let response = Response::new(monitor_requests::Method::GET, url, status, headers, "".into());
        super::from_text(text, decimal, &response)
    }

    #[test]
    fn separators_are_exact_groups_of_three() {
        for (text, number) in [
            ("1,204", 1_204.0),
            ("1 378", 1_378.0),
            ("1&nbsp;378", 1_378.0),
            ("1\u{a0}378\u{a0}901", 1_378_901.0),
            ("12'345'678.5", 12_345_678.5),
            ("1_000", 1_000.0),
            ("-1,204.25", -1_204.25),
            ("\u{2212}3", -3.0),
            (" 17 ", 17.0),
            ("0.016", 0.016),
            ("1e3", 1_000.0),
            ("007", 7.0),
        ] {
            assert_eq!(from_text(text, Decimal::Point), Ok(number), "{text}");
        }
        for text in [
            "42, 43",
            "5, 7",
            "0,016",
            "1 2",
            "1.234,56",
            "1,23",
            "1,2345",
            "1,234 567",
            "12 34",
            "1,,234",
            ",5",
            "5.",
            "1 000e3",
            "",
            "-",
            "NaN",
            "inf",
            "0x10",
            "1234,567",
            "1.2.3",
        ] {
            assert!(from_text(text, Decimal::Point).is_err(), "{text}");
        }
    }

    #[test]
    fn a_comma_is_a_decimal_sign_where_it_is_said() {
        for (text, number) in [
            ("1.234,56", 1_234.56),
            ("0,016", 0.016),
            ("1 378,5", 1_378.5),
            ("12", 12.0),
        ] {
            assert_eq!(from_text(text, Decimal::Comma), Ok(number), "{text}");
        }
        for text in ["1,234.56", "1.23", "1,2,3"] {
            assert!(from_text(text, Decimal::Comma).is_err(), "{text}");
        }
    }

    #[test]
    fn what_it_may_be_is_said() {
        let why = |text| from_text(text, Decimal::Point).unwrap_err();
        assert_eq!(
            why("1.234,56"),
            "\"1.234,56\" is not a number; with decimal = \",\" it is one"
        );
        assert!(why("0,016").contains("decimal = \",\""), "{}", why("0,016"));
        assert!(why("42, 43").contains("several"), "{}", why("42, 43"));
        assert_eq!(why("many"), "\"many\" is not a number");
    }

    #[test]
    fn a_number_that_a_double_does_not_hold_is_none() {
        for text in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740993.0",
            "9.007199254740993e15",
            "90071992547409930e-1",
            "9007199254740992.5",
            "18446744073709551616",
            "1e300",
            "1e999",
            "1e-400",
            "-1e-400",
            "0.1e-330",
        ] {
            assert!(held(text).is_err(), "{text}");
            assert!(from_text(text, Decimal::Point).is_err(), "{text}");
            let json = parse_json(format!("[{{\"n\":{text}}}]").as_bytes());
            let read = json.and_then(|json| from_json("$.n", &json[0]["n"]));
            assert!(read.is_err(), "{text}: {read:?}");
        }
        for text in [
            "9007199254740992",
            "9007199254740992.0",
            "9.007199254740992e15",
            "900719925474099200e-2",
        ] {
            assert_eq!(held(text), Ok(MAX_EXACT), "{text}");
        }
        for text in ["0", "-0", "0.0", "0e-400", "-0.0e5"] {
            assert_eq!(held(text).map(f64::to_bits), Ok(0), "{text}");
        }
        assert_eq!(held("1e-300"), Ok(1e-300));
    }

    #[test]
    fn only_numbers_are_marked() {
        let body = r#"{"a \" 1e-400": "1e-400 \\", "b": [1.5, 1e-400, -2], "c": "9007199254740993.0"}"#;
        let json = parse_json(body.as_bytes()).unwrap();
        assert_eq!(json["a \" 1e-400"], "1e-400 \\");
        assert_eq!(json["c"], "9007199254740993.0");
        assert_eq!(json["b"][0], 1.5);
        assert_eq!(json["b"][2], -2);
        let why = from_json("$.b[1]", &json["b"][1]).unwrap_err();
        assert_eq!(why, "1e-400 is too close to 0 to differ from it");
        assert_eq!(mark_inexact(br#"{"n": 1.5, "s": "x"}"#), None);
    }
}
