//! What time alone brings about: reminders and escalations of what nobody acknowledged, and late notifications of what was
//! suppressed.
//!
//! Readings have no part in it, so it goes on while a metric cannot be read. Each step is one transaction that reads the alert
//! again: of several workers one does it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{
    Alert, AlertKind, Conn, DbError, Incident, IncidentKind, Mute, alerts, deliveries, records,
};
use monitor_notify::Event;
use monitor_rules::Occasion;
use tokio_util::sync::CancellationToken;

use super::lifecycle::{self, Cover, Ended, Escalated, Lasting, Late, is_unacknowledged};
use super::mutes::{self, Target};
use super::notify::{as_it_stands, as_opened, notify_end_on_record, notify_records};
use super::open::{self, Open};
use super::policies::Policies;
use super::recorded;
use super::removed::{self, Removed};
use super::step::Step;
use crate::context::{Context, Generations, Monitored};
use crate::fault::{self, Point};
use crate::incidents::{self, Outages, Stage};
use crate::outbox::{
    ALARM_LANE, DETAILS_LANE, Routing, Subject, enqueue_job, job_key, named, notify, notify_others,
};

/// How often it checks.
const TICK: Duration = Duration::from_secs(1);

/// Follows what is open.
pub(crate) struct FollowUp {
    context: Arc<Context>,
    outages: Arc<Outages>,
    metrics: HashMap<String, Arc<Monitored>>,
    policies: Arc<Policies>,
    /// The last round of reminders of each alert that this worker enqueued.
    rounds: HashMap<i64, i64>,
    removed: Removed,
    is_failing: bool,
}

impl FollowUp {
    pub(crate) fn new(context: Arc<Context>, outages: Arc<Outages>) -> FollowUp {
        FollowUp {
            outages,
            policies: Arc::new(Policies::of(&context.metrics)),
            metrics: by_key(&context.metrics),
            context,
            rounds: HashMap::new(),
            removed: Removed::default(),
            is_failing: false,
        }
    }

    /// Goes on by a changed config.
    fn changed(&mut self, context: Arc<Context>) {
        self.removed.changed(&self.context, &context);
        self.policies = Arc::new(Policies::of(&context.metrics));
        self.metrics = by_key(&context.metrics);
        self.context = context;
    }

