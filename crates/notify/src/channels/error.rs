//! Why a channel cannot be made.

use monitor_domain::Finding;
use monitor_requests::{Secret, SecretError, SecretSource};

/// Why a channel could not be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A key is missing, malformed or in conflict with another.
    #[error("channels.{channel}.{finding}")]
    Setting {
        /// The channel's name.
        channel: String,
        /// The key, what is wrong with it and what to do.
        finding: Finding,
    },
    /// A secret could not be read from its variable or file.
    #[error("channels.{channel}.{key}: {source}")]
    Secret {
        /// The channel's name.
        channel: String,
        /// The key.
        key: &'static str,
        /// Which variable or file.
        source: SecretError,
    },
}

impl BuildError {
    /// `finding` about a key of `channel`.
    pub fn setting(channel: &str, finding: Finding) -> BuildError {
        BuildError::Setting {
            channel: channel.to_owned(),
            finding,
        }
    }

    /// The secret of a key, or the error that names `channel` and key.
    ///
    /// # Errors
    /// [`BuildError::Secret`]
    pub fn resolve(channel: &str, key: &'static str, source: &SecretSource) -> Result<Secret, BuildError> {
        source.resolve().map_err(|source| BuildError::Secret {
            channel: channel.to_owned(),
            key,
            source,
        })
    }
}
