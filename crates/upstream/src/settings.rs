//! The config sections this crate owns: `fetch`, `details` and `[alarm]`.

use std::collections::BTreeMap;

use monitor_domain::Finding;
use monitor_login::{BodyRule, BodySettings};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::details::Details;
use crate::extract::{Decimal, Extract, Notation, Selection};
use crate::fetch::Fetch;

/// `metrics.KEY.fetch`: where a number comes from. Exactly one of `value`, `count`, `sum`, `max`, `min`,
/// `header` and `regex` says how it is taken from the answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// The system to read from, a name of `[systems]`.
    #[schemars(required)]
    pub system: Option<String>,
    /// Path and query below the system's `base_url`, such as `"/api/totals/x"`.
    #[schemars(required)]
    pub path: Option<String>,
    /// HTTP method. Default `"GET"`.
    pub method: Option<String>,
    /// More query parameters, such as `{ status = "unpaid" }`. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers. Default: none.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON; a string is sent as it is. Default: none.
    pub body: Option<serde_json::Value>,
    /// JSONPath (RFC 9535) of the number, such as `"$.total"`.
    pub value: Option<String>,
    /// JSONPath: the number is how many nodes it selects.
    pub count: Option<String>,
    /// JSONPath: the number is the sum of those it selects.
    pub sum: Option<String>,
    /// JSONPath: the number is the largest of those it selects.
    pub max: Option<String>,
    /// JSONPath: the number is the smallest of those it selects.
    pub min: Option<String>,
    /// The header of the response that holds the number, such as `"X-Total-Count"`.
    pub header: Option<String>,
    /// Regular expression over the body: its first group, or without one the whole match, is the number.
    pub regex: Option<String>,
    /// The decimal sign of a number in a header or a text: `"."` or `","`. The other one, spaces, `'` and `_` may separate
    /// groups of three digits. Default `"."`.
    pub decimal: Option<String>,
    /// Whether `null` where `count`, `sum`, `max` and `min` need a list is an empty one. Default `false`: the metric is
    /// unreadable.
    pub null_is_empty: bool,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system.
    pub ok: Option<BodySettings>,
}

/// `metrics.KEY.details`: who explains an alert, and how.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DetailsSettings {
    /// The system that explains alerts, a name of `[systems]`.
    #[schemars(required)]
    pub system: Option<String>,
    /// Path and query below the system's `base_url`: a template over `key`, `total`, `previous` and `delta`, such as
    /// `"/api/alerts/x?total={{ total }}"`.
    #[schemars(required)]
    pub path: Option<String>,
    /// HTTP method. Default `"GET"`.
    pub method: Option<String>,
    /// More query parameters, templates like `path`. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers. Default: none.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON; a string is sent as it is. Default: none.
    pub body: Option<serde_json::Value>,
    /// JSONPath of the messages: strings, or objects with `text` and, where they have them, `id` and
    /// `occurred_at`. Default `"$.messages[*]"`.
    pub messages: Option<String>,
    /// Whether `null` where the messages should be is an answer without messages. Default `false`: the call is repeated.
    pub null_is_empty: bool,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system.
    pub ok: Option<BodySettings>,
}

/// `[alarm]`: the system and path that sound the alarm.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmSettings {
    /// The system that sounds the alarm, a name of `[systems]`.
    #[schemars(required)]
    pub system: Option<String>,
    /// Path below the system's `base_url`. Default `"/api/alarm"`.
    pub path: Option<String>,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system.
    pub ok: Option<BodySettings>,
}

impl AlarmSettings {
    /// The path to post to.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/api/alarm")
    }

    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(Finding::new(
                "system",
                "missing: name the system that sounds the alarm",
            ));
        }
        check_path(self.path(), &mut errors);
        compile_ok(self.ok.as_ref(), &mut errors);
        errors
    }

    /// What the JSON of an answer says when the alarm has sounded.
    pub fn ok(&self) -> Option<BodyRule> {
        compile_ok(self.ok.as_ref(), &mut Vec::new())
    }
}

