//! Taking one number from an answer.

use std::sync::Arc;

use monitor_domain::counted;
use monitor_login::{JsonPath, PageSelector, json_path};
use monitor_requests::Response;
use regex::Regex;
use serde_json::Value;

use crate::items::ItemList;

mod list;
mod number;
mod scale;
mod selection;

pub use list::List;
pub use number::{Decimal, MAX_EXACT};
pub use scale::Scale;
pub use selection::Selection;

/// How much of what is found is shown, in characters.
const SHOWN: usize = 200;

/// How the number is taken from an answer.
#[derive(Clone, Debug)]
pub enum Extract {
    /// The one number that a JSONPath selects.
    Value(JsonPath),
    /// How many there are.
    Count(List),
    /// The sum of the numbers selected; 0 for an empty list.
    Sum(List),
    /// The largest number selected.
    Max(List),
    /// The smallest number selected.
    Min(List),
    /// The number in an answer header.
    Header(http::HeaderName, Decimal),
    /// The first group (or whole match) of a regular expression over the body.
    Regex(Regex, Decimal),
    /// The number in the one element of a page that a CSS selector selects.
    Select(PageSelector, Decimal),
    /// None: the answer is a list of items, each with a number.
    List(Arc<ItemList>),
    /// The number of one of them, by what the system and what people call it.
    Item(Arc<ItemList>, ItemName),
}

/// What an item of a list is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemName {
    /// By the system.
    pub key: String,
    /// By people.
    pub label: String,
}

/// How lists and numbers are written in the answers of a system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notation {
    pub(crate) null_is_empty: bool,
    pub(crate) decimal: Decimal,
}

impl ItemName {
    /// As templates are tried with.
    pub(crate) fn sample() -> ItemName {
        ItemName {
            key: "17".to_owned(),
            label: "North".to_owned(),
        }
    }
}

impl Extract {
    /// Reads the way `name` (a key of the `fetch` section) with its text.
    pub(crate) fn parse(name: &str, text: &str, notation: Notation) -> Result<Extract, String> {
        let list = || Selection::parse(text, notation.null_is_empty).map(List::Json);
        Ok(match name {
            "value" => Extract::Value(json_path(text)?),
            "count" | "sum" | "max" | "min" => Extract::of_list(name, list()?),
            "header" => Extract::Header(
                text.parse()
                    .map_err(|_| format!("\"{text}\" is not a header name"))?,
                notation.decimal,
            ),
            _ => Extract::Regex(
                Regex::new(text).map_err(|error| format!("not a regular expression: {error}"))?,
                notation.decimal,
            ),
        })
    }

    /// What the key `name` of a `fetch` section makes of a list.
    pub(crate) fn of_list(name: &str, list: List) -> Extract {
        match name {
            "sum" => Extract::Sum(list),
            "max" => Extract::Max(list),
            "min" => Extract::Min(list),
            _ => Extract::Count(list),
        }
    }

    fn list(&self) -> Option<&List> {
        match self {
            Extract::Count(list) | Extract::Sum(list) | Extract::Max(list) | Extract::Min(list) => Some(list),
            _ => None,
        }
    }

    /// Whether the answer is read as JSON; otherwise it may be a page.
    pub(crate) fn is_json(&self) -> bool {
        matches!(
            (self, self.list()),
            (Extract::Value(_) | Extract::List(_) | Extract::Item(..), _) | (_, Some(List::Json(_)))
        )
    }

    /// Takes the number.
    ///
    /// # Errors
    /// Why there is none, in words for a person: the wrong shape, the wrong type, a list that is not there, or a number
    /// that cannot be held exactly.
    pub fn apply(&self, response: &Response) -> Result<f64, String> {
        match self {
            Extract::Header(_, decimal) | Extract::Regex(_, decimal) => {
                number::from_text(&self.text(response)?, *decimal, response)
            }
            Extract::Select(selector, decimal) => match self.text(response)? {
                text if text.is_empty() => Err(format!(
                    "{selector} is empty; what a page fills in by JavaScript comes from an API: read that"
                )),
                text => number::from_text(&text, *decimal, response),
            },
            Extract::Value(path) => one(path, &json(response)?),
            Extract::List(_) => Err("is a list of items, and no number".to_owned()),
            Extract::Item(list, item) => match list.read(response)?.get(&item.key) {
                Some(item) => item.value.clone(),
                None => Err(format!("has no item with the key {:?}", item.key)),
            },
            Extract::Count(list) => list.count(response),
            Extract::Sum(list) => list.sum(response),
            Extract::Max(list) => list.pick(response, f64::max),
            Extract::Min(list) => list.pick(response, f64::min),
        }
    }

