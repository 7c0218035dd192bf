//! What one evaluation changes, as one transaction: reading, state, alert, record and deliveries, or none of them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::MetricKey;
use monitor_model::{
    AlertKind, Conn, DbError, Evaluation, MetricState, Mute, NewAlert, NewRecord, NewSample, Record, alerts,
    deliveries, evaluations, realtime, records, samples, states,
};
use monitor_notify::Event;
use monitor_rules::{Observed, Occasion, State, Transition};

use super::lifecycle::{self, Ended, First, Opened};
use super::mutes::{self, Target};
use super::pushed::Pushed;
use crate::context::Context;
use crate::incidents::{self, Cause, Stage};
use crate::metric::{Metric, explainer, explains};
use crate::outbox::{
    ALARM_LANE, DETAILS_LANE, Draft, Routing, Subject, enqueue_job, job_key, notify, notify_end,
};

/// A reading and what the rule says of it.
pub(crate) struct Evaluated<'a> {
    pub(crate) metric: &'a dyn Metric,
    /// The state that it was evaluated against, and its version.
    pub(crate) before: &'a State,
    pub(crate) version: i64,
    pub(crate) observed: &'a Observed,
    pub(crate) evaluation: &'a monitor_rules::Evaluation,
    /// What keeps the metric from being read, where the fault is not its own.
    pub(crate) cause: Option<Cause>,
    /// When the reading was taken.
    pub(crate) at: DateTime<Utc>,
    /// When it is judged, which is later where it was sent and had to wait.
    pub(crate) now: DateTime<Utc>,
    /// How long the reading took.
    pub(crate) took: Duration,
    /// The row of a reading that was sent.
    pub(crate) pushed: Option<Pushed>,
}

/// An evaluated reading, ready to be stored.
pub(crate) struct Commit {
    context: Arc<Context>,
    state: MetricState,
    expected_version: i64,
    reading: Result<f64, String>,
    sample: NewSample,
    steps: Vec<Step>,
    routing: Routing,
    depends_on: Vec<MetricKey>,
    is_explained: bool,
    /// The system that explains it, if one does.
    explainer: String,
    /// The kind of alert that the rule opens.
    breach: AlertKind,
    was_flapping: bool,
    is_flapping: bool,
    cause: Option<Cause>,
    pushed: Option<Pushed>,
    at: NaiveDateTime,
    now: NaiveDateTime,
}

/// One transition, and the draft of what people are notified of.
enum Step {
    /// The rule is breached.
    Breach(Draft),
    /// Everything that is open and of this kind is over.
    Over(AlertKind, Draft),
    /// The metric has had no data for too long.
    NoData(Draft),
}

impl Commit {
    pub(crate) fn new(context: &Arc<Context>, evaluated: Evaluated<'_>) -> Commit {
        let Evaluated {
            metric,
            before,
            evaluation,
            at,
            now,
            ..
        } = evaluated;
        let config = metric.config();
        let reading = match evaluated.observed {
            Observed::Value(value) if value.is_finite() => Ok(*value),
            Observed::Value(value) => Err(format!("{value} is not a number that can be watched")),
            Observed::Unreadable(why) => Err(why.clone()),
        };
        let steps = evaluation.transitions.iter();
        let steps = steps.map(|transition| step(transition, before, evaluation, at));
        Commit {
            state: state(&config.key, &evaluated),
            expected_version: evaluated.version,
            sample: NewSample {
                key: config.key.clone(),
                at: at.naive_utc(),
                value: reading.as_ref().ok().copied(),
                error: reading.as_ref().err().cloned(),
                took_ms: i32::try_from(evaluated.took.as_millis()).unwrap_or(i32::MAX),
            },
            reading,
            steps: steps.collect(),
            routing: Routing::of(context, metric, Occasion::Alert, now),
            depends_on: config.depends_on.clone(),
            is_explained: explains(metric),
            explainer: explainer(metric).to_owned(),
            breach: lifecycle::breach_kind(&config.rule),
            was_flapping: before.is_flapping(),
            is_flapping: evaluation.state.is_flapping(),
            cause: evaluated.cause,
            pushed: evaluated.pushed,
            at: at.naive_utc(),
            now: now.naive_utc(),
            context: Arc::clone(context),
        }
    }

    /// The number that was read, if it was one.
    pub(crate) fn value(&self) -> Option<f64> {
        self.reading.as_ref().ok().copied()
    }

