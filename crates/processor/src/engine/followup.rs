//! What time alone brings about: an alert that nobody took is told again and told on, one that nobody was told of is told
//! once that is allowed, and so is its end.
//!
//! Readings have no part in it, so it goes on while a metric cannot be read. Each step is one transaction that looks at
//! the alert as it is then: of several workers one does it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{
    Alert, AlertKind, Conn, DbError, Incident, IncidentKind, Mute, Record, Silence, alerts, deliveries,
    incidents as stored, realtime, records, silences, states,
};
use monitor_notify::Event;
use monitor_rules::Escalate;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::cycle::Watched;
use super::janitor::ago;
use super::told::{
    ALARM_LANE, DETAILS_LANE, Story, Teller, Word, audience, enqueue_job, job_key, tell_incident,
};
use super::upkeep::Upkeep;
use super::{details, incidents, words};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);
/// Alerts looked at in one go.
const MOST: i64 = 10_000;
/// A metric that this worker does not have and that was not read for so long is read by nobody any more.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// Alerts told on in one go.
const MOST_ESCALATED: i64 = 500;

/// Looks after what is open.
pub(crate) struct FollowUp {
    shared: Arc<Shared>,
    metrics: HashMap<String, Arc<Watched>>,
    /// Those of them whose alerts are told on.
    impatient: Arc<Vec<Impatient>>,
    /// The last round of reminders of each alert that this worker told.
    rounds: HashMap<i64, i64>,
    upkeep: Upkeep,
    is_failing: bool,
}

/// A metric whose alerts are told on when they went unacknowledged for so long.
struct Impatient {
    key: String,
    severity: Severity,
    after: Duration,
}

/// What is in the database.
struct Found {
    /// Read before the alerts: a incident that is seen here has its alerts there.
    incidents: Vec<Incident>,
    lasting: Vec<Alert>,
    ended: Vec<Alert>,
    unacknowledged: Vec<Alert>,
    silences: Vec<Silence>,
}

impl FollowUp {
    pub(crate) fn new(shared: Arc<Shared>, metrics: &[Arc<Watched>]) -> FollowUp {
        let by_key = metrics
            .iter()
            .map(|watched| (watched.key().to_owned(), Arc::clone(watched)));
        let impatient = metrics.iter().filter_map(|watched| {
            let escalate = escalation(watched)?;
            Some(Impatient {
                key: watched.key().to_owned(),
                severity: watched.metric.config().severity,
                after: escalate.after,
            })
        });
        FollowUp {
            impatient: Arc::new(impatient.collect()),
            upkeep: Upkeep::new(Arc::clone(&shared)),
            shared,
            metrics: by_key.collect(),
            rounds: HashMap::new(),
            is_failing: false,
        }
    }

    /// Looks until `halt`.
    pub(crate) async fn run(mut self, halt: CancellationToken) {
        loop {
            tokio::select! {
                () = halt.cancelled() => return,
                () = self.shared.clock.sleep(LOOK) => {}
            }
            let looked = tokio::select! {
                biased;
                () = halt.cancelled() => return,
                looked = self.look() => looked,
            };
            match looked {
                Ok(()) => self.is_failing = false,
                // Said once an outage; the database itself is somebody else's to tell of.
                Err(error) if !self.is_failing => {
                    self.is_failing = true;
                    log::error!("open alerts could not be looked after: {error}");
                }
                Err(_) => {}
            }
        }
    }

    /// Does what is due. What fails keeps nothing else from being done; the first failure is given in the end.
    pub(crate) async fn look(&mut self) -> Result<(), DbError> {
        let now = self.shared.clock.wall();
        let found = self.find(now).await?;
        let mut first = Ok(());
        let mut note = |done: Result<(), DbError>| {
            if first.is_ok() {
                first = done;
            }
        };
        let lasting: HashSet<i64> = found.lasting.iter().map(|alert| alert.id).collect();
        self.rounds.retain(|id, _| lasting.contains(id));
        // Ends before what lasts: the last word of a metric must be how it is.
        for alert in &found.ended {
            if let Some(watched) = self.metrics.get(alert.key.as_str())
                && self.mute(watched, alert, &found, now).is_none()
            {
                note(self.tell_the_end(watched, alert, now).await);
            }
        }
        for alert in &found.lasting {
            if let Some(watched) = self.metrics.get(alert.key.as_str()).cloned() {
                note(self.follow(&watched, alert, &found, now).await);
            }
        }
        for alert in &found.unacknowledged {
            note(self.escalate(alert, &found, now).await);
        }
        for incident in &found.incidents {
            note(self.close(incident, &found, now).await);
        }
        note(self.upkeep.look(&found.incidents, now).await);
        first
    }

