//! What one judgement changes, as one transaction: reading, state, alert, record and deliveries, or none of them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{
    AlertKind, Conn, DbError, Evaluation, MetricState, Mute, NewAlert, NewRecord, NewSample, alerts,
    deliveries, evaluations, realtime, records, samples, states,
};
use monitor_notify::Event;
use monitor_rules::{Condition, Judgement, Observed, Rule, State, Transition};

use super::Shared;
use super::incidents;
use super::systems::Cause;
use super::told::{self, ALARM_LANE, DETAILS_LANE, Story, Teller, Word, enqueue_job, job_key};
use crate::metric::{Metric, explains};

/// A judged reading, ready to be stored.
pub(crate) struct Outcome {
    state: MetricState,
    expected_version: i64,
    reading: Result<f64, String>,
    sample: NewSample,
    steps: Vec<Step>,
    teller: Teller,
    explains: bool,
    /// The kind of alert that the rule opens.
    breach: AlertKind,
    /// The metric went to and fro too often, before this reading and after it.
    was_flapping: bool,
    is_flapping: bool,
    /// Whose incident it is that the metric cannot be read, where it is not its own.
    cause: Option<Cause>,
    at: NaiveDateTime,
    shared: Arc<Shared>,
}

/// One transition and what is told of it.
enum Step {
    /// The rule was breached: sound the alarm, then explain and tell.
    Alert(Story),
    /// Everything that was open and of this kind is over.
    Over { kind: AlertKind, story: Story },
    /// The metric cannot be read for too long.
    Blind(Story),
}

/// The kind of alert that a breach of `rule` opens.
pub(crate) fn breach(rule: &Rule) -> AlertKind {
    match rule.condition {
        Condition::Event(_) => AlertKind::Event,
        Condition::Level(_) | Condition::NoData => AlertKind::Level,
    }
}

impl Outcome {
    #[allow(clippy::too_many_arguments)] // one call, and each is a different thing
    pub(crate) fn new(
        shared: &Arc<Shared>,
        metric: &dyn Metric,
        before: &State,
        judgement: &Judgement,
        observed: &Observed,
        at: DateTime<Utc>,
        took: Duration,
        expected_version: i64,
        cause: Option<Cause>,
    ) -> Outcome {
        let key = &metric.config().key;
        let reading = match observed {
            Observed::Value(value) if value.is_finite() => Ok(*value),
            Observed::Value(value) => Err(format!("{value} is not a number that can be watched")),
            Observed::Unreadable(why) => Err(why.clone()),
        };
        let phase = judgement.state.phase();
        let now = at.naive_utc();
        Outcome {
            state: MetricState {
                key: key.clone(),
                version: expected_version + 1,
                phase: phase.as_str().to_owned(),
                since: judgement.state.since().unwrap_or(at).naive_utc(),
                reason: judgement.reason.clone(),
                state: serde_json::to_string(&judgement.state).expect("a rule state is plain data"),
                updated_at: now,
            },
            expected_version,
            sample: NewSample {
                key: key.clone(),
                at: now,
                value: reading.as_ref().ok().copied(),
                error: reading.as_ref().err().cloned(),
                took_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
            },
            reading,
            steps: judgement
                .transitions
                .iter()
                .map(|step| Step::of(step, before, judgement, at))
                .collect(),
            teller: Teller::of(shared, metric),
            explains: explains(metric),
            breach: breach(&metric.config().rule),
            was_flapping: before.is_flapping(),
            is_flapping: judgement.state.is_flapping(),
            cause,
            at: now,
            shared: Arc::clone(shared),
        }
    }

    /// The number that was read, if it was one.
    pub(crate) fn value(&self) -> Option<f64> {
        self.reading.as_ref().ok().copied()
    }

    /// The kinds of the alerts that it opens.
    pub(crate) fn opened(&self) -> impl Iterator<Item = AlertKind> {
        self.steps.iter().filter_map(|step| match step {
            Step::Alert(_) => Some(self.breach),
            Step::Blind(_) => Some(AlertKind::NoData),
            Step::Over { .. } => None,
        })
    }

