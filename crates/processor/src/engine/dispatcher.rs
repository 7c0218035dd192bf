//! The outbox worked off: claims what is due for each lane, has it attempted outside any transaction, and marks
//! what became of it.
//!
//! A claim is a lease. A worker that dies leaves its claims to whoever comes after the lease; the attempt number
//! fences it out should it come back. So a delivery is made at least once, and a repeat is the same message.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::deliveries::Claim;
use monitor_model::{DbError, Delivery, DeliveryStatus, deliveries};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::counts::Count;
use super::cycle::Watched;
use super::lane::{Done, Lane, Verdict};
use super::leases::{self, LEASE};

/// The longest that one attempt may take; its lease is renewed meanwhile.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(60);
/// How long marking what became of an attempt is tried.
const MARK_LIMIT: Duration = Duration::from_secs(60);
/// The longest pause between two attempts, unless the other side asks for a longer one.
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause whatever the other side asks for; within [`deliveries::FARTHEST`].
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// The outbox is looked at this often even when nothing says that it changed.
const LOOK: Duration = Duration::from_secs(5);
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// Characters kept of what the other side said.
const MAX_ERROR: usize = 1_000;

/// Works off the outbox.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    lanes: Vec<Lane>,
    attempts: JoinSet<()>,
    running: HashMap<Id, Running>,
    unknown_lanes: Vec<String>,
}

/// An attempt in flight.
struct Running {
    lane: usize,
    delivery: i64,
    attempt: i32,
}

impl Dispatcher {
    pub(crate) fn new(shared: Arc<Shared>, metrics: &[Arc<Watched>]) -> Dispatcher {
        let mut lanes = vec![Lane::alarm(&shared), Lane::details(&shared, metrics)];
        lanes.extend(shared.channels.iter().map(Lane::channel));
        Dispatcher {
            shared,
            lanes,
            attempts: JoinSet::new(),
            running: HashMap::new(),
            unknown_lanes: Vec::new(),
        }
    }

    /// Runs until `halt`, then lets what is in flight finish within the shutdown time. What does not is released:
    /// the next worker claims it at once.
    pub(crate) async fn run(mut self, halt: CancellationToken) {
        let mut changes = self.shared.db.changes();
        let leases = CancellationToken::new();
        let _renewed_to_the_end = leases.clone().drop_guard();
        tokio::spawn(leases::keep(Arc::clone(&self.shared), leases));
        while !halt.is_cancelled() {
            changes.borrow_and_update();
            let wait = self.pump().await.unwrap_or_else(|error| {
                log::error!("outbox: {error}");
                DB_PAUSE
            });
            tokio::select! {
                () = halt.cancelled() => {}
                _ = changes.changed() => {}
                Some(end) = self.attempts.join_next_with_id() => self.ended(end),
                () = self.shared.clock.sleep(wait) => {}
            }
        }
        let limit = self.shared.options.shutdown;
        let clock = Arc::clone(&self.shared.clock);
        let rest = async {
            while let Some(end) = self.attempts.join_next_with_id().await {
                self.running.remove(&id_of(&end));
            }
        };
        if monitor_requests::timeout(&*clock, limit, rest).await.is_err() {
            self.release().await;
        }
    }

    /// Delivers everything that is due, and what becomes due by it, and returns when nothing is.
    pub(crate) async fn drain(mut self) -> Result<(), DbError> {
        let leases = CancellationToken::new();
        let _renewed_to_the_end = leases.clone().drop_guard();
        tokio::spawn(leases::keep(Arc::clone(&self.shared), leases));
        loop {
            self.pump().await?;
            match self.attempts.join_next_with_id().await {
                Some(end) => self.ended(end),
                None => return Ok(()),
            }
        }
    }

