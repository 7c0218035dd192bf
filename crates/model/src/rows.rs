//! The rows of the tables, and what new ones are made of. Times are UTC, to the microsecond.

use chrono::NaiveDateTime;
use diesel::Queryable;
use monitor_domain::{MetricKey, Severity};

use crate::enums::{AlertKind, DeliveryStatus, IncidentKind, ProcessRole};
use crate::words::{Key, OptionalWord, Word};

/// The value a metric has now. Table `realtime_monitor`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Realtime {
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// The last value read; `None` before the first.
    pub value: Option<f64>,
    /// When that value was read.
    pub value_at: Option<NaiveDateTime>,
    /// When reading was last tried, with success or without.
    pub checked_at: NaiveDateTime,
    /// Why the last try failed; `None` after a success.
    pub error: Option<String>,
}

/// The rule state of a metric. Table `metric_state`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct MetricState {
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// 1 at first, one more at each save.
    pub version: i64,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// When the phase began.
    pub since: NaiveDateTime,
    /// The last judgement, for people.
    pub reason: String,
    /// The rule's own state, JSON.
    pub state: String,
    /// When it was last saved.
    pub updated_at: NaiveDateTime,
}

/// A reading. Table `sample`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Sample {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// When it was taken.
    pub at: NaiveDateTime,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// Why nothing was read.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
}

/// What a new [`Sample`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSample {
    /// See [`Sample::key`].
    pub key: MetricKey,
    /// See [`Sample::at`].
    pub at: NaiveDateTime,
    /// See [`Sample::value`].
    pub value: Option<f64>,
    /// See [`Sample::error`].
    pub error: Option<String>,
    /// See [`Sample::took_ms`].
    pub took_ms: i32,
}

/// An excursion or event. Table `alert`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Alert {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// What it is about.
    pub kind: AlertKind,
    /// `info`, `warning` or `critical`.
    #[diesel(deserialize_as = Word<Severity>)]
    pub severity: Severity,
    /// Why it was opened, for people.
    pub reason: String,
    /// The value that opened it.
    pub value: Option<f64>,
    /// What that was compared with.
    pub previous: Option<f64>,
    /// When it was opened.
    pub opened_at: NaiveDateTime,
    /// When a person took it.
    pub acknowledged_at: Option<NaiveDateTime>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// What that person said.
    pub note: Option<String>,
    /// When it was over; `None` while it is not.
    pub resolved_at: Option<NaiveDateTime>,
    /// The value that ended it.
    pub resolved_value: Option<f64>,
    /// How many of its messages were not told one by one.
    pub extra: i32,
    /// Why nobody was told of it (yet), a [`Mute`](crate::Mute); `None` where people were.
    pub muted: Option<String>,
    /// Why its end was not told (yet), a [`Mute`](crate::Mute).
    pub end_muted: Option<String>,
    /// When it was told on, because nobody took it.
    pub escalated_at: Option<NaiveDateTime>,
}

/// What a new [`Alert`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlert {
    /// See [`Alert::key`].
    pub key: MetricKey,
    /// See [`Alert::kind`].
    pub kind: AlertKind,
    /// See [`Alert::severity`].
    pub severity: Severity,
    /// See [`Alert::reason`].
    pub reason: String,
    /// See [`Alert::value`].
    pub value: Option<f64>,
    /// See [`Alert::previous`].
    pub previous: Option<f64>,
    /// See [`Alert::opened_at`].
    pub opened_at: NaiveDateTime,
    /// See [`Alert::muted`].
    pub muted: Option<String>,
}

/// A message told. Table `monitor_record`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Record {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// The value it was about.
    pub value: Option<f64>,
    /// `false` for recoveries and notices.
    pub alert: bool,
    /// The message.
    pub alert_message: String,
    /// When it happened.
    pub timestamp: NaiveDateTime,
    /// The alert it belongs to.
    pub alert_id: Option<i64>,
    /// The upstream's own id of the message: told once a metric.
    pub source_id: Option<String>,
    /// When a person deleted it.
    pub deleted_at: Option<NaiveDateTime>,
}

/// What a new [`Record`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// See [`Record::key`].
    pub key: MetricKey,
    /// See [`Record::value`].
    pub value: Option<f64>,
    /// See [`Record::alert`].
    pub alert: bool,
    /// See [`Record::alert_message`].
    pub alert_message: String,
    /// See [`Record::timestamp`].
    pub timestamp: NaiveDateTime,
    /// See [`Record::alert_id`].
    pub alert_id: Option<i64>,
    /// See [`Record::source_id`].
    pub source_id: Option<String>,
}

/// Something to tell somebody. Table `delivery`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Delivery {
    /// Given by the database.
    pub id: i64,
    /// The alert it is about.
    pub alert_id: Option<i64>,
    /// The record it is about.
    pub record_id: Option<i64>,
    /// The channel's name, or `@alarm`, `@details`.
    pub lane: String,
    /// What it tells: `alert`, `recovered`, …
    pub event: String,
    /// Whom; empty for the channel itself.
    pub recipient: String,
    /// The same key is enqueued once.
    pub dedupe_key: String,
    /// The same at every repeat.
    pub message_id: String,
    /// What to send, JSON.
    pub payload: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was claimed; the fencing token of the latest claim.
    pub attempt: i32,
    /// Not before.
    pub next_at: NaiveDateTime,
    /// Until when the claim holds, while it is being sent.
    pub lease_until: Option<NaiveDateTime>,
    /// Who claimed it last.
    pub worker: Option<String>,
    /// When it was enqueued.
    pub created_at: NaiveDateTime,
    /// When it was sent, failed or given up.
    pub finished_at: Option<NaiveDateTime>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The incident it is about.
    pub incident_id: Option<i64>,
    /// The digest that it goes in: the Message-ID that all in it share.
    pub batch: Option<String>,
    /// When a person asked for another try, after it had ended unsent.
    pub retried_at: Option<NaiveDateTime>,
}

