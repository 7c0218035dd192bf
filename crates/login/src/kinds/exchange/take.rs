//! What is taken from an answer for later calls.

use monitor_domain::{Finding, counted};
use monitor_requests::{HeaderName, Response};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::form;
use crate::cookies::CookieJar;

/// Where a value is in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TakeSettings {
    /// A JSONPath.
    Path(String),
    /// Another place.
    From(TakeFrom),
}

/// One of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TakeFrom {
    /// The header of this name.
    pub header: Option<String>,
    /// The cookie of this name.
    pub cookie: Option<String>,
    /// A regular expression over the body: its first group, or without one the whole match.
    pub regex: Option<String>,
    /// The form field of this name on the page.
    pub input: Option<String>,
}

/// The checked form.
#[derive(Clone, Debug)]
pub(crate) enum Take {
    Path(JsonPath),
    Header(HeaderName),
    Cookie(String),
    Regex(Regex),
    Input(String),
}

impl TakeSettings {
    /// The checked form; `key` is where it stands.
    pub(crate) fn compile(&self, key: &str) -> Result<Take, Finding> {
        let wrong = |why: String| Finding::new(key.to_owned(), why);
        let from = match self {
            TakeSettings::Path(path) => {
                let path = JsonPath::parse(path);
                return path
                    .map(Take::Path)
                    .map_err(|error| wrong(format!("not a JSONPath (RFC 9535): {error}")));
            }
            TakeSettings::From(from) => from,
        };
        let TakeFrom {
            header,
            cookie,
            regex,
            input,
        } = from;
        match (header, cookie, regex, input) {
            (Some(name), None, None, None) => HeaderName::from_bytes(name.as_bytes())
                .map(Take::Header)
                .map_err(|_| wrong("not the name of a header".to_owned())),
            (None, Some(name), None, None) => Ok(Take::Cookie(name.clone())),
            (None, None, Some(pattern), None) => Regex::new(pattern)
                .map(Take::Regex)
                .map_err(|error| wrong(format!("not a regular expression: {error}"))),
            (None, None, None, Some(name)) => Ok(Take::Input(name.clone())),
            _ => Err(wrong(
                "give a JSONPath, or one of header, cookie, regex and input".to_owned(),
            )),
        }
    }
}

impl Take {
    /// The value in an answer.
    ///
    /// # Errors
    /// Why there is none, without quoting the answer.
    pub(crate) fn from(&self, response: &Response, jar: &CookieJar) -> Result<String, String> {
        match self {
            Take::Path(path) => {
                let json: Value = serde_json::from_slice(&response.utf8()?)
                    .map_err(|_| "the answer is not JSON".to_owned())?;
                let nodes = path.query(&json).all();
                match nodes.as_slice() {
                    [Value::String(text)] if !text.is_empty() => Ok(text.clone()),
                    [Value::Number(number)] => Ok(number.to_string()),
                    [Value::Bool(value)] => Ok(value.to_string()),
                    [_] => Err(format!("{path} is neither a text nor a number")),
                    [] => Err(format!("the answer has no {path}")),
                    several => Err(format!(
                        "{path} selects {}; it must select one",
                        counted(several.len(), "value")
                    )),
                }
            }
            Take::Header(name) => {
                let value = response.headers.get(name).and_then(|value| value.to_str().ok());
                value
                    .map(str::to_owned)
                    .ok_or_else(|| format!("the answer has no header {name}"))
            }
            Take::Cookie(name) => jar
                .value(name)
                .ok_or_else(|| format!("the answer sets no cookie {name}")),
            Take::Regex(regex) => {
                let text = response.text();
                let found = regex
                    .captures(&text)
                    .and_then(|found| found.get(1).or_else(|| found.get(0)));
                found
                    .map(|found| found.as_str().to_owned())
                    .ok_or_else(|| "nothing matches its regex".to_owned())
            }
            Take::Input(name) => form::input(&response.text(), name)
                .ok_or_else(|| format!("the page has no form field {name:?}")),
        }
    }
}
