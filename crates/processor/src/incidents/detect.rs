//! Finds incidents and their ends: channels and the alarm that do not deliver, processes that are not heard from, systems that
//! cover no metric any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Alert, Conn, DbError, Incident, IncidentKind, Mute, NewIncident, ProcessRole, WorkerRow, alerts,
    deliveries, incidents as stored, realtime, workers,
};
use tokio_util::sync::CancellationToken;

use super::outages::Outages;
use super::{incident, lists, text};
use crate::context::{Context, Failure, Generations};
use crate::outbox::{ALARM_LANE, DETAILS_LANE, When, for_incidents};
use crate::telemetry::Outbox;

/// How often it checks.
const TICK: Duration = Duration::from_secs(1);
/// Alerts that last, read in one go.
const MAX_ALERTS: i64 = 10_000;
/// A metric that this worker does not have and that was not read for so long is read by nobody any more.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// How long a channel fails until others are notified.
const CHANNEL: Duration = Duration::from_secs(300);
/// The same for the alarm, for which somebody waits.
const ALARM: Duration = Duration::from_secs(60);
/// Checks of the list of processes without a new sign of life that make one silent; there is one a heartbeat.
const SILENT: u32 = 6;

/// Checks the monitor itself.
pub(crate) struct Detector {
    context: Arc<Context>,
    outages: Arc<Outages>,
    /// Each other process: its last sign of life, and how often it was the same since.
    processes: HashMap<String, (NaiveDateTime, u32)>,
    checked: Option<Duration>,
    is_failing: bool,
}

impl Detector {
    pub(crate) fn new(context: Arc<Context>, outages: Arc<Outages>) -> Detector {
        Detector {
            context,
            outages,
            processes: HashMap::new(),
            checked: None,
            is_failing: false,
        }
    }

    /// Checks until `halt`, by the newest config.
    pub(crate) async fn run(mut self, mut generations: Generations, halt: CancellationToken) {
        loop {
            tokio::select! {
                () = halt.cancelled() => return,
                () = self.context.clock.sleep(TICK) => {}
            }
            self.context = generations.borrow_and_update().clone();
            let checked = tokio::select! {
                biased;
                () = halt.cancelled() => return,
                checked = self.tick() => checked,
            };
            match checked {
                Ok(()) => self.is_failing = false,
                // Logged once an outage; the database itself is an incident of its own.
                Err(error) if !self.is_failing => {
                    self.is_failing = true;
                    log::error!("incidents could not be checked: {error}");
                }
                Err(_) => {}
            }
        }
    }

    /// One check: systems and channels every time, processes and queues once a heartbeat.
    pub(crate) async fn tick(&mut self) -> Result<(), DbError> {
        let now = self.context.clock.wall();
        // Incidents before alerts: an incident that is read here has its alerts there. Most of the time there is none.
        let read = |conn: &mut Conn| {
            let open = stored::all_open(conn)?;
            let lasting = match open.iter().any(covers_metrics) {
                true => alerts::lasting(conn, MAX_ALERTS)?,
                false => Vec::new(),
            };
            Ok((open, lasting))
        };
        let (open, lasting) = self.context.db.read(read).await?;
        let mut first = Ok(());
        for incident in &open {
            let closed = self.close(incident, &lasting, now).await;
            first = first.and(closed);
        }
        let channels = self.check_channels(&open, now).await;
        let lists = lists::check(&self.context, &open, now).await;
        let processes = self.check_processes(&open, now).await;
        first.and(channels).and(lists).and(processes)
    }

    /// An incident of systems is over when it covers no metric any more.
    async fn close(&self, incident: &Incident, lasting: &[Alert], now: DateTime<Utc>) -> Result<(), DbError> {
        if !covers_metrics(incident) {
            return Ok(());
        }
        let why = Mute::Incident(incident.id).to_string();
        let is_covered = |alert: &&Alert| {
            alert.muted.as_ref() == Some(&why) && self.outages.is_alone(&alert.key) != Some(true)
        };
        for alert in lasting.iter().filter(is_covered) {
            if self.context.metric(&alert.key).is_some() {
                return Ok(());
            }
            // Another worker may have another config. What none reads any more holds up nothing.
            let key = alert.key.clone();
            let read = self
                .context
                .db
                .read(move |conn| realtime::get(conn, &key))
                .await?;
            if let Some(read) = read
                && self.context.clock_history().await?.age(read.checked_at) < FORGOTTEN
            {
                return Ok(());
            }
        }
        incident::end(&self.context, incident, now).await
    }

