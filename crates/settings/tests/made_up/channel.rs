//! A channel that rings a bell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use monitor_notify::{BuildError, ChannelCommon, ChannelKind, ChannelSettings, Deps, Notifier, kind};
use monitor_requests::{SecretKey, SecretSource};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const KIND: Kind<dyn ChannelSettings> = kind::<Bell>();

/// Its own keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bell {
    /// The code that rings it.
    code: SecretSource,
    /// Which bell, from 1 to 8.
    bell: u8,
    /// A tune.
    #[serde(default)]
    tune: Option<PathBuf>,
}

impl ChannelKind for Bell {
    const NAME: &'static str = "bell";
    const DOC: &'static str = "Rings a bell.";
}

impl ChannelSettings for Bell {
    fn kind(&self) -> &'static str {
        Bell::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let wrong = !(1..=8).contains(&self.bell);
        let message = format!("there is no bell {}; there are 1 to 8", self.bell);
        wrong.then(|| Finding::new("bell", message)).into_iter().collect()
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        vec![SecretKey {
            key: "code",
            source: &self.code,
            warn_if_plain: true,
        }]
    }

    fn files(&self) -> Vec<(&'static str, &Path)> {
        self.tune.iter().map(|tune| ("tune", tune.as_path())).collect()
    }

    fn build(&self, _: &str, _: &ChannelCommon, _: &Deps) -> Result<Arc<dyn Notifier>, BuildError> {
        unreachable!("it is only checked")
    }
}
