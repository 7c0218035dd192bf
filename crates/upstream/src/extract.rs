//! Taking one number from an answer.

use monitor_requests::Response;
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

/// The largest magnitude at which an `f64` still counts one by one: 2^53. A total beyond it could rise
/// without the stored number changing, so it is unreadable rather than silently wrong.
pub const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The longest regular expression match that is read, in characters.
const MAX_EXCERPT: usize = 60;

/// How the number is taken from an answer.
#[derive(Clone, Debug)]
pub enum Extract {
    /// The one number that a JSONPath selects.
    Value(JsonPath),
    /// How many nodes a JSONPath selects.
    Count(JsonPath),
    /// The sum of the numbers selected; 0 for none.
    Sum(JsonPath),
    /// The largest number selected.
    Max(JsonPath),
    /// The smallest number selected.
    Min(JsonPath),
    /// The number in an answer header.
    Header(http::HeaderName),
    /// The first group (or whole match) of a regular expression over the body.
    Regex(Regex),
}

impl Extract {
    /// Reads the way `name` (a key of the `fetch` section) with its text.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Extract, String> {
        let path = || JsonPath::parse(text).map_err(|error| format!("not a JSONPath (RFC 9535): {error}"));
        Ok(match name {
            "value" => Extract::Value(path()?),
            "count" => Extract::Count(path()?),
            "sum" => Extract::Sum(path()?),
            "max" => Extract::Max(path()?),
            "min" => Extract::Min(path()?),
            "header" => Extract::Header(
                text.parse()
                    .map_err(|_| format!("\"{text}\" is not a header name"))?,
            ),
            _ => Extract::Regex(
                Regex::new(text).map_err(|error| format!("not a regular expression: {error}"))?,
            ),
        })
    }

    /// Takes the number.
    ///
    /// # Errors
    /// Why there is none, in words for a person: the wrong shape, the wrong type, or a number that cannot be
    /// held exactly.
    pub fn apply(&self, response: &Response) -> Result<f64, String> {
        let number = match self {
            Extract::Header(name) => {
                let value = response
                    .headers
                    .get(name)
                    .ok_or_else(|| format!("the answer has no header {name}"))?;
                parse_text(&String::from_utf8_lossy(value.as_bytes()))?
            }
            Extract::Regex(regex) => {
                let text = response.text();
                let found = regex
                    .captures(&text)
                    .ok_or_else(|| format!("nothing matches {regex}"))?;
                parse_text(
                    found
                        .get(1)
                        .or_else(|| found.get(0))
                        .map_or("", |group| group.as_str()),
                )?
            }
            Extract::Value(path) => with_json(response, |json| one(path, json))?,
            #[allow(clippy::cast_precision_loss)] // far fewer nodes than 2^53 fit the body limit
            Extract::Count(path) => with_json(response, |json| Ok(path.query(json).len() as f64))?,
            Extract::Sum(path) => with_json(response, |json| Ok(all(path, json)?.into_iter().sum()))?,
            Extract::Max(path) => with_json(response, |json| pick(path, json, f64::max))?,
            Extract::Min(path) => with_json(response, |json| pick(path, json, f64::min))?,
        };
        if !number.is_finite() {
            return Err("the number is not finite".to_owned());
        }
        if number.abs() > MAX_EXACT {
            return Err(format!(
                "{number} is too large to be counted exactly (the limit is 2^53)"
            ));
        }
        Ok(number)
    }
}

fn with_json(response: &Response, take: impl FnOnce(&Value) -> Result<f64, String>) -> Result<f64, String> {
    if response.is_html() {
        return Err("the answer is a web page, not JSON".to_owned());
    }
    let json: Value =
        serde_json::from_slice(&response.body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    take(&json)
}

fn one(path: &JsonPath, json: &Value) -> Result<f64, String> {
    match path.query(json).all().as_slice() {
        [] => Err(format!("the answer has no {path}")),
        [node] => number(path, node),
        several => Err(format!(
            "{path} selects {} values; it must select one",
            several.len()
        )),
    }
}

fn all(path: &JsonPath, json: &Value) -> Result<Vec<f64>, String> {
    path.query(json).iter().map(|node| number(path, node)).collect()
}

fn pick(path: &JsonPath, json: &Value, better: fn(f64, f64) -> f64) -> Result<f64, String> {
    all(path, json)?
        .into_iter()
        .reduce(better)
        .ok_or_else(|| format!("the answer has no {path}"))
}

/// A JSON number and nothing else: `"12"` or `null` where a number was due means that the answer is not what
/// the config thinks it is, and no data must not read as a value.
fn number(path: &JsonPath, node: &Value) -> Result<f64, String> {
    node.as_f64().ok_or_else(|| {
        let kind = match node {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
            Value::Number(_) => "a number that cannot be held",
        };
        format!("{path} is {kind}; wanted a number")
    })
}

/// Headers and pages hold text: plain decimal, with thousands separators as people write them.
fn parse_text(text: &str) -> Result<f64, String> {
    let plain: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{a0}'))
        .collect();
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let excerpt: String = text.chars().take(MAX_EXCERPT).collect();
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("\"{excerpt}\" is not a number"));
    }
    plain
        .parse()
        .map_err(|_| format!("\"{excerpt}\" is not a number"))
}

