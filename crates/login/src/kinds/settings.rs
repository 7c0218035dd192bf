//! One system of the config.

use std::sync::Arc;

use monitor_domain::{Finding, SharedClock};
use monitor_requests::{Client, RequestsSettings};

use super::{LoginSettings, SystemCommon};
use crate::BuildError;
use crate::session::System;

/// One `[systems.NAME]` table, read.
#[derive(Clone, Debug)]
pub struct SystemSettings {
    /// The keys that every kind has.
    pub common: SystemCommon,
    /// The keys of its kind.
    pub login: Arc<dyn LoginSettings>,
}

impl SystemSettings {
    /// The system at `base_url` with this login; everything else as it is by default.
    pub fn new(base_url: impl Into<String>, login: impl LoginSettings + 'static) -> SystemSettings {
        SystemSettings {
            common: SystemCommon {
                base_url: Some(base_url.into()),
                ..SystemCommon::default()
            },
            login: Arc::new(login),
        }
    }

    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<Finding> {
        let login = self.login.check();
        login.into_iter().chain(self.common.check()).collect()
    }

    /// The system with its client and login. Secrets and files are read here; nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] that names the key that is wrong.
    pub fn build(
        &self,
        name: &str,
        defaults: &RequestsSettings,
        clock: SharedClock,
    ) -> Result<Arc<System>, BuildError> {
        if let Some(finding) = self.check().into_iter().next() {
            return Err(BuildError::Setting(finding));
        }
        let base = self.common.base().map_err(BuildError::Setting)?;
        let ok = self.common.ok.as_ref().map(|ok| ok.compile("ok"));
        let ok = ok.transpose().map_err(BuildError::Setting)?;
        let login = self.login.login_with(ok.as_ref())?;
        let mut config = self.common.client(defaults);
        if let Some(sign) = &self.common.sign {
            config.signer = Some(sign.signer(&base, &self.common.headers)?);
        }
        let secrets = self.login.secrets().into_iter().chain(self.common.secrets());
        config.secrets = secrets
            .filter_map(|secret| secret.source.resolve().ok())
            .collect();
        let client = Client::new(config, Arc::clone(&clock))?;
        Ok(System::expecting(ok, name, base, login, client, clock))
    }
}
