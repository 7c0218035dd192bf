//! `monitor routes test`: who would be notified of an alert, and why.

use std::path::Path;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use monitor_domain::{Severity, SystemClock};
use monitor_rules::{Because, Considered, Occasion, Routed, Subject, shown_in, when_shown};
use monitor_settings::{MetricSettings, Settings};
use monitor_worker::{Exit, Program};

use crate::ConfigArgs;
use crate::init::say;

#[derive(Subcommand)]
pub(crate) enum RoutesWhat {
    /// Print who would be notified of a metric's alert, and why: what became of each route.
    Test(TestArgs),
}

#[derive(Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The metric's key.
    #[arg(long, value_name = "KEY")]
    metric: String,
    /// How bad the alert is: info, warning or critical. The metric's own by default.
    #[arg(long)]
    severity: Option<Severity>,
    /// When it happens: 03:00, 2026-11-28T03:00, or 2026-11-28T03:00:00+08:00. Now by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Whose clocks that is, such as Asia/Shanghai. The zone of the routes' hours by default, or UTC.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Why people are notified.
    #[arg(long, value_enum, default_value = "alert")]
    event: EventArg,
}

/// Why people are notified.
#[derive(Clone, Copy, ValueEnum)]
enum EventArg {
    /// It begins, or the metric has no data.
    Alert,
    /// It lasts, and nobody acknowledged it.
    Reminder,
    /// Nobody acknowledged it for so long: each step of `escalate`.
    Escalation,
    /// It is over.
    Recovery,
}

/// Decides as the worker does, and prints it.
pub(crate) fn test(program: &Program, config: &Path, args: &TestArgs) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let find = |metric: &&MetricSettings| metric.key.as_str() == args.metric;
    let Some(metric) = settings.metrics.iter().find(find) else {
        let keys: Vec<&str> = settings
            .metrics
            .iter()
            .map(|metric| metric.key.as_str())
            .collect();
        let (key, known) = (&args.metric, keys.join(", "));
        return Err(Exit::Usage(format!("no metric \"{key}\"; there are {known}")));
    };
    let zone = args.zone.as_deref().unwrap_or_else(|| settings.routes.zone());
    let at = match &args.at {
        None => Utc::now(),
        Some(text) => time(text, zone).map_err(Exit::Usage)?,
    };
    let (occasion, event) = match args.event {
        EventArg::Alert => (Occasion::Alert, "alert"),
        EventArg::Reminder => (Occasion::Reminder, "reminder"),
        EventArg::Escalation => (Occasion::Alert, "escalation"),
        EventArg::Recovery => (Occasion::Recovery, "recovery"),
    };
    let severity = args.severity.unwrap_or(metric.severity);
    let local = shown_in(zone, at).ok_or_else(|| Exit::Usage(no_zone(zone)))?;
    let (title, key, local) = (&metric.title, &metric.key, local.format("%Y-%m-%d %H:%M"));
    say(&format!("{title} ({key}), {severity}, {event} at {local} {zone}"));
    if matches!(args.event, EventArg::Escalation) {
        steps(&settings, metric).iter().for_each(|line| say(line));
        return Ok(());
    }
    let subject = Subject {
        key: &metric.key,
        group: metric.group.as_deref(),
        labels: &metric.labels,
        severity,
    };
    if settings.routes.is_empty() {
        say("no routes: the metric's own channels are notified, or all of them");
    } else if !metric.is_routed {
        say("the metric names its channels itself, so no route is considered");
    }
    let routed = (metric.is_routed && !settings.routes.is_empty())
        .then(|| settings.routes.decide(subject, occasion, at));
    routed
        .iter()
        .for_each(|routed| explain(routed).iter().for_each(|line| say(line)));
    let channels = routed
        .and_then(|routed| routed.channels)
        .unwrap_or_else(|| metric.notify.clone());
    people(&settings, &channels).iter().for_each(|line| say(line));
    Ok(())
}

