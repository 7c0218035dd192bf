//! The loop of the queue: claims what is due for each lane and has it attempted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::counted;
use monitor_model::{Conn, DbError, deliveries};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt::Attempted;
use super::claims::{ClaimRequest, Claimed, claim};
use super::lane::Lane;
use super::leases::{self, Held};
use super::settle::AttemptOutcome;
use super::wall_steps::WallSteps;
use super::{attempt, orphaned};
use crate::context::{Context, Generations};
use crate::fault::{self, Point};
use crate::outbox::{Batch, Job};

/// The outbox is polled this often even when nothing says that it changed.
const POLL: Duration = Duration::from_secs(5);
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// Time between two checks for deliveries that no lane of the config takes.
const ORPHANED: Duration = Duration::from_secs(600);

/// Who needs the database for the outbox, in the log.
const OUTBOX: &str = "outbox";

/// The jobs of a config, one a lane.
pub(crate) type MakeJobs = fn(&Arc<Context>) -> Vec<Arc<dyn Job>>;

/// Works off the outbox.
pub(crate) struct Dispatcher {
    context: Arc<Context>,
    jobs: MakeJobs,
    lanes: Vec<Lane>,
    /// How many lanes there ever were.
    numbered: usize,
    /// Channels that are others now: what waits for them is tried at once.
    mended: Vec<String>,
    /// Each says how it ended.
    attempts: JoinSet<Attempted>,
    running: HashMap<Id, Running>,
    held: Held,
    unknown_lanes: Vec<String>,
    /// Something went wrong around a claim, so there may be rows in this worker's name that it is not sending.
    has_orphans: bool,
    /// When to check next for deliveries that no lane takes.
    orphaned_check: Duration,
    wall_steps: WallSteps,
}

/// An attempt in flight.
struct Running {
    /// The number of its lane.
    lane: usize,
    /// The name of its lane.
    name: String,
    recipient: String,
    /// When, by the monotonic clock.
    begun: Duration,
    claims: Vec<(i64, i32)>,
}

impl Dispatcher {
    pub(crate) fn new(context: Arc<Context>, jobs: MakeJobs) -> Dispatcher {
        let made = jobs(&context).into_iter().enumerate();
        let lanes: Vec<Lane> = made
            .map(|(number, job)| Lane::new(&context, job, number))
            .collect();
        Dispatcher {
            jobs,
            numbered: lanes.len(),
            lanes,
            mended: Vec::new(),
            context,
            attempts: JoinSet::new(),
            running: HashMap::new(),
            held: Held::default(),
            unknown_lanes: Vec::new(),
            has_orphans: false,
            orphaned_check: Duration::ZERO,
            wall_steps: WallSteps::default(),
        }
    }

    /// Goes on by a changed config. What is under way ends as it began, by the old one.
    fn changed(&mut self, context: Arc<Context>) {
        let mut before = std::mem::take(&mut self.lanes);
        for job in (self.jobs)(&context) {
            let name = job.lane().name;
            let Some(index) = before.iter().position(|lane| lane.name == name) else {
                self.lanes.push(Lane::new(&context, job, self.numbered));
                self.numbered += 1;
                continue;
            };
            let mut lane = before.swap_remove(index);
            let is_new = is_new(&self.context, &context, &name);
            lane.changed(&context, job, is_new);
            self.mended.extend(is_new.then_some(name));
            self.lanes.push(lane);
        }
        before.iter().for_each(|gone| context.lanes.forget(&gone.name));
        self.context = context;
        self.unknown_lanes.clear();
        self.orphaned_check = Duration::ZERO;
    }

