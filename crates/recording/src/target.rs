//! Where a call goes, without what changes from call to call and without what may be a key.

use chrono::{DateTime, NaiveDate};
use url::Url;

use crate::exchange::Exchange;
use crate::names;
use crate::secrets::{Secrets, looks_random};

/// How far a number may be from the time of the call to be that time.
const NEAR_MS: i64 = 24 * 3600 * 1000;

/// How days are written, and how long that is.
const FORMATS: &[(&str, usize)] = &[("%Y-%m-%d", 10), ("%Y/%m/%d", 10), ("%Y%m%d", 8)];

/// A path and the part of its query that can be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    query: Vec<(String, String)>,
    /// Names of parameters whose values may be keys.
    pub(crate) left_out: Vec<String>,
    /// Parameters with a day that stays the same.
    pub(crate) dates: Vec<String>,
    /// Parameters that are templates of a day.
    pub(crate) days: Vec<(String, String)>,
}

impl Target {
    /// Nothing where the path itself may hold a key, or cannot be written.
    pub(crate) fn of(call: &Exchange, secrets: &Secrets) -> Option<Target> {
        let path = path(&call.url);
        if !secrets.may_show_path(&path) || path.starts_with("//") {
            return None;
        }
        let mut target = Target {
            path,
            query: Vec::new(),
            left_out: Vec::new(),
            dates: Vec::new(),
            days: Vec::new(),
        };
        for (name, value) in call.url.query_pairs().take(crate::limits::MAX_PAIRS) {
            if is_volatile(&name, &value, call.at_ms) {
                continue;
            }
            let is_key = !secrets.may_show_value(&value)
                || !secrets.may_show_value(&name)
                || names::is_password(&name);
            match (is_key, secrets.may_show_value(&name)) {
                (true, true) => target.left_out.push(name.into_owned()),
                (true, false) => target.left_out.push("(its name too)".to_owned()),
                (false, _) => {
                    if let Some(template) = date_template(&value, call.at_ms) {
                        target.days.push((name.into_owned(), template));
                        continue;
                    }
                    if is_date_near(&value, call.at_ms) {
                        target.dates.push(name.clone().into_owned());
                    }
                    target.query.push((name.into_owned(), value.into_owned()));
                }
            }
        }
        Some(target)
    }

    /// `/api/orders?status=unpaid`
    pub(crate) fn text(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        format!("{}?{}", self.path, query.finish())
    }

    /// Without the parameters that say where to go after the sign-in.
    pub(crate) fn without_next(mut self) -> Target {
        let is_next = |name: &str| {
            let name = name.to_ascii_lowercase();
            [
                "next", "redirect", "return", "continue", "from", "back", "goto", "callback",
            ]
            .iter()
            .any(|word| name.contains(word))
        };
        self.query.retain(|(name, _)| !is_next(name));
        self
    }
}

