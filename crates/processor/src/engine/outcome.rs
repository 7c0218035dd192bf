//! What one judgement changes, as one transaction: reading, state, alert, record and deliveries, or none of them.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{
    AlertKind, Conn, DbError, MetricState, NewAlert, NewRecord, NewSample, alerts, deliveries, realtime,
    records, samples, states,
};
use monitor_notify::Event;
use monitor_rules::{Condition, Judgement, Observed, Phase, Rule, State, Transition};

use super::Shared;
use super::told::{ALARM_LANE, DETAILS_LANE, Story, Teller, enqueue_job, job_key};
use crate::metric::{Metric, explains};

/// A judged reading, ready to be stored.
pub(crate) struct Outcome {
    state: MetricState,
    expected_version: i64,
    reading: Result<f64, String>,
    sample: NewSample,
    steps: Vec<Step>,
    teller: Teller,
    has_alarm: bool,
    explains: bool,
    /// The kind of alert that the rule opens.
    breach: AlertKind,
    /// How often what lasts is told again.
    repeat: Option<Duration>,
    at: NaiveDateTime,
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
        shared: &Shared,
        metric: &dyn Metric,
        before: &State,
        judgement: &Judgement,
        observed: &Observed,
        at: DateTime<Utc>,
        took: Duration,
        expected_version: i64,
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
            has_alarm: shared.alarm.is_some(),
            explains: explains(metric),
            repeat: metric
                .config()
                .rule
                .repeat
                .filter(|_| matches!(phase, Phase::Firing | Phase::NoData)),
            breach: breach(&metric.config().rule),
            at: now,
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
        for step in &self.steps {
            match step {
                Step::Alert(story) => self.alert(conn, story)?,
                Step::Blind(story) => self.blind(conn, story)?,
                Step::Over { kind, story } => self.over(conn, *kind, story)?,
            }
        }
        match self.repeat {
            Some(every) => self.remind(conn, every),
            None => Ok(()),
        }
    }

    /// Tells again what lasts and nobody acknowledged, once in every `every` since it was opened. The outbox knows which
    /// of the rounds it has had; those that nobody ran for are not made up.
    fn remind(&self, conn: &mut Conn, every: Duration) -> Result<(), DbError> {
        for kind in [AlertKind::Level, AlertKind::NoData] {
            let open = alerts::unresolved_for(conn, &self.state.key, kind)?;
            let Some(alert) = open.iter().rfind(|alert| alert.acknowledged_at.is_none()) else {
                continue;
            };
            let lasted = (self.at - alert.opened_at).to_std().unwrap_or_default();
            let round = i64::try_from(lasted.as_nanos() / every.as_nanos().max(1)).unwrap_or(i64::MAX);
            if round > 0 {
                let story = Story {
                    event: Event::Reminder,
                    value: self.sample.value,
                    previous: alert.value,
                    text: self.state.reason.clone(),
                    reason: self.state.reason.clone(),
                    at: self.at.and_utc(),
                    round: Some(round),
                };
                self.teller.tell(conn, alert, None, &story, self.at)?;
            }
        }
        Ok(())
    }

    /// The alarm does not wait for the details, nor the details for the alarm: each is a job of its own.
    fn alert(&self, conn: &mut Conn, story: &Story) -> Result<(), DbError> {
        let alert = alerts::open(conn, &self.new_alert(self.breach, story))?;
        if self.has_alarm {
            enqueue_job(conn, &alert, ALARM_LANE, None, self.at)?;
        }
        if self.explains {
            return enqueue_job(conn, &alert, DETAILS_LANE, Some(self.teller.clone()), self.at);
        }
        let record = records::insert(conn, &self.new_record(alert.id, true, story))?;
        self.teller
            .tell(conn, &alert, record.map(|record| record.id), story, self.at)?;
        Ok(())
    }

    /// Being blind is told to people, but is no business alert: no alarm, and a notice in the records.
    fn blind(&self, conn: &mut Conn, story: &Story) -> Result<(), DbError> {
        let alert = alerts::open(conn, &self.new_alert(AlertKind::NoData, story))?;
        let record = records::insert(conn, &self.new_record(alert.id, false, story))?;
        self.teller
            .tell(conn, &alert, record.map(|record| record.id), story, self.at)?;
        Ok(())
    }

    /// Told once, about the newest alert, however many were open. Where that alert is not told yet itself, because
    /// somebody is still asked to explain it, its end is told after it.
    fn over(&self, conn: &mut Conn, kind: AlertKind, story: &Story) -> Result<(), DbError> {
        let open = alerts::unresolved_for(conn, &self.state.key, kind)?;
        for alert in &open {
            alerts::resolve(conn, alert.id, self.at, story.value)?;
        }
        if let Some(alert) = open.iter().max_by_key(|alert| alert.id) {
            let record = records::insert(conn, &self.new_record(alert.id, false, story))?;
            if !deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, alert.id))? {
                self.teller
                    .tell(conn, alert, record.map(|record| record.id), story, self.at)?;
            }
        }
        Ok(())
    }

    fn new_alert(&self, kind: AlertKind, story: &Story) -> NewAlert {
        NewAlert {
            key: self.state.key.clone(),
            kind,
            severity: self.teller.severity.as_str().to_owned(),
            reason: story.reason.clone(),
            value: story.value,
            previous: story.previous,
            opened_at: self.at,
            muted: None,
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