    /// Processes and queues, once a heartbeat.
    async fn check_processes(&mut self, open: &[Incident], now: DateTime<Utc>) -> Result<(), DbError> {
        let (monotonic, every) = (self.context.clock.monotonic(), self.context.options.heartbeat);
        if self
            .checked
            .is_some_and(|before| monotonic.saturating_sub(before) < every)
        {
            return Ok(());
        }
        self.checked = Some(monotonic);
        let read = |conn: &mut Conn| Ok((workers::all(conn)?, deliveries::unfinished_by_lane(conn)?));
        let (processes, unfinished) = self.context.db.read(read).await?;
        self.context.outbox.set(Outbox {
            unfinished,
            incidents: open.iter().map(|incident| incident.kind).collect(),
            at: now,
        });
        self.check_signs_of_life(&processes, open, now).await
    }

    /// What fails for this worker is an incident only where no other worker delivers meanwhile: the rows show it, and several
    /// workers come to the same.
    async fn check_channels(&self, open: &[Incident], now: DateTime<Utc>) -> Result<(), DbError> {
        for incident in open
            .iter()
            .filter(|incident| incident.kind == IncidentKind::Channel)
        {
            self.end_if_delivering(incident, now).await?;
        }
        for (lane, health) in self.context.lanes.all() {
            let is_open = open
                .iter()
                .any(|incident| incident.kind == IncidentKind::Channel && incident.subject == lane);
            let patience = if lane == ALARM_LANE { ALARM } else { CHANNEL };
            let failing = health.failing_for(patience, self.context.clock.monotonic());
            if let Some(failing) = failing.filter(|_| !is_open && lane != DETAILS_LANE)
                && !self.channel_fails(lane, &failing, now).await?
            {
                health.works();
            }
        }
        Ok(())
    }

    /// Whether it is so. A recipient who cannot be reached is not the channel's fault, where there are others.
    async fn channel_fails(
        &self,
        lane: String,
        failing: &Failure,
        now: DateTime<Utc>,
    ) -> Result<bool, DbError> {
        let context = Arc::clone(&self.context);
        let (since, why) = (failing.since.1, failing.why.clone());
        let recipients = own_recipients(&context, &lane);
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
                reason: text::channel(context.options.language, when, &why, passage.waiting),
                since: since.naive_utc(),
                opened_at: now.naive_utc(),
            };
            incident::begin(conn, &context, &new, &for_incidents(&context, &lane))?;
            Ok(true)
        };
        self.context.db.write(begin).await
    }

    /// It works where anybody has delivered by it since; with nothing to deliver it is no incident.
    async fn end_if_delivering(&self, incident: &Incident, now: DateTime<Utc>) -> Result<(), DbError> {
        let lane = incident.subject.clone();
        let passage = self
            .context
            .db
            .read(move |conn| deliveries::passage(conn, &lane))
            .await?;
        if passage.waiting > 0 && passage.last_sent.is_none_or(|at| at < incident.since) {
            return Ok(());
        }
        incident::end(&self.context, incident, now).await
    }

    /// A process is silent that gave no new sign of life in several checks: no two machines' clocks are compared.
    async fn check_signs_of_life(
        &mut self,
        listed: &[WorkerRow],
        open: &[Incident],
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let own = self.context.worker();
        self.processes
            .retain(|id, _| listed.iter().any(|row| row.id == *id));
        for row in listed.iter().filter(|row| row.id != own) {
            let (beat, checks) = self
                .processes
                .entry(row.id.clone())
                .or_insert((row.heartbeat_at, 0));
            if *beat == row.heartbeat_at {
                *checks += 1;
            } else {
                (*beat, *checks) = (row.heartbeat_at, 0);
            }
            let is_open = open
                .iter()
                .any(|incident| incident.kind == IncidentKind::Process && incident.subject == row.id);
            if *checks >= SILENT && !is_open {
                self.process_is_silent(row.clone(), now).await?;
            }
        }
        for incident in open
            .iter()
            .filter(|incident| incident.kind == IncidentKind::Process)
        {
            let known = self.processes.get(&incident.subject);
            if known.is_none_or(|(beat, checks)| *checks == 0 && *beat > incident.since) {
                incident::end(&self.context, incident, now).await?;
            }
        }
        Ok(())
    }

    async fn process_is_silent(&self, row: WorkerRow, now: DateTime<Utc>) -> Result<(), DbError> {
        let context = Arc::clone(&self.context);
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
                reason: text::process(context.options.language, row.role, &row.host, row.pid, last),
                since: row.heartbeat_at,
                opened_at: now.naive_utc(),
            };
            incident::begin(conn, &context, &new, &for_incidents(&context, "")).map(drop)
        };
        self.context.db.write(begin).await
    }
}

/// Whether it is that of a system, which is over when it covers no metric any more.
fn covers_metrics(incident: &Incident) -> bool {
    matches!(incident.kind, IncidentKind::System | IncidentKind::Offline)
}

/// How many recipients a lane has; the alarm is one.
fn own_recipients(context: &Context, lane: &str) -> usize {
    let channel = context.channel(lane);
    channel.map_or(1, |channel| channel.notifier.recipients().len())
}
