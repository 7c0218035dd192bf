//! `[fetches.NAME]`: a call whose answer several metrics are read from.

use std::collections::BTreeMap;

use monitor_domain::Finding;
use monitor_login::{BodySettings, StepSettings};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::request::{RequestKeys, compile_ok};

/// `[fetches.NAME]`: what is requested, for `fetch = { from = "NAME", … }` of any number of metrics.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FetchCallSettings {
    /// The system to read from, a name of `[systems]`.
    #[schemars(required)]
    pub system: Option<String>,
    /// Path and query below the system's `base_url`, a template.
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
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system. A metric may have its own.
    pub ok: Option<BodySettings>,
}

impl FetchCallSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
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
        keys.of_fetch(&mut errors);
        compile_ok(self.ok.as_ref(), &mut errors);
        errors
    }
}
