//! What the monitor tells of itself: channels and the alarm that do not get through, processes that are not heard from, a
//! database that takes nothing, a time in which nobody was watching.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{
    Conn, DbError, NewTrouble, ProcessRole, Trouble, TroubleKind, WorkerRow, deliveries, troubles as stored,
    workers,
};
use monitor_notify::{Event, MetricInfo, Notification, Severity};

use super::Shared;
use super::health::Failing;
use super::told::{self, ALARM_LANE, DETAILS_LANE, own_audience};
use super::words::{self, When};
use super::{seen, troubles};

/// How long a channel fails until others are told.
const CHANNEL: Duration = Duration::from_secs(300);
/// The same for the alarm, for which somebody waits.
const ALARM: Duration = Duration::from_secs(60);
/// How long the database takes nothing until people are told, around it.
const DATABASE: Duration = Duration::from_secs(60);
/// Looks at the list of processes without a new sign of life that make one silent; there is one a heartbeat.
const SILENT: u32 = 6;
/// How long nobody watched to be worth a word.
const GAP: Duration = Duration::from_secs(60);
/// The longest that telling of the database may take.
const TELLING: Duration = Duration::from_secs(60);

/// Looks after the monitor itself.
pub(crate) struct Upkeep {
    shared: Arc<Shared>,
    /// Each other process: its last sign of life, and how often it was the same since.
    processes: HashMap<String, (NaiveDateTime, u32)>,
    looked: Option<Duration>,
    /// The database fails, and that was told.
    told: Option<Failing>,
}

impl Upkeep {
    pub(crate) fn new(shared: Arc<Shared>) -> Upkeep {
        Upkeep {
            shared,
            processes: HashMap::new(),
            looked: None,
            told: None,
        }
    }

