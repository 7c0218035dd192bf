//! Reading from the database what a snapshot is made of.

use std::collections::HashMap;

use monitor_model::{
    Conn, DbError, Delivery, MetricState, Realtime, Record, Sample, WorkerRow, alerts, deliveries, realtime,
    records, samples, states, workers,
};

use monitor_model::alerts::OpenAlerts;

use crate::api::RecordView;
use crate::context::MetricView;

/// How many records a snapshot holds.
pub(crate) const RECORDS: usize = 50;
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
    pub(super) workers: Vec<WorkerRow>,
    /// Of the metrics whose history was asked for: the latest samples, newest first.
    pub(super) history: Vec<(String, Vec<Sample>)>,
}

/// Reads all of it; `history_of` names the metrics whose latest `points` samples are wanted too.
pub(super) fn load(c: &mut Conn, history_of: &[String], points: i64) -> Result<Loaded, DbError> {
    let (records, more_records) = page(c, None, RECORDS)?;
    let ids: Vec<i64> = records.iter().map(|r| r.id).collect();
    Ok(Loaded {
        realtime: realtime::all(c)?
            .into_iter()
            .map(|r| (r.key.clone(), r))
            .collect(),
        states: states::all(c)?.into_iter().map(|s| (s.key.clone(), s)).collect(),
        open: alerts::open_counts(c)?,
        deliveries: deliveries::for_records(c, &ids)?,
        workers: workers::all(c)?,
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
    let ids: Vec<i64> = records.iter().map(|r| r.id).collect();
    let deliveries = deliveries::for_records(c, &ids)?;
    Ok((views(records, &deliveries, metrics), more))
}

/// Records as they are shown.
pub(super) fn views(
    records: Vec<Record>,
    deliveries: &[Delivery],
    metrics: &[MetricView],
) -> Vec<RecordView> {
    let mut about: HashMap<Option<i64>, Vec<&Delivery>> = HashMap::new();
    for delivery in deliveries {
        about.entry(delivery.record_id).or_default().push(delivery);
    }
    let title = |key: &str| {
        metrics
            .iter()
            .find(|m| m.key == key)
            .map_or(key, |m| m.title.as_str())
            .to_owned()
    };
    records
        .into_iter()
        .map(|record| {
            let own = about.remove(&Some(record.id)).unwrap_or_default();
            RecordView::new(record, own, title)
        })
        .collect()
}

fn page(c: &mut Conn, before: Option<i64>, limit: usize) -> Result<(Vec<Record>, bool), DbError> {
    let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = records::alerts_before(c, before.unwrap_or(i64::MAX), asked)?;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}
