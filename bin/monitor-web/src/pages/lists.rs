//! What the pages besides `/monitor` show: read from the database when they are opened, ready for their templates.

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{
    Conn, DbError, DeliveryStatus, Silence, alerts, deliveries, evaluations, incidents, silences, stored,
};
use serde::Serialize;

use crate::api::{AlertView, DeliveryRow, EvaluationView, IncidentView, MetricStatus, SilenceView, System};
use crate::context::{MetricView, title_of};
use crate::pages::frame::Frame;
use crate::paging::{cut, one_more};

/// Rows of a list at a time.
const ROWS: usize = 50;
/// How many waiting deliveries are searched for those that failed before.
const WAITING: i64 = 500;
/// How many incidents are shown, the open ones among them.
const INCIDENTS: i64 = 20;
/// How many evaluations of a metric are shown.
const EVALUATIONS: i64 = 50;
/// How many alerts of a metric are shown.
const ALERTS: i64 = 20;

/// The data of `alerts.html`.
#[derive(Serialize)]
pub(crate) struct AlertsPage {
    #[serde(flatten)]
    pub(super) frame: Frame,
    /// Whether those that are over are shown too.
    pub(super) all: bool,
    pub(super) open: i64,
    pub(super) alerts: Vec<AlertRow>,
    pub(super) next_cursor: Option<String>,
    pub(super) silences: Vec<SilenceRow>,
}

/// The data of `deliveries.html`.
#[derive(Serialize)]
pub(crate) struct DeliveriesPage {
    #[serde(flatten)]
    pub(super) frame: Frame,
    pub(super) channels: Vec<Channel>,
    pub(super) undelivered: Vec<DeliveryRow>,
    pub(super) next_cursor: Option<String>,
    pub(super) waiting: Vec<DeliveryRow>,
}

/// The data of `system.html`.
#[derive(Serialize)]
pub(crate) struct SystemPage {
    #[serde(flatten)]
    pub(super) frame: Frame,
    pub(super) system: System,
    pub(super) channels: Vec<Channel>,
    pub(super) incidents: Vec<IncidentView>,
}

/// The data of `metric.html`.
#[derive(Serialize)]
pub(crate) struct MetricPage {
    #[serde(flatten)]
    pub(super) frame: Frame,
    pub(super) m: MetricStatus,
    pub(super) evaluations: Vec<EvaluationView>,
    pub(super) alerts: Vec<AlertRow>,
    pub(super) silences: Vec<SilenceRow>,
}

/// An alert in a list.
#[derive(Serialize)]
pub(super) struct AlertRow {
    #[serde(flatten)]
    pub(super) alert: AlertView,
    /// Whether its metric has a page.
    pub(super) known: bool,
}

/// A silence in a list.
#[derive(Serialize)]
pub(super) struct SilenceRow {
    #[serde(flatten)]
    pub(super) silence: SilenceView,
    /// Its metric's name; none for every metric.
    pub(super) title: Option<String>,
}

/// What a channel has done and not done.
#[derive(Serialize)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) undelivered: i64,
    pub(super) waiting: i64,
    pub(super) oldest_at: Option<DateTime<Utc>>,
}

impl AlertsPage {
    /// Reads it: the open alerts or `all`, those older than the alert `before`.
    pub(crate) fn read(
        c: &mut Conn,
        frame: Frame,
        metrics: &[MetricView],
        all: bool,
        before: Option<i64>,
    ) -> Result<AlertsPage, DbError> {
        let filter = alerts::Filter {
            open: !all,
            before,
            ..alerts::Filter::default()
        };
        let mut found = alerts::page(c, &filter, one_more(ROWS))?;
        let next_cursor = cut(&mut found, ROWS, |alert| alert.id);
        Ok(AlertsPage {
            all,
            open: alerts::open_counts(c)?.values().map(|open| open.all).sum(),
            alerts: rows(found, metrics),
            next_cursor,
            silences: live_silences(c, frame.now, metrics)?,
            frame,
        })
    }
}

