//! The config sections this crate owns: `fetch`, `for_each`, `details`, `[fetches.*]` and `[alarm]`.

mod details;
mod fetch;
mod fetches;
mod for_each;
mod list;

use monitor_domain::Finding;
use monitor_login::{BodyRule, BodySettings};
use schemars::JsonSchema;
use serde::Deserialize;

pub use details::DetailsSettings;
pub use fetch::FetchSettings;
pub use fetches::FetchCallSettings;
pub use for_each::ForEachSettings;
pub use list::{ListSettings, PageList};

use crate::request::{check_path, compile_ok};

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
