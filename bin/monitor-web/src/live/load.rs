//! Reading from the database what a snapshot is made of.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::alerts::OpenAlerts;
use monitor_model::{
    Alert, Conn, DbError, Delivery, Incident, MetricState, ProcessRole, Realtime, Record, Sample, Silence,
    alerts, deliveries, incidents, realtime, records, samples, silences, states, stops, workers,
};

use crate::api::RecordView;
use crate::context::{MetricView, title_of};
use crate::paging::one_more;

/// How many records a snapshot holds.
pub(super) const RECORDS: usize = 50;
/// How far back lists of records go at most: a bound on memory, not on what is kept.
pub(crate) const MAX_RECORDS: i64 = 10_000;

/// What is in the database, as far as it is shown.
pub(super) struct Loaded {
    pub(super) realtime: HashMap<String, Realtime>,
    pub(super) states: HashMap<String, MetricState>,
    pub(super) open: HashMap<String, OpenAlerts>,
    pub(super) records: Vec<Record>,
    pub(super) more_records: bool,
    pub(super) deliveries: Vec<Delivery>,
    /// Those that the records belong to.
    pub(super) alerts: Vec<Alert>,
    pub(super) incidents: Vec<Incident>,
    /// Those in force.
    pub(super) silences: Vec<Silence>,
    /// The latest heartbeat of any worker; a web's says nothing about reading.
    pub(super) heartbeat_at: Option<DateTime<Utc>>,
    /// When a worker last stopped cleanly.
    pub(super) stopped_at: Option<DateTime<Utc>>,
    /// Of the metrics whose history was wanted: the latest samples, newest first.
    pub(super) history: Vec<(String, Vec<Sample>)>,
}

/// Reads all of it as it is at `now`; `history_of` names the metrics whose latest `points` samples are wanted too.
pub(super) fn load(
    c: &mut Conn,
    now: NaiveDateTime,
    history_of: &[String],
    points: i64,
) -> Result<Loaded, DbError> {
    let (records, more_records) = page(c, None, RECORDS)?;
    let workers = workers::all(c)?.into_iter();
    let heartbeats = workers
        .filter(|w| w.role == ProcessRole::Worker)
        .map(|w| w.heartbeat_at);
    Ok(Loaded {
        heartbeat_at: heartbeats.max().map(monitor_model::utc),
        stopped_at: stops::last(c, ProcessRole::Worker)?.map(monitor_model::utc),
        alerts: alerts_of(c, &records)?,
        incidents: incidents::all_open(c)?,
        silences: silences::active(c, now)?,
        realtime: realtime::all(c)?
            .into_iter()
            .map(|r| (r.key.to_string(), r))
            .collect(),
        states: states::all(c)?
            .into_iter()
            .map(|s| (s.key.to_string(), s))
            .collect(),
        open: alerts::open_counts(c)?,
        deliveries: deliveries::for_records(c, &records)?,
        history: history_of
            .iter()
            .map(|key| Ok((key.clone(), samples::recent(c, key, points)?)))
            .collect::<Result<_, DbError>>()?,
        records,
        more_records,
    })
}

/// One page of alert records with their deliveries, newest first: those older than the record `before`. With it,
/// whether there are more.
pub(crate) fn records_page(
    c: &mut Conn,
    before: Option<i64>,
    limit: usize,
    metrics: &[MetricView],
) -> Result<(Vec<RecordView>, bool), DbError> {
    let (records, more) = page(c, before, limit)?;
    let deliveries = deliveries::for_records(c, &records)?;
    let alerts = alerts_of(c, &records)?;
    Ok((views(records, &alerts, &deliveries, metrics), more))
}

/// Records as they are shown.
pub(crate) fn views(
    records: Vec<Record>,
    alerts: &[Alert],
    deliveries: &[Delivery],
    metrics: &[MetricView],
) -> Vec<RecordView> {
    let mut about: HashMap<Option<i64>, Vec<&Delivery>> = HashMap::new();
    for delivery in deliveries {
        about.entry(delivery.record_id).or_default().push(delivery);
    }
    records
        .into_iter()
        .map(|record| {
            let own = about.remove(&Some(record.id)).unwrap_or_default();
            let alert = record.alert_id.and_then(|id| alerts.iter().find(|a| a.id == id));
            RecordView::new(record, alert, own, |key| title_of(metrics, key))
        })
        .collect()
}

fn alerts_of(c: &mut Conn, records: &[Record]) -> Result<Vec<Alert>, DbError> {
    let mut ids: Vec<i64> = records.iter().filter_map(|r| r.alert_id).collect();
    ids.sort_unstable();
    ids.dedup();
    alerts::by_ids(c, &ids)
}

fn page(c: &mut Conn, before: Option<i64>, limit: usize) -> Result<(Vec<Record>, bool), DbError> {
    let mut found = records::alerts_before(c, before.unwrap_or(i64::MAX), one_more(limit))?;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}
