//! What a program is made of: the stock kinds and metrics, and what a team adds to them.

use std::path::Path;

use anyhow::{Context, Result};
use monitor_domain::SharedClock;
use monitor_model::Db;
use monitor_processor::{CodedMetric, Engine, Metric};
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
        Program {
            kinds: Kinds::stock(),
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

    /// The metrics that the settings turn on, in their order.
    ///
    /// # Errors
    /// When one is neither in code nor declared.
    pub fn metrics(&self, settings: &Settings) -> Result<Vec<Box<dyn Metric>>> {
        let one = |settings: &MetricSettings| {
            let config = assemble::metric_config(settings)?;
            let made = monitor_processor::metric(config, &self.metrics);
            made.with_context(|| format!("metrics.{}: is not in code and has no fetch", settings.key))
        };
        settings.metrics.iter().map(one).collect()
    }

    /// Puts an engine together over an opened, migrated database. Nothing is called yet.
    ///
    /// # Errors
    /// When a system, channel or metric cannot be made from its settings, such as a CA file that cannot be read.
    pub fn engine(&self, settings: &Settings, db: Db, clock: SharedClock) -> Result<Engine> {
        assemble::engine(settings, self.metrics(settings)?, db, clock)
    }
}