    /// Checks until `halt`, by the newest config.
    pub(crate) async fn run(mut self, mut generations: Generations, halt: CancellationToken) {
        loop {
            tokio::select! {
                () = halt.cancelled() => return,
                () = self.context.clock.sleep(TICK) => {}
            }
            if generations.has_changed().unwrap_or(false) {
                self.changed(generations.borrow_and_update().clone());
            }
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
                    log::error!("open alerts could not be followed: {error}");
                }
                Err(_) => {}
            }
        }
    }

    /// Does what is due. What fails keeps nothing else from being done; the first failure is returned in the end.
    pub(crate) async fn tick(&mut self) -> Result<(), DbError> {
        let now = self.context.clock.wall();
        let (metrics, context) = (&self.metrics, &self.context);
        let mut first = self.removed.check(context, |key| metrics.contains_key(key)).await;
        let open = self.read(now).await?;
        let lasting: HashSet<i64> = open.lasting.iter().map(|alert| alert.id).collect();
        self.rounds.retain(|id, _| lasting.contains(id));
        // Ends before what lasts: the last notification of a metric must be how it is.
        for alert in &open.ended {
            let metric = self.metric(alert);
            let is_ours = metric.is_some() || self.removed.has(&alert.key);
            if !is_ours || self.mute(metric.as_deref(), alert, &open, now).is_some() {
                continue;
            }
            let notified = match metric {
                Some(metric) => self.notify_end(&metric, alert, now).await,
                None => removed::notify_late(&self.context, alert.id, now).await,
            };
            first = first.and(notified);
        }
        for alert in &open.lasting {
            if let Some(metric) = self.metric(alert) {
                let followed = self.follow(&metric, alert, &open, now).await;
                first = first.and(followed);
            }
        }
        for (done, alert) in &open.unacknowledged {
            let escalated = self.escalate(alert, *done, &open, now).await;
            first = first.and(escalated);
        }
        first
    }

    fn metric(&self, alert: &Alert) -> Option<Arc<Monitored>> {
        self.metrics.get(alert.key.as_str()).cloned()
    }

    async fn read(&self, now: DateTime<Utc>) -> Result<Open, DbError> {
        let (context, policies) = (Arc::clone(&self.context), Arc::clone(&self.policies));
        let read = move |conn: &mut Conn| open::read(conn, &context, &policies, now.naive_utc());
        self.context.db.read(read).await
    }

    /// Why nobody may be notified of an alert now; what an incident covers is not decided here.
    fn mute(
        &self,
        metric: Option<&Monitored>,
        alert: &Alert,
        open: &Open,
        now: DateTime<Utc>,
    ) -> Option<Mute> {
        let is_because = |muted: &Option<String>| muted.as_deref() == Some("flapping");
        let was_flapping = is_because(&alert.muted) || is_because(&alert.end_muted);
        let target = Target {
            key: &alert.key,
            severity: alert.severity,
            depends_on: self.policies.depends_on(&alert.key),
            // Until this worker has evaluated it, it is as it was.
            is_flapping: was_flapping && metric.is_some_and(|metric| metric.is_flapping().unwrap_or(true)),
        };
        let known = (open.silences.as_slice(), &open.dependencies);
        mutes::find(&self.context, known, target, now.naive_utc())
    }

    /// An alert that lasts.
    async fn follow(
        &mut self,
        metric: &Arc<Monitored>,
        alert: &Alert,
        open: &Open,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let mute = self.mute(Some(metric), alert, open, now);
        let by_id = |id: i64| open.incidents.iter().find(|incident| incident.id == id);
        let cover = |id| match by_id(id) {
            Some(incident) if !self.is_at_fault(incident, alert) => Cover::Holds,
            _ => Cover::Gone,
        };
        match lifecycle::lasting(alert, mute, cover) {
            Lasting::Nothing => Ok(()),
            Lasting::Remind => self.remind(metric, alert, None, now).await,
            Lasting::RemindOfIncident(id) => self.remind(metric, alert, by_id(id), now).await,
            Lasting::Rename(mute) => {
                let (id, mute) = (alert.id, mute.to_string());
                let rename = move |conn: &mut Conn| alerts::mute_for(conn, id, &mute);
                self.context.db.write(rename).await
            }
            Lasting::NotifyLate => self.notify_late(metric, alert, now).await,
        }
    }

    /// Whether the metric of an alert fails on although the incident that covered it does not hold for it any more.
    fn is_at_fault(&self, incident: &Incident, alert: &Alert) -> bool {
        self.outages.is_alone(&alert.key) == Some(true)
            || (incident.kind == IncidentKind::Offline && self.outages.is_online_without(&alert.key))
    }

    /// Nobody was notified of it, and now they may be: it lasts.
    async fn notify_late(
        &self,
        metric: &Arc<Monitored>,
        alert: &Alert,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        // Whose fault it is shows with the first reading after a start.
        if alert.kind == AlertKind::NoData && !metric.is_evaluated() {
            return Ok(());
        }
        let routing = Routing::of(&self.context, &*metric.metric, Occasion::Alert, now);
        let cause = self.outages.cause(&alert.key);
        let (context, id) = (Arc::clone(&self.context), alert.id);
        let at = now.naive_utc();
        let notify_late = move |conn: &mut Conn| {
            let current = alerts::lock(conn, id)?.filter(is_unacknowledged);
            let Some(locked) = current.filter(|alert| alert.muted.is_some()) else {
                return Ok(());
            };
            let is_being_explained = deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, id))?;
            let late = lifecycle::late(locked.kind, cause.is_some(), is_being_explained);
            if let (Late::Incident, Some(cause)) = (late, &cause) {
                let incident = incidents::cover(conn, &context, cause, at)?;
                alerts::mute_for(conn, id, &Mute::Incident(incident.id).to_string())?;
                let (to, began) = (&routing.audience, (&incident, Stage::Began));
                return incidents::notify(conn, &context, to, began, &incident.reason, at);
            }
            match alerts::unmute(conn, id)? {
                Some(alert) => notify_unmuted(conn, &context, &routing, (&alert, late), now),
                None => Ok(()),
            }
        };
        self.context.db.write(notify_late).await
    }

    /// It ended while nobody could be notified, and people had been notified of it.
    async fn notify_end(
        &self,
        metric: &Arc<Monitored>,
        alert: &Alert,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let routing = Routing::of(&self.context, &*metric.metric, Occasion::Recovery, now);
        let id = alert.id;
        let notify = move |conn: &mut Conn| {
            if !alerts::unmute_end(conn, id)? {
                return Ok(());
            }
            let is_being_explained = deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, id))?;
            match (lifecycle::ended_late(is_being_explained), alerts::get(conn, id)?) {
                (Ended::Now, Some(alert)) => notify_end_on_record(conn, &routing, &alert, now.naive_utc()),
                _ => Ok(()),
            }
        };
        self.context.db.write(notify).await
    }

    /// Reminds people of what lasts, or of the incident that covers it.
    async fn remind(
        &mut self,
        metric: &Arc<Monitored>,
        alert: &Alert,
        incident: Option<&Incident>,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let Some(every) = metric.metric.config().rule.repeat else {
            return Ok(());
        };
        let last = self.rounds.get(&alert.id).copied();
        let Some(round) = lifecycle::reminder_round(alert, every, now, last) else {
            return Ok(());
        };
        let routing = Routing::of(&self.context, &*metric.metric, Occasion::Reminder, now);
        let (context, id, incident) = (Arc::clone(&self.context), alert.id, incident.cloned());
        let remind = move |conn: &mut Conn| {
            let Some(alert) = alerts::lock(conn, id)?.filter(is_unacknowledged) else {
                return Ok(());
            };
            let at = now.naive_utc();
            if let Some(incident) = &incident {
                let (to, lasts) = (&routing.audience, (incident, Stage::Lasts(round)));
                return incidents::notify(conn, &context, to, lasts, &incident.reason, at);
            }
            let draft = as_it_stands(conn, Event::Reminder, &alert, Subject::Round(round), now)?;
            notify(conn, &routing, &alert, &draft, at).map(drop)
        };
        self.context.db.write(remind).await?;
        self.rounds.insert(id, round);
        Ok(())
    }

    /// Notifies others of what nobody acknowledged, by the step after those that are `done`. While one alert of a metric is as
    /// far, further ones notify nobody by that step: those others know.
    async fn escalate(
        &self,
        alert: &Alert,
        done: i32,
        open: &Open,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let Some(metric) = self.metric(alert) else {
            return Ok(());
        };
        let Some(step) = Step::after(&metric, done) else {
            return Ok(());
        };
        let by_id = |id: i64| open.incidents.iter().find(|incident| incident.id == id);
        let is_muted_now = self.mute(Some(&metric), alert, open, now).is_some();
        let incident = match lifecycle::escalated(alert, is_muted_now, |id| by_id(id).is_some()) {
            Escalated::Nothing => return Ok(()),
            Escalated::Alert => None,
            Escalated::Incident(id) => by_id(id).cloned(),
        };
        let routing = Routing::of(&self.context, &*metric.metric, Occasion::Alert, now);
        let to = named(&self.context, &step.notify);
        let (context, alert, at) = (Arc::clone(&self.context), alert.clone(), now.naive_utc());
        let escalate = move |conn: &mut Conn| {
            let is_known = alerts::is_escalated(conn, &alert.key, alert.kind, step.number)?;
            if !alerts::escalate(conn, alert.id, done, at)? || is_known {
                return Ok(());
            }
            if let Some(incident) = &incident {
                let began = (incident, Stage::Began);
                return incidents::notify(conn, &context, &to, began, &incident.reason, at);
            }
            let mut draft = as_it_stands(conn, Event::Escalation, &alert, step.subject(), now)?;
            draft.text.extend(step.said(context.options.language, &alert));
            notify_others(conn, &routing, &to, &alert, &draft, at).map(drop)
        };
        fault::point(Point::BeforeEscalation);
        self.context.db.write(escalate).await?;
        fault::point(Point::AfterEscalation);
        Ok(())
    }
}

/// Notifies people of an alert that is not suppressed any more.
fn notify_unmuted(
    conn: &mut Conn,
    context: &Context,
    routing: &Routing,
    (alert, late): (&Alert, Late),
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let at = now.naive_utc();
    if alert.kind == AlertKind::NoData {
        let about = records::of_alert(conn, alert.id)?;
        let record = about.iter().find(|record| !record.alert).map(|record| record.id);
        let draft = as_opened(Event::NoData, alert, Subject::record(record));
        return notify(conn, routing, alert, &draft, at).map(drop);
    }
    if context.alarm.is_some() {
        enqueue_job(conn, alert, (ALARM_LANE, ""), None, at)?;
    }
    if late == Late::Explanation {
        return Ok(());
    }
    let recorded = recorded::of(conn, alert)?;
    notify_records(conn, routing, alert, &recorded, context.options.language, at)
}

fn by_key(metrics: &[Arc<Monitored>]) -> HashMap<String, Arc<Monitored>> {
    let metrics = metrics.iter();
    metrics
        .map(|metric| (metric.key().to_owned(), Arc::clone(metric)))
        .collect()
}
