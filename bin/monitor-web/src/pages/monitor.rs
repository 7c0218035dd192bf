//! What the page `/monitor` shows, ready for its template.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Language;
use monitor_rules::time_of_day;
use serde::Serialize;

use crate::api::{IncidentView, MetricStatus, Number, RecordView, Status, WorkerStatus};
use crate::live::Snapshot;
use crate::pages::frame::{Frame, in_script};
use crate::pages::{filters, texts};

/// The data of `monitor.html`; its fields are the template's variables.
#[derive(Serialize)]
pub(crate) struct MonitorPage {
    #[serde(flatten)]
    frame: Frame,
    worker: WorkerStatus,
    worker_age: String,
    worker_stopped: String,
    database_error_since: Option<DateTime<Utc>>,
    incidents: Vec<IncidentView>,
    metrics: Vec<MetricStatus>,
    tally: Vec<Tally>,
    unacknowledged: i64,
    records: Vec<RecordView>,
    next_cursor: Option<i64>,
    blank_record: BlankRecord,
}

/// How many metrics are in a state.
#[derive(Serialize)]
struct Tally {
    status: &'static str,
    count: usize,
    label: String,
}

/// The row that the script clones: a record with nothing in it.
#[derive(Default, Serialize)]
struct BlankRecord {
    id: &'static str,
    title: &'static str,
    value: Option<Number>,
    message: &'static str,
    timestamp: &'static str,
    alert_id: Option<i64>,
    muted: Option<&'static str>,
    acknowledged_at: Option<&'static str>,
    resolved_at: Option<&'static str>,
    deliveries: [(); 0],
}

/// What the script starts with.
#[derive(Serialize)]
struct Boot<'a> {
    lang: &'static str,
    now: DateTime<Utc>,
    worker_timeout: u64,
    worker: &'a WorkerStatus,
    metrics: &'a [MetricStatus],
    text: BTreeMap<&'static str, String>,
}

impl MonitorPage {
    /// The page of a snapshot. A heartbeat is good for `worker_timeout`.
    pub(crate) fn new(mut frame: Frame, snapshot: &Snapshot, worker_timeout: Duration) -> MonitorPage {
        let (language, now) = (frame.language, frame.now);
        let worker = snapshot.worker(now, worker_timeout);
        frame.boot = in_script(&Boot {
            lang: language.tag(),
            now,
            worker_timeout: worker_timeout.as_secs(),
            worker: &worker,
            metrics: &snapshot.metrics,
            text: texts::for_script(language),
        });
        let metrics: Vec<MetricStatus> = snapshot
            .metrics
            .iter()
            .map(|m| m.clone().at(now).read_in(language))
            .collect();
        let oldest = snapshot.records.last().filter(|_| snapshot.more_records);
        MonitorPage {
            worker_stopped: worker
                .stopped_at
                .map(|at| time_of_day(at, now))
                .unwrap_or_default(),
            worker_age: filters::age(language, worker.age_seconds.unwrap_or_default()),
            database_error_since: snapshot.database_error_since,
            incidents: snapshot.incidents.clone(),
            tally: tally(&metrics, language),
            unacknowledged: metrics.iter().map(|m| m.unacknowledged).sum(),
            records: snapshot.records.clone(),
            next_cursor: oldest.map(|r| r.id),
            blank_record: BlankRecord::default(),
            metrics,
            worker,
            frame,
        }
    }
}

fn tally(metrics: &[MetricStatus], language: Language) -> Vec<Tally> {
    let label = |status: Status| {
        texts::text(language, &format!("tally-{}", status.as_str()), &[]).unwrap_or_default()
    };
    let count = |status| metrics.iter().filter(|m| m.status == status).count();
    Status::ALL
        .iter()
        .map(|s| Tally {
            status: s.as_str(),
            count: count(*s),
            label: label(*s),
        })
        .collect()
}
