//! From settings to the things they describe: systems, channels, the alarm.

use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{Language, SharedClock};
use monitor_notify::{Deps, Notifier, Templates};
use monitor_upstream::{Alarm, Systems};

use crate::settings::Settings;

/// How long a delivery is tried where its channel does not say.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Why something could not be made although its settings were accepted, such as a CA file that is not there.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A system.
    #[error("systems.{name}: {source}")]
    System {
        /// Its name.
        name: String,
        /// Why.
        source: monitor_login::BuildError,
    },
    /// A channel; the text names it.
    #[error(transparent)]
    Channel(#[from] monitor_notify::BuildError),
    /// The templates of messages.
    #[error("the templates of messages cannot be used: {0}")]
    Templates(#[from] monitor_notify::TemplateError),
    /// The alarm's system is none of those given.
    #[error("alarm.system: no system \"{0}\"")]
    NoAlarmSystem(String),
}

impl Settings {
    /// The systems to read from, by name, each with its own session. Nothing is called yet.
    ///
    /// # Errors
    /// When one cannot be made from its settings.
    pub fn systems(&self, clock: SharedClock) -> Result<Systems, BuildError> {
        self.systems_keeping(None, clock)
    }

    /// The same beside those of another config: a system that is the same in both is the same object, with its session.
    ///
    /// # Errors
    /// As there.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "like the other builders; a shared clock is made to be cloned"
    )]
    pub fn systems_keeping(
        &self,
        before: Option<(&Settings, &Systems)>,
        clock: SharedClock,
    ) -> Result<Systems, BuildError> {
        let mut systems = Systems::new();
        for (name, settings) in &self.systems {
            let is_same = |(before, _): &(&Settings, _)| self.is_same(before, &format!("systems.{name}"));
            let kept = before.filter(is_same).and_then(|(_, systems)| systems.get(name));
            if let Some(kept) = kept {
                systems.insert(name.clone(), Arc::clone(kept));
                continue;
            }
            let built = settings.build(name, &self.requests, clock.clone());
            let system = built.map_err(|source| BuildError::System {
                name: name.clone(),
                source,
            })?;
            systems.insert(name.clone(), system);
        }
        Ok(systems)
    }

    /// The channels, in the order of the config. Nothing is opened yet.
    ///
    /// # Errors
    /// When one cannot be made from its settings, or a template folder holds something that is no template.
    pub fn notifiers(&self, clock: SharedClock) -> Result<Vec<Arc<dyn Notifier>>, BuildError> {
        self.notifiers_keeping(None, clock)
    }

    /// The same beside those of another config: a channel that is the same in both is the same object.
    ///
    /// # Errors
    /// As there.
    pub fn notifiers_keeping(
        &self,
        before: Option<(&Settings, &[Arc<dyn Notifier>])>,
        clock: SharedClock,
    ) -> Result<Vec<Arc<dyn Notifier>>, BuildError> {
        let deps = Deps {
            requests: self.requests.clone(),
            clock,
            templates: Arc::new(Templates::with_override(self.web.templates.as_deref())?),
            lang: self.web.lang,
            folder: self.folder.clone(),
        };
        let built = self.channels.iter().map(|channel| {
            let name = &channel.name;
            let is_same = |(before, _): &(&Settings, _)| self.is_same(before, &format!("channels.{name}"));
            let kept = before.filter(is_same).and_then(|(_, notifiers)| {
                let mut notifiers = notifiers.iter();
                notifiers.find(|notifier| notifier.name() == name)
            });
            match kept {
                Some(kept) => Ok(Arc::clone(kept)),
                None => Ok(channel.build(&deps)?),
            }
        });
        built.collect()
    }

    /// The alarm, where there is one.
    ///
    /// # Errors
    /// When its system is none of `systems`.
    pub fn alarm(&self, systems: &Systems) -> Result<Option<Alarm>, BuildError> {
        let Some(alarm) = &self.alarm else { return Ok(None) };
        let name = alarm.system.as_deref().unwrap_or_default();
        let system = systems
            .get(name)
            .ok_or_else(|| BuildError::NoAlarmSystem(name.to_owned()))?;
        Ok(Some(
            Alarm::new(Arc::clone(system), alarm.path()).expecting(alarm.ok()),
        ))
    }

    /// The time within which this channel's messages are put together, if they are.
    pub fn digest(&self, channel: &str) -> Option<Duration> {
        let found = self.channels.iter().find(|found| found.name == channel);
        found.and_then(|found| found.common.digest)
    }

    /// The language of what is stored for all readers: reasons, and what the engine itself says.
    pub fn language(&self) -> Language {
        self.web.lang
    }

    /// How long a delivery through this channel is tried until it is given up.
    pub fn max_age(&self, channel: &str) -> Duration {
        let found = self.channels.iter().find(|found| found.name == channel);
        found
            .and_then(|found| found.common.max_age)
            .unwrap_or(DEFAULT_MAX_AGE)
    }
}
