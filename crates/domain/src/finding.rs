//! What is wrong with a section of the config, as the crate that owns the section says it.

use std::borrow::Cow;

/// One thing that is wrong with one key of a section. Whoever read the section knows its file, line and column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Finding {
    /// The key inside the section, such as `url` or `login.path`; empty where it is about the whole section.
    pub field: Cow<'static, str>,
    /// What is wrong and what to do. Never holds the value of a secret.
    pub message: String,
}

impl Finding {
    /// `message` about `field`.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Finding {
        Finding {
            field: field.into(),
            message: message.into(),
        }
    }
}