    async fn find(&self, now: DateTime<Utc>) -> Result<Found, DbError> {
        let (shared, impatient) = (Arc::clone(&self.shared), Arc::clone(&self.impatient));
        let read = move |conn: &mut Conn| {
            let silences = silences::active(conn, now.naive_utc())?;
            // Metrics by how long their alerts may go unacknowledged, without those that nobody may be told of.
            let mut waited: BTreeMap<Duration, Vec<String>> = BTreeMap::new();
            for Impatient { key, severity, after } in impatient.iter() {
                let mutes = &shared.mutes;
                if mutes
                    .find(&silences, key, *severity, false, now.naive_utc())
                    .is_none()
                {
                    waited.entry(*after).or_default().push(key.clone());
                }
            }
            let mut unacknowledged = Vec::new();
            for (after, keys) in &waited {
                let before = ago(now.naive_utc(), *after);
                unacknowledged.extend(alerts::to_escalate(conn, keys, before, MOST_ESCALATED)?);
            }
            Ok(Found {
                incidents: stored::all_open(conn)?,
                lasting: alerts::lasting(conn, MOST)?,
                ended: alerts::with_muted_end(conn, MOST)?,
                unacknowledged,
                silences,
            })
        };
        self.shared.db.read(read).await
    }

    /// Why nobody may be told of an alert now; what its system's incident covers is not asked here.
    fn mute(&self, watched: &Watched, alert: &Alert, found: &Found, now: DateTime<Utc>) -> Option<Mute> {
        let is_because = |muted: &Option<String>| muted.as_deref() == Some("flapping");
        let was_flapping = is_because(&alert.muted) || is_because(&alert.end_muted);
        // Until this worker has judged it, it is as it was.
        let is_flapping = was_flapping && watched.is_flapping().unwrap_or(true);
        self.shared.mutes.find(
            &found.silences,
            &alert.key,
            alert.severity,
            is_flapping,
            now.naive_utc(),
        )
    }

    /// An alert that lasts.
    async fn follow(
        &mut self,
        watched: &Arc<Watched>,
        alert: &Alert,
        found: &Found,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        // Who took it knows of it.
        if alert.acknowledged_at.is_some() {
            return Ok(());
        }
        let mute = self.mute(watched, alert, found, now);
        let Some(muted) = &alert.muted else {
            return match mute {
                None => self.remind(watched, alert, None, now).await,
                Some(_) => Ok(()),
            };
        };
        if let Ok(Mute::Incident(id)) = muted.parse() {
            let open = found.incidents.iter().find(|incident| incident.id == id);
            let systems = &self.shared.systems;
            let is_own = systems.is_alone(&alert.key) == Some(true);
            let is_another = |incident: &&Incident| {
                incident.kind == IncidentKind::Offline && systems.is_online_without(&alert.key)
            };
            if let Some(incident) = open.filter(|incident| !is_own && !is_another(incident)) {
                return match mute {
                    None => self.remind(watched, alert, Some(incident), now).await,
                    Some(_) => Ok(()),
                };
            }
        }
        match mute {
            None => self.tell_late(watched, alert, now).await,
            Some(mute) if mute.to_string() != *muted => {
                let (id, mute) = (alert.id, mute.to_string());
                let rename = move |conn: &mut Conn| alerts::mute_for(conn, id, &mute);
                self.shared.db.write(rename).await
            }
            Some(_) => Ok(()),
        }
    }

