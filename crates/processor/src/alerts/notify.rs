//! Drafts of what people are notified of about an alert, and the transaction's part of notifying them.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Language;
use monitor_model::{Alert, AlertKind, Conn, DbError, alerts, realtime, records, states};
use monitor_notify::Event;

use super::recorded::{Recorded, not_kept};
use crate::outbox::{Draft, Routing, Subject, list, listed, notify, notify_end};

/// An alert as it was opened.
pub(super) fn as_opened(event: Event, alert: &Alert, subject: Subject) -> Draft {
    Draft {
        event,
        value: alert.value,
        previous: alert.previous,
        text: alert.reason.clone(),
        messages: (Vec::new(), 0),
        reason: alert.reason.clone(),
        at: alert.opened_at.and_utc(),
        subject,
    }
}

/// What lasts, as the last evaluation has it; an event as it was.
pub(super) fn as_it_stands(
    conn: &mut Conn,
    event: Event,
    alert: &Alert,
    subject: Subject,
    now: DateTime<Utc>,
) -> Result<Draft, DbError> {
    let opened = Draft {
        at: now,
        ..as_opened(event, alert, subject)
    };
    if alert.kind == AlertKind::Event {
        return Ok(opened);
    }
    let reason = states::load(conn, &alert.key)?.map_or_else(|| alert.reason.clone(), |state| state.reason);
    // The last value is left out where it is not known any more.
    let read = realtime::get(conn, &alert.key)?.filter(|read| read.error.is_none());
    Ok(Draft {
        value: read.and_then(|read| read.value),
        previous: alert.value,
        text: reason.clone(),
        reason,
        ..opened
    })
}

/// Notifies people of the messages of an alert: all of them as one, or each by itself where the metric wants that. What is not
/// listed is counted with the alert.
pub(super) fn notify_records(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    recorded: &Recorded,
    language: Language,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let messages = &recorded.messages;
    let unlisted = match &messages[..] {
        [first, _, ..] if !routing.each => {
            let (listed, more) = listed(messages.iter().map(|(record, _)| record.alert_message.as_str()));
            let unlisted = messages.len() - listed.len();
            let beyond = usize::try_from(recorded.not_kept).unwrap_or_default();
            let more = u32::try_from(more + beyond).unwrap_or(u32::MAX);
            let draft = Draft {
                text: listed[0].clone(),
                messages: (listed, more),
                ..as_opened(Event::Alert, alert, Subject::Record(first.0.id))
            };
            notify(conn, routing, alert, &draft, now)?;
            unlisted
        }
        _ => notify_each(conn, routing, alert, recorded, language, now)?,
    };
    if unlisted > 0 {
        let unlisted = i32::try_from(unlisted).unwrap_or(i32::MAX);
        alerts::add_further_messages(conn, alert.id, unlisted)?;
    }
    Ok(())
}

/// Notifies people of each message by itself, up to as many as go out one by one. The last of those lists the rest, and says how many
/// there are beyond that. Returns how many did not go out by themselves.
fn notify_each(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    recorded: &Recorded,
    language: Language,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let messages = &recorded.messages;
    let shown = messages.len().min(routing.max_messages.max(1));
    for (index, (record, occurred_at)) in messages.iter().take(shown).enumerate() {
        let mut text = record.alert_message.clone();
        if index + 1 == shown {
            let more: Vec<&str> = messages[shown..]
                .iter()
                .map(|(record, _)| record.alert_message.as_str())
                .collect();
            for line in rest(language, &more, recorded.not_kept) {
                text = format!("{text}\n{line}");
            }
        }
        let opened = as_opened(Event::Alert, alert, Subject::Record(record.id));
        let draft = Draft {
            text,
            at: occurred_at.unwrap_or(opened.at),
            ..opened
        };
        notify(conn, routing, alert, &draft, now)?;
    }
    Ok(messages.len() - shown)
}

/// Notifies people of the end of an alert that ended before they were notified of it, or while they could not be.
pub(super) fn notify_end_on_record(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    match as_ended(conn, alert)? {
        Some(draft) => notify_end(conn, routing, alert, &draft, now).map(drop),
        None => Ok(()),
    }
}

/// The end of an alert, as it is on record; nothing where it ended without one, as events do.
pub(super) fn as_ended(conn: &mut Conn, alert: &Alert) -> Result<Option<Draft>, DbError> {
    // A metric without data has two notices of its alert: that there is none, and the last, that there is again.
    let notices = records::of_alert(conn, alert.id)?;
    let Some(record) = notices.into_iter().rfind(|record| !record.alert) else {
        return Ok(None);
    };
    let event = match (alert.resolved_value, alert.kind) {
        (None, _) => Event::Closed,
        (Some(_), AlertKind::NoData) => Event::DataBack,
        (Some(_), AlertKind::Level | AlertKind::Event) => Event::Recovered,
    };
    Ok(Some(Draft {
        event,
        value: record.value,
        previous: alert.value,
        reason: record.alert_message.clone(),
        text: record.alert_message,
        messages: (Vec::new(), 0),
        at: record.timestamp.and_utc(),
        subject: Subject::Record(record.id),
    }))
}

/// The lines about what does not go out one by one: `more` is listed, as far as there is room, and the `beyond` that are not
/// on record are counted. None where there is neither.
fn rest(language: Language, more: &[&str], beyond: i32) -> Vec<String> {
    let mut lines = Vec::new();
    if !more.is_empty() {
        let all = more.len() + usize::try_from(beyond).unwrap_or_default();
        lines.push(String::new());
        lines.push(match language {
            Language::English => format!("And {all} more:"),
            Language::Chinese => format!("另有 {all} 条："),
        });
        let texts = more.iter().map(|text| (*text).to_owned());
        lines.extend(list(language, texts, more.len()));
    }
    if beyond > 0 {
        lines.push(not_kept(language, beyond));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(language: Language, more: &[&str], beyond: i32) -> String {
        rest(language, more, beyond).join("\n")
    }

    #[test]
    fn the_rest_is_bounded_and_says_how_much_is_left() {
        let many: Vec<String> = (0..60).map(|n| format!("order\n{n}")).collect();
        let texts: Vec<&str> = many.iter().map(String::as_str).collect();
        let english = said(Language::English, &texts, 0);
        assert!(english.starts_with("\nAnd 60 more:\n· order 0\n"), "{english}");
        assert!(
            english.ends_with("· order 49\n· and 10 more, on the page"),
            "{english}"
        );
        let chinese = said(Language::Chinese, &texts[..2], 0);
        assert_eq!(chinese, "\n另有 2 条：\n· order 0\n· order 1");
        let long = "长".repeat(500);
        let kept = said(Language::English, &[&long], 0);
        assert_eq!(kept.chars().filter(|c| *c == '长').count(), 199);
    }

    #[test]
    fn what_is_not_on_record_is_counted_too() {
        let texts = ["order"; 60];
        let both = said(Language::English, &texts, 412);
        assert!(both.starts_with("\nAnd 472 more:\n· order\n"), "{both}");
        assert!(
            both.ends_with("· and 10 more, on the page\n… and 412 more, which are not kept"),
            "the page has no more than is on record: {both}"
        );
        assert_eq!(said(Language::English, &[], 1), "… and 1 more, which is not kept");
        assert!(said(Language::Chinese, &texts, 412).ends_with("……另有 412 条，未保存"));
        assert_eq!(said(Language::Chinese, &[], 0), "");
    }
}
