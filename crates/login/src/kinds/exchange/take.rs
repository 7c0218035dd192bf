//! What is taken from an answer for later calls.

use monitor_domain::{Finding, counted};
use monitor_requests::{HeaderName, Response, is_secret_taken};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::form;
use crate::cookies::CookieJar;
use crate::page::PageSelector;
use crate::{JsonPath, json_path};

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
    /// A CSS selector of the one element of the page that holds it: its text, or with `attribute` that.
    pub select: Option<String>,
    /// With `select`: the attribute of the element.
    pub attribute: Option<String>,
}

/// The checked form.
#[derive(Clone, Debug)]
pub enum Take {
    /// The one value that a JSONPath selects.
    Path(JsonPath),
    /// A header.
    Header(HeaderName),
    /// A cookie that an answer so far has set.
    Cookie(String),
    /// The first group of a regular expression, or all that it matches.
    Regex(Regex),
    /// A field of a form.
    Input(String),
    /// An element of a page.
    Select(PageSelector),
}

impl TakeSettings {
    /// The checked form; `key` is where it stands.
    pub(crate) fn compile(&self, key: &str) -> Result<Take, Finding> {
        let wrong = |why: String| Finding::new(key.to_owned(), why);
        let from = match self {
            TakeSettings::Path(path) => {
                return json_path(path).map(Take::Path).map_err(wrong);
            }
            TakeSettings::From(from) => from,
        };
        let attribute = from.attribute.as_deref();
        if attribute.is_some() && from.select.is_none() {
            return Err(wrong("attribute is for select: give that too".to_owned()));
        }
        let ways = [
            from.header.as_deref().map(Way::Header),
            from.cookie.as_deref().map(Way::Cookie),
            from.regex.as_deref().map(Way::Regex),
            from.input.as_deref().map(Way::Input),
            from.select.as_deref().map(Way::Select),
        ];
        let given: Vec<Way<'_>> = ways.into_iter().flatten().collect();
        match given.as_slice() {
            [Way::Header(name)] => HeaderName::from_bytes(name.as_bytes())
                .map(Take::Header)
                .map_err(|_| wrong("not the name of a header".to_owned())),
            [Way::Cookie(name)] => Ok(Take::Cookie((*name).to_owned())),
            [Way::Regex(pattern)] => Regex::new(pattern)
                .map(Take::Regex)
                .map_err(|error| wrong(format!("not a regular expression: {error}"))),
            [Way::Input(name)] => Ok(Take::Input((*name).to_owned())),
            [Way::Select(css)] => PageSelector::parse(css, attribute)
                .map(Take::Select)
                .map_err(wrong),
            _ => Err(wrong(
                "give a JSONPath, or one of header, cookie, regex, input and select".to_owned(),
            )),
        }
    }
}

/// What one of the keys of [`TakeFrom`] says.
enum Way<'a> {
    Header(&'a str),
    Cookie(&'a str),
    Regex(&'a str),
    Input(&'a str),
    Select(&'a str),
}

impl Take {
    /// Whether the answer is read as JSON.
    pub fn is_json(&self) -> bool {
        matches!(self, Take::Path(_))
    }

    /// Whether what is taken from here for a later call, as `name`, is a secret: by that name, by that of its place, or by its
    /// shape. Nothing else tells a ticket from the id of a shop.
    pub fn is_secret(&self, name: &str, value: &str) -> bool {
        let place = match self {
            Take::Cookie(_) => return true,
            Take::Path(path) => path.to_string(),
            Take::Header(name) => name.to_string(),
            Take::Input(name) => name.clone(),
            Take::Select(selector) => selector.to_string(),
            Take::Regex(_) => String::new(),
        };
        is_secret_taken(name, value) || is_secret_taken(&place, "")
    }

    /// The value in an answer; `jar` has the cookies that it and those before it have set.
    ///
    /// # Errors
    /// Why there is none, without quoting the answer.
    pub fn from(&self, response: &Response, jar: &CookieJar) -> Result<String, String> {
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
            Take::Select(selector) => match selector.one(&response.text())? {
                text if text.is_empty() => Err(format!("{selector} is empty")),
                text => Ok(text.replace('\n', " ")),
            },
            Take::Input(name) => form::input(&response.text(), name)
                .ok_or_else(|| format!("the page has no form field {name:?}")),
        }
    }
}