#[cfg(test)]
mod tests {
    use monitor_requests::{HeaderMap, HeaderValue, StatusCode, Url};

    use super::*;

    fn answer(content_type: &'static str, body: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        headers.insert("x-total-count", HeaderValue::from_static("1,204"));
        let url = Url::parse("http://a.example/").unwrap();
        Response::new(http::Method::GET, url, StatusCode::OK, headers, body.into())
    }

    fn take(way: &str, text: &str, body: &'static str) -> Result<f64, String> {
        Extract::parse(way, text)?.apply(&answer("application/json", body))
    }

    #[test]
    fn takes_numbers_each_way() {
        assert_eq!(take("value", "$.total", r#"{"total":131}"#), Ok(131.0));
        assert_eq!(
            take("value", "$.meta.total", r#"{"meta":{"total":-2.5}}"#),
            Ok(-2.5)
        );
        let items = r#"{"items":[{"n":3},{"n":9},{"n":1}]}"#;
        assert_eq!(take("count", "$.items[*]", items), Ok(3.0));
        assert_eq!(take("sum", "$.items[*].n", items), Ok(13.0));
        assert_eq!(take("max", "$.items[*].n", items), Ok(9.0));
        assert_eq!(take("min", "$.items[*].n", items), Ok(1.0));
        assert_eq!(take("count", "$.items[?@.n > 2]", items), Ok(2.0));
        assert_eq!(take("sum", "$.none[*]", items), Ok(0.0));
        assert_eq!(take("header", "X-Total-Count", "{}"), Ok(1204.0));
        assert_eq!(take("regex", r"(\d+) orders", "there are 17 orders"), Ok(17.0));
    }

    #[test]
    fn says_why_there_is_no_number() {
        for (way, text, body, why) in [
            (
                "value",
                "$.total",
                r#"{"total":"12"}"#,
                "$.total is a string; wanted a number",
            ),
            (
                "value",
                "$.total",
                r#"{"total":null}"#,
                "$.total is null; wanted a number",
            ),
            ("value", "$.total", r#"{"totl":1}"#, "the answer has no $.total"),
            (
                "value",
                "$[*]",
                r"[1,2]",
                "$[*] selects 2 values; it must select one",
            ),
            ("max", "$[*]", "[]", "the answer has no $[*]"),
            ("sum", "$[*]", r#"[1,"2"]"#, "$[*] is a string; wanted a number"),
            (
                "regex",
                r"(\w+) orders",
                "many orders",
                "\"many\" is not a number",
            ),
            ("regex", r"(\w+) orders", "NaN orders", "\"NaN\" is not a number"),
            ("header", "X-Absent", "{}", "the answer has no header x-absent"),
            (
                "value",
                "$.total",
                r#"{"total":9223372036854775808}"#,
                "9223372036854776000 is too large to be counted exactly (the limit is 2^53)",
            ),
        ] {
            let got = take(way, text, body).unwrap_err();
            assert!(got.starts_with(why), "{got}");
        }
        assert!(
            take("value", "$.total", "{\"total\":NaN}")
                .unwrap_err()
                .starts_with("the answer is not JSON")
        );
        assert!(
            take("value", "$.total", "")
                .unwrap_err()
                .starts_with("the answer is not JSON")
        );
    }

    #[test]
    fn a_web_page_is_not_json() {
        let html = answer("text/html; charset=utf-8", "<html>12</html>");
        let way = Extract::parse("value", "$.total").unwrap();
        assert_eq!(
            way.apply(&html).unwrap_err(),
            "the answer is a web page, not JSON"
        );
    }

    #[test]
    fn bad_expressions_are_refused() {
        assert!(
            Extract::parse("value", "total")
                .unwrap_err()
                .starts_with("not a JSONPath")
        );
        assert!(
            Extract::parse("regex", "(")
                .unwrap_err()
                .starts_with("not a regular expression")
        );
        assert!(Extract::parse("header", "X Total").is_err());
    }
}