impl DeliveriesPage {
    /// Reads it: what ended unsent, those older than the delivery `before`, and what is still tried after a failure.
    /// The config has the `configured` channels.
    pub(crate) fn read(
        c: &mut Conn,
        frame: Frame,
        before: Option<i64>,
        configured: &[String],
    ) -> Result<DeliveriesPage, DbError> {
        let row = |delivery| DeliveryRow::new(delivery, configured);
        let of = |statuses: &[DeliveryStatus], before| deliveries::Filter {
            statuses: statuses.to_vec(),
            before,
            ..deliveries::Filter::default()
        };
        let ended = of(&[DeliveryStatus::Failed, DeliveryStatus::GivenUp], before);
        let mut undelivered = deliveries::page(c, &ended, one_more(ROWS))?;
        let next_cursor = cut(&mut undelivered, ROWS, |delivery| delivery.id);
        let mut waiting = deliveries::page(c, &of(&[DeliveryStatus::Pending], None), WAITING)?;
        waiting.retain(|delivery| delivery.last_error.is_some());
        waiting.truncate(ROWS);
        let system = System::read(c, frame.now, Duration::ZERO)?;
        Ok(DeliveriesPage {
            channels: channels(&system, frame.now),
            undelivered: undelivered.into_iter().map(row).collect(),
            next_cursor,
            waiting: waiting.into_iter().map(row).collect(),
            frame,
        })
    }
}

impl SystemPage {
    /// Reads it. A heartbeat is good for `timeout`.
    pub(crate) fn read(c: &mut Conn, frame: Frame, timeout: Duration) -> Result<SystemPage, DbError> {
        let system = System::read(c, frame.now, timeout)?;
        let mut shown = system.incidents.clone();
        shown.reverse();
        let latest = incidents::page(c, i64::MAX, INCIDENTS)?.into_iter();
        shown.extend(latest.filter(|t| t.ended_at.is_some()).map(IncidentView::from));
        Ok(SystemPage {
            channels: channels(&system, frame.now),
            incidents: shown,
            system,
            frame,
        })
    }
}

impl MetricPage {
    /// Reads it, around the metric as the snapshot has it.
    pub(crate) fn read(
        c: &mut Conn,
        frame: Frame,
        metric: MetricStatus,
        metrics: &[MetricView],
    ) -> Result<MetricPage, DbError> {
        let filter = alerts::Filter {
            key: Some(metric.key.to_string()),
            ..alerts::Filter::default()
        };
        let mut silences = live_silences(c, frame.now, metrics)?;
        silences.retain(|row| {
            row.silence
                .key
                .as_ref()
                .is_none_or(|key| metric.key == key.as_str())
        });
        let history = evaluations::of(c, &metric.key, EVALUATIONS)?;
        Ok(MetricPage {
            evaluations: history.into_iter().map(EvaluationView::from).collect(),
            alerts: rows(alerts::page(c, &filter, ALERTS)?, metrics),
            silences,
            m: metric.read_in(frame.language),
            frame,
        })
    }
}

impl AlertRow {
    /// An alert of one of these metrics, or of one that is not there any more.
    pub(super) fn new(alert: AlertView, metrics: &[MetricView]) -> AlertRow {
        AlertRow {
            known: metrics.iter().any(|metric| metric.key == alert.key),
            alert,
        }
    }
}

fn rows(found: Vec<monitor_model::Alert>, metrics: &[MetricView]) -> Vec<AlertRow> {
    let row = |alert: monitor_model::Alert| {
        let title = title_of(metrics, &alert.key);
        AlertRow::new(AlertView::new(alert, title), metrics)
    };
    found.into_iter().map(row).collect()
}

/// The silences in force, then those to come of the latest that were made.
fn live_silences(
    c: &mut Conn,
    now: DateTime<Utc>,
    metrics: &[MetricView],
) -> Result<Vec<SilenceRow>, DbError> {
    let at = stored(now);
    let mut live = silences::active(c, at)?;
    let latest = silences::page(c, i64::MAX, one_more(ROWS))?;
    live.extend(
        latest
            .into_iter()
            .filter(|s| s.cancelled_at.is_none() && s.starts_at > at),
    );
    let row = |silence: Silence| SilenceRow {
        title: silence.key.as_deref().map(|key| title_of(metrics, key)),
        silence: SilenceView::at(now, silence),
    };
    Ok(live.into_iter().map(row).collect())
}

fn channels(system: &System, now: DateTime<Utc>) -> Vec<Channel> {
    let mut names: Vec<&String> = system.undelivered.keys().chain(system.outbox.keys()).collect();
    names.sort();
    names.dedup();
    let channel = |name: &String| {
        let outbox = system.outbox.get(name);
        let age = outbox.map(|o| chrono::TimeDelta::seconds(o.oldest_age_seconds));
        Channel {
            name: name.clone(),
            undelivered: system.undelivered.get(name).copied().unwrap_or_default(),
            waiting: outbox.map_or(0, |o| o.waiting),
            oldest_at: age.map(|age| now - age),
        }
    };
    names.into_iter().map(channel).collect()
}
