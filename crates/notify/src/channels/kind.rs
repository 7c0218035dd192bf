//! What a kind of channel has to provide.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use monitor_requests::SecretKey;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{BuildError, ChannelCommon, Deps};
use crate::Notifier;

/// The settings of one channel as its kind reads them: the keys of its table that are not those of [`ChannelCommon`].
pub trait ChannelSettings: fmt::Debug + Send + Sync {
    /// The kind, as `kind = "…"` names it.
    fn kind(&self) -> &'static str;

    /// Everything that is wrong with the kind's own keys and that types cannot express. Inspects the settings only: no
    /// secret is resolved, no file read, no network used.
    fn check(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// What is wrong with the keys that every kind has, where it is this kind that cannot have them so.
    fn check_common(&self, _common: &ChannelCommon) -> Vec<Finding> {
        Vec::new()
    }

    /// The keys that hold a secret, those that are set.
    fn secrets(&self) -> Vec<SecretKey<'_>>;

    /// The keys that name a file which must be readable, and that file.
    fn files(&self) -> Vec<(&'static str, &Path)> {
        Vec::new()
    }

    /// Makes the notifier of the channel `name`. Opens no connection. An implementation begins with
    /// [`validate`](super::validate), so that a channel made without a config file is checked too.
    ///
    /// # Errors
    /// [`BuildError`], with the first of what is wrong, or a secret or file that cannot be read.
    fn build(&self, name: &str, common: &ChannelCommon, deps: &Deps)
    -> Result<Arc<dyn Notifier>, BuildError>;
}

/// A type of settings that is a kind of channel: what [`kind`] makes an entry of the list from.
///
/// Its serde form should have `deny_unknown_fields`: a misspelt key is reported then. The doc comments of its fields are
/// the documentation of its keys.
pub trait ChannelKind: ChannelSettings + DeserializeOwned + JsonSchema + 'static {
    /// Its word in the config, such as `smtp`.
    const NAME: &'static str;
    /// Its paragraph in the documentation, Markdown without a heading. The first `toml` block in it is a whole channel
    /// that can be built as it stands; a test that walks all kinds does that.
    const DOC: &'static str;
}

/// The entry of a kind in a list of kinds, such as [`KINDS`](super::KINDS).
pub const fn kind<K: ChannelKind>() -> Kind<dyn ChannelSettings> {
    Kind {
        name: K::NAME,
        doc: K::DOC,
        schema: K::json_schema,
        read: |table| Ok(Arc::new(K::deserialize(table)?)),
    }
}
