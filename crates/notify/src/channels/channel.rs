//! One channel of the config.

use std::sync::Arc;

use super::{BuildError, ChannelCommon, ChannelSettings, Deps};
use crate::Notifier;

/// One `[channels.NAME]` table, read.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name in the config, such as `mail`.
    pub name: String,
    /// The keys that every kind has.
    pub common: ChannelCommon,
    /// The keys of its kind.
    pub settings: Arc<dyn ChannelSettings>,
}

impl Channel {
    /// Makes its notifier. Opens no connection.
    ///
    /// # Errors
    /// [`BuildError`], with the first of what is wrong, or a secret or file that cannot be read.
    pub fn build(&self, deps: &Deps) -> Result<Arc<dyn Notifier>, BuildError> {
        validate(&self.name, &*self.settings, &self.common)?;
        self.settings.build(&self.name, &self.common, deps)
    }
}

/// What every [`ChannelSettings::build`] begins with: refuses settings in which something is wrong.
///
/// # Errors
/// [`BuildError::Setting`] with the first of what the checks find.
pub fn validate(
    name: &str,
    settings: &dyn ChannelSettings,
    common: &ChannelCommon,
) -> Result<(), BuildError> {
    let both = settings.check_common(common);
    let mut all = settings.check().into_iter().chain(common.check()).chain(both);
    all.next()
        .map_or(Ok(()), |finding| Err(BuildError::setting(name, finding)))
}