/// What a new [`Delivery`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// See [`Delivery::alert_id`].
    pub alert_id: Option<i64>,
    /// See [`Delivery::record_id`].
    pub record_id: Option<i64>,
    /// See [`Delivery::incident_id`].
    pub incident_id: Option<i64>,
    /// See [`Delivery::lane`].
    pub lane: String,
    /// See [`Delivery::event`].
    pub event: String,
    /// See [`Delivery::recipient`].
    pub recipient: String,
    /// See [`Delivery::dedupe_key`].
    pub dedupe_key: String,
    /// See [`Delivery::message_id`].
    pub message_id: String,
    /// See [`Delivery::payload`].
    pub payload: String,
    /// See [`Delivery::next_at`].
    pub next_at: NaiveDateTime,
    /// See [`Delivery::created_at`].
    pub created_at: NaiveDateTime,
}

/// A change by somebody. Table `audit_log`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Audit {
    /// Given by the database.
    pub id: i64,
    /// When.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// What was done, such as `record.delete`.
    pub action: String,
    /// To what.
    pub target: String,
    /// More of it, for people; may be empty.
    pub detail: String,
}

/// What a new [`Audit`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// See [`Audit::at`].
    pub at: NaiveDateTime,
    /// See [`Audit::actor`].
    pub actor: String,
    /// See [`Audit::action`].
    pub action: String,
    /// See [`Audit::target`].
    pub target: String,
    /// See [`Audit::detail`].
    pub detail: String,
}

/// A worker heard from. Table `worker`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct WorkerRow {
    /// Its own, new at each start.
    pub id: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: i32,
    /// Of the program.
    pub version: String,
    /// When it started.
    pub started_at: NaiveDateTime,
    /// When it was last heard from.
    pub heartbeat_at: NaiveDateTime,
    /// What kind of process it is.
    pub role: ProcessRole,
}

/// A judgement and what came of it. Table `evaluation`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Evaluation {
    /// The metric.
    #[diesel(deserialize_as = Key)]
    pub key: MetricKey,
    /// Its place in the ring.
    pub slot: i32,
    /// The version of the metric's state that it made: counts up.
    pub version: i64,
    /// When it was judged.
    pub at: NaiveDateTime,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// Why, for people.
    pub reason: String,
    /// What came of it: words between commas, such as `alert` or `alert,silence:3`; empty for nothing.
    pub effects: String,
}

/// What is recorded and judged but told to nobody for a while. Table `silence`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Silence {
    /// Given by the database.
    pub id: i64,
    /// The metric; `None` for every one.
    pub key: Option<String>,
    /// `info`, `warning` or `critical`; `None` for each.
    #[diesel(deserialize_as = OptionalWord<Severity>)]
    pub severity: Option<Severity>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: NaiveDateTime,
    /// When it begins.
    pub starts_at: NaiveDateTime,
    /// When it is over.
    pub ends_at: NaiveDateTime,
    /// When somebody ended it before that.
    pub cancelled_at: Option<NaiveDateTime>,
    /// Who.
    pub cancelled_by: Option<String>,
}

/// What a new [`Silence`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSilence {
    /// See [`Silence::key`].
    pub key: Option<String>,
    /// See [`Silence::severity`].
    pub severity: Option<Severity>,
    /// See [`Silence::reason`].
    pub reason: String,
    /// See [`Silence::created_by`].
    pub created_by: String,
    /// See [`Silence::created_at`].
    pub created_at: NaiveDateTime,
    /// See [`Silence::starts_at`].
    pub starts_at: NaiveDateTime,
    /// See [`Silence::ends_at`].
    pub ends_at: NaiveDateTime,
}

/// A incident of the monitor itself. Table `incident`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Incident {
    /// Given by the database.
    pub id: i64,
    /// What kind.
    pub kind: IncidentKind,
    /// Of what: the system, the channel, the process; empty where there is only one.
    pub subject: String,
    /// `info`, `warning` or `critical`.
    #[diesel(deserialize_as = Word<Severity>)]
    pub severity: Severity,
    /// What is wrong, for people.
    pub reason: String,
    /// Since when.
    pub since: NaiveDateTime,
    /// When it was noticed and told.
    pub opened_at: NaiveDateTime,
    /// When it was over; `None` while it is not.
    pub ended_at: Option<NaiveDateTime>,
}

/// What a new [`Incident`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIncident {
    /// See [`Incident::kind`].
    pub kind: IncidentKind,
    /// See [`Incident::subject`].
    pub subject: String,
    /// See [`Incident::severity`].
    pub severity: Severity,
    /// See [`Incident::reason`].
    pub reason: String,
    /// See [`Incident::since`].
    pub since: NaiveDateTime,
    /// See [`Incident::opened_at`].
    pub opened_at: NaiveDateTime,
}
