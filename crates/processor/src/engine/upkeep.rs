//! What the monitor tells of itself: channels and the alarm that do not get through, processes that are not heard from, a
//! time in which nobody was watching.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Conn, DbError, Incident, IncidentKind, NewIncident, ProcessRole, WorkerRow, deliveries,
    incidents as stored, workers,
};

use super::Shared;
use super::health::Failing;
use super::told::{ALARM_LANE, DETAILS_LANE, own_audience};
use super::words::{self, When};
use super::{incidents, seen};

/// How long a channel fails until others are told.
const CHANNEL: Duration = Duration::from_secs(300);
/// The same for the alarm, for which somebody waits.
const ALARM: Duration = Duration::from_secs(60);
/// Looks at the list of processes without a new sign of life that make one silent; there is one a heartbeat.
const SILENT: u32 = 6;
/// How long nobody watched to be worth a word.
const GAP: Duration = Duration::from_secs(60);

/// Looks after the monitor itself.
pub(crate) struct Upkeep {
    shared: Arc<Shared>,
    /// Each other process: its last sign of life, and how often it was the same since.
    processes: HashMap<String, (NaiveDateTime, u32)>,
    looked: Option<Duration>,
}

impl Upkeep {
    pub(crate) fn new(shared: Arc<Shared>) -> Upkeep {
        Upkeep {
            shared,
            processes: HashMap::new(),
            looked: None,
        }
    }

    /// Channels every time, processes and queues once a heartbeat.
    pub(crate) async fn look(&mut self, open: &[Incident], now: DateTime<Utc>) -> Result<(), DbError> {
        self.look_at_channels(open, now).await?;
        let (monotonic, every) = (self.shared.clock.monotonic(), self.shared.options.heartbeat);
        if self
            .looked
            .is_some_and(|before| monotonic.saturating_sub(before) < every)
        {
            return Ok(());
        }
        self.looked = Some(monotonic);
        let read = |conn: &mut Conn| Ok((workers::all(conn)?, deliveries::unfinished_by_lane(conn)?));
        let (processes, outbox) = self.shared.db.read(read).await?;
        self.shared.seen.saw(seen::Queues {
            outbox,
            incidents: open.iter().map(|incident| incident.kind).collect(),
            at: now,
        });
        self.look_at_processes(&processes, open, now).await
    }

    /// What this worker sees fail is a incident only where no other gets through meanwhile: the rows tell, and of several
    /// workers all come to the same.
    async fn look_at_channels(&self, open: &[Incident], now: DateTime<Utc>) -> Result<(), DbError> {
        for incident in open
            .iter()
            .filter(|incident| incident.kind == IncidentKind::Channel)
        {
            self.channel_may_work(incident, now).await?;
        }
        for (lane, health) in self.shared.healths() {
            let is_known = open
                .iter()
                .any(|incident| incident.kind == IncidentKind::Channel && incident.subject == lane);
            let patience = if lane == ALARM_LANE { ALARM } else { CHANNEL };
            let failing = health.failing_for(patience, self.shared.clock.monotonic());
            if let Some(failing) = failing.filter(|_| !is_known && lane != DETAILS_LANE)
                && !self.channel_fails(lane, &failing, now).await?
            {
                health.works();
            }
        }
        Ok(())
    }

    /// Whether it is so. A recipient who cannot be reached is not the channel's incident, where there are others.
    async fn channel_fails(
        &self,
        lane: String,
        failing: &Failing,
        now: DateTime<Utc>,
    ) -> Result<bool, DbError> {
        let shared = Arc::clone(&self.shared);
        let (since, why) = (failing.since.1, failing.why.clone());
        let recipients = own_recipients(&shared, &lane);
        let begin = move |conn: &mut Conn| {
            let passage = deliveries::passage(conn, &lane)?;
            let gets_through = passage.last_sent.is_some_and(|at| at >= since.naive_utc());
            let is_all = usize::try_from(passage.failing).is_ok_and(|failing| failing >= recipients.min(2));
            if gets_through || passage.failing == 0 || !is_all {
                return Ok(false);
            }
            let when = When { at: since, now };
            let new = NewIncident {
                kind: IncidentKind::Channel,
                subject: lane.clone(),
                severity: Severity::Critical,
                reason: words::channel(shared.options.language, when, &why, passage.waiting),
                since: since.naive_utc(),
                opened_at: now.naive_utc(),
            };
            incidents::begin(conn, &shared, &new, &own_audience(&shared, &lane))?;
            Ok(true)
        };
        self.shared.db.write(begin).await
    }

