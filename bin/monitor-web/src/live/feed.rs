//! The live connections: how many there may be, and what each is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::api::{IncidentView, MetricStatus, RecordView, SilenceView};
use crate::live::Snapshot;

/// How many events a slow reader may be behind before it is dropped. It then connects anew and gets all at once.
const BEHIND: usize = 16;
/// A reader that has not taken anything for this long, pings among it, loses its place to a new one.
const STUCK: Duration = Duration::from_secs(60);

/// Sends events to all live connections.
pub(super) struct Feed {
    sender: broadcast::Sender<(u64, Bytes)>,
    places: Arc<Mutex<Vec<Arc<Place>>>>,
    limit: usize,
}

/// The place of one live connection.
#[derive(Default)]
struct Place {
    /// When it last took something, in milliseconds of the monotonic clock.
    taken_at: AtomicU64,
    lost: AtomicBool,
}

/// A live connection's end of the feed; its place is free again when it is dropped.
pub(super) struct Seat {
    pub(super) events: broadcast::Receiver<(u64, Bytes)>,
    place: Arc<Place>,
    places: Arc<Mutex<Vec<Arc<Place>>>>,
}

impl Feed {
    pub(super) fn new(limit: usize) -> Feed {
        Feed {
            sender: broadcast::Sender::new(BEHIND),
            places: Arc::default(),
            limit,
        }
    }

    /// Sends an event that brings readers to `seq`.
    pub(super) fn send(&self, seq: u64, event: Bytes) {
        // An error only says that nobody is listening.
        let _ = self.sender.send((seq, event));
    }

    /// Takes a place at the time `now` (monotonic); `None` where all are taken by readers that keep up.
    pub(super) fn sit(&self, now: Duration) -> Option<Seat> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= self.limit {
            let stuck = millis(now.saturating_sub(STUCK));
            places.retain(|place| {
                let keeps_up = place.taken_at.load(Ordering::Relaxed) >= stuck;
                place.lost.store(!keeps_up, Ordering::Relaxed);
                keeps_up
            });
        }
        if places.len() >= self.limit {
            return None;
        }
        let place = Arc::new(Place::default());
        place.taken_at.store(millis(now), Ordering::Relaxed);
        places.push(Arc::clone(&place));
        Some(Seat {
            events: self.sender.subscribe(),
            place,
            places: Arc::clone(&self.places),
        })
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Seat {
    /// Notes that the reader took something at `now`; `false` where it had lost its place before.
    pub(super) fn took(&self, now: Duration) -> bool {
        self.place.taken_at.store(millis(now), Ordering::Relaxed);
        !self.place.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|place| !Arc::ptr_eq(place, &self.place));
    }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}

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
}

/// The event that tells everything.
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

/// The event that tells what is different; `None` where nothing is.
pub(super) fn delta(old: &Snapshot, new: &Snapshot, now: DateTime<Utc>) -> Option<Bytes> {
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

/// The event that tells of no difference.
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
    fn places_are_bounded_and_come_back() {
        let feed = Feed::new(2);
        let first = feed.sit(Duration::ZERO).unwrap();
        let _second = feed.sit(Duration::ZERO).unwrap();
        assert!(feed.sit(Duration::from_secs(1)).is_none());
        drop(first);
        assert!(feed.sit(Duration::from_secs(1)).is_some());
        assert_eq!(feed.taken(), 1);
    }

    #[test]
    fn a_stuck_reader_loses_its_place() {
        let feed = Feed::new(2);
        let stuck = feed.sit(Duration::ZERO).unwrap();
        let lively = feed.sit(Duration::ZERO).unwrap();
        assert!(lively.took(Duration::from_secs(50)));
        let _third = feed.sit(Duration::from_secs(70)).expect("the stuck one's place");
        assert!(!stuck.took(Duration::from_secs(71)));
        assert!(lively.took(Duration::from_secs(71)));
        drop(stuck);
        assert_eq!(feed.taken(), 2);
    }

    #[test]
    fn only_what_changed_is_told() {
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
        let told = delta(
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
            told,
            "event: snapshot\nid: 1\ndata: {\"seq\":1,\"whole\":false,\"now\":\"2023-11-14T22:13:20Z\",\"metrics\":[],\
             \"more_records\":false,\"worker\":{\"heartbeat_at\":\"2023-11-14T22:13:20Z\"},\"database_error_since\":null}\n\n"
        );
    }
}