    /// Nobody was told of it, and now they may be: it lasts.
    async fn tell_late(
        &self,
        watched: &Arc<Watched>,
        alert: &Alert,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        // Whose incident it is shows with the first reading after a start.
        if alert.kind == AlertKind::NoData && !watched.is_judged() {
            return Ok(());
        }
        let teller = Teller::of(&self.shared, &*watched.metric);
        let cause = self.shared.systems.cause(&alert.key);
        let (shared, id, is_blind) = (
            Arc::clone(&self.shared),
            alert.id,
            alert.kind == AlertKind::NoData,
        );
        let at = now.naive_utc();
        let tell = move |conn: &mut Conn| {
            let Some(locked) = alerts::lock(conn, id)?.filter(is_unacknowledged) else {
                return Ok(());
            };
            if locked.muted.is_none() {
                return Ok(());
            }
            if let Some(cause) = cause.as_ref().filter(|_| is_blind) {
                let incident = incidents::cover(conn, &shared, cause, at)?;
                alerts::mute_for(conn, id, &Mute::Incident(incident.id).to_string())?;
                let (to, text) = (&teller.audience, &incident.reason);
                return tell_incident(conn, &shared, to, &incident, Word::Begins, text, at).map(drop);
            }
            let Some(alert) = alerts::unmute(conn, id)? else {
                return Ok(());
            };
            let about = records::of_alert(conn, id)?;
            if is_blind {
                let record = about.iter().find(|record| !record.alert).map(|record| record.id);
                let story = story(Event::NoData, &alert, alert.opened_at.and_utc());
                return teller.tell(conn, &alert, record, &story, at).map(drop);
            }
            if shared.alarm.is_some() {
                enqueue_job(conn, &alert, ALARM_LANE, None, at)?;
            }
            // Whoever explains it tells it then.
            if deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, id))? {
                return Ok(());
            }
            let told: Vec<(Record, Option<DateTime<Utc>>)> = about
                .into_iter()
                .filter(|record| record.alert)
                .map(|record| (record, None))
                .collect();
            let language = shared.options.language;
            teller.tell_records(conn, &alert, &told, |more| words::rest(language, more), at)?;
            Ok(())
        };
        self.shared.db.write(tell).await
    }

    /// It ended while nobody could be told, who had heard of it.
    async fn tell_the_end(
        &self,
        watched: &Arc<Watched>,
        alert: &Alert,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let teller = Teller::of(&self.shared, &*watched.metric);
        let id = alert.id;
        let tell = move |conn: &mut Conn| {
            if !alerts::unmute_end(conn, id)? {
                return Ok(());
            }
            // What is not explained yet is told by whoever explains it, and its end after that.
            match alerts::get(conn, id)? {
                Some(alert) if !deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, id))? => {
                    details::tell_the_end(conn, &teller, &alert, now)
                }
                _ => Ok(()),
            }
        };
        self.shared.db.write(tell).await
    }

    /// Tells again what lasts, once in every `repeat` since it was opened. Those rounds that nobody ran for are not made
    /// up. What is covered by a incident is told as that.
    async fn remind(
        &mut self,
        watched: &Arc<Watched>,
        alert: &Alert,
        incident: Option<&Incident>,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let Some(every) = watched.metric.config().rule.repeat else {
            return Ok(());
        };
        let lasted = (now.naive_utc() - alert.opened_at).to_std().unwrap_or_default();
        let round = i64::try_from(lasted.as_nanos() / every.as_nanos().max(1)).unwrap_or(i64::MAX);
        if round == 0 || self.rounds.get(&alert.id) == Some(&round) {
            return Ok(());
        }
        let teller = Teller::of(&self.shared, &*watched.metric);
        let (shared, id, incident) = (Arc::clone(&self.shared), alert.id, incident.cloned());
        let tell = move |conn: &mut Conn| {
            let Some(alert) = alerts::lock(conn, id)?.filter(is_unacknowledged) else {
                return Ok(());
            };
            if let Some(incident) = &incident {
                let (to, text, word) = (&teller.audience, &incident.reason, Word::Lasts(round));
                return tell_incident(conn, &shared, to, incident, word, text, now.naive_utc()).map(drop);
            }
            let story = Story {
                round: Some(round),
                ..as_it_is(conn, Event::Reminder, &alert, now)?
            };
            teller.tell(conn, &alert, None, &story, now.naive_utc()).map(drop)
        };
        self.shared.db.write(tell).await?;
        self.rounds.insert(id, round);
        Ok(())
    }

    /// Tells others of what nobody took. While one alert of a metric is told on, further ones are not: those others know.
    async fn escalate(&self, alert: &Alert, found: &Found, now: DateTime<Utc>) -> Result<(), DbError> {
        let Some(watched) = self.metrics.get(alert.key.as_str()) else {
            return Ok(());
        };
        let Some(escalate) = escalation(watched) else {
            return Ok(());
        };
        let incident = match alert.muted.as_ref().map(|muted| muted.parse()) {
            None => None,
            Some(Ok(Mute::Incident(id))) => {
                found.incidents.iter().find(|incident| incident.id == id).cloned()
            }
            Some(_) => return Ok(()),
        };
        let is_mute = self.mute(watched, alert, found, now).is_some();
        if is_mute || (alert.muted.is_some() && incident.is_none()) {
            return Ok(());
        }
        let teller = Teller::of(&self.shared, &*watched.metric);
        let to = audience(&self.shared, &escalate.notify);
        let (shared, alert, at) = (Arc::clone(&self.shared), alert.clone(), now.naive_utc());
        let tell = move |conn: &mut Conn| {
            let is_known = alerts::is_escalated(conn, &alert.key, alert.kind)?;
            if !alerts::escalate(conn, alert.id, at)? || is_known {
                return Ok(());
            }
            if let Some(incident) = &incident {
                let text = &incident.reason;
                return tell_incident(conn, &shared, &to, incident, Word::Begins, text, at).map(drop);
            }
            let story = as_it_is(conn, Event::Escalation, &alert, now)?;
            teller.tell_to(conn, &to, &alert, None, &story, at).map(drop)
        };
        self.shared.db.write(tell).await
    }

    /// A incident of systems is over when nothing is covered by it any more.
    async fn close(&self, incident: &Incident, found: &Found, now: DateTime<Utc>) -> Result<(), DbError> {
        if !matches!(incident.kind, IncidentKind::System | IncidentKind::Offline) {
            return Ok(());
        }
        let why = Mute::Incident(incident.id).to_string();
        let is_covered = |alert: &&Alert| {
            alert.muted.as_ref() == Some(&why) && self.shared.systems.is_alone(&alert.key) != Some(true)
        };
        for alert in found.lasting.iter().filter(is_covered) {
            if self.metrics.contains_key(alert.key.as_str()) {
                return Ok(());
            }
            // Another worker may have another config. What none reads any more holds up nothing.
            let key = alert.key.clone();
            let read = self.shared.db.read(move |conn| realtime::get(conn, &key)).await?;
            let lately = ago(now.naive_utc(), FORGOTTEN);
            if read.is_some_and(|read| read.checked_at > lately) {
                return Ok(());
            }
        }
        incidents::end_now(&self.shared, incident, now).await
    }
}

