//! From checked settings to the parts of an engine.

use anyhow::{Context, Result};
use monitor_domain::SharedClock;
use monitor_model::Db;
use monitor_processor::{Channel, Engine, Metric, MetricConfig, Options, Parts, Pulse, metric};
use monitor_requests::{Client, ClientConfig};
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
            let name = notifier.name();
            Channel {
                max_age: settings.max_age(name),
                digest: settings.digest(name),
                notifier,
            }
        })
        .collect();
    let (upstreams, metrics) = (Upstreams::new(systems), metrics(settings)?);
    let pulse = pulse(settings, &clock)?;
    Ok(Engine::new(Parts {
        db,
        clock,
        upstreams,
        metrics,
        channels,
        alarm,
        pulse,
        options: options(settings),
    }))
}

/// The dead-man's switch, if there is one.
fn pulse(settings: &Settings, clock: &SharedClock) -> Result<Option<Pulse>> {
    let Some(source) = &settings.worker.heartbeat_url else {
        return Ok(None);
    };
    let secret = source.resolve().context("worker.heartbeat_url")?;
    let url = secret
        .expose()
        .parse()
        .ok()
        .context("worker.heartbeat_url is no address; such as https://hc.example/ping/…")?;
    let config = ClientConfig::from(&settings.requests);
    let client = Client::new(config, clock.clone()).context("for worker.heartbeat_url")?;
    Ok(Some(Pulse {
        client,
        url,
        every: settings.worker.interval,
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
        max_messages: settings.max_messages,
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
        language: settings.language(),
        notify: settings.worker.notify.clone(),
        maintenance: settings.maintenance.clone(),
        ..Options::default()
    }
}
