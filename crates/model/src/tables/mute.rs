//! Why an alert is recorded but nobody is notified of it.

use std::fmt;
use std::str::FromStr;

use monitor_domain::MetricKey;

/// Why nobody is notified, as stored in `alert.muted` and `alert.end_muted`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mute {
    /// A person created this silence.
    Silence(i64),
    /// The maintenance window of this name.
    Maintenance(String),
    /// A metric that it depends on, of this key, fires or cannot be read.
    Dependency(MetricKey),
    /// The metric is flapping.
    Flapping,
    /// This incident of the monitor is notified instead.
    Incident(i64),
}

/// A text that is no [`Mute`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a mute; a mute reads silence:3, maintenance:nightly, dependency:gateway, flapping or incident:7"
)]
pub struct UnknownMute(String);

impl fmt::Display for Mute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mute::Silence(id) => write!(f, "silence:{id}"),
            Mute::Maintenance(name) => write!(f, "maintenance:{name}"),
            Mute::Dependency(key) => write!(f, "dependency:{key}"),
            Mute::Flapping => f.write_str("flapping"),
            Mute::Incident(id) => write!(f, "incident:{id}"),
        }
    }
}

impl FromStr for Mute {
    type Err = UnknownMute;

    fn from_str(text: &str) -> Result<Mute, UnknownMute> {
        let wrong = || UnknownMute(text.to_owned());
        match text.split_once(':') {
            None if text == "flapping" => Ok(Mute::Flapping),
            Some(("silence", id)) => Ok(Mute::Silence(id.parse().map_err(|_| wrong())?)),
            Some(("maintenance", name)) => Ok(Mute::Maintenance(name.to_owned())),
            Some(("dependency", key)) => Ok(Mute::Dependency(MetricKey::stored(key))),
            Some(("incident", id)) => Ok(Mute::Incident(id.parse().map_err(|_| wrong())?)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_go_there_and_back() {
        for mute in [
            Mute::Silence(3),
            Mute::Maintenance("nightly".to_owned()),
            Mute::Dependency(MetricKey::stored("gateway")),
            Mute::Flapping,
            Mute::Incident(7),
        ] {
            assert_eq!(mute.to_string().parse(), Ok(mute));
        }
        for wrong in ["", "silence", "silence:x", "because"] {
            assert!(wrong.parse::<Mute>().is_err(), "{wrong}");
        }
    }
}
