//! What can go wrong with a call to a system.

use std::sync::Arc;
use std::time::Duration;

use monitor_login::CallError;

use crate::request::bare;

/// Why a system gave no usable answer. Cheap to clone: several metrics may share one call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The call itself failed: sign-in, network, time, size or status.
    #[error("{error}")]
    Call {
        /// Name of the system.
        system: String,
        /// How it failed.
        error: Arc<CallError>,
    },
    /// The system answered, but not with what was due.
    #[error("system {system}: {path}: {why}")]
    Answer {
        /// Name of the system.
        system: String,
        /// The path of the call.
        path: String,
        /// What was wrong.
        why: String,
    },
    /// The list was read, and the item is not in it.
    #[error("{label} is not in the list any more (system {system}: {path} has no item with the key {key:?})")]
    NotListed {
        /// Name of the system.
        system: String,
        /// The path of the call.
        path: String,
        /// What the system calls it.
        key: String,
        /// What people call it.
        label: String,
    },
    /// No system of that name was built.
    #[error("no system \"{0}\"")]
    NoSystem(String),
    /// Nothing is requested: the values of this metric are sent.
    #[error("its values are sent to the monitor, and nothing is requested")]
    Pushed,
    /// A template in the config could not be filled in.
    #[error("template {template:?}: {why}")]
    Template {
        /// The path of the call that it belongs to, without its query: values of that may be secret.
        template: String,
        /// What was wrong.
        why: String,
    },
    /// A call before the one that counts failed.
    #[error("{step}: {error}")]
    Step {
        /// Which one, such as `step 1 (GET /api/session)`.
        step: String,
        /// How it failed.
        error: Box<UpstreamError>,
    },
}

impl UpstreamError {
    /// A call to `system` that failed.
    pub fn call(system: &str, error: impl Into<CallError>) -> UpstreamError {
        UpstreamError::Call {
            system: system.to_owned(),
            error: Arc::new(error.into()),
        }
    }

    /// An answer of `system` that is not what was due. A query in `path` is left out: it may hold an API key.
    pub(crate) fn answer(system: &str, path: &str, why: String) -> UpstreamError {
        UpstreamError::Answer {
            system: system.to_owned(),
            path: bare(path),
            why,
        }
    }

    /// The system that gave no usable answer, where one was called.
    pub fn system(&self) -> Option<&str> {
        match self {
            UpstreamError::Call { system, .. } | UpstreamError::Answer { system, .. } => Some(system),
            UpstreamError::Step { error, .. } => error.system(),
            UpstreamError::NoSystem(_)
            | UpstreamError::Template { .. }
            | UpstreamError::NotListed { .. }
            | UpstreamError::Pushed => None,
        }
    }

    /// Whether another try may help. A wrong answer counts: systems answer nonsense while they restart.
    pub fn is_transient(&self) -> bool {
        match self {
            UpstreamError::Call { error, .. } => error.is_transient(),
            UpstreamError::Answer { .. } => true,
            UpstreamError::Step { error, .. } => error.is_transient(),
            UpstreamError::NoSystem(_)
            | UpstreamError::Template { .. }
            | UpstreamError::NotListed { .. }
            | UpstreamError::Pushed => false,
        }
    }

    /// How long the system wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            UpstreamError::Call { error, .. } => error.retry_after(),
            UpstreamError::Step { error, .. } => error.retry_after(),
            _ => None,
        }
    }
}
