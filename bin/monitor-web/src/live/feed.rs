//! The live connections: how many there may be, and what is sent to each.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use tokio::sync::broadcast;

/// How many events a slow reader may be behind before it is dropped. It then connects anew and gets all at once.
const BEHIND: usize = 16;
/// A reader that has not taken anything for this long, pings among it, loses its slot to a new one.
const STUCK: Duration = Duration::from_secs(60);

/// Sends events to all live connections.
pub(super) struct Feed {
    sender: broadcast::Sender<(u64, Bytes)>,
    slots: Arc<Mutex<Vec<Arc<Slot>>>>,
    limit: usize,
}

/// The slot of one live connection.
#[derive(Default)]
struct Slot {
    /// When it last took something, in milliseconds of the monotonic clock.
    taken_at: AtomicU64,
    lost: AtomicBool,
}

/// A live connection's end of the feed; its slot is free again when it is dropped.
pub(super) struct Subscription {
    pub(super) events: broadcast::Receiver<(u64, Bytes)>,
    slot: Arc<Slot>,
    slots: Arc<Mutex<Vec<Arc<Slot>>>>,
}

impl Feed {
    pub(super) fn new(limit: usize) -> Feed {
        Feed {
            sender: broadcast::Sender::new(BEHIND),
            slots: Arc::default(),
            limit,
        }
    }

    /// Sends an event that brings readers to `seq`.
    pub(super) fn send(&self, seq: u64, event: Bytes) {
        // An error only says that nobody is listening.
        let _ = self.sender.send((seq, event));
    }

    /// Takes a slot at the time `now` (monotonic); `None` where all are taken by readers that keep up.
    pub(super) fn subscribe(&self, now: Duration) -> Option<Subscription> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= self.limit {
            let stuck = millis(now.saturating_sub(STUCK));
            slots.retain(|slot| {
                let keeps_up = slot.taken_at.load(Ordering::Relaxed) >= stuck;
                slot.lost.store(!keeps_up, Ordering::Relaxed);
                keeps_up
            });
        }
        if slots.len() >= self.limit {
            return None;
        }
        let slot = Arc::new(Slot::default());
        slot.taken_at.store(millis(now), Ordering::Relaxed);
        slots.push(Arc::clone(&slot));
        Some(Subscription {
            events: self.sender.subscribe(),
            slot,
            slots: Arc::clone(&self.slots),
        })
    }

    /// How many slots are taken.
    pub(super) fn taken(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Subscription {
    /// Notes that the reader took something at `now`; `false` where it had lost its slot before.
    pub(super) fn took(&self, now: Duration) -> bool {
        self.slot.taken_at.store(millis(now), Ordering::Relaxed);
        !self.slot.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
    }
}

fn millis(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_come_back() {
        let feed = Feed::new(2);
        let first = feed.subscribe(Duration::ZERO).unwrap();
        let _second = feed.subscribe(Duration::ZERO).unwrap();
        assert!(feed.subscribe(Duration::from_secs(1)).is_none());
        drop(first);
        assert!(feed.subscribe(Duration::from_secs(1)).is_some());
        assert_eq!(feed.taken(), 1);
    }

    #[test]
    fn a_stuck_reader_loses_its_slot() {
        let feed = Feed::new(2);
        let stuck = feed.subscribe(Duration::ZERO).unwrap();
        let lively = feed.subscribe(Duration::ZERO).unwrap();
        assert!(lively.took(Duration::from_secs(50)));
        let _third = feed
            .subscribe(Duration::from_secs(70))
            .expect("the stuck one's slot");
        assert!(!stuck.took(Duration::from_secs(71)));
        assert!(lively.took(Duration::from_secs(71)));
        drop(stuck);
        assert_eq!(feed.taken(), 2);
    }
}