impl FetchSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
        self.compile().err().unwrap_or_default()
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Fetch, Vec<Finding>> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(Finding::new("system", "missing: name the system to read from"));
        }
        match &self.path {
            None => errors.push(Finding::new(
                "path",
                "missing: the path to request, such as \"/api/totals/x\"",
            )),
            Some(path) => check_path(path, &mut errors),
        }
        let method = check_method(self.method.as_deref(), &mut errors);
        let headers = check_headers(&self.headers, &mut errors);
        let extract = self.extract(&mut errors);
        let ok = compile_ok(self.ok.as_ref(), &mut errors);
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
                ok,
            }),
            _ => Err(errors),
        }
    }

    fn extract(&self, errors: &mut Vec<Finding>) -> Option<Extract> {
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
        let decimal = match self.decimal.as_deref().map(Decimal::parse).transpose() {
            Ok(decimal) => decimal.unwrap_or_default(),
            Err(message) => {
                errors.push(Finding::new("decimal", message));
                Decimal::default()
            }
        };
        let notation = Notation {
            null_is_empty: self.null_is_empty,
            decimal,
        };
        match ways.as_slice() {
            [] => {
                errors.push(Finding::new(
                    "",
                    "says not how to take the number from the answer: give one of value, count, sum, max, min \
                     (a JSONPath such as \"$.total\"), header or regex",
                ));
                None
            }
            [(name, text)] => match Extract::parse(name, text, notation) {
                Ok(extract) => Some(extract),
                Err(message) => {
                    errors.push(Finding::new(*name, message));
                    None
                }
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                errors.push(Finding::new(
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
    pub fn check(&self) -> Vec<Finding> {
        self.compile().err().unwrap_or_default()
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Details, Vec<Finding>> {
        let mut errors = Vec::new();
        if self.system.is_none() {
            errors.push(Finding::new(
                "system",
                "missing: name the system that explains alerts",
            ));
        }
        match &self.path {
            None => errors.push(Finding::new(
                "path",
                "missing: the path to request, such as \"/api/alerts/x?total={{ total }}\"",
            )),
            Some(path) => check_path(path, &mut errors),
        }
        let method = check_method(self.method.as_deref(), &mut errors);
        let headers = check_headers(&self.headers, &mut errors);
        let path = self.messages.as_deref().unwrap_or("$.messages[*]");
        let messages = Selection::parse(path, self.null_is_empty)
            .map_err(|message| errors.push(Finding::new("messages", message)))
            .ok();
        let ok = compile_ok(self.ok.as_ref(), &mut errors);
        let details = match (method, messages) {
            (Some(method), Some(messages)) if errors.is_empty() => Details {
                system: self.system.clone().unwrap_or_default(),
                method,
                path: self.path.clone().unwrap_or_default(),
                query: self.query.clone(),
                headers,
                body: self.body.clone(),
                messages,
                ok,
            },
            _ => return Err(errors),
        };
        match details.try_templates() {
            Ok(()) => Ok(details),
            Err(error) => Err(vec![error]),
        }
    }
}

fn compile_ok(ok: Option<&BodySettings>, errors: &mut Vec<Finding>) -> Option<BodyRule> {
    match ok?.compile("ok") {
        Ok(rule) => Some(rule),
        Err(finding) => {
            errors.push(finding);
            None
        }
    }
}

fn check_path(path: &str, errors: &mut Vec<Finding>) {
    if !path.starts_with('/') || path.starts_with("//") {
        // It is not repeated: with a query it may hold an API key.
        errors.push(Finding::new(
            "path",
            "is not a path: start it with one \"/\"; the host comes from the system's base_url",
        ));
    }
}

fn check_method(method: Option<&str>, errors: &mut Vec<Finding>) -> Option<http::Method> {
    let Some(text) = method else {
        return Some(http::Method::GET);
    };
    match text {
        "GET" | "POST" | "PUT" | "HEAD" | "DELETE" | "PATCH" => text.parse().ok(),
        _ => {
            errors.push(Finding::new(
                "method",
                format!("no method \"{text}\"; there are GET, POST, PUT, PATCH"),
            ));
            None
        }
    }
}

fn check_headers(headers: &BTreeMap<String, String>, errors: &mut Vec<Finding>) -> http::HeaderMap {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        match (
            http::HeaderName::try_from(name.as_str()),
            http::HeaderValue::try_from(value.as_str()),
        ) {
            (Ok(name), Ok(value)) => {
                map.insert(name, value);
            }
            _ => errors.push(Finding::new(
                "headers",
                format!("\"{name}\" is not a header that can be sent"),
            )),
        }
    }
    map
}
