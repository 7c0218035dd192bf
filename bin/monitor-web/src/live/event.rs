//! The events of the stream as they are written.

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::{IncidentView, MetricStatus, RecordView, SilenceView};
use crate::live::snapshot::Snapshot;

/// What is sent as one `snapshot`.
#[derive(Serialize)]
struct Event<'a> {
    seq: u64,
    /// Whether this is everything, or what is different from before.
    whole: bool,
    now: DateTime<Utc>,
    metrics: Vec<&'a MetricStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<&'a [RecordView]>,
    more_records: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    incidents: Option<&'a [IncidentView]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silences: Option<&'a [SilenceView]>,
    worker: Worker,
    database_error_since: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Worker {
    heartbeat_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<DateTime<Utc>>,
}

/// The event with everything.
pub(super) fn whole(snapshot: &Snapshot, now: DateTime<Utc>) -> Bytes {
    encode(&Event {
        whole: true,
        metrics: snapshot.metrics.iter().collect(),
        records: Some(&snapshot.records),
        incidents: Some(&snapshot.incidents),
        silences: Some(&snapshot.silences),
        ..nothing(snapshot, now)
    })
}

/// The event with what is different, or with everything where the config has other metrics than before; `None` where nothing is.
pub(super) fn delta(old: &Snapshot, new: &Snapshot, now: DateTime<Utc>) -> Option<Bytes> {
    let keys = |snapshot: &Snapshot| {
        snapshot
            .metrics
            .iter()
            .map(|metric| metric.key.clone())
            .collect::<Vec<_>>()
    };
    if keys(old) != keys(new) {
        return Some(whole(new, now));
    }
    let metrics: Vec<_> = new
        .metrics
        .iter()
        .enumerate()
        .filter(|(i, m)| old.metrics.get(*i) != Some(m))
        .map(|(_, m)| m)
        .collect();
    let records =
        (old.records != new.records || old.more_records != new.more_records).then_some(&new.records[..]);
    let incidents = (old.incidents != new.incidents).then_some(&new.incidents[..]);
    let silences = (old.silences != new.silences).then_some(&new.silences[..]);
    let same = metrics.is_empty()
        && records.is_none()
        && incidents.is_none()
        && silences.is_none()
        && old.heartbeat_at == new.heartbeat_at
        && old.stopped_at == new.stopped_at
        && old.database_error_since == new.database_error_since;
    let event = Event {
        metrics,
        records,
        incidents,
        silences,
        ..nothing(new, now)
    };
    (!same).then(|| encode(&event))
}

/// The event without any difference.
fn nothing(snapshot: &Snapshot, now: DateTime<Utc>) -> Event<'_> {
    Event {
        seq: snapshot.seq,
        whole: false,
        now,
        metrics: Vec::new(),
        records: None,
        more_records: snapshot.more_records,
        incidents: None,
        silences: None,
        worker: Worker {
            heartbeat_at: snapshot.heartbeat_at,
            stopped_at: snapshot.stopped_at,
        },
        database_error_since: snapshot.database_error_since,
    }
}

fn encode(event: &Event<'_>) -> Bytes {
    // JSON has no line breaks of its own, so one data line holds it.
    let json = serde_json::to_string(event).expect("strings, numbers and times are always JSON");
    Bytes::from(format!("event: snapshot\nid: {}\ndata: {json}\n\n", event.seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_sent() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let old = Snapshot::default();
        assert!(
            delta(
                &old,
                &Snapshot {
                    seq: 1,
                    ..Snapshot::default()
                },
                now
            )
            .is_none()
        );
        let sent = delta(
            &old,
            &Snapshot {
                seq: 1,
                heartbeat_at: Some(now),
                ..Snapshot::default()
            },
            now,
        )
        .unwrap();
        assert_eq!(
            sent,
            "event: snapshot\nid: 1\ndata: {\"seq\":1,\"whole\":false,\"now\":\"2023-11-14T22:13:20Z\",\"metrics\":[],\
             \"more_records\":false,\"worker\":{\"heartbeat_at\":\"2023-11-14T22:13:20Z\"},\"database_error_since\":null}\n\n"
        );
    }
}
