//! From checked settings to the parts of an engine.

use anyhow::{Context, Result};
use monitor_model::Db;
use monitor_processor::{Channel, Engine, Metric, MetricConfig, Options, Parts, metric};
use monitor_requests::SharedClock;
use monitor_settings::{MetricSettings, Settings};
use monitor_upstream::Upstreams;

/// Puts an engine together over an opened, migrated database. Nothing is called yet.
///
/// # Errors
/// When a system, channel or metric cannot be made from its settings, such as a CA file that cannot be read.
pub fn engine(settings: &Settings, db: Db, clock: SharedClock) -> Result<Engine> {
    let systems = settings.systems(clock.clone())?;
    let alarm = settings.alarm(&systems)?;
    let channels = settings
        .notifiers(clock.clone())?
        .into_iter()
        .map(|notifier| {
            let max_age = settings.max_age(notifier.name());
            Channel { notifier, max_age }
        })
        .collect();
    let (upstreams, metrics) = (Upstreams::new(systems), metrics(settings)?);
    Ok(Engine::new(Parts {
        db,
        clock,
        upstreams,
        metrics,
        channels,
        alarm,
        options: options(settings),
    }))
}

/// The metrics that the settings turn on, in their order.
///
/// # Errors
/// When one is neither built in nor declared.
pub fn metrics(settings: &Settings) -> Result<Vec<Box<dyn Metric>>> {
    settings.metrics.iter().map(build).collect()
}

fn build(settings: &MetricSettings) -> Result<Box<dyn Metric>> {
    let key = &settings.key;
    let mut fetch = settings
        .fetch
        .as_ref()
        .map(|fetch| fetch.compile().map_err(joined))
        .transpose()?;
    if let Some(fetch) = &mut fetch {
        // X, Y and Z count things, wherever they are read.
        fetch.counts = settings.builtin.is_some();
    }
    let config = MetricConfig {
        key: key.clone(),
        title: settings.title.clone(),
        unit: settings.unit.clone(),
        severity: settings.severity,
        interval: settings.interval,
        rule: settings.rule.clone(),
        notify: settings.notify.clone(),
        fetch,
        details: settings
            .details
            .as_ref()
            .map(|details| details.compile().map_err(joined))
            .transpose()?,
    };
    metric(config).with_context(|| format!("metrics.{key}: is not built in and has no fetch"))
}

fn joined(errors: Vec<monitor_upstream::FieldError>) -> anyhow::Error {
    let texts: Vec<String> = errors
        .into_iter()
        .map(|error| format!("{}: {}", error.field, error.message))
        .collect();
    anyhow::anyhow!(texts.join("; "))
}

fn options(settings: &Settings) -> Options {
    Options {
        concurrency: settings.worker.concurrency,
        shutdown: settings.worker.shutdown,
        heartbeat: settings.worker.heartbeat,
        keep_samples: settings.worker.keep_samples,
        page: settings.web.base_url.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Options::default()
    }
}
