//! What the JSON of an answer says of itself: `{"code":401}` with status 200 is no success.

use monitor_domain::{Finding, counted};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{JsonPath, Response, json_path};

/// How much of a value an error shows, in characters.
const EXCERPT: usize = 60;

/// What the JSON of an answer has to say: `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BodySettings {
    /// JSONPath (RFC 9535) of the one value that `equals` and `not_equals` compare, such as `"$.code"`.
    pub path: Option<String>,
    /// It is one of these, such as `[0, "0"]`.
    pub equals: Option<Vec<Value>>,
    /// It is there, and none of these.
    pub not_equals: Option<Vec<Value>>,
    /// JSONPath of something that is there and not null, such as `"$.data"`.
    pub present: Option<String>,
}

/// The checked form of [`BodySettings`].
#[derive(Clone, Debug)]
pub struct BodyRule {
    compared: Option<Compared>,
    present: Option<JsonPath>,
}

#[derive(Clone, Debug)]
struct Compared {
    path: JsonPath,
    equals: Option<Vec<Value>>,
    not_equals: Vec<Value>,
}

impl BodySettings {
    /// The checked form; `key` is where it stands in its section, such as `ok`.
    ///
    /// # Errors
    /// Which of its keys is wrong.
    pub fn compile(&self, key: &str) -> Result<BodyRule, Finding> {
        let json_path = |name: &str, text: &Option<String>| {
            let parsed = text.as_deref().map(json_path).transpose();
            parsed.map_err(|message| Finding::new(format!("{key}.{name}"), message))
        };
        let present = json_path("present", &self.present)?;
        let path = json_path("path", &self.path)?;
        if self.equals.as_ref().is_some_and(Vec::is_empty) {
            let message = "names no value, so no answer would ever do; such as [0]";
            return Err(Finding::new(format!("{key}.equals"), message));
        }
        let compares = self.equals.is_some() || self.not_equals.is_some();
        let compared = match path {
            Some(path) if compares => Some(Compared {
                path,
                equals: self.equals.clone(),
                not_equals: self.not_equals.clone().unwrap_or_default(),
            }),
            None if !compares && present.is_some() => None,
            Some(_) => {
                let message = "nothing is compared with it: add equals = [0] or not_equals = [401]";
                return Err(Finding::new(format!("{key}.path"), message));
            }
            None if compares => {
                let message = "missing: the JSONPath of what is compared, such as \"$.code\"";
                return Err(Finding::new(format!("{key}.path"), message));
            }
            None => {
                let message = "says nothing: give path with equals or not_equals, or present";
                return Err(Finding::new(key.to_owned(), message));
            }
        };
        Ok(BodyRule { compared, present })
    }
}

impl BodyRule {
    /// Whether the answer says what it has to.
    ///
    /// # Errors
    /// What it says instead.
    pub fn check(&self, response: &Response) -> Result<(), String> {
        if response.is_html() {
            return Err("the answer is a web page, not JSON".to_owned());
        }
        let json: Value = serde_json::from_slice(&response.utf8()?)
            .map_err(|error| format!("the answer is not JSON: {error}"))?;
        if let Some(compared) = &self.compared {
            compared
                .check(&json, response)
                .map_err(|why| response.advised(why))?;
        }
        match &self.present {
            Some(path) if path.query(&json).iter().all(|node| node.is_null()) => {
                Err(format!("the answer has no {path}"))
            }
            _ => Ok(()),
        }
    }
}

impl BodyRule {
    /// Whether the answer is JSON that has nothing of what the rule is about.
    pub fn is_silent(&self, response: &Response) -> bool {
        let Ok(json) = response.json::<Value>() else {
            return false;
        };
        let paths = [
            self.compared.as_ref().map(|compared| &compared.path),
            self.present.as_ref(),
        ];
        paths
            .into_iter()
            .flatten()
            .all(|path| path.query(&json).is_empty())
    }
}

impl Compared {
    fn check(&self, json: &Value, response: &Response) -> Result<(), String> {
        let Compared {
            path,
            equals,
            not_equals,
        } = self;
        let nodes = path.query(json).all();
        let [node] = nodes.as_slice() else {
            return Err(match nodes.len() {
                0 => format!("the answer has no {path}"),
                several => format!("{path} selects {}; it must select one", counted(several, "value")),
            });
        };
        let is_one_of = |values: &[Value]| values.iter().any(|value| is_same(value, node));
        let shown = response.excerpt(&node.to_string(), EXCERPT);
        match equals {
            Some(wanted) if !is_one_of(wanted) => {
                let wanted: Vec<String> = wanted.iter().map(Value::to_string).collect();
                Err(format!("{path} is {shown}, not {}", wanted.join(" or ")))
            }
            _ if is_one_of(not_equals) => Err(format!("{path} is {shown}")),
            _ => Ok(()),
        }
    }
}

/// 0 and 0.0 are the same number; 0 and "0" are not the same.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bytes, Url};
    use http::{HeaderMap, Method, StatusCode};

    fn rule(text: &str) -> Result<BodyRule, Finding> {
        toml::from_str::<BodySettings>(text).unwrap().compile("ok")
    }

    fn check(rule: &BodyRule, body: &str) -> Result<(), String> {
        let url = Url::parse("https://a.example/").unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        rule.check(&Response::new(
            Method::GET,
            url,
            StatusCode::OK,
            HeaderMap::new(),
            body,
        ))
    }

    #[test]
    fn the_answer_says_how_it_went() {
        let code = rule("path = '$.code'\nequals = [0, '0']").unwrap();
        for good in [r#"{"code":0}"#, r#"{"code":"0"}"#, r#"{"code":0.0,"data":null}"#] {
            assert_eq!(check(&code, good), Ok(()), "{good}");
        }
        for (bad, why) in [
            (r#"{"code":401}"#, "$.code is 401, not 0 or \"0\""),
            (r#"{"code":null}"#, "$.code is null, not 0 or \"0\""),
            (r#"{"code":"00"}"#, "$.code is \"00\", not 0 or \"0\""),
            (r#"{"total":3}"#, "the answer has no $.code"),
            ("<html>", "the answer is a web page, not JSON"),
        ] {
            assert_eq!(check(&code, bad).unwrap_err(), why);
        }
        assert!(
            check(&code, "")
                .unwrap_err()
                .starts_with("the answer is not JSON")
        );
    }

    #[test]
    fn it_is_none_of_these_or_it_is_there() {
        let success = rule("path = '$.success'\nnot_equals = [false]").unwrap();
        assert_eq!(check(&success, r#"{"success":true}"#), Ok(()));
        assert_eq!(
            check(&success, r#"{"success":false}"#).unwrap_err(),
            "$.success is false"
        );
        assert_eq!(check(&success, "{}").unwrap_err(), "the answer has no $.success");
        let data = rule("present = '$.data'").unwrap();
        assert_eq!(check(&data, r#"{"data":[]}"#), Ok(()));
        assert_eq!(
            check(&data, r#"{"data":null}"#).unwrap_err(),
            "the answer has no $.data"
        );
        assert_eq!(
            check(&data, r#"{"errcode":40001}"#).unwrap_err(),
            "the answer has no $.data"
        );
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for (text, field) in [
            ("", "ok"),
            ("path = '$.code'", "ok.path"),
            ("path = '$.code'\nequals = []", "ok.equals"),
            ("equals = [0]", "ok.path"),
            ("path = 'code'\nequals = [0]", "ok.path"),
            ("present = 'data'", "ok.present"),
        ] {
            assert_eq!(rule(text).unwrap_err().field, field, "{text}");
        }
    }
}
