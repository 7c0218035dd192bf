//! What a kind of system has to provide.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use monitor_requests::SecretKey;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::BuildError;
use crate::session::{BodyRule, Login};

/// The settings of one system's login as its kind reads them: the keys of its table that are not those of
/// [`SystemCommon`](super::SystemCommon).
pub trait LoginSettings: fmt::Debug + Send + Sync {
    /// The kind, as `kind = "…"` names it.
    fn kind(&self) -> &'static str;

    /// Everything that is wrong with the kind's own keys and that types cannot express. Inspects the settings only: no
    /// secret is resolved, no file read, no network used.
    fn check(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// The keys that hold a secret, those that are set.
    fn secrets(&self) -> Vec<SecretKey<'_>>;

    /// The keys that name a file which must be readable, and that file.
    fn files(&self) -> Vec<(&'static str, &Path)> {
        Vec::new()
    }

    /// Makes the login. Secrets are read here; nothing is sent. An implementation begins with [`validate`], so that a login
    /// made without a config file is checked too.
    ///
    /// # Errors
    /// [`BuildError`], with the first of what is wrong, or a secret that cannot be read.
    fn login(&self) -> Result<Arc<dyn Login>, BuildError>;

    /// The same for a system whose good answers say so in their JSON: for kinds that hold the answer to their sign-in
    /// against it.
    ///
    /// # Errors
    /// As [`login`](LoginSettings::login).
    fn login_with(&self, _ok: Option<&BodyRule>) -> Result<Arc<dyn Login>, BuildError> {
        self.login()
    }
}

/// A type of settings that is a kind of system: what [`kind`] makes an entry of the list from.
///
/// Its serde form should have `deny_unknown_fields`: a misspelt key is reported then. The doc comments of its fields are
/// the documentation of its keys.
pub trait LoginKind: LoginSettings + DeserializeOwned + JsonSchema + 'static {
    /// Its word in the config, such as `system_a`.
    const NAME: &'static str;
    /// Its paragraph in the documentation, Markdown without a heading. The first `toml` block in it is a whole system that
    /// can be built as it stands; a test that walks all kinds does that.
    const DOC: &'static str;
}

/// The entry of a kind in a list of kinds, such as [`KINDS`](super::KINDS).
pub const fn kind<K: LoginKind>() -> Kind<dyn LoginSettings> {
    Kind {
        name: K::NAME,
        doc: K::DOC,
        schema: K::json_schema,
        read: |table| Ok(Arc::new(K::deserialize(table)?)),
    }
}

/// What every [`LoginSettings::login`] begins with: refuses settings in which something is wrong.
///
/// # Errors
/// [`BuildError::Setting`] with the first of what the check finds.
pub fn validate(settings: &dyn LoginSettings) -> Result<(), BuildError> {
    let first = settings.check().into_iter().next();
    first.map_or(Ok(()), |finding| Err(BuildError::Setting(finding)))
}