    /// Claims what the lanes can take on and starts it. Gives how long nothing more can be done, unless something
    /// changes.
    async fn pump(&mut self) -> Result<Duration, DbError> {
        let due = self.shared.db.read(deliveries::next_due_by_lane).await?;
        let (wall, now) = (
            self.shared.clock.wall().naive_utc(),
            self.shared.clock.monotonic(),
        );
        let mut wait = LOOK;
        let mut wanted = Vec::new();
        for (name, at) in due {
            let Some(index) = self.lanes.iter().position(|lane| lane.name == name) else {
                self.unknown(name);
                continue;
            };
            let lane = &mut self.lanes[index];
            let free = lane.free(now);
            if at > wall && at <= wall + deliveries::FARTHEST {
                wait = wait.min((at - wall).to_std().unwrap_or_default());
            } else if free > 0 {
                wanted.push((index, free));
            } else {
                let limited = lane.wait(now);
                if !limited.is_zero() {
                    wait = wait.min(limited);
                }
            }
        }
        if wanted.is_empty() {
            return Ok(wait);
        }
        for (index, delivery) in self.claim(wanted, wall).await? {
            self.start(index, delivery);
        }
        Ok(Duration::ZERO.max(wait.min(LOOK)))
    }

    async fn claim(
        &self,
        wanted: Vec<(usize, usize)>,
        now: NaiveDateTime,
    ) -> Result<Vec<(usize, Delivery)>, DbError> {
        let lanes: Vec<(usize, String, i64)> = wanted
            .into_iter()
            .map(|(index, free)| {
                (
                    index,
                    self.lanes[index].name.clone(),
                    i64::try_from(free).unwrap_or(i64::MAX),
                )
            })
            .collect();
        let worker = self.shared.worker.clone();
        let in_flight: Vec<i64> = self.running.values().map(|running| running.delivery).collect();
        self.shared
            .db
            .write(move |conn| {
                let mut claimed = Vec::new();
                for (index, lane, free) in &lanes {
                    let claim = Claim {
                        lane,
                        worker: &worker,
                        now,
                        lease_until: now + LEASE,
                        limit: *free,
                        in_flight: &in_flight,
                    };
                    let rows = deliveries::claim(conn, &claim)?;
                    claimed.extend(rows.into_iter().map(|row| (*index, row)));
                }
                Ok(claimed)
            })
            .await
    }

    fn start(&mut self, index: usize, delivery: Delivery) {
        let lane = &mut self.lanes[index];
        let work = lane.take(self.shared.clock.monotonic());
        let terms = Terms {
            max_age: lane.max_age,
            patience: lane.patience,
        };
        let shared = Arc::clone(&self.shared);
        let (id, attempt) = (delivery.id, delivery.attempt);
        let task = self.attempts.spawn(async move {
            let clock = Arc::clone(&shared.clock);
            let verdict =
                monitor_requests::timeout(&*clock, ATTEMPT_LIMIT, work.attempt(&shared, &delivery)).await;
            let verdict = verdict.unwrap_or_else(|late| Verdict::transient(format!("no answer: {late}")));
            conclude(&shared, &delivery, verdict, terms).await;
        });
        self.running.insert(
            task.id(),
            Running {
                lane: index,
                delivery: id,
                attempt,
            },
        );
    }

    fn ended(&mut self, end: Result<(Id, ()), tokio::task::JoinError>) {
        if let Some(running) = self.running.remove(&id_of(&end)) {
            let lane = &mut self.lanes[running.lane];
            lane.in_flight -= 1;
            if let Err(error) = end {
                // Its lease runs out and it is attempted again.
                log::error!(
                    "delivery {} to {} broke off: {error}",
                    running.delivery,
                    lane.name
                );
            }
        }
    }

    /// Gives back what is still in flight when the time to stop is over.
    async fn release(&mut self) {
        self.attempts.abort_all();
        while self.attempts.join_next().await.is_some() {}
        let left: Vec<(i64, i32)> = self
            .running
            .drain()
            .map(|(_, r)| (r.delivery, r.attempt))
            .collect();
        log::warn!(
            "{} deliveries did not finish in time; they are made again by the next worker",
            left.len()
        );
        let released = self.shared.db.write(move |conn| {
            for (id, attempt) in &left {
                deliveries::release(conn, *id, *attempt)?;
            }
            Ok(())
        });
        if let Err(error) = released.await {
            log::warn!("they could not be released and wait for their lease to run out: {error}");
        }
    }

    /// A channel that the config no longer has. Its deliveries wait for it to come back.
    fn unknown(&mut self, lane: String) {
        if !self.unknown_lanes.contains(&lane) {
            log::warn!("deliveries wait for channel \"{lane}\", which the config does not have");
            self.unknown_lanes.push(lane);
        }
    }
}

