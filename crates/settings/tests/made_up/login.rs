//! A system that lets in who knows the door and the password.

use std::path::Path;
use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use monitor_login::{BuildError, Login, LoginSettings, NoLoginSettings};
use monitor_requests::{SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const KIND: Kind<dyn LoginSettings> = Kind {
    name: "doorman",
    doc: "Knows the door.",
    schema: Doorman::json_schema,
    read: |table| Ok(Arc::new(Doorman::deserialize(table)?)),
};

/// Its own keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Doorman {
    /// What the doorman wants to hear.
    password: SecretSource,
    /// Which door.
    door: String,
}

impl LoginSettings for Doorman {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn check(&self) -> Vec<Finding> {
        let is_known = ["front", "back"].contains(&self.door.as_str());
        let message = format!("no door \"{}\"; there are front, back", self.door);
        (!is_known)
            .then(|| Finding::new("door", message))
            .into_iter()
            .collect()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey {
            key: "password",
            source: &self.password,
            warn_if_plain: true,
        }]
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        Vec::new()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        NoLoginSettings::default().login()
    }
}
