//! The outbox worked off: claims what is due for each lane, has it attempted outside any transaction, and marks
//! what became of it.
//!
//! A claim is a lease. A worker that dies leaves its claims to whoever comes after the lease; the attempt number
//! fences it out should it come back. So a delivery is made at least once, and a repeat is the same message.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDateTime;
use futures_util::FutureExt;
use monitor_model::deliveries::Claim;
use monitor_model::{DbError, Delivery, DeliveryStatus, deliveries};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::counts::LaneMeter;
use super::cycle::{Watched, may_pass};
use super::lane::{Done, Lane, Terms, Verdict};
use super::leases::{self, Held, LEASE};
use crate::fault::{self, Point};

/// The longest that one attempt may take; its lease is renewed meanwhile.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(60);
/// How often marking is tried that fails for a reason that will not pass.
const MARK_TRIES: u32 = 10;
/// The outbox is looked at this often even when nothing says that it changed.
const LOOK: Duration = Duration::from_secs(5);
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// The wall clock has been stepped back when it lags so much behind the monotonic one all at once.
const STEP: Duration = Duration::from_secs(2);
/// Characters kept of what the other side said.
const MAX_ERROR: usize = 1_000;

/// Works off the outbox.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    lanes: Vec<Lane>,
    /// Each says whether what became of it is marked.
    attempts: JoinSet<bool>,
    running: HashMap<Id, Running>,
    held: Held,
    unknown_lanes: Vec<String>,
    /// Something went wrong around a claim, so there may be rows in this worker's name that it is not sending.
    strays: bool,
    /// Wall time less monotonic time, to notice a step; unknown at first.
    offset: Option<chrono::Duration>,
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
        lanes.extend(
            shared
                .channels
                .iter()
                .map(|channel| Lane::channel(&shared, channel)),
        );
        Dispatcher {
            shared,
            lanes,
            attempts: JoinSet::new(),
            running: HashMap::new(),
            held: Held::default(),
            unknown_lanes: Vec::new(),
            strays: false,
            offset: None,
        }
    }

    /// Runs until `halt`, then lets what is in flight finish within the shutdown time. What does not is released:
    /// the next worker claims it at once.
    pub(crate) async fn run(mut self, halt: CancellationToken) {
        let mut changes = self.shared.db.changes();
        let _renewed_to_the_end = self.keep_leases();
        while !halt.is_cancelled() {
            changes.borrow_and_update();
            let pumped = tokio::select! {
                biased;
                () = halt.cancelled() => break,
                pumped = self.pump() => pumped,
            };
            let wait = pumped.unwrap_or_else(|error| {
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
        self.settle().await;
    }

    /// Delivers everything that is due, and what becomes due by it, and returns when nothing is, or at `halt`.
    pub(crate) async fn drain(mut self, halt: CancellationToken) -> Result<(), DbError> {
        let _renewed_to_the_end = self.keep_leases();
        let mut end = Ok(());
        while !halt.is_cancelled() {
            if let Err(error) = self.pump().await {
                end = Err(error);
                break;
            }
            tokio::select! {
                () = halt.cancelled() => {}
                ended = self.attempts.join_next_with_id() => match ended {
                    Some(ended) => self.ended(ended),
                    None => break,
                },
            }
        }
        self.settle().await;
        end
    }

    fn keep_leases(&self) -> tokio_util::sync::DropGuard {
        let leases = CancellationToken::new();
        tokio::spawn(leases::keep(
            Arc::clone(&self.shared),
            self.held.clone(),
            leases.clone(),
        ));
        leases.drop_guard()
    }

    /// Lets what is in flight finish within the shutdown time, and releases the rest.
    async fn settle(&mut self) {
        let (limit, clock) = (self.shared.options.shutdown, Arc::clone(&self.shared.clock));
        let rest = async {
            while let Some(end) = self.attempts.join_next_with_id().await {
                self.ended(end);
            }
        };
        if monitor_requests::timeout(&*clock, limit, rest).await.is_err() {
            self.release().await;
        }
    }

    /// Claims what the lanes can take on and starts it. Gives how long nothing more can be done, unless something
    /// changes.
    async fn pump(&mut self) -> Result<Duration, DbError> {
        let wall = self.shared.clock.wall().naive_utc();
        let now = self.shared.clock.monotonic();
        self.notice_step(wall, now).await?;
        self.put_back_strays().await?;
        let due = self.shared.db.read(deliveries::next_due_by_lane).await?;
        let mut wait = LOOK;
        let mut wanted = Vec::new();
        for (name, at) in due {
            let Some(index) = self.lanes.iter().position(|lane| lane.name == name) else {
                self.unknown(name);
                continue;
            };
            let lane = &mut self.lanes[index];
            let free = lane.free(now);
            if at > wall {
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
        if !wanted.is_empty() {
            // Until the claim is known to have gone well: dropped in the middle, it leaves strays too.
            self.strays = true;
            let claimed = self.claim(wanted, wall).await?;
            self.strays = false;
            fault::point(Point::AfterClaim);
            for (index, delivery) in claimed {
                self.start(index, delivery);
            }
        }
        Ok(wait)
    }

    /// What waits for its time waits by the wall clock. Where that was stepped back it would wait for as long as the
    /// step: it need not.
    async fn notice_step(&mut self, wall: NaiveDateTime, now: Duration) -> Result<(), DbError> {
        let monotonic = chrono::Duration::from_std(now).unwrap_or_default();
        let offset = wall.and_utc().signed_duration_since(chrono::DateTime::UNIX_EPOCH) - monotonic;
        let slack = chrono::Duration::from_std(STEP).unwrap_or_default();
        if self.offset.is_some_and(|before| offset + slack < before) {
            log::warn!("the clock was stepped back: what waits for its time is due now");
            leases::hasten(&self.shared).await?;
        }
        self.offset = Some(offset);
        Ok(())
    }

    async fn put_back_strays(&mut self) -> Result<(), DbError> {
        if !self.strays {
            return Ok(());
        }
        let (worker, in_flight) = (self.shared.worker(), self.held.ids());
        let put_back =
            move |conn: &mut monitor_model::Conn| deliveries::put_back_strays(conn, &worker, &in_flight);
        let count = self.shared.db.write(put_back).await?;
        self.strays = false;
        if count > 0 {
            log::warn!("{count} deliveries were claimed but not sent; they are due again");
        }
        Ok(())
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
        let (worker, in_flight) = (self.shared.worker(), self.held.ids());
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
        let (terms, meter, failing) = (lane.terms, Arc::clone(&lane.meter), Arc::clone(&lane.failing));
        let shared = Arc::clone(&self.shared);
        let (id, attempt) = (delivery.id, delivery.attempt);
        let task = self.attempts.spawn(async move {
            let clock = Arc::clone(&shared.clock);
            let begun = clock.monotonic();
            let attempt = AssertUnwindSafe(work.attempt(&shared, &delivery)).catch_unwind();
            let verdict = match monitor_requests::timeout(&*clock, ATTEMPT_LIMIT, attempt).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) => Verdict::transient("sending it panicked; see the log"),
                Err(late) => Verdict::transient(format!("no answer: {late}")),
            };
            meter.attempted(clock.monotonic().saturating_sub(begun));
            conclude(&shared, &delivery, verdict, terms, &meter, &failing).await
        });
        self.held.add(id);
        self.running.insert(
            task.id(),
            Running {
                lane: index,
                delivery: id,
                attempt,
            },
        );
    }

    fn ended(&mut self, end: Result<(Id, bool), JoinError>) {
        let (id, is_marked) = match &end {
            Ok((id, is_marked)) => (*id, *is_marked),
            Err(error) => (error.id(), false),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        self.held.remove(running.delivery);
        self.lanes[running.lane].in_flight -= 1;
        self.strays |= !is_marked;
        if let Err(error) = end {
            log::error!(
                "delivery {} to {} broke off: {error}",
                running.delivery,
                self.lanes[running.lane].name
            );
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
        let clock = Arc::clone(&self.shared.clock);
        match monitor_requests::timeout(&*clock, DB_PAUSE, released).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                log::warn!("they could not be released and wait for their lease to run out: {error}");
            }
            Err(_) => log::warn!("they could not be released in time and wait for their lease to run out"),
        }
    }

    /// A channel that the config no longer has. Its deliveries wait for it to come back, until the janitor gives
    /// them up.
    fn unknown(&mut self, lane: String) {
        if !self.unknown_lanes.contains(&lane) {
            log::warn!("deliveries wait for channel \"{lane}\", which the config does not have");
            self.unknown_lanes.push(lane);
        }
    }
}

/// Marks what became of an attempt. While the database is away it is tried for as long as it takes: nobody else can
/// claim the delivery either, and what was sent and cannot be marked would be sent again. Gives whether it is marked.
async fn conclude(
    shared: &Shared,
    delivery: &Delivery,
    verdict: Verdict,
    terms: Terms,
    meter: &LaneMeter,
    failing: &AtomicBool,
) -> bool {
    let mut tries = 0;
    while let Err(error) = mark(shared, delivery, &verdict, terms, meter, failing).await {
        tries += u32::from(!may_pass(&error));
        if tries >= MARK_TRIES {
            log::error!(
                "delivery {}: could not be marked and will be made again: {error}",
                delivery.id
            );
            return false;
        }
        log::warn!(
            "delivery {}: could not be marked, trying again: {error}",
            delivery.id
        );
        shared.clock.sleep(DB_PAUSE).await;
    }
    true
}

async fn mark(
    shared: &Shared,
    delivery: &Delivery,
    verdict: &Verdict,
    terms: Terms,
    meter: &LaneMeter,
    failing: &AtomicBool,
) -> Result<(), DbError> {
    let now = shared.clock.wall().naive_utc();
    let (id, attempt, who) = (delivery.id, delivery.attempt, who(delivery));
    match verdict {
        Verdict::Done(done) => {
            if matches!(done, Done::Unmarked) {
                // The lane failed before and works now: nothing in it need wait any longer. After a restart only the
                // delivery knows; one that was hastened stands where it was made, and says nothing new.
                let was_put_off = delivery.last_error.is_some() && delivery.next_at > delivery.created_at;
                let works_again =
                    (was_put_off || failing.load(Ordering::Relaxed)).then(|| delivery.lane.clone());
                fault::point(Point::BeforeMark);
                shared
                    .db
                    .write(move |conn| {
                        let sent = deliveries::mark_sent(conn, id, attempt, now)?;
                        if sent && let Some(lane) = &works_again {
                            deliveries::hasten_lane(conn, lane, now)?;
                        }
                        Ok(sent)
                    })
                    .await?;
            }
            failing.store(false, Ordering::Relaxed);
            fault::point(Point::AfterMark);
            meter.sent();
            log::info!("delivery {id}: {who} done (attempt {attempt})");
        }
        Verdict::Transient {
            reason,
            retry_after,
            at_most,
        } => {
            let age = (now - delivery.created_at).to_std().unwrap_or_default();
            let left = terms.max_age.saturating_sub(age);
            let error = cut(reason);
            if left.is_zero() {
                return give_up(shared, delivery, DeliveryStatus::GivenUp, error, now, meter).await;
            }
            // The last attempt comes when the time is over, however long the pause would be.
            let pause = terms
                .pause(attempt, *retry_after)
                .min(at_most.unwrap_or(left))
                .min(left);
            log::warn!("delivery {id}: {who} failed (attempt {attempt}), again in {pause:.1?}: {reason}");
            // Whole milliseconds: the databases hold no more than microseconds.
            let next = now + Duration::from_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            shared
                .db
                .write(move |conn| deliveries::mark_retry(conn, id, attempt, next, &error))
                .await?;
            failing.store(true, Ordering::Relaxed);
            meter.retried();
        }
        Verdict::Permanent { reason } => {
            give_up(shared, delivery, DeliveryStatus::Failed, cut(reason), now, meter).await?;
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
    meter: &LaneMeter,
) -> Result<(), DbError> {
    let (id, attempt) = (delivery.id, delivery.attempt);
    log::error!("delivery {id}: {} given up: {error}", who(delivery));
    shared
        .db
        .write(move |conn| deliveries::mark_final(conn, id, attempt, status, now, &error))
        .await?;
    meter.ended(status);
    Ok(())
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