    /// Stores it. May be run again after a transaction that did not happen.
    ///
    /// # Errors
    /// [`DbError::Conflict`] when another worker judged the metric since `expected_version`; nothing is stored then.
    pub(crate) fn store(&self, conn: &mut Conn) -> Result<(), DbError> {
        states::save(conn, &self.state, self.expected_version)?;
        match &self.reading {
            Ok(value) => realtime::record_value(conn, &self.state.key, *value, self.at)?,
            Err(why) => realtime::record_error(conn, &self.state.key, why, self.at)?,
        }
        samples::insert(conn, &self.sample)?;
        let mut effects: Vec<String> = Vec::new();
        for step in &self.steps {
            let (event, mute) = match step {
                Step::Alert(story) => (story.event, self.alert(conn, story)?),
                Step::Blind(story) => (story.event, self.blind(conn, story)?),
                Step::Over { kind, story } => (story.event, self.over(conn, *kind, story)?),
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

    /// Why nobody may be told at this time.
    fn mute(&self, conn: &mut Conn, is_flapping: bool) -> Result<Option<Mute>, DbError> {
        let severity = self.teller.severity;
        let mutes = &self.shared.mutes;
        mutes.ask(conn, &self.state.key, severity, is_flapping, self.at)
    }

    /// The alarm does not wait for the details, nor the details for the alarm: each is a job of its own. What nobody may
    /// be told is explained and recorded all the same. The alert that begins the flapping is told, and says so.
    fn alert(&self, conn: &mut Conn, story: &Story) -> Result<Option<Mute>, DbError> {
        let mute = self.mute(conn, self.was_flapping && self.is_flapping)?;
        let alert = alerts::open(conn, &self.new_alert(self.breach, story, mute.as_ref()))?;
        if self.shared.alarm.is_some() && mute.is_none() {
            enqueue_job(conn, &alert, ALARM_LANE, None, self.at)?;
        }
        if self.explains {
            enqueue_job(conn, &alert, DETAILS_LANE, Some(self.teller.clone()), self.at)?;
            return Ok(mute);
        }
        let record = records::insert(conn, &self.new_record(alert.id, true, story))?;
        if mute.is_none() {
            let record = record.map(|record| record.id);
            self.teller.tell(conn, &alert, record, story, self.at)?;
        }
        Ok(mute)
    }

    /// Being blind is told to people, but is no business alert: no alarm, and a notice in the records. Where it is the
    /// incident of a system that blinds others too, that is told, and once.
    fn blind(&self, conn: &mut Conn, story: &Story) -> Result<Option<Mute>, DbError> {
        let mut mute = self.mute(conn, false)?;
        let mut incident = None;
        if mute.is_none()
            && let Some(cause) = &self.cause
        {
            let covering = incidents::cover(conn, &self.shared, cause, self.at)?;
            mute = Some(Mute::Incident(covering.id));
            incident = Some(covering);
        }
        let alert = alerts::open(conn, &self.new_alert(AlertKind::NoData, story, mute.as_ref()))?;
        let record = records::insert(conn, &self.new_record(alert.id, false, story))?;
        let (audience, now) = (&self.teller.audience, self.at);
        match incident {
            Some(incident) => {
                let text = &incident.reason;
                told::tell_incident(conn, &self.shared, audience, &incident, Word::Begins, text, now)?;
            }
            None if mute.is_none() => {
                let record = record.map(|record| record.id);
                self.teller.tell(conn, &alert, record, story, now)?;
            }
            None => {}
        }
        Ok(mute)
    }

    /// Told once, about the newest alert that people heard of, however many were open. Where that alert is not told yet
    /// itself, because somebody is still asked to explain it, its end is told after it; where nobody may be told now,
    /// when that is over.
    fn over(&self, conn: &mut Conn, kind: AlertKind, story: &Story) -> Result<Option<Mute>, DbError> {
        let mut ended = Vec::new();
        for alert in alerts::unresolved_for(conn, &self.state.key, kind)? {
            ended.extend(alerts::resolve(conn, alert.id, self.at, story.value)?);
        }
        let told = ended.iter().rfind(|alert| alert.muted.is_none());
        let Some(alert) = told.or(ended.last()) else {
            return Ok(None);
        };
        let record = records::insert(conn, &self.new_record(alert.id, false, story))?;
        if told.is_none() {
            return Ok(alert.muted.as_ref().and_then(|mute| mute.parse().ok()));
        }
        let mute = self.mute(conn, self.is_flapping)?;
        if let Some(mute) = &mute {
            alerts::mute_end(conn, alert.id, &mute.to_string())?;
        } else if !deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, alert.id))? {
            let record = record.map(|record| record.id);
            self.teller.tell_the_end(conn, alert, record, story, self.at)?;
        }
        Ok(mute)
    }

    fn new_alert(&self, kind: AlertKind, story: &Story, mute: Option<&Mute>) -> NewAlert {
        NewAlert {
            key: self.state.key.clone(),
            kind,
            severity: self.teller.severity,
            reason: story.reason.clone(),
            value: story.value,
            previous: story.previous,
            opened_at: self.at,
            muted: mute.map(ToString::to_string),
        }
    }

    fn new_record(&self, alert_id: i64, alert: bool, story: &Story) -> NewRecord {
        NewRecord {
            key: self.state.key.clone(),
            value: story.value,
            alert,
            alert_message: story.text.clone(),
            timestamp: self.at,
            alert_id: Some(alert_id),
            source_id: None,
        }
    }
}

impl Step {
    fn of(transition: &Transition, before: &State, judgement: &Judgement, at: DateTime<Utc>) -> Step {
        let reason = judgement.reason.clone();
        let story = |event, value, previous, text| Story {
            event,
            value,
            previous,
            text,
            reason: reason.clone(),
            at,
            round: None,
        };
        match transition {
            Transition::Alert { value, previous } => {
                Step::Alert(story(Event::Alert, Some(*value), *previous, reason.clone()))
            }
            Transition::Recovered { value } => Step::Over {
                kind: AlertKind::Level,
                story: story(
                    Event::Recovered,
                    Some(*value),
                    before.last_value(),
                    reason.clone(),
                ),
            },
            // The last value is left out: what it is now is what nobody knows.
            Transition::NoData { .. } => {
                Step::Blind(story(Event::NoData, None, before.last_value(), reason.clone()))
            }
            Transition::DataBack { value } => Step::Over {
                kind: AlertKind::NoData,
                story: story(Event::DataBack, Some(*value), before.last_value(), reason.clone()),
            },
        }
    }
}
