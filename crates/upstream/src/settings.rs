//! The config sections this crate owns: `fetch`, `details` and `[alarm]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::details::Details;
use crate::extract::Extract;
use crate::fetch::Fetch;

/// What is wrong with one key of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The key inside the section, such as `value`; empty for the section itself.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> FieldError {
        FieldError {
            field,
            message: message.into(),
        }
    }
}

/// `metrics.KEY.fetch`: where a number comes from. Exactly one of `value`, `count`, `sum`, `max`, `min`,
/// `header` and `regex` says how it is taken from the answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// Name of the system to ask.
    pub system: Option<String>,
    /// Path and query, joined to the system's `base_url`.
    pub path: Option<String>,
    /// HTTP method; GET by default.
    pub method: Option<String>,
    /// More query parameters.
    pub query: BTreeMap<String, String>,
    /// More request headers.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON (a string is sent as it is).
    pub body: Option<serde_json::Value>,
    /// JSONPath (RFC 9535) of the one number.
    pub value: Option<String>,
    /// JSONPath: how many nodes it selects.
    pub count: Option<String>,
    /// JSONPath: the sum of the numbers it selects.
    pub sum: Option<String>,
    /// JSONPath: the largest of the numbers it selects.
    pub max: Option<String>,
    /// JSONPath: the smallest of the numbers it selects.
    pub min: Option<String>,
    /// Name of an answer header that holds the number.
    pub header: Option<String>,
    /// Regular expression over the body; its first group (or the whole match) is the number.
    pub regex: Option<String>,
}

/// `metrics.KEY.details`: who explains an alert, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetailsSettings {
    /// Name of the system to ask.
    pub system: Option<String>,
    /// Path and query, a template over `key`, `total`, `previous` and `delta`.
    pub path: Option<String>,
    /// HTTP method; GET by default.
    pub method: Option<String>,
    /// More query parameters, templates like `path`.
    pub query: BTreeMap<String, String>,
    /// More request headers.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON (a string is sent as it is).
    pub body: Option<serde_json::Value>,
    /// JSONPath of the messages: strings, or objects with `text` and, where they have them, `id` and
    /// `occurred_at`. `$.messages[*]` by default.
    pub messages: Option<String>,
}

/// `[alarm]`: the system and path that sound the alarm.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmSettings {
    /// Name of the system to call.
    pub system: Option<String>,
    /// Path; `/api/alarm` by default.
    pub path: Option<String>,
}

impl AlarmSettings {
    /// The path to post to.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/api/alarm")
    }

    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(FieldError::new(
                "system",
                "missing: name the system that sounds the alarm",
            ));
        }
        check_path(self.path(), &mut errors);
        errors
    }
}

impl FetchSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<FieldError> {
        self.compile().err().unwrap_or_default()
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Fetch, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(FieldError::new("system", "missing: name the system to ask"));
        }
        match &self.path {
            None => errors.push(FieldError::new(
                "path",
                "missing: the path to ask for, such as \"/api/totals/x\"",
            )),
            Some(path) => check_path(path, &mut errors),
        }
        let method = check_method(self.method.as_deref(), &mut errors);
        let headers = check_headers(&self.headers, &mut errors);
        let extract = self.extract(&mut errors);
        match (extract, method) {
            (Some(extract), Some(method)) if errors.is_empty() => Ok(Fetch {
                system: self.system.clone().unwrap_or_default(),
                method,
                path: self.path.clone().unwrap_or_default(),
                query: self.query.clone(),
                headers,
                body: self.body.clone(),
                extract,
                counts: false,
            }),
            _ => Err(errors),
        }
    }

    fn extract(&self, errors: &mut Vec<FieldError>) -> Option<Extract> {
        let ways: Vec<(&'static str, &String)> = [
            ("value", &self.value),
            ("count", &self.count),
            ("sum", &self.sum),
            ("max", &self.max),
            ("min", &self.min),
            ("header", &self.header),
            ("regex", &self.regex),
        ]
        .into_iter()
        .filter_map(|(name, text)| text.as_ref().map(|text| (name, text)))
        .collect();
        match ways.as_slice() {
            [] => {
                errors.push(FieldError::new(
                    "",
                    "says not how to take the number from the answer: give one of value, count, sum, max, min \
                     (a JSONPath such as \"$.total\"), header or regex",
                ));
                None
            }
            [(name, text)] => match Extract::parse(name, text) {
                Ok(extract) => Some(extract),
                Err(message) => {
                    errors.push(FieldError::new(name, message));
                    None
                }
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                errors.push(FieldError::new(
                    several[1].0,
                    format!(
                        "only one way to take the number is possible; there are {}",
                        names.join(", ")
                    ),
                ));
                None
            }
        }
    }
}

impl DetailsSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<FieldError> {
        self.compile().err().unwrap_or_default()
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Details, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(FieldError::new(
                "system",
                "missing: name the system that explains alerts",
            ));
        }
        match &self.path {
            None => errors.push(FieldError::new(
                "path",
                "missing: the path to ask for, such as \"/api/alerts/x?total={{ total }}\"",
            )),
            Some(path) => check_path(path, &mut errors),
        }
        let method = check_method(self.method.as_deref(), &mut errors);
        let headers = check_headers(&self.headers, &mut errors);
        let messages = serde_json_path::JsonPath::parse(self.messages.as_deref().unwrap_or("$.messages[*]"))
            .map_err(|error| {
                errors.push(FieldError::new(
                    "messages",
                    format!("not a JSONPath (RFC 9535): {error}"),
                ));
            })
            .ok();
        let details = match (method, messages) {
            (Some(method), Some(messages)) if errors.is_empty() => Details {
                system: self.system.clone().unwrap_or_default(),
                method,
                path: self.path.clone().unwrap_or_default(),
                query: self.query.clone(),
                headers,
                body: self.body.clone(),
                messages,
            },
            _ => return Err(errors),
        };
        match details.try_templates() {
            Ok(()) => Ok(details),
            Err(error) => Err(vec![error]),
        }
    }
}

fn check_path(path: &str, errors: &mut Vec<FieldError>) {
    if !path.starts_with('/') || path.starts_with("//") {
        errors.push(FieldError::new(
            "path",
            format!(
                "\"{path}\" is not a path: start it with one \"/\"; the host comes from the system's base_url"
            ),
        ));
    }
}

fn check_method(method: Option<&str>, errors: &mut Vec<FieldError>) -> Option<http::Method> {
    let Some(text) = method else {
        return Some(http::Method::GET);
    };
    match text {
        "GET" | "POST" | "PUT" | "HEAD" | "DELETE" | "PATCH" => text.parse().ok(),
        _ => {
            errors.push(FieldError::new(
                "method",
                format!("no method \"{text}\"; there are GET, POST, PUT, PATCH"),
            ));
            None
        }
    }
}

fn check_headers(headers: &BTreeMap<String, String>, errors: &mut Vec<FieldError>) -> http::HeaderMap {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        match (
            http::HeaderName::try_from(name.as_str()),
            http::HeaderValue::try_from(value.as_str()),
        ) {
            (Ok(name), Ok(value)) => {
                map.insert(name, value);
            }
            _ => errors.push(FieldError::new(
                "headers",
                format!("\"{name}\" is not a header that can be sent"),
            )),
        }
    }
    map
}
