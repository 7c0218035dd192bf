//! Whether a process goes by the config that is in its files.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use crate::gauge;

/// Why the last changed config was refused, if it was; a clone has the same. The series is there from the start.
#[derive(Clone, Debug, Default)]
pub struct ConfigRefusal(Arc<Mutex<Option<String>>>);

impl ConfigRefusal {
    /// It was refused for this reason, or taken.
    pub fn set(&self, why: Option<&str>) {
        *self.lock() = why.map(str::to_owned);
    }

    /// Why; `None` where it was taken, or none came.
    pub fn get(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

impl Collector for ConfigRefusal {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Whether the last changed config was refused, and the one before goes on.";
        let failed = i64::from(self.get().is_some());
        gauge(&mut encoder, "config_reload_failed", help, failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_until_a_config_is_taken() {
        let refusal = ConfigRefusal::default();
        let mut registry = crate::registry("1");
        registry.register_collector(Box::new(refusal.clone()));
        let failed = || crate::expose(&registry, None).unwrap().body;
        assert!(failed().contains("monitor_config_reload_failed 0"));
        refusal.set(Some("conf.d/a.toml:1:1: not TOML"));
        assert!(failed().contains("monitor_config_reload_failed 1"));
        assert_eq!(refusal.get().as_deref(), Some("conf.d/a.toml:1:1: not TOML"));
        refusal.set(None);
        assert!(failed().contains("monitor_config_reload_failed 0"));
    }
}