    /// It works where anybody has delivered by it since; with nothing to deliver it is no incident.
    async fn channel_may_work(&self, incident: &Incident, now: DateTime<Utc>) -> Result<(), DbError> {
        let lane = incident.subject.clone();
        let passage = self
            .shared
            .db
            .read(move |conn| deliveries::passage(conn, &lane))
            .await?;
        if passage.waiting > 0 && passage.last_sent.is_none_or(|at| at < incident.since) {
            return Ok(());
        }
        incidents::end_now(&self.shared, incident, now).await
    }

    /// A process is silent that gave no new sign of life in several looks: no two machines' clocks are compared.
    async fn look_at_processes(
        &mut self,
        listed: &[WorkerRow],
        open: &[Incident],
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let own = self.shared.worker();
        self.processes
            .retain(|id, _| listed.iter().any(|row| row.id == *id));
        for row in listed.iter().filter(|row| row.id != own) {
            let (beat, looks) = self
                .processes
                .entry(row.id.clone())
                .or_insert((row.heartbeat_at, 0));
            if *beat == row.heartbeat_at {
                *looks += 1;
            } else {
                (*beat, *looks) = (row.heartbeat_at, 0);
            }
            let is_known = open
                .iter()
                .any(|incident| incident.kind == IncidentKind::Process && incident.subject == row.id);
            if *looks >= SILENT && !is_known {
                self.process_is_silent(row.clone(), now).await?;
            }
        }
        for incident in open
            .iter()
            .filter(|incident| incident.kind == IncidentKind::Process)
        {
            let seen = self.processes.get(&incident.subject);
            if seen.is_none_or(|(beat, looks)| *looks == 0 && *beat > incident.since) {
                incidents::end_now(&self.shared, incident, now).await?;
            }
        }
        Ok(())
    }

    async fn process_is_silent(&self, row: WorkerRow, now: DateTime<Utc>) -> Result<(), DbError> {
        let shared = Arc::clone(&self.shared);
        let begin = move |conn: &mut Conn| {
            let last = When::stored(row.heartbeat_at, now);
            let severity = match row.role {
                ProcessRole::Worker => Severity::Critical,
                ProcessRole::Web => Severity::Warning,
            };
            let new = NewIncident {
                kind: IncidentKind::Process,
                subject: row.id.clone(),
                severity,
                reason: words::process(shared.options.language, row.role, &row.host, row.pid, last),
                since: row.heartbeat_at,
                opened_at: now.naive_utc(),
            };
            incidents::begin(conn, &shared, &new, &own_audience(&shared, "")).map(drop)
        };
        self.shared.db.write(begin).await
    }
}

/// How many recipients a lane has; the alarm is one.
fn own_recipients(shared: &Shared, lane: &str) -> usize {
    let channel = shared
        .channels
        .iter()
        .find(|channel| channel.notifier.name() == lane);
    channel.map_or(1, |channel| channel.notifier.recipients().len())
}

/// Tells at a start that nobody was watching since the last sign of life of any worker, where that is long ago. Those
/// who died over it are told of by that, and no more.
pub(crate) async fn tell_gap(shared: &Arc<Shared>) -> Result<(), DbError> {
    let now = shared.clock.wall();
    // Looked at before anything is written: a start must not fail over nothing.
    let listed = shared.db.read(workers::all).await?;
    if gap(&listed, now).is_none() {
        return Ok(());
    }
    let telling = Arc::clone(shared);
    let tell = move |conn: &mut Conn| {
        let listed = workers::all(conn)?;
        let Some(last) = gap(&listed, now) else {
            return Ok(());
        };
        for row in listed.iter().filter(|row| row.role == ProcessRole::Worker) {
            workers::remove(conn, &row.id)?;
        }
        let new = NewIncident {
            kind: IncidentKind::Gap,
            subject: String::new(),
            severity: Severity::Critical,
            reason: words::gap(
                telling.options.language,
                When::stored(last, now),
                When { at: now, now },
            ),
            since: last,
            opened_at: now.naive_utc(),
        };
        let audience = own_audience(&telling, "");
        if let Some(incident) = incidents::begin(conn, &telling, &new, &audience)? {
            // It is over with the telling: somebody watches again.
            stored::end(conn, incident.id, now.naive_utc())?;
        }
        Ok(())
    };
    shared.db.write(tell).await
}

/// Since when no worker was heard from, where that is long ago.
fn gap(listed: &[WorkerRow], now: DateTime<Utc>) -> Option<NaiveDateTime> {
    let workers = listed.iter().filter(|row| row.role == ProcessRole::Worker);
    let last = workers.map(|row| row.heartbeat_at).max()?;
    ((now.naive_utc() - last).to_std().unwrap_or_default() >= GAP).then_some(last)
}