    /// The text that the number is in.
    fn text(&self, response: &Response) -> Result<String, String> {
        match self {
            Extract::Header(name, _) => {
                let value = response
                    .headers
                    .get(name)
                    .ok_or_else(|| format!("the answer has no header {name}"))?;
                Ok(String::from_utf8_lossy(value.as_bytes()).into_owned())
            }
            Extract::Regex(regex, _) => {
                let text = list::text(response)?;
                let found = regex
                    .captures(&text)
                    .ok_or_else(|| format!("nothing matches {regex}"))?;
                let group = found.get(1).or_else(|| found.get(0));
                Ok(group.map_or("", |group| group.as_str()).to_owned())
            }
            Extract::Select(selector, _) => selector.one(&list::text(response)?),
            _ => Ok(String::new()),
        }
    }

    /// What it sees in an answer, for those who try it out: so much of it as may be shown.
    pub(crate) fn found(&self, response: &Response) -> Result<String, String> {
        let found = match (self, self.list()) {
            (_, Some(list)) => list.found(response)?,
            (Extract::Value(path), _) => {
                let json = json(response)?;
                let nodes: Vec<String> = path.query(&json).iter().map(ToString::to_string).collect();
                nodes.join(", ")
            }
            (Extract::List(list) | Extract::Item(list, _), _) => {
                counted(list.read(response)?.all().len(), "item")
            }
            _ => format!("{:?}", self.text(response)?),
        };
        Ok(format!("{self}: {}", response.excerpt(&found, SHOWN)))
    }
}

impl std::fmt::Display for Extract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Extract::Value(path) => path.fmt(f),
            Extract::Count(list) => write!(f, "count of {list}"),
            Extract::Sum(list) => write!(f, "sum of {list}"),
            Extract::Max(list) => write!(f, "max of {list}"),
            Extract::Min(list) => write!(f, "min of {list}"),
            Extract::Header(name, _) => write!(f, "header {name}"),
            Extract::Regex(regex, _) => write!(f, "regex {regex}"),
            Extract::Select(selector, _) => selector.fmt(f),
            Extract::List(list) | Extract::Item(list, _) => list.items.fmt(f),
        }
    }
}

/// The JSON of an answer, with numbers as [`number`] judges them.
pub(crate) fn json(response: &Response) -> Result<Value, String> {
    if response.is_html() {
        return Err("the answer is a web page, not JSON".to_owned());
    }
    number::parse_json(&response.utf8()?)
}

/// The number that stands at `path`.
pub(crate) fn number_of(path: &JsonPath, node: &Value) -> Result<f64, String> {
    number::from_json(&path.to_string(), node)
}

fn one(path: &JsonPath, json: &Value) -> Result<f64, String> {
    match path.query(json).all().as_slice() {
        [] => Err(format!("the answer has no {path}")),
        [node] => number_of(path, node),
        several => Err(format!(
            "{path} selects {}; it must select one",
            counted(several.len(), "value")
        )),
    }
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
        Extract::parse(way, text, Notation::default())?.apply(&answer("application/json", body))
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
        assert_eq!(
            take("sum", "$.none[*]", r#"{"none":[]}"#).map(f64::to_bits),
            Ok(0),
            "not -0"
        );
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
            ("max", "$[*]", "[]", "$[*] selects nothing"),
            (
                "count",
                "$.items[*]",
                r#"{"error":"session expired"}"#,
                "the answer has no $.items",
            ),
            (
                "sum",
                "$.items[*].n",
                r#"{"items":null}"#,
                "$.items is no list but null",
            ),
            (
                "min",
                "$.items[*].n",
                r#"{"items":[{"n":1},{}]}"#,
                "$.items[*].n is missing in 1 of 2",
            ),
            (
                "sum",
                "$[*]",
                "[9007199254740992,1]",
                "the sum of $[*] is too large",
            ),
            ("sum", "$[*]", "[1e-400]", "1e-400 is too close to 0"),
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
                "9223372036854775808 is too large to be counted exactly (the limit is 2^53)",
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
        let way = Extract::parse("value", "$.total", Notation::default()).unwrap();
        assert_eq!(
            way.apply(&html).unwrap_err(),
            "the answer is a web page, not JSON"
        );
    }

    #[test]
    fn bad_expressions_are_refused() {
        assert!(
            Extract::parse("value", "total", Notation::default())
                .unwrap_err()
                .starts_with("not a JSONPath")
        );
        assert!(
            Extract::parse("regex", "(", Notation::default())
                .unwrap_err()
                .starts_with("not a regular expression")
        );
        assert!(Extract::parse("header", "X Total", Notation::default()).is_err());
    }
}