    /// Runs until `halt`, by the newest config, then lets what is in flight finish within the shutdown time. What does not is
    /// released: the next worker claims it at once.
    pub(crate) async fn run(mut self, mut generations: Generations, halt: CancellationToken) {
        let mut changes = self.context.db.changes();
        let _renewed_to_the_end = self.keep_leases();
        while !halt.is_cancelled() {
            changes.borrow_and_update();
            let pumped = tokio::select! {
                biased;
                () = halt.cancelled() => break,
                pumped = self.pump() => pumped,
            };
            let until = match pumped {
                Ok(until) => {
                    self.context.database_served(OUTBOX);
                    until
                }
                Err(error) => {
                    self.context.database_failed(OUTBOX, OUTBOX, &error);
                    self.context.clock.monotonic() + DB_PAUSE
                }
            };
            tokio::select! {
                () = halt.cancelled() => {}
                Ok(()) = generations.changed() => self.changed(generations.borrow_and_update().clone()),
                _ = changes.changed() => {}
                Some(settled) = self.attempts.join_next_with_id() => self.settled(settled),
                () = self.context.clock.sleep_until(until) => {}
            }
        }
        self.finish().await;
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
                settled = self.attempts.join_next_with_id() => match settled {
                    Some(settled) => self.settled(settled),
                    None => break,
                },
            }
        }
        self.finish().await;
        end
    }

    fn keep_leases(&self) -> tokio_util::sync::DropGuard {
        let leases = CancellationToken::new();
        tokio::spawn(leases::keep(
            Arc::clone(&self.context),
            self.held.clone(),
            leases.clone(),
        ));
        leases.drop_guard()
    }

    /// Lets what is in flight finish within the shutdown time, and releases the rest.
    async fn finish(&mut self) {
        let (limit, clock) = (self.context.options.finishing(), Arc::clone(&self.context.clock));
        let rest = async {
            while let Some(settled) = self.attempts.join_next_with_id().await {
                self.settled(settled);
            }
        };
        if monitor_domain::timeout(&*clock, limit, rest).await.is_err() {
            self.release().await;
        }
    }

    /// Claims what the lanes can take on and starts it. Gives until when nothing more can be done, unless something
    /// changes; however long the database took for this, that is not put off.
    async fn pump(&mut self) -> Result<Duration, DbError> {
        let wall = self.context.clock.wall().naive_utc();
        let now = self.context.clock.monotonic();
        let in_flight = self.running.keys().copied();
        self.wall_steps.notice(&self.context, in_flight).await?;
        self.release_orphaned().await?;
        self.give_up_orphaned(now).await?;
        self.try_mended(wall).await?;
        let due = self.context.db.read(deliveries::next_due_by_lane).await?;
        let mut wait = POLL;
        let mut requests = Vec::new();
        for (name, at) in due {
            let Some(index) = self.lanes.iter().position(|lane| lane.name == name) else {
                self.unknown(name);
                continue;
            };
            let lane = &mut self.lanes[index];
            if at > wall {
                wait = wait.min((at - wall).to_std().unwrap_or_default());
                continue;
            }
            wait = wait.min(lane.wait(now).unwrap_or(wait));
            let free = lane.free(now);
            if free > 0 || lane.has_limit() {
                requests.push(ClaimRequest {
                    lane: index,
                    name,
                    free,
                    digest: lane.digest,
                    turns: lane.turns(wall, now),
                });
            }
        }
        if !requests.is_empty() {
            // Until the claim is known to have gone well: dropped in the middle, it leaves orphans too.
            self.has_orphans = true;
            let claimed: Claimed = claim(&self.context, requests, self.held.ids(), wall).await?;
            self.has_orphans = false;
            fault::point(Point::AfterClaim);
            if let Some(until) = claimed.quiet_until {
                wait = wait.min((until - wall).to_std().unwrap_or_default());
            }
            for (lane, batch) in claimed.batches {
                self.start(lane, batch);
            }
        }
        Ok(now + wait)
    }

    /// What waits for a channel that the config does not have is not claimed by any lane.
    async fn give_up_orphaned(&mut self, now: Duration) -> Result<(), DbError> {
        if now < self.orphaned_check {
            return Ok(());
        }
        let lanes: Vec<String> = self.lanes.iter().map(|lane| lane.name.clone()).collect();
        orphaned::give_up(&self.context, lanes.clone()).await?;
        orphaned::mark(&self.context, lanes).await?;
        self.orphaned_check = now + ORPHANED;
        Ok(())
    }

    /// What was in the way of a channel may have been mended in the config.
    async fn try_mended(&mut self, wall: NaiveDateTime) -> Result<(), DbError> {
        while let Some(name) = self.mended.last().cloned() {
            let make_due = move |conn: &mut Conn| deliveries::make_due_again(conn, &name, None, wall);
            self.context.db.write(make_due).await?;
            self.mended.pop();
        }
        Ok(())
    }

    async fn release_orphaned(&mut self) -> Result<(), DbError> {
        if !self.has_orphans {
            return Ok(());
        }
        let (worker, in_flight) = (self.context.worker(), self.held.ids());
        let put_back = move |conn: &mut Conn| deliveries::release_orphaned(conn, &worker, &in_flight);
        let count = self.context.db.write(put_back).await?;
        self.has_orphans = false;
        if count > 0 {
            log::warn!(
                "claimed but not sent, and due again: {}",
                counted(count, "delivery")
            );
        }
        Ok(())
    }

    fn start(&mut self, lane: usize, batch: Batch) {
        let begun = self.context.clock.monotonic();
        let (claims, recipient) = (batch.claims(), batch.first().recipient.clone());
        let lane = &mut self.lanes[lane];
        let parts = lane.take(&recipient, begun);
        let (lane, name) = (lane.number, lane.name.clone());
        let attempt = attempt::run(Arc::clone(&self.context), batch, parts);
        let task = self.attempts.spawn(attempt);
        claims.iter().for_each(|(id, _)| self.held.add(*id));
        let running = Running {
            lane,
            name,
            recipient,
            begun,
            claims,
        };
        self.running.insert(task.id(), running);
    }

    fn settled(&mut self, settled: Result<(Id, Attempted), JoinError>) {
        let now = self.context.clock.monotonic();
        let orphaned = Attempted {
            outcome: AttemptOutcome::Orphaned,
            answered: now,
        };
        let (id, attempted) = match &settled {
            Ok((id, attempted)) => (*id, *attempted),
            Err(error) => (error.id(), orphaned),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        running.claims.iter().for_each(|(id, _)| self.held.remove(*id));
        self.wall_steps.settled(id, &running.claims);
        // The config may have it no more.
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.number == running.lane) {
            lane.settled(&running.recipient, running.begun, attempted, now);
        }
        self.has_orphans |= attempted.outcome == AttemptOutcome::Orphaned;
        if let Err(error) = settled {
            log::error!(
                "deliveries {:?} to {} broke off: {error}",
                running.claims,
                running.name
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
            "{} did not finish in time and will be made again by the next worker",
            counted(left.len(), "delivery")
        );
        let released = self.context.db.write(move |conn| {
            for (id, attempt) in &left {
                deliveries::release(conn, *id, *attempt)?;
            }
            Ok(())
        });
        let clock = Arc::clone(&self.context.clock);
        match monitor_domain::timeout(&*clock, DB_PAUSE, released).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                log::warn!("they could not be released and wait for their lease to run out: {error}");
            }
            Err(_) => log::warn!("they could not be released in time and wait for their lease to run out"),
        }
    }

    /// A channel that the config no longer has. Its deliveries wait for it to come back, until they are
    /// given up as orphaned.
    fn unknown(&mut self, lane: String) {
        if !self.unknown_lanes.contains(&lane) {
            log::warn!("deliveries wait for channel \"{lane}\", which the config does not have");
            self.unknown_lanes.push(lane);
        }
    }
}

/// Whether the channel of this name is another one than before.
fn is_new(before: &Context, now: &Context, name: &str) -> bool {
    match (before.channel(name), now.channel(name)) {
        (Some(before), Some(now)) => !Arc::ptr_eq(&before.notifier, &now.notifier),
        _ => false,
    }
}
