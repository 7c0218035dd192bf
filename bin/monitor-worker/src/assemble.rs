//! From checked settings to the parts of an engine.

use anyhow::{Context, Result};
use monitor_domain::{Finding, MetricKey, SharedClock};
use monitor_processor::{
    Channel, DeadMansSwitch, Metric, MetricConfig, MetricList, Options, Reloader, Setup,
};
use monitor_requests::{Client, ClientConfig};
use monitor_settings::{MetricSettings, Settings};
use monitor_upstream::Upstreams;

/// Makes all that the settings describe. Nothing is called yet. What is the same in the settings before is what the engine that
/// goes by them has.
///
/// # Errors
/// When a system, channel or metric cannot be made from its settings, such as a CA file that cannot be read.
pub(crate) fn setup(
    settings: &Settings,
    (metrics, lists): (Vec<Box<dyn Metric>>, Vec<MetricList>),
    clock: &SharedClock,
    before: Option<(&Settings, &Reloader)>,
) -> Result<Setup> {
    let built = before.map(|(before, engine)| (before, engine.systems(), engine.notifiers()));
    let kept = built.as_ref().map(|(before, systems, _)| (*before, systems));
    let systems = settings.systems_keeping(kept, clock.clone())?;
    let kept = built
        .as_ref()
        .map(|(before, _, notifiers)| (*before, notifiers.as_slice()));
    let notifiers = settings.notifiers_keeping(kept, clock.clone())?;
    let channels = notifiers.into_iter().map(|notifier| {
        let name = notifier.name();
        Channel {
            max_age: settings.max_age(name),
            digest: settings.digest(name),
            notifier,
        }
    });
    Ok(Setup {
        alarm: settings.alarm(&systems)?,
        upstreams: Upstreams::new(systems),
        metrics,
        lists,
        channels: channels.collect(),
        dead_mans_switch: dead_mans_switch(settings, clock)?,
        options: options(settings),
    })
}

/// The dead man's switch, if there is one.
fn dead_mans_switch(settings: &Settings, clock: &SharedClock) -> Result<Option<DeadMansSwitch>> {
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
    Ok(Some(DeadMansSwitch {
        client,
        url,
        every: settings.worker.interval,
    }))
}

/// How a metric is run, as its settings have it.
pub(crate) fn metric_config(settings: &MetricSettings) -> Result<MetricConfig> {
    let key = &settings.key;
    let is_list = settings.for_each.is_some();
    let fetch = settings.fetch.as_ref().filter(|_| !is_list);
    let mut fetch = fetch
        .map(|fetch| fetch.compile().map_err(|found| joined(&found)))
        .transpose()?;
    if let Some(fetch) = &mut fetch {
        // X, Y and Z count things, wherever they are read.
        fetch.counts = settings.built_in.is_some();
    }
    Ok(MetricConfig {
        key: key.clone(),
        title: settings.title.clone(),
        unit: settings.unit.clone(),
        severity: settings.severity,
        interval: settings.interval,
        rule: settings.rule.clone(),
        depends_on: settings.depends_on.clone(),
        notify: settings.notify.clone(),
        is_routed: settings.is_routed,
        group: settings.group.clone(),
        labels: settings.labels.clone(),
        runbook: settings.runbook.clone(),
        each: settings.each,
        max_messages: settings.max_messages,
        fetch,
        is_pushed: settings.push.is_some(),
        details: settings
            .details
            .as_ref()
            .map(|details| match is_list {
                true => details.compile_for_each(),
                false => details.compile(),
            })
            .map(|details| details.map_err(|found| joined(&found)))
            .transpose()?,
    })
}

/// A metric that is a list, as its settings have it; nothing where it is one number.
pub(crate) fn metric_list(settings: &MetricSettings) -> Result<Option<MetricList>> {
    let (Some(each), Some(fetch)) = (&settings.for_each, &settings.fetch) else {
        return Ok(None);
    };
    let fetch = fetch.compile_for_each(&settings.key, each);
    let fetch = fetch.map_err(|found| joined(&found))?;
    Ok(Some(MetricList::new(
        metric_config(settings)?,
        fetch,
        each.limit(),
    )))
}

fn joined(findings: &[Finding]) -> anyhow::Error {
    let texts: Vec<String> = findings.iter().map(Finding::to_string).collect();
    anyhow::anyhow!(texts.join("; "))
}

/// The old and the new keys of metrics.
fn renamed(settings: &Settings) -> Vec<(MetricKey, MetricKey)> {
    let metrics = settings.metrics.iter();
    metrics
        .filter_map(|metric| Some((metric.was.clone()?, metric.key.clone())))
        .collect()
}

fn options(settings: &Settings) -> Options {
    Options {
        concurrency: settings.worker.concurrency,
        shutdown: settings.worker.shutdown,
        heartbeat: settings.worker.heartbeat,
        keep_samples: settings.worker.keep_samples,
        keep_alerts: settings.worker.keep_alerts,
        keep_audit: settings.worker.keep_audit,
        auto_acknowledge: settings.worker.auto_acknowledge,
        page: settings.web.base_url.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        language: settings.language(),
        notify: settings.worker.notify.clone(),
        renamed: renamed(settings),
        routes: settings.routes.clone(),
        maintenance: settings.maintenance.clone(),
        ..Options::default()
    }
}
