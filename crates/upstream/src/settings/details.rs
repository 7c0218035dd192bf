//! `metrics.KEY.details`

use std::collections::BTreeMap;

use monitor_domain::Finding;
use monitor_login::{BodySettings, StepSettings};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::details::Details;
use crate::extract::Selection;
use crate::request::{RequestKeys, compile_ok};

/// `metrics.KEY.details`: who explains an alert, and how.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DetailsSettings {
    /// The system that explains alerts, a name of `[systems]`.
    #[schemars(required)]
    pub system: Option<String>,
    /// Path and query below the system's `base_url`: a template, such as `"/api/alerts/x?total={{ total }}"`.
    #[schemars(required)]
    pub path: Option<String>,
    /// HTTP method. Default `"GET"`.
    pub method: Option<String>,
    /// More query parameters; the values are templates. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers; the values are templates. Default: none.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON, in which texts are templates; a string is a template and sent as it is. Default: none.
    pub body: Option<serde_json::Value>,
    /// Calls before this one, whose answers bring what it needs. Default: none.
    pub steps: Vec<StepSettings>,
    /// JSONPath of the messages: strings, or objects with `text` and, where they have them, `id` and
    /// `occurred_at`. Default `"$.messages[*]"`.
    pub messages: Option<String>,
    /// Whether `null` where the messages should be is an answer without messages. Default `false`: the call is repeated.
    pub null_is_empty: bool,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system.
    pub ok: Option<BodySettings>,
}

impl DetailsSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
        self.compile().err().unwrap_or_default()
    }

    /// The same where the metric is a list: its templates may use `item.key` and `item.label`.
    pub fn check_for_each(&self) -> Vec<Finding> {
        self.compile_for_each().err().unwrap_or_default()
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Details, Vec<Finding>> {
        self.compiled(false)
    }

    /// The same where the metric is a list; [`Details::of_item`] says which item it is about.
    ///
    /// # Errors
    /// As there.
    pub fn compile_for_each(&self) -> Result<Details, Vec<Finding>> {
        self.compiled(true)
    }

    fn compiled(&self, is_item: bool) -> Result<Details, Vec<Finding>> {
        let mut errors = Vec::new();
        let keys = RequestKeys {
            system: self.system.as_deref(),
            path: self.path.as_deref(),
            method: self.method.as_deref(),
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_ref(),
            steps: &self.steps,
        };
        let chain = keys.of_details(is_item, &mut errors);
        let path = self.messages.as_deref().unwrap_or("$.messages[*]");
        let messages = Selection::parse(path, self.null_is_empty)
            .map_err(|message| errors.push(Finding::new("messages", message)))
            .ok();
        let ok = compile_ok(self.ok.as_ref(), &mut errors);
        match (chain, messages) {
            (Some(chain), Some(messages)) if errors.is_empty() => Ok(Details {
                system: self.system.clone().unwrap_or_default(),
                chain,
                messages,
                ok,
                item: None,
            }),
            _ => Err(errors),
        }
    }
}
