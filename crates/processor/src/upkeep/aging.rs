//! Events that nobody acknowledges: after `auto_acknowledge` the program does, on record and in its own name, in small steps.

use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_domain::Language;
use monitor_model::alerts::Aged;
use monitor_model::{Conn, DbError, NewAudit, alerts, audit};

use super::round::Round;
use crate::context::Context;

/// Events changed in one transaction: short enough that no reading waits for it.
const BATCH: i64 = 2_000;
/// In whose name.
const ACTOR: &str = "monitor";

/// Acknowledges what is old enough, and counts what no group counts yet, until the round is over; whether nothing is left to do.
pub(super) async fn run(context: &Context, round: &Round) -> Result<bool, DbError> {
    let group = |conn: &mut Conn| alerts::group_events(conn, BATCH);
    while !round.is_over(context) && context.db.write(group).await? > 0 {}
    let after = context.options.auto_acknowledge;
    let history = context.clock_history().await?;
    let Some(before) = history.older_before(after) else {
        return Ok(true);
    };
    let now = context.clock.wall().naive_utc();
    let aged = Aged {
        before,
        by: ACTOR.to_owned(),
        note: note(context.options.language, after),
        at: now,
    };
    while !round.is_over(context) {
        let aged = aged.clone();
        let acknowledge = move |conn: &mut Conn| acknowledge(conn, &aged);
        if !context.db.write(acknowledge).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One step; `false` where there is nothing to do.
fn acknowledge(conn: &mut Conn, aged: &Aged) -> Result<bool, DbError> {
    let Some((key, count)) = alerts::acknowledge_aged(conn, aged, BATCH)? else {
        return Ok(false);
    };
    if count > 0 {
        audit::append(conn, &entry(key.as_str(), count, aged.before, aged.at))?;
    }
    Ok(true)
}

fn entry(key: &str, count: i64, before: NaiveDateTime, at: NaiveDateTime) -> NewAudit {
    NewAudit {
        at,
        actor: ACTOR.to_owned(),
        action: "alert.auto_acknowledge".to_owned(),
        target: format!("metric/{key}"),
        detail: format!(
            "{count} events opened before {} UTC",
            before.format("%Y-%m-%d %H:%M:%S")
        ),
    }
}

/// Why, for people.
fn note(language: Language, after: Duration) -> String {
    let span = monitor_rules::span(language, after);
    match language {
        Language::English => format!("nobody acknowledged it within {span}"),
        Language::Chinese => format!("{span}内无人确认，已自动确认"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_why_and_what() {
        let week = Duration::from_secs(7 * 24 * 3600);
        assert_eq!(
            note(Language::English, week),
            "nobody acknowledged it within 7days"
        );
        assert_eq!(note(Language::Chinese, week), "7 天内无人确认，已自动确认");
        let at = chrono::DateTime::from_timestamp(1_795_600_000, 0)
            .unwrap()
            .naive_utc();
        let entry = entry("x", 12, at, at);
        assert_eq!(
            (entry.actor.as_str(), entry.target.as_str()),
            ("monitor", "metric/x")
        );
        assert_eq!(entry.detail, "12 events opened before 2026-11-25 09:46:40 UTC");
    }
}
