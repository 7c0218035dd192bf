//! What every channel is given besides its own settings.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use monitor_domain::{Language, SharedClock, SystemClock};
use monitor_requests::RequestsSettings;

use crate::{TemplateError, Templates};

/// What every channel is given besides its own settings.
#[derive(Clone)]
pub struct Deps {
    /// The `[requests]` defaults: timeouts of calls and of mail servers' replies.
    pub requests: RequestsSettings,
    /// What time it is and how to wait; scripted in tests.
    pub clock: SharedClock,
    /// How messages are rendered.
    pub templates: Arc<Templates>,
    /// The language of channels that set none.
    pub lang: Language,
    /// The folder that relative paths start at which only the channel finds, in a URL that may be a secret. Empty for where the
    /// process was started.
    pub folder: PathBuf,
}

impl Deps {
    /// The defaults of everything: for a program that has channels and no config of this kind.
    ///
    /// # Errors
    /// As [`Templates::embedded`].
    pub fn standalone() -> Result<Deps, TemplateError> {
        Ok(Deps {
            requests: RequestsSettings::default(),
            clock: SystemClock::shared(),
            templates: Arc::new(Templates::embedded()?),
            lang: Language::default(),
            folder: PathBuf::new(),
        })
    }
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps")
            .field("requests", &self.requests)
            .field("lang", &self.lang)
            .finish_non_exhaustive()
    }
}
