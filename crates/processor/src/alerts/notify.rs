//! Drafts of what people are notified of about an alert, and the transaction's part of notifying them.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::Language;
use monitor_model::{Alert, AlertKind, Conn, DbError, Record, alerts, realtime, records, states};
use monitor_notify::Event;

use crate::outbox::{Draft, Routing, Subject, list, notify, notify_end};

/// A record about an alert, and when the upstream says that it happened.
pub(super) type About = (Record, Option<DateTime<Utc>>);

/// An alert as it was opened.
pub(super) fn as_opened(event: Event, alert: &Alert, subject: Subject) -> Draft {
    Draft {
        event,
        value: alert.value,
        previous: alert.previous,
        text: alert.reason.clone(),
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

/// Notifies people of each record of an alert, up to as many as go out one by one. The last of those lists the rest, which is
/// counted with the alert.
pub(super) fn notify_records(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    about: &[About],
    language: Language,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let shown = about.len().min(routing.max_messages.max(1));
    for (index, (record, occurred_at)) in about.iter().take(shown).enumerate() {
        let mut text = record.alert_message.clone();
        if index + 1 == shown && about.len() > shown {
            let more: Vec<&str> = about[shown..]
                .iter()
                .map(|(record, _)| record.alert_message.as_str())
                .collect();
            text = format!("{text}\n\n{}", rest(language, &more));
        }
        let opened = as_opened(Event::Alert, alert, Subject::Record(record.id));
        let draft = Draft {
            text,
            at: occurred_at.unwrap_or(opened.at),
            ..opened
        };
        notify(conn, routing, alert, &draft, now)?;
    }
    Ok(())
}

/// As many records as are not notified one by one.
pub(super) fn unlisted(routing: &Routing, records: usize) -> i32 {
    let left = records.saturating_sub(routing.max_messages.max(1));
    i32::try_from(left).unwrap_or(i32::MAX)
}

/// Notifies people of the end of an alert that ended before they were notified of it, or while they could not be.
pub(super) fn notify_end_on_record(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let event = match alert.kind {
        AlertKind::NoData => Event::DataBack,
        AlertKind::Level | AlertKind::Event => Event::Recovered,
    };
    // A metric without data has two notices of its alert: that there is none, and the last, that there is again.
    let notices = records::of_alert(conn, alert.id)?;
    let Some(record) = notices.into_iter().rfind(|record| !record.alert) else {
        return Ok(());
    };
    let draft = Draft {
        event,
        value: record.value,
        previous: alert.value,
        reason: record.alert_message.clone(),
        text: record.alert_message,
        at: record.timestamp.and_utc(),
        subject: Subject::Record(record.id),
    };
    notify_end(conn, routing, alert, &draft, now).map(drop)
}

/// Counts with the alert what was not notified one by one.
pub(super) fn count_unlisted(conn: &mut Conn, alert: &Alert, unlisted: i32) -> Result<(), DbError> {
    if unlisted > 0 {
        alerts::add_further_messages(conn, alert.id, unlisted)?;
    }
    Ok(())
}

/// The messages that do not go out one by one.
fn rest(language: Language, more: &[&str]) -> String {
    let mut lines = vec![match language {
        Language::English => format!("And {} more:", more.len()),
        Language::Chinese => format!("另有 {} 条：", more.len()),
    }];
    let texts = more.iter().map(|text| (*text).to_owned());
    lines.extend(list(language, texts, more.len()));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_bounded_and_says_how_much_is_left() {
        let many: Vec<String> = (0..60).map(|n| format!("order\n{n}")).collect();
        let texts: Vec<&str> = many.iter().map(String::as_str).collect();
        let said = rest(Language::English, &texts);
        assert!(said.starts_with("And 60 more:\n· order 0\n"), "{said}");
        assert!(said.ends_with("· order 49\n· and 10 more, on the page"), "{said}");
        assert!(rest(Language::Chinese, &texts[..2]).starts_with("另有 2 条：\n· order 0\n· order 1"));
        let long = "长".repeat(500);
        let kept = rest(Language::English, &[&long])
            .chars()
            .filter(|c| *c == '长')
            .count();
        assert_eq!(kept, 199);
    }
}
