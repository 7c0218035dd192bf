//! The job of explaining an alert: request what it was, store each message as a record, notify people of it.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use futures_util::FutureExt;
use monitor_model::{Alert, Conn, DbError, Delivery, alerts, deliveries};
use monitor_upstream::{AlertMessage, Question, UpstreamError};

use super::notify::{notify_end_on_record, notify_records};
use super::{recorded, removed};
use crate::context::{Context, Monitored};
use crate::fault::{self, Point};
use crate::metric::{explain, explainer, explains};
use crate::outbox::{
    AttemptResult, Batch, DETAILS_LANE, Done, GivenUp, Job, LaneSettings, Rate, RetryPolicy, Routing,
    TimeLimit,
};

/// Alerts explained at one time.
const PLACES: usize = 8;
/// The first pause between two attempts: somebody is waiting.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Attempts after which the reading alone is notified.
const MAX_ATTEMPTS: i32 = 8;
/// The least time an attempt is given, and what an alert is given that is old because nobody ran: it deserves one try.
const LEAST_WAIT: Duration = Duration::from_secs(5);

/// Explains alerts by what their metrics know of them.
pub(crate) struct Explain {
    metrics: HashMap<String, Arc<Monitored>>,
    /// How many systems explain.
    systems: usize,
    max_age: Duration,
    wait: Duration,
    /// When this worker began.
    started: NaiveDateTime,
}

impl Explain {
    pub(crate) fn new(context: &Context) -> Explain {
        let metrics = &context.metrics;
        let by_key = metrics
            .iter()
            .map(|metric| (metric.key().to_owned(), Arc::clone(metric)));
        let explained = metrics
            .iter()
            .map(|metric| &*metric.metric)
            .filter(|metric| explains(*metric));
        let systems: HashSet<&str> = explained.map(explainer).collect();
        Explain {
            systems: systems.len(),
            started: context.started.naive_utc(),
            metrics: by_key.collect(),
            max_age: context.options.max_age,
            wait: context.options.details_wait,
        }
    }
}

#[async_trait]
impl Job for Explain {
    fn lane(&self) -> LaneSettings {
        LaneSettings {
            name: DETAILS_LANE.to_owned(),
            places: PLACES,
            rate: Rate::default(),
            recipients: self.systems,
            breaks: false,
            limit: Some(TimeLimit {
                wait: self.wait,
                since: self.started,
            }),
            digest: None,
            retry: RetryPolicy {
                max_age: self.max_age,
                first: FIRST_PAUSE,
                longest: self.wait,
                longest_requested: self.wait,
            },
        }
    }

    /// The records, their deliveries and the end of the job are one transaction: a crash at any point means that all of it
    /// is done again or none of it.
    async fn attempt(&self, context: &Arc<Context>, batch: &Batch) -> AttemptResult {
        let job = match batch.job() {
            Ok(job) => job,
            Err(error) => return error.into(),
        };
        let delivery = batch.first();
        let alert = match load(context, delivery).await {
            Ok(Some(alert)) => alert,
            Ok(None) => {
                return AttemptResult::Permanent {
                    reason: "its alert is gone".to_owned(),
                };
            }
            Err(error) => return AttemptResult::transient(error.to_string()),
        };
        let messages = match self.metrics.get(alert.key.as_str()) {
            Some(metric) => match self.request(context, metric, delivery, &alert).await {
                Ok(messages) => messages,
                Err(again) => return again,
            },
            // A metric that this worker's config does not have: it cannot be explained here, but people are notified.
            None => Vec::new(),
        };
        finish(context, delivery, job.routing, alert, messages).await
    }

    /// People are notified of the reading long before; nobody misses the job.
    fn given_up(&self, _: &Context, _: &Batch, _: &str, _: NaiveDateTime) -> Option<GivenUp> {
        None
    }
}