    /// The kinds of the alerts that it opens.
    pub(crate) fn opened(&self) -> impl Iterator<Item = AlertKind> {
        self.steps.iter().filter_map(|step| match step {
            Step::Breach(_) => Some(self.breach),
            Step::NoData(_) => Some(AlertKind::NoData),
            Step::Over(..) => None,
        })
    }

    /// Stores it. May be run again after a transaction that did not happen.
    ///
    /// # Errors
    /// [`DbError::Conflict`] when another worker evaluated the metric since the state was read; nothing is stored then.
    pub(crate) fn store(&self, conn: &mut Conn) -> Result<(), DbError> {
        states::save(conn, &self.state, self.expected_version)?;
        if let Some(pushed) = &self.pushed {
            pushed.judged(conn, &self.state.key, self.now)?;
        }
        match &self.reading {
            Ok(value) => realtime::record_value(conn, &self.state.key, *value, self.at)?,
            Err(why) => realtime::record_error(conn, &self.state.key, why, self.at)?,
        }
        if self.now != self.at {
            realtime::touch(conn, &self.state.key, self.now)?;
        }
        samples::insert(conn, &self.sample)?;
        let mut effects: Vec<String> = Vec::new();
        for step in &self.steps {
            let (event, mute) = match step {
                Step::Breach(draft) => (draft.event, self.breach(conn, draft)?),
                Step::NoData(draft) => (draft.event, self.no_data(conn, draft)?),
                Step::Over(kind, draft) => (draft.event, self.over(conn, *kind, draft)?),
            };
            effects.push(event.as_str().to_owned());
            effects.extend(mute.map(|mute| mute.to_string()));
        }
        let evaluation = Evaluation {
            key: self.state.key.clone(),
            slot: 0,
            version: self.state.version,
            at: self.at,
            value: self.sample.value,
            phase: self.state.phase.clone(),
            reason: self.state.reason.clone(),
            effects: effects.join(","),
        };
        evaluations::record(conn, &evaluation)
    }

    fn breach(&self, conn: &mut Conn, draft: &Draft) -> Result<Option<Mute>, DbError> {
        let flapping = lifecycle::flapping_suppresses_opening(self.was_flapping, self.is_flapping);
        let mute = self.mute(conn, flapping)?;
        let explanation = self.pushed.as_ref().filter(|pushed| !pushed.messages.is_empty());
        let is_explained = self.is_explained || explanation.is_some();
        let opened = lifecycle::opened(mute, self.context.alarm.is_some(), is_explained);
        let alert = alerts::open(conn, &self.new_alert(self.breach, draft, &opened))?;
        if opened.alarm {
            enqueue_job(conn, &alert, (ALARM_LANE, ""), None, self.now)?;
        }
        if let Some(explanation) = explanation {
            let language = self.context.options.language;
            explanation.explain(conn, &self.routing, &alert, language, self.now)?;
            return Ok(opened.muted);
        }
        if opened.first == First::Explanation {
            enqueue_job(
                conn,
                &alert,
                (DETAILS_LANE, &self.explainer),
                Some(self.routing.clone()),
                self.now,
            )?;
            return Ok(opened.muted);
        }
        let record = self.record(conn, alert.id, true, draft)?;
        if opened.first == First::Reading {
            notify(
                conn,
                &self.routing,
                &alert,
                &about(draft, record.as_ref()),
                self.now,
            )?;
        }
        Ok(opened.muted)
    }

    fn no_data(&self, conn: &mut Conn, draft: &Draft) -> Result<Option<Mute>, DbError> {
        let mute = self.mute(conn, false)?;
        let incident = match &self.cause {
            Some(cause) if mute.is_none() => Some(incidents::cover(conn, &self.context, cause, self.now)?),
            _ => None,
        };
        let id = incident.as_ref().map(|incident| incident.id);
        let opened = lifecycle::opened_without_data(mute, id);
        let alert = alerts::open(conn, &self.new_alert(AlertKind::NoData, draft, &opened))?;
        let record = self.record(conn, alert.id, false, draft)?;
        match (opened.first, incident) {
            (First::Incident, Some(incident)) => {
                let began = (&incident, Stage::Began);
                let audience = &self.routing.audience;
                incidents::notify(conn, &self.context, audience, began, &incident.reason, self.now)?;
            }
            (First::Reading, _) => {
                notify(
                    conn,
                    &self.routing,
                    &alert,
                    &about(draft, record.as_ref()),
                    self.now,
                )?;
            }
            _ => {}
        }
        Ok(opened.muted)
    }

