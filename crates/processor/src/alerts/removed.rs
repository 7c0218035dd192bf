//! Alerts of metrics that were taken out of the config: they are closed, on record, and those who were notified of them are
//! notified of that. Nothing else would ever end them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::{Language, MetricKey, counted};
use monitor_model::{
    Alert, AlertKind, Conn, DbError, MetricState, NewAudit, NewRecord, ProcessRole, alerts, audit,
    deliveries, metric_items, realtime, records, states, workers,
};
use monitor_rules::{Limits, State};

use super::lifecycle::{self, Ended};
use super::mutes::{self, Target};
use super::notify::as_ended;
use crate::context::Context;
use crate::outbox::{DETAILS_LANE, Routing, job_key, notified, notify_others, page, stored_metric};

/// Time between two checks.
const CHECK: Duration = Duration::from_secs(600);
/// Another worker that was heard of within this time may have the metric in its config.
const ALIVE: Duration = Duration::from_secs(60);
/// What was not read for so long is read by none of them.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// Time between two checks after a changed config took metrics out, and for how long: other workers have it soon, and a last
/// reading may be on its way.
const SOON: Duration = Duration::from_secs(5);
const CHANGING: Duration = Duration::from_secs(600);
/// The least time without a reading that shows of such a metric that no worker reads it, however short its interval is.
const UNREAD: Duration = Duration::from_secs(30);
/// In whose name events are acknowledged.
const ACTOR: &str = "monitor";

/// Which metrics are gone, as far as they matter.
#[derive(Default)]
pub(super) struct Removed {
    /// When that was last checked (monotonic).
    checked: Option<Duration>,
    keys: HashSet<String>,
    /// Those that a changed config took out, with how long they were not read where nobody reads them.
    taken_out: HashMap<String, Duration>,
    /// Until when more of them may be found soon (monotonic).
    changing: Duration,
}

impl Removed {
    /// Whether this metric is one of them.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// The config is another one.
    pub(super) fn changed(&mut self, before: &Context, now: &Context) {
        let known: HashSet<&str> = now.metrics.iter().map(|metric| metric.key()).collect();
        for metric in before
            .metrics
            .iter()
            .filter(|metric| !known.contains(metric.key()))
        {
            let unread = UNREAD.max(3 * metric.metric.config().interval);
            self.taken_out.insert(metric.key().to_owned(), unread);
            (self.checked, self.changing) = (None, now.clock.monotonic() + CHANGING);
        }
        self.taken_out.retain(|key, _| !known.contains(key.as_str()));
        self.keys.retain(|key| !known.contains(key.as_str()));
    }

