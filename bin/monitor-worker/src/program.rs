//! What a program is made of: the stock kinds and metrics, and what a team adds to them.

use std::path::Path;

use anyhow::{Context, Result};
use monitor_domain::SharedClock;
use monitor_model::Db;
use monitor_processor::{CodedMetric, Engine, METRICS, Metric, MetricList, Parts, Reloader, Setup};
use monitor_settings::{Kinds, Loaded, MetricSettings, Settings};

use crate::assemble;
use crate::command::Exit;

/// The kinds that a config may name and the metrics that are in code. Everything that reads a config or makes something of it
/// goes through here, so that `check`, `try` and the worker know the same.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) kinds: Kinds,
    pub(crate) metrics: Vec<CodedMetric>,
}

impl Program {
    /// What this project brings.
    pub fn stock() -> Program {
        let keys = METRICS.iter().map(|(key, _)| key.parse());
        let keys = keys.map(|key| key.expect("the list has keys that metrics may have"));
        Program {
            kinds: keys.fold(Kinds::stock(), Kinds::metric),
            metrics: Vec::new(),
        }
    }

    /// The kinds that a config may name.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Reads and checks a config.
    ///
    /// # Errors
    /// [`Exit::Usage`] with everything that is wrong.
    pub fn load(&self, path: &Path) -> Result<Loaded, Exit> {
        Ok(monitor_settings::load(path, &self.kinds)?)
    }

    /// The same for a program that runs by it: warnings are logged.
    ///
    /// # Errors
    /// [`Exit::Usage`] with everything that is wrong.
    pub fn read_settings(&self, path: &Path) -> Result<Settings, Exit> {
        let loaded = self.load(path)?;
        for warning in &loaded.warnings {
            log::warn!("{warning}");
        }
        Ok(loaded.settings)
    }

    /// The metrics that the settings turn on, in their order; of lists not their items, which no config has.
    ///
    /// # Errors
    /// When one is neither in code nor declared.
    pub fn metrics(&self, settings: &Settings) -> Result<Vec<Box<dyn Metric>>> {
        let one = |settings: &MetricSettings| {
            let config = assemble::metric_config(settings)?;
            let made = monitor_processor::metric(config, &self.metrics);
            made.with_context(|| format!("metrics.{}: is not in code and has no fetch", settings.key))
        };
        let metrics = settings.metrics.iter();
        metrics
            .filter(|metric| metric.for_each.is_none())
            .map(one)
            .collect()
    }

    /// The metrics that are lists, in their order.
    ///
    /// # Errors
    /// When one cannot be made from its settings.
    pub fn lists(&self, settings: &Settings) -> Result<Vec<MetricList>> {
        let lists = settings
            .metrics
            .iter()
            .filter_map(|metric| assemble::metric_list(metric).transpose());
        lists.collect()
    }

    /// Puts an engine together over an opened, migrated database. Nothing is called yet.
    ///
    /// # Errors
    /// When a system, channel or metric cannot be made from its settings, such as a CA file that cannot be read.
    pub fn engine(&self, settings: &Settings, db: Db, clock: SharedClock) -> Result<Engine> {
        let setup = self.setup(settings, &clock, None)?;
        Ok(Engine::new(Parts { db, clock, setup }))
    }

    /// What the settings describe, for an engine; what is the same in the settings before is what the engine has that goes by them.
    ///
    /// # Errors
    /// As for the engine.
    pub fn setup(
        &self,
        settings: &Settings,
        clock: &SharedClock,
        before: Option<(&Settings, &Reloader)>,
    ) -> Result<Setup> {
        let watched = (self.metrics(settings)?, self.lists(settings)?);
        assemble::setup(settings, watched, clock, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Worker;

    /// The config may turn on what is in the list without saying how it is read.
    #[test]
    fn every_metric_in_code_may_go_without_fetch() {
        let in_code = |program: &Program| -> Vec<String> {
            let keys = program.kinds().metrics.iter();
            keys.map(ToString::to_string).collect()
        };
        let stock: Vec<&str> = METRICS.iter().map(|(key, _)| *key).collect();
        assert_eq!(in_code(&Program::stock()), stock);
        let worker = Worker::builder("m.toml").metric("waiting", METRICS[0].1);
        assert_eq!(
            in_code(worker.program()).last().map(String::as_str),
            Some("waiting")
        );

        let config = |key: &str| {
            let text = format!(
                "[systems.a]\nkind = \"none\"\nbase_url = \"http://a\"\n[metrics.{key}]\nalert = {{ above = 1 }}\n"
            );
            let kinds = worker.program().kinds();
            let loaded = monitor_settings::load_str("m.toml", &text, &[], kinds);
            loaded.map(|_| ()).map_err(|wrong| wrong.to_string())
        };
        assert_eq!(config("waiting"), Ok(()));
        let wrong = config("parked").unwrap_err();
        assert!(
            wrong.starts_with("m.toml:4:10: metrics.parked.fetch: missing"),
            "{wrong}"
        );
    }
}
