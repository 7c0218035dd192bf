//! What can go wrong with signing in, with a call, and with the configuration of a system.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Finding;
use monitor_requests::{Secret, SecretError, SecretSource};

/// What most logins show.
pub(crate) const CREDENTIALS: &str = "username and password";

/// Why there is no session. Shared by all who waited for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoginError {
    /// The system does not take the credentials.
    #[error("{}sign-in refused: {reason}; check {credentials}", prefix(system))]
    Refused {
        /// The system's name in the config; a [`Login`](crate::Login) leaves it empty.
        system: String,
        /// What the system answered, without secrets.
        reason: String,
        /// What it does not take, by its keys in the config: [`Login::credentials`](crate::Login::credentials).
        credentials: &'static str,
    },
    /// Not tried, because it failed just now.
    #[error("system {system}: no sign-in before {}: {cause}", until.format("%H:%M:%S UTC"))]
    BackingOff {
        /// The system's name in the config.
        system: String,
        /// When the next call may try, by the wall clock.
        until: DateTime<Utc>,
        /// How long that is from now.
        retry_in: Duration,
        /// Why the last try failed.
        cause: Arc<LoginError>,
    },
    /// The login call did not get through, or was answered "not now".
    #[error("cannot sign in: {0}")]
    Unreachable(monitor_requests::Error),
    /// The login call was answered in a way that is neither yes nor no.
    #[error("cannot sign in: {0}")]
    BadAnswer(String),
    /// A secret cannot be had.
    #[error("cannot sign in: {0}")]
    Secret(#[from] SecretError),
}

impl LoginError {
    /// A refusal, for those who write a [`Login`](crate::Login).
    pub fn refused(reason: impl Into<String>) -> LoginError {
        LoginError::Refused {
            system: String::new(),
            reason: reason.into(),
            credentials: CREDENTIALS,
        }
    }

    /// How long to wait before the next try, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            LoginError::BackingOff { retry_in, .. } => Some(*retry_in),
            LoginError::Unreachable(error) => error.retry_after(),
            LoginError::Refused { .. } | LoginError::BadAnswer(_) | LoginError::Secret(_) => None,
        }
    }

    /// The same with the system's name in it, and with what its login shows.
    pub(crate) fn named(self, name: &str, credentials: &'static str) -> LoginError {
        match self {
            LoginError::Refused { system, reason, .. } if system.is_empty() => LoginError::Refused {
                system: name.to_owned(),
                reason,
                credentials,
            },
            LoginError::BadAnswer(reason) => LoginError::BadAnswer(format!("system {name}: {reason}")),
            other => other,
        }
    }
}

/// Why a call to a system brought no answer that can be judged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// There is no session.
    #[error(transparent)]
    Login(LoginError),
    /// The call did not get through.
    #[error(transparent)]
    Request(monitor_requests::Error),
    /// The answer is one that somebody gets who is not signed in, and signing in again did not help.
    #[error("system {system}: {why}, though signed in; {advice}")]
    SignedOut {
        /// The system's name in the config.
        system: String,
        /// What the answer was, and for which path.
        why: String,
        /// What to do about it.
        advice: String,
    },
    /// The path cannot be joined to the system's address.
    #[error("system {system}: path {path:?}: {why}")]
    Path {
        /// The system's name in the config.
        system: String,
        /// The path, redacted.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The request is for another host, which must not see this system's credential.
    #[error("system {system}: {url} is not at the system's address: nothing was sent")]
    OtherOrigin {
        /// The system's name in the config.
        system: String,
        /// Where it would have gone, redacted.
        url: String,
    },
}

impl CallError {
    /// Whether the same call may succeed later.
    ///
    /// Troubles with signing in count: they are put right at the system or in its settings, and what waits for that
    /// should not be lost; another try costs nothing while sign-ins back off.
    pub fn is_transient(&self) -> bool {
        match self {
            CallError::Login(_) | CallError::SignedOut { .. } => true,
            CallError::Request(error) => error.is_transient(),
            CallError::Path { .. } | CallError::OtherOrigin { .. } => false,
        }
    }

    /// How long to wait before the next try, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            CallError::Login(error) => error.retry_after(),
            CallError::Request(error) => error.retry_after(),
            CallError::SignedOut { .. } | CallError::Path { .. } | CallError::OtherOrigin { .. } => None,
        }
    }
}

impl From<LoginError> for CallError {
    fn from(error: LoginError) -> CallError {
        CallError::Login(error)
    }
}

impl From<monitor_requests::Error> for CallError {
    fn from(error: monitor_requests::Error) -> CallError {
        CallError::Request(error)
    }
}

/// Why a system could not be made from its settings. The text begins with the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A key is missing or wrong.
    #[error(transparent)]
    Setting(Finding),
    /// A secret could not be read from its variable or file.
    #[error("{key}: {source}")]
    Secret {
        /// The key.
        key: &'static str,
        /// Which variable or file.
        source: SecretError,
    },
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] monitor_requests::BuildError),
}

impl BuildError {
    /// The secret of a key, or the error that names the key.
    ///
    /// # Errors
    /// [`BuildError::Secret`]
    pub fn resolve(key: &'static str, source: &SecretSource) -> Result<Secret, BuildError> {
        source
            .resolve()
            .map_err(|source| BuildError::Secret { key, source })
    }
}

fn prefix(system: &str) -> String {
    if system.is_empty() {
        String::new()
    } else {
        format!("system {system}: ")
    }
}
