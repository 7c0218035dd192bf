//! `metrics.KEY.for_each`

use monitor_domain::{Finding, MetricKey};
use monitor_login::{JsonPath, json_path};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::extract::Selection;
use crate::items::ItemList;

/// Items that are watched where the config does not say.
const DEFAULT_LIMIT: usize = 100;
/// And at most.
const MAX_LIMIT: usize = 1_000;

/// `metrics.KEY.for_each`: the answer to `fetch` is a list, and each item of it is a metric of its own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForEachSettings {
    /// JSONPath of the items, such as `"$.shops[*]"`.
    #[schemars(required)]
    pub items: Option<String>,
    /// JSONPath within an item of what it is known by, a string or a whole number, such as `"$.id"`.
    #[schemars(required)]
    pub key: Option<String>,
    /// JSONPath within an item of what people call it, such as `"$.name"`. Default: its key.
    pub label: Option<String>,
    /// JSONPath within an item of its number, such as `"$.open"`.
    #[schemars(required)]
    pub value: Option<String>,
    /// How many items are watched, at most; 1 to 1000.
    #[schemars(extend("default" = 100))]
    pub limit: Option<usize>,
}

impl ForEachSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
        let mut errors = Vec::new();
        self.compile(&MetricKey::stored("x"), false, &mut errors);
        if self.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
            let message = format!("must be from 1 to {MAX_LIMIT}, not {}", self.limit());
            errors.push(Finding::new("limit", message));
        }
        errors
    }

    /// How many items are watched, at most.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    pub(crate) fn compile(
        &self,
        metric: &MetricKey,
        null_is_empty: bool,
        errors: &mut Vec<Finding>,
    ) -> Option<ItemList> {
        let items = match self.items.as_deref() {
            None => missing("items", "the JSONPath of the items, such as \"$.shops[*]\""),
            Some(path) => Selection::parse(path, null_is_empty).map_err(|why| Finding::new("items", why)),
        };
        let mut found =
            |result: Result<JsonPath, Finding>| result.map_err(|finding| errors.push(finding)).ok();
        let key = found(within("key", self.key.as_deref(), "$.id"));
        let label = match self.label.as_deref() {
            None => Some(None),
            label => found(within("label", label, "$.name")).map(Some),
        };
        let value = found(within("value", self.value.as_deref(), "$.open"));
        let items = items.map_err(|finding| errors.push(finding)).ok();
        Some(ItemList {
            metric: metric.clone(),
            items: items?,
            key: key?,
            label: label?,
            value: value?,
        })
    }
}

/// A JSONPath that begins at an item.
fn within(field: &'static str, path: Option<&str>, example: &str) -> Result<JsonPath, Finding> {
    match path {
        None => missing(
            field,
            &format!("a JSONPath within an item, such as \"{example}\""),
        ),
        Some(path) => json_path(path).map_err(|why| Finding::new(field, why)),
    }
}

fn missing<T>(field: &'static str, what: &str) -> Result<T, Finding> {
    Err(Finding::new(field, format!("missing: {what}")))
}