    fn over(&self, conn: &mut Conn, kind: AlertKind, draft: &Draft) -> Result<Option<Mute>, DbError> {
        let mut resolved = Vec::new();
        for alert in alerts::unresolved_for(conn, &self.state.key, kind)? {
            resolved.extend(alerts::resolve(conn, alert.id, self.at, draft.value)?);
        }
        let notified = resolved.iter().rfind(|alert| alert.muted.is_none());
        let Some(newest) = resolved.last() else {
            return Ok(None);
        };
        let alert = notified.unwrap_or(newest);
        let record = self.record(conn, alert.id, false, draft)?;
        let mute = match notified {
            Some(_) => self.mute(conn, self.is_flapping)?,
            None => None,
        };
        let is_being_explained = deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, alert.id))?;
        match lifecycle::ended(notified, newest, mute, is_being_explained) {
            Ended::Never(mute) => Ok(mute),
            Ended::Later(mute) => {
                alerts::mute_end(conn, alert.id, &mute.to_string())?;
                Ok(Some(mute))
            }
            Ended::AfterExplanation => Ok(None),
            Ended::Now => {
                notify_end(
                    conn,
                    &self.routing,
                    alert,
                    &about(draft, record.as_ref()),
                    self.now,
                )?;
                Ok(None)
            }
        }
    }

    /// Why nobody may be notified at this time.
    fn mute(&self, conn: &mut Conn, is_flapping: bool) -> Result<Option<Mute>, DbError> {
        let target = Target {
            key: &self.state.key,
            severity: self.routing.severity,
            depends_on: &self.depends_on,
            is_flapping,
        };
        mutes::read(conn, &self.context, target, self.now)
    }

    fn new_alert(&self, kind: AlertKind, draft: &Draft, opened: &Opened) -> NewAlert {
        NewAlert {
            key: self.state.key.clone(),
            kind,
            severity: self.routing.severity,
            reason: draft.reason.clone(),
            value: draft.value,
            previous: draft.previous,
            opened_at: self.at,
            muted: opened.muted.as_ref().map(ToString::to_string),
        }
    }

    fn record(
        &self,
        conn: &mut Conn,
        alert_id: i64,
        alert: bool,
        draft: &Draft,
    ) -> Result<Option<Record>, DbError> {
        let new = NewRecord {
            key: self.state.key.clone(),
            value: draft.value,
            alert,
            alert_message: draft.text.clone(),
            timestamp: self.at,
            alert_id: Some(alert_id),
            source_id: None,
        };
        records::insert(conn, &new)
    }
}

fn state(key: &MetricKey, evaluated: &Evaluated<'_>) -> MetricState {
    let state = &evaluated.evaluation.state;
    MetricState {
        key: key.clone(),
        version: evaluated.version + 1,
        phase: state.phase().as_str().to_owned(),
        since: state.since().unwrap_or(evaluated.at).naive_utc(),
        reason: evaluated.evaluation.reason.clone(),
        state: serde_json::to_string(state).expect("a rule state is plain data"),
        updated_at: evaluated.now.naive_utc(),
    }
}

/// The draft of what is on record as this.
fn about(draft: &Draft, record: Option<&Record>) -> Draft {
    Draft {
        subject: Subject::record(record.map(|record| record.id)),
        ..draft.clone()
    }
}

fn step(
    transition: &Transition,
    before: &State,
    evaluation: &monitor_rules::Evaluation,
    at: DateTime<Utc>,
) -> Step {
    let draft = |event, value, previous| Draft {
        event,
        value,
        previous,
        text: evaluation.reason.clone(),
        messages: (Vec::new(), 0),
        reason: evaluation.reason.clone(),
        at,
        subject: Subject::Alert,
    };
    match transition {
        Transition::Alert { value, previous } => Step::Breach(draft(Event::Alert, Some(*value), *previous)),
        Transition::Recovered { value } => Step::Over(
            AlertKind::Level,
            draft(Event::Recovered, Some(*value), before.last_value()),
        ),
        // The last value is left out: what it is now is what nobody knows.
        Transition::NoData { .. } => Step::NoData(draft(Event::NoData, None, before.last_value())),
        Transition::DataBack { value } => Step::Over(
            AlertKind::NoData,
            draft(Event::DataBack, Some(*value), before.last_value()),
        ),
    }
}