impl Explain {
    /// What the alert was about; nothing where nobody explains it in time. An error is an attempt that is to be made again.
    async fn request(
        &self,
        context: &Context,
        metric: &Monitored,
        job: &Delivery,
        alert: &Alert,
    ) -> Result<Vec<AlertMessage>, AttemptResult> {
        let question = Question {
            key: alert.key.to_string(),
            total: alert.value.unwrap_or_default(),
            previous: alert.previous.unwrap_or_default(),
        };
        let left = self.patience(context, job, alert);
        // One that is old because nobody ran has not waited here.
        let why = if left.is_zero() && alert.opened_at >= self.started {
            let before = job.last_error.as_deref();
            before.unwrap_or("the calls before it took too long").to_owned()
        } else {
            let requested =
                AssertUnwindSafe(explain(&*metric.metric, &context.upstreams, &question)).catch_unwind();
            match monitor_domain::timeout(&*context.clock, left.max(LEAST_WAIT), requested).await {
                Ok(Ok(Ok(messages))) => return Ok(messages),
                Ok(Ok(Err(error))) if error.is_transient() && !left.is_zero() => {
                    return Err(again(&error, left));
                }
                Ok(Ok(Err(error))) => error.to_string(),
                // It would do so each time.
                Ok(Err(_)) => "explaining it panicked; see the log".to_owned(),
                Err(late) => late.to_string(),
            }
        };
        log::warn!(
            "alert {}: not explained, people are notified of the reading instead: {why}",
            alert.id
        );
        Ok(Vec::new())
    }

    /// How much longer people may be kept waiting for an explanation. The wall clock decides, since the alert may be of another
    /// process; the number of attempts bounds it where that was stepped.
    fn patience(&self, context: &Context, job: &Delivery, alert: &Alert) -> Duration {
        if job.attempt >= MAX_ATTEMPTS {
            return Duration::ZERO;
        }
        let waited = context.clock.wall().naive_utc() - alert.opened_at;
        self.wait.saturating_sub(waited.to_std().unwrap_or_default())
    }
}

/// However long the system requests to be left alone: people wait no longer than what is left.
fn again(error: &UpstreamError, left: Duration) -> AttemptResult {
    AttemptResult::Transient {
        reason: error.to_string(),
        retry_after: error.retry_after(),
        at_most: Some(left),
    }
}

async fn load(context: &Context, job: &Delivery) -> Result<Option<Alert>, DbError> {
    let Some(id) = job.alert_id else { return Ok(None) };
    context.db.read(move |conn| alerts::get(conn, id)).await
}

async fn finish(
    context: &Arc<Context>,
    job: &Delivery,
    routing: Option<Routing>,
    alert: Alert,
    messages: Vec<AlertMessage>,
) -> AttemptResult {
    let (id, attempt, now) = (job.id, job.attempt, context.clock.wall());
    let (language, notifying) = (context.options.language, Arc::clone(context));
    fault::point(Point::InDetails);
    let store = move |conn: &mut Conn| {
        // Fencing first: when the lease ran out and another worker took the job, this one notifies nobody.
        // Then the alert as it is now: what ends it or its mute meanwhile comes before this or after it.
        if deliveries::mark_sent(conn, id, attempt, now.naive_utc())?
            && let Some(alert) = alerts::lock(conn, alert.id)?
        {
            let recorded = recorded::store(conn, &alert, &messages, language)?;
            if let Some(routing) = routing.as_ref().filter(|_| alert.muted.is_none()) {
                notify_records(conn, routing, &alert, &recorded, language, now.naive_utc())?;
                notify_end(conn, &notifying, routing, &alert, now)?;
            }
        }
        Ok(())
    };
    match context.db.write(store).await {
        Ok(()) => AttemptResult::Delivered(Done::Marked),
        Err(error) => AttemptResult::transient(error.to_string()),
    }
}

/// It ended meanwhile: people are notified of that after it.
fn notify_end(
    conn: &mut Conn,
    context: &Context,
    routing: &Routing,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    match alert.resolved_value {
        _ if alert.resolved_at.is_none() || alert.end_muted.is_some() => Ok(()),
        Some(_) => notify_end_on_record(conn, routing, alert, now.naive_utc()),
        None => removed::notify_end(conn, context, alert, now),
    }
}