fn escalation(watched: &Watched) -> Option<&Escalate> {
    watched.metric.config().rule.escalate.as_ref()
}

fn is_unacknowledged(alert: &Alert) -> bool {
    alert.acknowledged_at.is_none() && alert.resolved_at.is_none()
}

/// An alert as it was opened.
fn story(event: Event, alert: &Alert, at: DateTime<Utc>) -> Story {
    Story {
        event,
        value: alert.value,
        previous: alert.previous,
        text: alert.reason.clone(),
        reason: alert.reason.clone(),
        at,
        round: None,
    }
}

/// What lasts, as the last judgement has it; an event as it was.
fn as_it_is(conn: &mut Conn, event: Event, alert: &Alert, now: DateTime<Utc>) -> Result<Story, DbError> {
    let opened = story(event, alert, now);
    if alert.kind == AlertKind::Event {
        return Ok(opened);
    }
    let reason = states::load(conn, &alert.key)?.map_or_else(|| alert.reason.clone(), |state| state.reason);
    // The last value is left out where it is not known any more.
    let read = realtime::get(conn, &alert.key)?.filter(|read| read.error.is_none());
    Ok(Story {
        value: read.and_then(|read| read.value),
        previous: alert.value,
        text: reason.clone(),
        reason,
        ..opened
    })
}