/// How patient a lane is.
#[derive(Clone, Copy)]
struct Terms {
    max_age: Duration,
    patience: Duration,
}

/// Marks what became of an attempt. When the database is away it is tried for a while: what was sent and cannot be
/// marked is sent again once its lease is over.
async fn conclude(shared: &Shared, delivery: &Delivery, verdict: Verdict, terms: Terms) {
    let deadline = shared.clock.monotonic() + MARK_LIMIT;
    loop {
        match mark(shared, delivery, &verdict, terms).await {
            Ok(()) => return,
            Err(error) if shared.clock.monotonic() < deadline => {
                log::warn!(
                    "delivery {}: could not be marked, trying again: {error}",
                    delivery.id
                );
                shared.clock.sleep(DB_PAUSE).await;
            }
            Err(error) => {
                log::error!(
                    "delivery {}: could not be marked and will be made again: {error}",
                    delivery.id
                );
                return;
            }
        }
    }
}

async fn mark(shared: &Shared, delivery: &Delivery, verdict: &Verdict, terms: Terms) -> Result<(), DbError> {
    let now = shared.clock.wall().naive_utc();
    let (id, attempt, who) = (delivery.id, delivery.attempt, who(delivery));
    match verdict {
        Verdict::Done(done) => {
            if matches!(done, Done::Unmarked) {
                shared
                    .db
                    .write(move |conn| deliveries::mark_sent(conn, id, attempt, now))
                    .await?;
            }
            shared.counts.add(Count::sent, 1);
            log::info!("delivery {id}: {who} done (attempt {attempt})");
        }
        Verdict::Transient { reason, retry_after } => {
            let age = (now - delivery.created_at).to_std().unwrap_or_default();
            let asked = retry_after.unwrap_or_default();
            let pause = pause(attempt, terms.patience).max(asked).min(LONGEST_PAUSE);
            let error = cut(reason);
            if age + pause > terms.max_age {
                give_up(shared, delivery, DeliveryStatus::GivenUp, error, now).await?;
            } else {
                log::warn!("delivery {id}: {who} failed (attempt {attempt}), again in {pause:.1?}: {reason}");
                let next = now + pause;
                shared
                    .db
                    .write(move |conn| deliveries::mark_retry(conn, id, attempt, next, &error))
                    .await?;
                shared.counts.add(Count::retried, 1);
            }
        }
        Verdict::Permanent { reason } => {
            give_up(shared, delivery, DeliveryStatus::Failed, cut(reason), now).await?;
        }
    }
    Ok(())
}

async fn give_up(
    shared: &Shared,
    delivery: &Delivery,
    status: DeliveryStatus,
    error: String,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let (id, attempt) = (delivery.id, delivery.attempt);
    log::error!("delivery {id}: {} given up: {error}", who(delivery));
    shared
        .db
        .write(move |conn| deliveries::mark_final(conn, id, attempt, status, now, &error))
        .await?;
    shared.counts.add(Count::given_up, 1);
    Ok(())
}

/// Doubling from the lane's patience up to [`MAX_PAUSE`], of which the upper half is left to chance: deliveries that
/// failed together do not come back together.
fn pause(attempt: i32, patience: Duration) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
    let full = patience.saturating_mul(1 << doublings).min(MAX_PAUSE);
    full / 2 + full.mul_f64(0.5 * fastrand::f64())
}

/// The lane and, where it has several, which of its recipients.
fn who(delivery: &Delivery) -> String {
    format!("{} {}", delivery.lane, delivery.recipient)
        .trim_end()
        .to_owned()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR).collect()
}

fn id_of(end: &Result<(Id, ()), tokio::task::JoinError>) -> Id {
    match end {
        Ok((id, ())) => *id,
        Err(error) => error.id(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let patience = Duration::from_secs(1);
        for (attempt, full) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (i32::MAX, 300)] {
            let full = Duration::from_secs(full);
            for _ in 0..100 {
                let pause = pause(attempt, patience);
                assert!(pause >= full / 2 && pause <= full, "attempt {attempt}: {pause:?}");
            }
        }
    }
}