/// Who is notified by each step of an escalation, for which no route is considered.
fn steps(settings: &Settings, metric: &MetricSettings) -> Vec<String> {
    let Some(escalation) = &metric.rule.escalate else {
        return vec!["its alerts are not escalated: its rule has no escalate".to_owned()];
    };
    let mut lines = vec!["escalate names the channels, so no route is considered".to_owned()];
    let of = escalation.steps.len();
    for (number, step) in (1..).zip(&escalation.steps) {
        let after = humantime::format_duration(step.after);
        lines.push(format!("step {number} of {of}, {after} after the alert"));
        lines.extend(people(settings, &step.notify));
    }
    lines
}

/// What became of each route.
fn explain(routed: &Routed) -> Vec<String> {
    let mut lines: Vec<String> = routed.considered.iter().map(line).collect();
    if routed.channels.is_none() {
        lines.push("no route fits: every channel is notified".to_owned());
    }
    lines
}

fn line(considered: &Considered) -> String {
    let name = considered
        .name
        .as_ref()
        .map(|name| format!(" \"{name}\""))
        .unwrap_or_default();
    let outcome = match &considered.outcome {
        Ok(channels) if channels.is_empty() => "fits: nobody".to_owned(),
        Ok(channels) => format!("fits: {}", channels.join(", ")),
        Err(because) => match because {
            Because::Decided => "is not considered: one before it fits and does not continue",
            Because::Metric => "is for other metrics",
            Because::Group => "is for other groups",
            Because::Labels => "is for metrics with other labels",
            Because::Severity => "is for other severities",
            Because::Hours => "is for other hours",
            Because::Reminder => "fits, and sends no reminders",
            Because::Recovery => "fits, and sends no recoveries",
        }
        .to_owned(),
    };
    format!("route {}{name} {outcome}", considered.number)
}

/// Who reads the channels; their names alone where the secrets of one of them are not here.
fn people(settings: &Settings, channels: &[String]) -> Vec<String> {
    if channels.is_empty() {
        return vec!["nobody is notified".to_owned()];
    }
    let notifiers = settings.notifiers(SystemClock::shared()).unwrap_or_default();
    let readers = |name: &str| {
        let notifier = notifiers.iter().find(|notifier| notifier.name() == name)?;
        Some(notifier.recipients().join(", ")).filter(|readers| !readers.is_empty())
    };
    let named = settings
        .channels
        .iter()
        .filter(|channel| channels.contains(&channel.name));
    let lines = named.map(|channel| {
        let readers = readers(&channel.name).map(|readers| format!(": {readers}"));
        let kind = channel.settings.kind();
        format!("  {} ({kind}){}", channel.name, readers.unwrap_or_default())
    });
    ["notified:".to_owned()].into_iter().chain(lines).collect()
}

/// A time of day today, or a day and a time, as the clocks of the zone show it; or RFC 3339.
fn time(text: &str, zone: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let now = shown_in(zone, Utc::now()).ok_or_else(|| no_zone(zone))?;
    let local = NaiveTime::parse_from_str(text, "%H:%M")
        .map(|time| now.date().and_time(time))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"))
        .map_err(|_| format!("--at {text}: write 03:00, 2026-11-28T03:00 or 2026-11-28T03:00:00+08:00"))?;
    let never = || format!("--at {text}: no clock of {zone} shows that time: clocks are changed then");
    when_shown(zone, local).ok_or_else(never)
}

fn no_zone(zone: &str) -> String {
    format!("no time zone \"{zone}\"; give an IANA name, such as Asia/Shanghai, Europe/Berlin or UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_each_form() {
        let read = |text, zone| time(text, zone).map(|time| time.to_rfc3339());
        let three = Ok("2026-11-27T19:00:00+00:00".to_owned());
        assert_eq!(read("2026-11-28T03:00:00+08:00", "UTC"), three);
        assert_eq!(read("2026-11-28T03:00", "Asia/Shanghai"), three);
        assert!(read("03:00", "Asia/Shanghai").unwrap().contains("T19:00:00"));
        for wrong in ["", "3", "25:00", "2026-11-28", "tomorrow"] {
            assert!(read(wrong, "UTC").unwrap_err().contains("write 03:00"), "{wrong}");
        }
        // Clocks go from 2:00 to 3:00.
        assert!(
            read("2026-03-29T02:30", "Europe/Berlin")
                .unwrap_err()
                .contains("no clock of Europe/Berlin")
        );
        assert!(read("03:00", "Mars").unwrap_err().starts_with("no time zone"));
    }
}
