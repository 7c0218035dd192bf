//! `monitor try metric`: one reading, and what would come of it.

use std::path::Path;

use anyhow::anyhow;
use monitor_domain::{Number, SharedClock, SystemClock, timeout};
use monitor_processor::{Metric, sample, system};
use monitor_rules::{Evaluation, Observed, Reading, judge_with};
use monitor_settings::Settings;
use monitor_upstream::{Poll, Tick, Trace, Upstreams};
use monitor_worker::{Exit, Program};

use super::stored::{Stored, look_up};
use super::words::{compared, row, time, trail, verdict};
use super::{PATIENCE, list, pushed, question, unknown};

/// Reads the metric and shows what is made of it. Nothing is stored and nobody notified, whatever it reads.
pub(crate) async fn run(program: &Program, config: &Path, key: &str) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let clock = SystemClock::shared();
    if let Some(list) = list::find(program, &settings, key)? {
        let systems = settings.systems(clock.clone()).map_err(anyhow::Error::from)?;
        let (upstreams, trace) = Upstreams::traced(systems);
        if list.config().key == *key {
            let shown = list::show(&list, &upstreams, &clock).await;
            calls(&trace);
            return shown;
        }
        let item = list::item(&list, &upstreams, &clock, key).await?;
        drop(trace.take());
        return try_out(&settings, &*item, (&upstreams, &trace), &clock).await;
    }
    let metric = find(program, &settings, key)?;
    let section = settings.metrics.iter().find(|section| section.key == *key);
    if let Some(push) = section.and_then(|section| section.push.as_ref()) {
        let stored = look_up(&settings, &*metric, clock.wall()).await;
        pushed::show(&settings, &*metric, push, &stored).await;
        return Ok(());
    }
    let systems = settings.systems(clock.clone()).map_err(anyhow::Error::from)?;
    let (upstreams, trace) = Upstreams::traced(systems);
    try_out(&settings, &*metric, (&upstreams, &trace), &clock).await
}

/// One reading.
async fn try_out(
    settings: &Settings,
    metric: &dyn Metric,
    (upstreams, trace): (&Upstreams, &Trace),
    clock: &SharedClock,
) -> Result<(), Exit> {
    let rule = &metric.config().rule;
    let key = &metric.config().key;

    describe(metric, upstreams);
    // Before the reading, as the worker does: a reading is not judged against one that was taken after it.
    let stored = look_up(settings, metric, clock.wall()).await;
    let poll = Poll {
        key: key.to_string(),
        previous: stored.state.last_value(),
        tick: Tick::default(),
    };
    let observed = read(metric, upstreams, clock, &poll).await;
    calls(trace);
    let at = clock.wall();
    let reading = Reading {
        at,
        elapsed: stored.elapsed(at, metric.config().interval),
        observed,
    };
    let evaluation = judge_with(rule, &stored.state, &reading, &stored.history);
    show(metric, &stored, &reading.observed, &evaluation);
    if question::is_due(&evaluation) {
        let observed = &reading.observed;
        question::explained(metric, upstreams, clock, &stored, &evaluation, observed).await;
        calls(trace);
    }
    if stored.is_known {
        trail(&stored.evaluations);
    }
    match reading.observed {
        Observed::Value(_) => Ok(()),
        Observed::Unreadable(_) => Err(Exit::Failed(anyhow!("metric {key} cannot be read"))),
    }
}

fn find(program: &Program, settings: &Settings, key: &str) -> Result<Box<dyn Metric>, Exit> {
    let metrics = program.metrics(settings)?;
    let found = metrics.into_iter().find(|metric| metric.config().key == key);
    found.ok_or_else(|| {
        let known: Vec<&str> = settings
            .metrics
            .iter()
            .map(|metric| metric.key.as_str())
            .collect();
        unknown("metric", key, &known)
    })
}

/// What is known before it is read.
fn describe(metric: &dyn Metric, upstreams: &Upstreams) {
    let config = metric.config();
    let unit = match config.unit.as_str() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    row("metric", &format!("{}: {}{unit}", config.key, config.title));
    let from = match system(metric) {
        Some(name) => match upstreams.systems().get(name) {
            Some(system) => format!("system {name} ({})", system.kind()),
            None => format!("system {name}"),
        },
        None => "known to the metric alone".to_owned(),
    };
    row("read from", &from);
    row("rule", &config.rule.describe());
}

/// What was requested on the way, and what was taken from each answer.
fn calls(trace: &Trace) {
    for line in trace.take() {
        row(&line.name, &line.text);
    }
}

/// Reads it; signing in is a part of that.
async fn read(metric: &dyn Metric, upstreams: &Upstreams, clock: &SharedClock, poll: &Poll) -> Observed {
    match timeout(&**clock, PATIENCE, sample(metric, upstreams, poll)).await {
        Ok(Ok(value)) if value.is_finite() => Observed::Value(value),
        Ok(Ok(value)) => Observed::Unreadable(format!("{value} is not a number that can be watched")),
        Ok(Err(error)) => Observed::Unreadable(error.to_string()),
        Err(late) => Observed::Unreadable(late.to_string()),
    }
}

fn show(metric: &dyn Metric, stored: &Stored, observed: &Observed, evaluation: &Evaluation) {
    let config = metric.config();
    match observed {
        Observed::Value(value) => row("value", &format!("{} {}", Number(*value), config.unit)),
        Observed::Unreadable(why) => row("value", &format!("cannot be read: {why}")),
    }
    if let Some(remark) = &stored.remark {
        row("database", remark);
    }
    row("against", &compared(&config.rule, stored));
    let before = match &stored.row {
        Some(row) => format!(
            "{} since {}: {}",
            row.phase,
            time(row.since.and_utc()),
            row.reason
        ),
        None if stored.is_known => "never judged".to_owned(),
        None => "not known".to_owned(),
    };
    row("stored", &before);
    let verdict = verdict(&evaluation.transitions);
    row(
        "verdict",
        &format!("{verdict}; nothing was stored and nobody notified"),
    );
    let (from, to) = (stored.state.phase(), evaluation.state.phase());
    row(
        "phase",
        &if from == to {
            format!("{to}, as before")
        } else {
            format!("{to}, from {from}")
        },
    );
    row("reason", &evaluation.reason);
}
