//! The messages of an alert on record: which of those that explain it are new, and how many are kept.

use chrono::{DateTime, Utc};
use monitor_domain::Language;
use monitor_model::{Alert, Conn, DbError, NewRecord, Record, alerts, records};
use monitor_upstream::AlertMessage;

use super::lifecycle::may_be_notified;

/// Messages of one alert that are kept. More is no explanation; the rest is counted.
const MOST: usize = 1_000;

/// A message on record, and when the upstream says that it happened.
pub(super) type Message = (Record, Option<DateTime<Utc>>);

/// What is on record about an alert.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Its messages, oldest first.
    pub(super) messages: Vec<Message>,
    /// How many more there were than are kept.
    pub(super) not_kept: i32,
}

/// Records what explains an alert, but for what people were notified of before (same metric, same id). Where nothing is left the
/// reading itself is the message: an alert is never silent. How many there are beyond those that are kept is counted with the
/// alert, and is a record of its own after the others.
pub(super) fn store(
    conn: &mut Conn,
    alert: &Alert,
    messages: &[AlertMessage],
    language: Language,
) -> Result<Recorded, DbError> {
    let new = |text: &str, source_id: Option<String>| NewRecord {
        key: alert.key.clone(),
        value: alert.value,
        alert: true,
        alert_message: text.to_owned(),
        timestamp: alert.opened_at,
        alert_id: Some(alert.id),
        source_id,
    };
    let unknown = unknown(conn, alert, messages)?;
    let mut recorded = Recorded::default();
    for message in unknown.iter().take(MOST) {
        if let Some(record) = records::insert(conn, &new(&message.text, message.id.clone()))? {
            recorded.messages.push((record, message.occurred_at));
        }
    }
    if recorded.messages.is_empty()
        && let Some(record) = records::insert(conn, &new(&alert.reason, None))?
    {
        recorded.messages.push((record, None));
    }
    recorded.not_kept = i32::try_from(unknown.len().saturating_sub(MOST)).unwrap_or(i32::MAX);
    if recorded.not_kept > 0 {
        records::insert(conn, &new(&not_kept(language, recorded.not_kept), None))?;
        alerts::add_further_messages(conn, alert.id, recorded.not_kept)?;
    }
    Ok(recorded)
}

/// What [`store`] recorded about an alert that nobody was notified of yet.
pub(super) fn of(conn: &mut Conn, alert: &Alert) -> Result<Recorded, DbError> {
    let mut messages: Vec<Message> = records::of_alert(conn, alert.id)?
        .into_iter()
        .filter(|record| record.alert)
        .map(|record| (record, None))
        .collect();
    // Before anybody is notified, nothing else is counted there; the last record is the one that says so.
    if alert.further_messages > 0 {
        messages.pop();
    }
    Ok(Recorded {
        messages,
        not_kept: alert.further_messages,
    })
}

/// How many messages are not on record.
pub(super) fn not_kept(language: Language, count: i32) -> String {
    match language {
        Language::English if count == 1 => "… and 1 more, which is not kept".to_owned(),
        Language::English => format!("… and {count} more, which are not kept"),
        Language::Chinese => format!("……另有 {count} 条，未保存"),
    }
}

/// Those of `messages` that are not known, each once. A message is known when it is on record, except where nobody was notified
/// of it because its alert was muted, and people are, or may be, of this one: it is new to them.
fn unknown<'a>(
    conn: &mut Conn,
    alert: &Alert,
    messages: &'a [AlertMessage],
) -> Result<Vec<&'a AlertMessage>, DbError> {
    let ids: Vec<String> = messages.iter().filter_map(|message| message.id.clone()).collect();
    if may_be_notified(alert) {
        records::release_muted(conn, &alert.key, &ids)?;
    }
    let mut known = records::known_source_ids(conn, &alert.key, &ids)?;
    let is_new = |message: &&AlertMessage| match &message.id {
        Some(id) => known.insert(id.clone()),
        None => true,
    };
    Ok(messages.iter().filter(is_new).collect())
}
