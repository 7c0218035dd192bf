//! Writing down what became of an attempt, and telling elsewhere what did not get through.

use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, Delivery, DeliveryStatus, deliveries};
use monitor_notify::{Event, MetricInfo, Notification};

use super::Shared;
use super::cycle::may_pass;
use super::lane::{Done, Job, LaneParts, Verdict};
use super::parcel::Parcel;
use super::told::{self, ALARM_LANE, About, Audience, DETAILS_LANE};
use super::words;
use crate::fault::{self, Point};

/// How often marking is tried that fails for a reason that will not pass.
const MARK_TRIES: u32 = 10;
/// How long to leave a database alone that failed.
const DB_PAUSE: Duration = Duration::from_secs(1);
/// Characters kept of what the other side said.
const MAX_ERROR: usize = 1_000;

/// How an attempt ended, for its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Delivered, or refused for a reason that is not the lane's.
    Through,
    /// To be tried again; the other side may have asked for a pause.
    Later(Option<Duration>),
    /// Tried for too long.
    GivenUp,
    /// Not marked: it is claimed and nobody is sending it.
    Stray,
}

/// Marks what became of an attempt. While the database is away it is tried for as long as it takes: nobody else can
/// claim the delivery either, and what was sent and cannot be marked would be sent again.
pub(crate) async fn conclude(shared: &Shared, parcel: &Parcel, verdict: Verdict, lane: &LaneParts) -> End {
    let mut tries = 0;
    loop {
        match mark(shared, parcel, &verdict, lane).await {
            Ok(end) => return end,
            Err(error) => {
                tries += u32::from(!may_pass(&error));
                let name = parcel.name();
                if tries >= MARK_TRIES {
                    log::error!("{name}: could not be marked and will be made again: {error}");
                    return End::Stray;
                }
                log::warn!("{name}: could not be marked, trying again: {error}");
            }
        }
        shared.clock.sleep(DB_PAUSE).await;
    }
}

async fn mark(shared: &Shared, parcel: &Parcel, verdict: &Verdict, lane: &LaneParts) -> Result<End, DbError> {
    let now = shared.clock.wall().naive_utc();
    match verdict {
        Verdict::Done(done) => {
            if matches!(done, Done::Unmarked) {
                fault::point(Point::BeforeMark);
                mark_sent(shared, parcel, lane, now).await?;
            }
            lane.health.works();
            fault::point(Point::AfterMark);
            parcel.all().iter().for_each(|_| lane.meter.sent());
            log::info!("{} done (attempt {})", parcel.name(), parcel.attempt());
            Ok(End::Through)
        }
        Verdict::Transient {
            reason,
            retry_after,
            at_most,
        } => {
            lane.health
                .fails(reason, shared.clock.monotonic(), shared.clock.wall());
            let left = lane.terms.max_age.saturating_sub(parcel.age(now));
            let error = cut(reason);
            if left.is_zero() {
                give_up(shared, parcel, DeliveryStatus::GivenUp, error, now, lane).await?;
                return Ok(End::GivenUp);
            }
            // The last attempt comes when the time is over, however long the pause would be.
            let pause = lane
                .terms
                .pause(parcel.attempt(), *retry_after)
                .min(at_most.unwrap_or(left))
                .min(left);
            let (name, attempt) = (parcel.name(), parcel.attempt());
            log::warn!("{name} failed (attempt {attempt}), again in {pause:.1?}: {reason}");
            // Whole milliseconds: the databases hold no more than microseconds.
            let next = now + Duration::from_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            let claims = parcel.claims();
            shared
                .db
                .write(move |conn| {
                    for (id, attempt) in &claims {
                        deliveries::mark_retry(conn, *id, *attempt, next, &error)?;
                    }
                    Ok(())
                })
                .await?;
            lane.meter.retried();
            Ok(End::Later(*retry_after))
        }
        Verdict::Permanent { reason } => {
            lane.health.works();
            give_up(shared, parcel, DeliveryStatus::Failed, cut(reason), now, lane).await?;
            Ok(End::Through)
        }
    }
}