    /// Finds the metrics with an open alert that no config has, and closes it: at a start, and now and then, since another worker
    /// may have had them.
    pub(super) async fn check(
        &mut self,
        context: &Arc<Context>,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<(), DbError> {
        let now = context.clock.monotonic();
        let pause = if now < self.changing { SOON } else { CHECK };
        if self
            .checked
            .is_some_and(|before| now.saturating_sub(before) < pause)
        {
            return Ok(());
        }
        let open = context.db.read(alerts::open_keys).await?;
        let mut keys = self.keys.clone();
        // What has another key now is on its way there.
        let is_renamed = |key: &MetricKey| context.options.renamed.iter().any(|(from, _)| from == key);
        for key in open.into_iter().filter(|key| !is_known(key) && !is_renamed(key)) {
            if !is_out(context, &key).await? {
                continue;
            }
            let unread = self.taken_out.get(key.as_str()).copied().unwrap_or(FORGOTTEN);
            if is_read_by_nobody(context, &key, unread).await? {
                close(context, &key).await?;
                keys.insert(key.to_string());
            }
        }
        (self.keys, self.checked) = (keys, Some(now));
        Ok(())
    }
}

/// Whether a metric that this worker does not have is none by its own config: of a list, it may not have heard yet of an item.
async fn is_out(context: &Context, key: &MetricKey) -> Result<bool, DbError> {
    if key.list().and_then(|list| context.list(list)).is_none() {
        return Ok(true);
    }
    let key = key.clone();
    context
        .db
        .read(move |conn| metric_items::is_gone(conn, &key))
        .await
}

/// Whether no worker reads a metric that this one does not have: there is no other, or it was not read for so long.
async fn is_read_by_nobody(context: &Context, key: &MetricKey, unread: Duration) -> Result<bool, DbError> {
    let history = context.clock_history().await?;
    let name = key.clone();
    let read = move |conn: &mut Conn| Ok((workers::all(conn)?, realtime::get(conn, &name)?));
    let (listed, read) = context.db.read(read).await?;
    let own = context.worker();
    let may_have_it = listed
        .iter()
        .any(|row| row.role == ProcessRole::Worker && row.id != own && history.age(row.heartbeat_at) < ALIVE);
    let lately = read.is_some_and(|read| history.age(read.checked_at) < unread);
    Ok(!(may_have_it && lately))
}

/// Closes what is open of a metric, as one change.
async fn close(context: &Arc<Context>, key: &MetricKey) -> Result<(), DbError> {
    let (closing, key, now) = (Arc::clone(context), key.clone(), context.clock.wall());
    let name = key.clone();
    let close = move |conn: &mut Conn| {
        let reason = text(closing.options.language, Why::of(&closing, &key));
        let why = reason.as_str();
        // An event has no end of which anybody is notified.
        let mut closed = alerts::acknowledge_events(conn, &key, ACTOR, why, now.naive_utc())?;
        for kind in [AlertKind::Level, AlertKind::NoData] {
            closed += end(conn, &closing, &key, kind, now)?;
        }
        if closed > 0 {
            begin_anew(conn, &key, why, now)?;
            let entry = NewAudit {
                at: now.naive_utc(),
                actor: ACTOR.to_owned(),
                action: "alert.close".to_owned(),
                target: format!("metric/{key}"),
                detail: format!(
                    "{}: {}",
                    counted(closed, "alert"),
                    text(Language::English, Why::of(&closing, &key))
                ),
            };
            audit::append(conn, &entry)?;
        }
        Ok(closed)
    };
    let closed = context.db.write(close).await?;
    if closed > 0 {
        let alerts = counted(closed, "open alert");
        let why = text(Language::English, Why::of(context, &name));
        log::warn!("metric {name}: closed, {why}: {alerts}");
    }
    Ok(())
}

/// Ends the alerts of one kind; gives how many.
fn end(
    conn: &mut Conn,
    context: &Context,
    key: &MetricKey,
    kind: AlertKind,
    now: DateTime<Utc>,
) -> Result<i64, DbError> {
    let at = now.naive_utc();
    let mut resolved = Vec::new();
    for alert in alerts::unresolved_for(conn, key, kind)? {
        resolved.extend(alerts::resolve(conn, alert.id, at, None)?);
    }
    let Some(newest) = resolved.last() else {
        return Ok(0);
    };
    let notified = resolved.iter().rfind(|alert| alert.muted.is_none());
    let alert = notified.unwrap_or(newest);
    let record = NewRecord {
        key: key.clone(),
        value: None,
        alert: false,
        alert_message: text(context.options.language, Why::of(context, key)),
        timestamp: at,
        alert_id: Some(alert.id),
        source_id: None,
    };
    records::insert(conn, &record)?;
    let target = Target {
        key,
        severity: alert.severity,
        depends_on: &[],
        is_flapping: false,
    };
    let mute = mutes::read(conn, context, target, at)?;
    match lifecycle::ended(notified, newest, mute, is_being_explained(conn, alert)?) {
        Ended::Now => notify_end(conn, context, alert, now)?,
        Ended::Later(mute) => alerts::mute_end(conn, alert.id, &mute.to_string())?,
        Ended::AfterExplanation | Ended::Never(_) => {}
    }
    Ok(i64::try_from(resolved.len()).unwrap_or(i64::MAX))
}

/// A metric that comes back to the config alerts anew, and counts from what was read last.
fn begin_anew(conn: &mut Conn, key: &str, why: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    let Some(stored) = states::load(conn, key)? else {
        return Ok(());
    };
    // One that cannot be read begins anew by itself.
    let Ok(state) = serde_json::from_str::<State>(&stored.state) else {
        return Ok(());
    };
    let state = state.closed(now);
    let closed = MetricState {
        phase: state.phase().as_str().to_owned(),
        since: now.naive_utc(),
        reason: why.to_owned(),
        state: serde_json::to_string(&state).expect("a rule state is plain data"),
        ..stored.clone()
    };
    states::save(conn, &closed, stored.version)
}

/// Notifies those of the end who were notified of the alert, by the channels that there are.
pub(super) fn notify_end(
    conn: &mut Conn,
    context: &Context,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let Some(draft) = as_ended(conn, alert)? else {
        return Ok(());
    };
    let is_there = |name: &str| {
        let mut channels = context.channels.iter();
        channels.any(|channel| channel.notifier.name() == name)
    };
    let (audience, gone): (Vec<_>, Vec<_>) = notified(conn, alert)?
        .into_iter()
        .partition(|audience| is_there(&audience.channel));
    if !gone.is_empty() {
        let gone: Vec<&str> = gone.iter().map(|audience| audience.channel.as_str()).collect();
        log::warn!(
            "alert {} of {} is over, and those who were notified of it by {} are not notified of that: the config does not have \
             that channel any more",
            alert.id,
            alert.key,
            gone.join(", ")
        );
    }
    let routing = Routing {
        without_recovery: Vec::new(),
        metric: stored_metric(conn, alert)?,
        severity: alert.severity,
        page: page(context, "/monitor"),
        limits: Limits::default(),
        each: false,
        max_messages: 1,
        audience,
    };
    notify_others(conn, &routing, &routing.audience, alert, &draft, now.naive_utc()).map(drop)
}

/// Notifies people of an end of which they could not be before.
pub(super) async fn notify_late(context: &Arc<Context>, id: i64, now: DateTime<Utc>) -> Result<(), DbError> {
    let notifying = Arc::clone(context);
    let notify = move |conn: &mut Conn| {
        if !alerts::unmute_end(conn, id)? {
            return Ok(());
        }
        match alerts::get(conn, id)? {
            Some(alert) if !is_being_explained(conn, &alert)? => notify_end(conn, &notifying, &alert, now),
            _ => Ok(()),
        }
    };
    context.db.write(notify).await
}

fn is_being_explained(conn: &mut Conn, alert: &Alert) -> Result<bool, DbError> {
    deliveries::is_unfinished(conn, &job_key(DETAILS_LANE, alert.id))
}

/// Why nobody reads a metric any more.
enum Why<'c> {
    /// The config does not have it.
    NotInConfig,
    /// The list of this title does not have it.
    NotListed(&'c str),
}

impl Why<'_> {
    fn of<'c>(context: &'c Context, key: &MetricKey) -> Why<'c> {
        match key.list().and_then(|list| context.list(list)) {
            Some(list) => Why::NotListed(&list.config().title),
            None => Why::NotInConfig,
        }
    }
}

/// Why an alert is over.
fn text(language: Language, why: Why<'_>) -> String {
    match (language, why) {
        (Language::English, Why::NotInConfig) => "metric removed from the config".to_owned(),
        (Language::Chinese, Why::NotInConfig) => "指标已从配置中移除".to_owned(),
        (Language::English, Why::NotListed(list)) => format!("is not in the list \"{list}\" any more"),
        (Language::Chinese, Why::NotListed(list)) => format!("已不在列表“{list}”中"),
    }
}
