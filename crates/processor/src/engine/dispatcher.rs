//! The outbox worked off: claims what is due for each lane, has it attempted outside any transaction, and marks
//! what became of it.
//!
//! A claim is a lease. A worker that dies leaves its claims to whoever comes after the lease; the attempt number
//! fences it out should it come back. So a delivery is made at least once, and a repeat is the same message.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use futures_util::FutureExt;
use monitor_model::deliveries::Claim;
use monitor_model::{Conn, DbError, deliveries};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::conclude::{End, conclude};
use super::cycle::Watched;
use super::janitor::ago;
use super::lane::{Lane, Verdict};
use super::leases::{self, Held, LEASE};
use super::parcel::Parcel;
use crate::fault::{self, Point};

/// The longest that one attempt may take; its lease is renewed meanwhile.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(60);
/// The outbox is looked at this often even when nothing says that it changed.
const LOOK: Duration = Duration::from_secs(5);
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// The wall clock has been stepped back when it lags so much behind the monotonic one all at once.
const STEP: Duration = Duration::from_secs(2);

/// Works off the outbox.
pub(crate) struct Dispatcher {
    shared: Arc<Shared>,
    lanes: Vec<Lane>,
    /// Each says how it ended.
    attempts: JoinSet<End>,
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
    recipient: String,
    claims: Vec<(i64, i32)>,
}

/// A wish to claim for a lane.
struct Wish {
    lane: usize,
    name: String,
    free: usize,
    digest: Option<Duration>,
}

/// What was claimed.
#[derive(Default)]
struct Claimed {
    parcels: Vec<(usize, Parcel)>,
    /// When one of those can be told something again to whom nothing goes just now.
    quiet_until: Option<NaiveDateTime>,
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
        if monitor_domain::timeout(&*clock, limit, rest).await.is_err() {
            self.release().await;
        }
    }

    /// Claims what the lanes can take on and starts it. Gives how long nothing more can be done, unless something
    /// changes.
    async fn pump(&mut self) -> Result<Duration, DbError> {
        let wall = self.shared.clock.wall().naive_utc();
        let now = self.shared.clock.monotonic();
        self.notice_step(wall, now).await?;
        self.release_orphaned().await?;
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
                wanted.push(Wish {
                    lane: index,
                    name,
                    free,
                    digest: lane.digest,
                });
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
            if let Some(until) = claimed.quiet_until {
                wait = wait.min((until - wall).to_std().unwrap_or_default());
            }
            for (index, parcel) in claimed.parcels {
                self.start(index, parcel);
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
            leases::make_due(&self.shared).await?;
        }
        self.offset = Some(offset);
        Ok(())
    }

    async fn release_orphaned(&mut self) -> Result<(), DbError> {
        if !self.strays {
            return Ok(());
        }
        let (worker, in_flight) = (self.shared.worker(), self.held.ids());
        let put_back =
            move |conn: &mut monitor_model::Conn| deliveries::release_orphaned(conn, &worker, &in_flight);
        let count = self.shared.db.write(put_back).await?;
        self.strays = false;
        if count > 0 {
            log::warn!("{count} deliveries were claimed but not sent; they are due again");
        }
        Ok(())
    }

    async fn claim(&self, wanted: Vec<Wish>, now: NaiveDateTime) -> Result<Claimed, DbError> {
        let (worker, in_flight) = (self.shared.worker(), self.held.ids());
        let claim_all = move |conn: &mut Conn| {
            let mut claimed = Claimed::default();
            for wish in &wanted {
                let claim = Claim {
                    lane: &wish.name,
                    worker: &worker,
                    now,
                    lease_until: now + LEASE,
                    limit: i64::try_from(wish.free).unwrap_or(i64::MAX),
                    in_flight: &in_flight,
                };
                let groups = match wish.digest {
                    None => {
                        let each = deliveries::claim(conn, &claim)?.into_iter();
                        each.map(|one| vec![one]).collect()
                    }
                    Some(every) => {
                        let lately = deliveries::recently_notified(conn, &wish.name, ago(now, every), now)?;
                        let again = lately.iter().filter_map(|(_, at)| at.map(|at| at + every));
                        claimed.quiet_until = claimed.quiet_until.into_iter().chain(again).min();
                        let quiet: Vec<String> = lately.into_iter().map(|(to, _)| to).collect();
                        deliveries::claim_groups(conn, &claim, &quiet, digest_id)?
                    }
                };
                let parcels = groups.into_iter().filter_map(Parcel::of);
                claimed.parcels.extend(parcels.map(|parcel| (wish.lane, parcel)));
            }
            Ok(claimed)
        };
        self.shared.db.write(claim_all).await
    }

    fn start(&mut self, index: usize, parcel: Parcel) {
        let lane = &mut self.lanes[index];
        let work = lane.take(self.shared.clock.monotonic());
        let (parts, shared) = (lane.parts.clone(), Arc::clone(&self.shared));
        let (claims, recipient) = (parcel.claims(), parcel.first().recipient.clone());
        let task = self.attempts.spawn(async move {
            let clock = Arc::clone(&shared.clock);
            let begun = clock.monotonic();
            let attempt = AssertUnwindSafe(work.attempt(&shared, &parcel)).catch_unwind();
            let verdict = match monitor_domain::timeout(&*clock, ATTEMPT_LIMIT, attempt).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) => Verdict::transient("sending it panicked; see the log"),
                Err(late) => Verdict::transient(format!("no answer: {late}")),
            };
            parts.meter.attempted(clock.monotonic().saturating_sub(begun));
            conclude(&shared, &parcel, verdict, &parts).await
        });
        claims.iter().for_each(|(id, _)| self.held.add(*id));
        self.running.insert(
            task.id(),
            Running {
                lane: index,
                recipient,
                claims,
            },
        );
    }

    fn ended(&mut self, ended: Result<(Id, End), JoinError>) {
        let (id, end) = match &ended {
            Ok((id, end)) => (*id, *end),
            Err(error) => (error.id(), End::Stray),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        running.claims.iter().for_each(|(id, _)| self.held.remove(*id));
        let lane = &mut self.lanes[running.lane];
        lane.ended(&running.recipient, end, self.shared.clock.monotonic());
        self.strays |= end == End::Stray;
        if let Err(error) = ended {
            log::error!(
                "deliveries {:?} to {} broke off: {error}",
                running.claims,
                lane.name
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
            .flat_map(|(_, running)| running.claims)
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
        match monitor_domain::timeout(&*clock, DB_PAUSE, released).await {
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

/// The Message-ID of a digest, made where its deliveries are claimed: a repeat of it has the same.
fn digest_id() -> String {
    super::told::message_id("digest")
}