    /// Channels every time, processes and queues once a heartbeat.
    pub(crate) async fn look(&mut self, open: &[Trouble], now: DateTime<Utc>) -> Result<(), DbError> {
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
            troubles: open.iter().map(|trouble| trouble.kind).collect(),
            at: now,
        });
        self.look_at_processes(&processes, open, now).await
    }

    async fn look_at_channels(&self, open: &[Trouble], now: DateTime<Utc>) -> Result<(), DbError> {
        for (lane, health) in self.shared.healths() {
            if lane == DETAILS_LANE {
                continue;
            }
            let known = open
                .iter()
                .find(|trouble| trouble.kind == TroubleKind::Channel && trouble.subject == lane);
            let patience = if lane == ALARM_LANE { ALARM } else { CHANNEL };
            let failing = health.failing_for(patience, self.shared.clock.monotonic());
            match (failing, known) {
                (Some(failing), None) => self.channel_fails(lane, &failing, now).await?,
                (None, Some(trouble)) => {
                    self.channel_may_work(lane, health.is_good(), trouble, now)
                        .await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn channel_fails(
        &self,
        lane: String,
        failing: &Failing,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let shared = Arc::clone(&self.shared);
        let (since, why) = (failing.since.1, failing.why.clone());
        let begin = move |conn: &mut Conn| {
            let waiting = deliveries::unfinished_by_lane(conn)?
                .iter()
                .find(|left| left.lane == lane)
                .map_or(0, |left| left.count);
            let when = When { at: since, now };
            let new = NewTrouble {
                kind: TroubleKind::Channel,
                subject: lane.clone(),
                severity: Severity::Critical.as_str().to_owned(),
                reason: words::channel(shared.options.language, when, &why, waiting),
                since: since.naive_utc(),
                opened_at: now.naive_utc(),
            };
            troubles::begin(conn, &shared, &new, &own_audience(&shared, &lane)).map(drop)
        };
        self.shared.db.write(begin).await
    }

    /// It works where it has delivered since. After a restart nobody knows until it is tried; with nothing to deliver it
    /// is no trouble.
    async fn channel_may_work(
        &self,
        lane: String,
        is_good: bool,
        trouble: &Trouble,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let (shared, trouble) = (Arc::clone(&self.shared), trouble.clone());
        let end = move |conn: &mut Conn| {
            let waits = deliveries::unfinished_by_lane(conn)?
                .iter()
                .any(|left| left.lane == lane);
            if is_good || !waits {
                troubles::end(conn, &shared, &trouble, now.naive_utc())?;
            }
            Ok(())
        };
        self.shared.db.write(end).await
    }

    /// A process is silent that gave no new sign of life in several looks: no two machines' clocks are compared.
    async fn look_at_processes(
        &mut self,
        listed: &[WorkerRow],
        open: &[Trouble],
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
            if *looks == SILENT {
                self.process_is_silent(row.clone(), now).await?;
            }
        }
        for trouble in open.iter().filter(|trouble| trouble.kind == TroubleKind::Process) {
            let seen = self.processes.get(&trouble.subject);
            if seen.is_none_or(|(beat, looks)| *looks == 0 && *beat > trouble.since) {
                let (shared, trouble) = (Arc::clone(&self.shared), trouble.clone());
                let end = move |conn: &mut Conn| troubles::end(conn, &shared, &trouble, now.naive_utc());
                self.shared.db.write(end).await?;
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
            let new = NewTrouble {
                kind: TroubleKind::Process,
                subject: row.id.clone(),
                severity: severity.as_str().to_owned(),
                reason: words::process(shared.options.language, row.role, &row.host, row.pid, last),
                since: row.heartbeat_at,
                opened_at: now.naive_utc(),
            };
            troubles::begin(conn, &shared, &new, &own_audience(&shared, "")).map(drop)
        };
        self.shared.db.write(begin).await
    }

    /// Where nothing can be stored, people are told without: the only message that is no row first. It is about the
    /// monitor alone, and without it nobody would know that nothing is watched. Its end is a row like any other.
    pub(crate) async fn look_at_database(&mut self) -> Result<(), DbError> {
        let health = &self.shared.database;
        let failing = health.failing_for(DATABASE, self.shared.clock.monotonic());
        if let (Some(failing), None) = (&failing, &self.told) {
            self.told = Some(failing.clone());
            tokio::spawn(tell_around(Arc::clone(&self.shared), failing.clone()));
        }
        if health.is_failing() {
            return Ok(());
        }
        let Some(failing) = self.told.clone() else {
            return Ok(());
        };
        let (shared, now) = (Arc::clone(&self.shared), self.shared.clock.wall());
        let end = move |conn: &mut Conn| {
            let new = NewTrouble {
                kind: TroubleKind::Database,
                subject: String::new(),
                severity: Severity::Critical.as_str().to_owned(),
                reason: database_words(&shared, &failing, now),
                since: failing.since.1.naive_utc(),
                opened_at: now.naive_utc(),
            };
            let Some(trouble) = stored::open(conn, &new)? else {
                return Ok(());
            };
            stored::end(conn, trouble.id, now.naive_utc())?;
            let since = When::stored(trouble.since, now);
            let lasted = (now.naive_utc() - trouble.since).to_std().unwrap_or_default();
            let text = words::over(shared.options.language, trouble.kind, since, lasted);
            let audience = own_audience(&shared, "");
            let word = told::Word::Ends;
            told::tell_trouble(conn, &shared, &audience, &trouble, word, &text, now.naive_utc()).map(drop)
        };
        self.shared.db.write(end).await?;
        self.told = None;
        Ok(())
    }
}

fn database_words(shared: &Shared, failing: &Failing, now: DateTime<Utc>) -> String {
    let since = When {
        at: failing.since.1,
        now,
    };
    words::database(shared.options.language, since, &failing.why)
}

async fn tell_around(shared: Arc<Shared>, failing: Failing) {
    let now = shared.clock.wall();
    let text = database_words(&shared, &failing, now);
    log::error!("the database {text}");
    let message = Notification {
        id: "database".to_owned(),
        message_id: told::message_id("database"),
        thread_id: None,
        event: Event::Notice,
        metric: MetricInfo {
            key: TroubleKind::Database.as_str().to_owned(),
            title: words::title(shared.options.language, TroubleKind::Database, ""),
            unit: String::new(),
        },
        severity: Severity::Critical,
        value: None,
        previous: None,
        text,
        reason: String::new(),
        at: now,
        alert_id: None,
        url: told::page(&shared, "/system"),
    };
    for audience in own_audience(&shared, "") {
        let known = shared
            .channels
            .iter()
            .find(|channel| channel.notifier.name() == audience.channel);
        for recipient in &audience.recipients {
            let Some(channel) = known else { continue };
            let sending = channel.notifier.send(&message, recipient);
            let failed = match monitor_requests::timeout(&*shared.clock, TELLING, sending).await {
                Ok(Ok(())) => continue,
                Ok(Err(failure)) => failure.to_string(),
                Err(late) => late.to_string(),
            };
            let name = &audience.channel;
            log::error!("{name} {recipient}: could not be told of the database: {failed}");
        }
    }
}

/// Tells at a start that nobody was watching since the last sign of life of any worker, where that is long ago. Those
/// who died over it are told of by that, and no more.
pub(crate) async fn tell_gap(shared: &Arc<Shared>) -> Result<(), DbError> {
    let now = shared.clock.wall();
    let telling = Arc::clone(shared);
    let tell = move |conn: &mut Conn| {
        let all = workers::all(conn)?;
        let others: Vec<&WorkerRow> = all.iter().filter(|row| row.role == ProcessRole::Worker).collect();
        let Some(last) = others.iter().map(|row| row.heartbeat_at).max() else {
            return Ok(());
        };
        let gap = (now.naive_utc() - last).to_std().unwrap_or_default();
        if gap < GAP {
            return Ok(());
        }
        for row in &others {
            workers::remove(conn, &row.id)?;
        }
        let new = NewTrouble {
            kind: TroubleKind::Gap,
            subject: String::new(),
            severity: Severity::Critical.as_str().to_owned(),
            reason: words::gap(
                telling.options.language,
                When::stored(last, now),
                When { at: now, now },
            ),
            since: last,
            opened_at: now.naive_utc(),
        };
        let audience = own_audience(&telling, "");
        if let Some(trouble) = troubles::begin(conn, &telling, &new, &audience)? {
            // It is over with the telling: somebody watches again.
            stored::end(conn, trouble.id, now.naive_utc())?;
        }
        Ok(())
    };
    shared.db.write(tell).await
}