/// Where the lane failed before and works now, nothing in it need wait any longer. After a restart only the delivery
/// knows.
async fn mark_sent(
    shared: &Shared,
    parcel: &Parcel,
    lane: &LaneParts,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let works_again = parcel.was_put_off() || lane.health.is_failing();
    let works_again = works_again.then(|| parcel.first().lane.clone());
    let claims = parcel.claims();
    let mark = move |conn: &mut Conn| {
        let mut sent = false;
        for (id, attempt) in &claims {
            sent |= deliveries::mark_sent(conn, *id, *attempt, now)?;
        }
        if sent && let Some(lane) = &works_again {
            deliveries::make_lane_due(conn, lane, now)?;
        }
        Ok(())
    };
    shared.db.write(mark).await
}

/// Ends what does not get through, and tells it elsewhere in the same transaction.
async fn give_up(
    shared: &Shared,
    parcel: &Parcel,
    status: DeliveryStatus,
    error: String,
    now: NaiveDateTime,
    lane: &LaneParts,
) -> Result<(), DbError> {
    log::error!("{} given up: {error}", parcel.name());
    let elsewhere = elsewhere(shared, parcel, &error, now);
    let claims = parcel.claims();
    let end = move |conn: &mut Conn| {
        let mut ended = false;
        for (id, attempt) in &claims {
            ended |= deliveries::mark_final(conn, *id, *attempt, status, now, &error)?;
        }
        if ended && let Some((audience, about, message)) = &elsewhere {
            told::enqueue(conn, audience, *about, message, now)?;
        }
        Ok(())
    };
    shared.db.write(end).await?;
    parcel.all().iter().for_each(|_| lane.meter.ended(status));
    Ok(())
}

/// What others are told instead, and who: once a message, however many of its recipients it did not reach. What the
/// monitor tells of itself is not passed on, or two dead channels would tell each other of each other.
pub(crate) fn elsewhere(
    shared: &Shared,
    parcel: &Parcel,
    error: &str,
    now: NaiveDateTime,
) -> Option<(Vec<Audience>, About, Notification)> {
    let first = parcel.first();
    let about = About {
        alert_id: first.alert_id,
        record_id: None,
        incident_id: None,
    };
    let message = match first.lane.as_str() {
        DETAILS_LANE => return None,
        ALARM_LANE => unsounded(shared, first, error, now),
        _ => undelivered(shared, parcel, error)?,
    };
    let audience = told::own_audience(shared, &first.lane);
    if audience.is_empty() {
        log::error!(
            "{}: and there is no other channel to tell it through",
            parcel.name()
        );
    }
    (!audience.is_empty()).then_some((audience, about, message))
}

fn undelivered(shared: &Shared, parcel: &Parcel, error: &str) -> Option<Notification> {
    let language = shared.options.language;
    let passed_on = parcel.without(&[Event::Notice, Event::Test])?;
    let (first, count) = (passed_on.first(), passed_on.all().len());
    let message = passed_on.message(language).ok()?;
    Some(Notification {
        // By what is in it: the digests of several recipients say the same.
        id: format!("elsewhere/{}+{count}/{}", first.message_id, first.lane),
        message_id: told::message_id(&format!("elsewhere-{}", first.id)),
        event: Event::Notice,
        text: words::undelivered(language, &first.lane, &first.recipient, error, &message.text),
        ..message
    })
}

fn unsounded(shared: &Shared, job: &Delivery, error: &str, now: NaiveDateTime) -> Notification {
    let key = Job::of(job).map(|job| job.key).unwrap_or_default();
    Notification {
        id: format!("elsewhere/{}", job.dedupe_key),
        message_id: told::message_id(&format!("elsewhere-{}", job.id)),
        thread_id: None,
        event: Event::Notice,
        metric: MetricInfo {
            key: key.clone(),
            title: key,
            unit: String::new(),
        },
        severity: Severity::Critical,
        value: None,
        previous: None,
        text: words::unsounded(shared.options.language, error),
        reason: String::new(),
        at: now.and_utc(),
        alert_id: job.alert_id,
        url: told::page(shared, "/deliveries"),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_ERROR).collect()
}