/// The path of an address, without the session that Java servers write into it (`;jsessionid=…`).
pub(crate) fn path(url: &Url) -> String {
    let parts = url
        .path()
        .split('/')
        .map(|part| part.split(';').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a parameter is another one at each call.
fn is_volatile(name: &str, value: &str, at_ms: Option<i64>) -> bool {
    let number = value.parse::<i64>().ok();
    let is_near = |ms: i64| {
        at_ms
            .and_then(|at| ms.checked_sub(at))
            .is_some_and(|apart| apart.abs() < NEAR_MS)
    };
    let is_time =
        number.is_some_and(|number| is_near(number) || number.checked_mul(1_000).is_some_and(is_near));
    let is_chance = value.starts_with("0.") && value.len() > 8 && value.parse::<f64>().is_ok();
    let is_large = number.is_some_and(|number| number >= 1_000_000_000);
    is_time || (names::is_cache_buster(name) && (is_chance || is_large || looks_random(value)))
}

/// Whether a value is a day within six weeks of the recording, or begins with one.
pub(crate) fn is_date_near(value: &str, at_ms: Option<i64>) -> bool {
    FORMATS
        .iter()
        .any(|(format, length)| days_back(value, at_ms, format, *length).is_some())
}

/// The template for a value that is a day, where that is today, yesterday, a week or a month before: others, such as the first of a
/// month, are not known by their distance.
pub(crate) fn date_template(value: &str, at_ms: Option<i64>) -> Option<String> {
    let (format, back) = FORMATS.iter().find_map(|(format, length)| {
        let is_whole = value.len() == *length;
        is_whole.then(|| Some((format, days_back(value, at_ms, format, *length)?)))?
    })?;
    match back {
        // In the evening of UTC it is tomorrow in the east.
        -1 | 0 => Some(format!("{{{{ now | date(format=\"{format}\") }}}}")),
        1 | 6 | 7 | 29 | 30 => Some(format!(
            "{{{{ now | date(format=\"{format}\", days_back={back}) }}}}"
        )),
        _ => None,
    }
}

fn days_back(value: &str, at_ms: Option<i64>, format: &str, length: usize) -> Option<i64> {
    let now = DateTime::from_timestamp_millis(at_ms?)?;
    let day = NaiveDate::parse_from_str(value.get(..length)?, format).ok()?;
    let back = (now.date_naive() - day).num_days();
    (back.abs() <= 42).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::har::Recording;
    use serde_json::json;

    fn target(url: &str) -> Option<Target> {
        let har = json!({ "log": { "entries": [
            { "startedDateTime": "2026-11-27T08:00:00Z", "request": { "method": "GET", "url": url } }
        ] } });
        let recording = Recording::parse(har.to_string().as_bytes()).unwrap();
        Target::of(&recording.exchanges[0], &Secrets::of(&recording))
    }

    #[test]
    fn what_changes_from_call_to_call_is_left_out() {
        for (url, text) in [
            ("http://a/x?status=unpaid&_=1795766400123", "/x?status=unpaid"),
            ("http://a/x?t=1795766400", "/x"),
            ("http://a/x?when=1795766400123", "/x"),
            ("http://a/x?r=0.8273645172635", "/x"),
            ("http://a/x?t=open&v=2", "/x?t=open&v=2"),
            ("http://a/x;jsessionid=ABC123/y?q=%E5%BE%85", "/x/y?q=%E5%BE%85"),
            ("http://a/x?from=2026-11-01", "/x?from=2026-11-01"),
            ("http://a/x?from=2026-11-27&n=1", "/x?n=1"),
        ] {
            assert_eq!(target(url).unwrap().text(), text, "{url}");
        }
    }

    #[test]
    fn what_may_be_a_key_is_named_and_left_out() {
        let found = target("http://a/x?token=abcdefgh1&project=4f9a8b7c6d5e4f3a2b1c&page=1").unwrap();
        assert_eq!(found.text(), "/x?page=1");
        assert_eq!(found.left_out, ["token", "project"]);
        assert_eq!(target("http://a/s/4f9a8b7c6d5e4f3a2b1c/x"), None);
        let found = target("http://a/x?q=%7B%7B%20password%20%7D%7D").unwrap();
        assert_eq!((found.text().as_str(), found.left_out.len()), ("/x", 1));
    }

    #[test]
    fn a_day_of_the_recording_is_a_template_or_noticed() {
        let found = target("http://a/x?a=2026-11-27&b=20261126&c=2026/11/20&d=2026-11-01&e=2026-11-27 00:00")
            .unwrap();
        let days: Vec<String> = found
            .days
            .iter()
            .map(|(name, day)| format!("{name}: {day}"))
            .collect();
        assert_eq!(
            days,
            [
                r#"a: {{ now | date(format="%Y-%m-%d") }}"#,
                r#"b: {{ now | date(format="%Y%m%d", days_back=1) }}"#,
                r#"c: {{ now | date(format="%Y/%m/%d", days_back=7) }}"#
            ]
        );
        assert_eq!(found.dates, ["d", "e"]);
        let other = target("http://a/x?born=1999-01-01&n=20251127&x=2026").unwrap();
        assert!(other.dates.is_empty() && other.days.is_empty());
    }
}
