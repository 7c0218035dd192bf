//! Lists of which something is not watched: there are more items than may be, or it could never be read, so that no item is known
//! that could be without data.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, Incident, IncidentKind, NewIncident, ProcessRole, realtime, workers};

use super::{incident, text};
use crate::context::{Context, Counted};
use crate::metric_list::MetricList;
use crate::outbox::{When, for_incidents};

/// A list that this worker does not have and of which no item was read for so long is read by nobody any more.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// What there is to say of a list.
enum Finding {
    /// This is wrong, since then.
    Wrong(String, DateTime<Utc>),
    /// All of it is watched.
    Good,
    /// This worker does not know yet.
    Unknown,
}

/// Begins what is one by now, and ends what is none any more.
pub(super) async fn check(
    context: &Arc<Context>,
    open: &[Incident],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let open: Vec<&Incident> = open
        .iter()
        .filter(|incident| incident.kind == IncidentKind::List)
        .collect();
    for list in &context.lists {
        let known = open.iter().find(|incident| *incident.subject == **list.key());
        match (find(context, list, now), known) {
            (Finding::Wrong(reason, since), None) => begin(context, list, (reason, since), now).await?,
            (Finding::Good, Some(incident)) => incident::end(context, incident, now).await?,
            _ => {}
        }
    }
    for incident in open {
        if context.list(&incident.subject).is_none() && is_read_by_nobody(context, &incident.subject).await? {
            incident::end(context, incident, now).await?;
        }
    }
    Ok(())
}

fn find(context: &Context, list: &MetricList, now: DateTime<Utc>) -> Finding {
    let (state, language) = (context.list_states.get(list.key()), context.options.language);
    let is_known = context.items.iter().any(|item| item.list == *list.key());
    match (state.failing, state.counted) {
        // Where items are known, they have no data.
        (Some(_), _) if is_known => Finding::Unknown,
        (Some((since, at, why)), _) => {
            let lasted = context.clock.monotonic().saturating_sub(since);
            match lasted >= list.config().rule.no_data {
                true => Finding::Wrong(text::no_list(language, When { at, now }, &why), at),
                false => Finding::Unknown,
            }
        }
        (None, Some(items)) if Counted::is_over(items) => {
            Finding::Wrong(text::too_many(language, items), now)
        }
        (None, Some(_)) => Finding::Good,
        (None, None) => Finding::Unknown,
    }
}

async fn begin(
    context: &Arc<Context>,
    list: &MetricList,
    (reason, since): (String, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let new = NewIncident {
        kind: IncidentKind::List,
        subject: list.key().to_string(),
        severity: Severity::Warning,
        reason,
        since: since.naive_utc(),
        opened_at: now.naive_utc(),
    };
    let beginning = Arc::clone(context);
    let begin = move |conn: &mut Conn| {
        incident::begin(conn, &beginning, &new, &for_incidents(&beginning, "")).map(drop)
    };
    context.db.write(begin).await
}

/// Another worker may have another config.
async fn is_read_by_nobody(context: &Context, list: &str) -> Result<bool, DbError> {
    let own = context.worker();
    let read = |conn: &mut Conn| Ok((workers::all(conn)?, realtime::all(conn)?));
    let (workers, read) = context.db.read(read).await?;
    let is_other = |row: &monitor_model::WorkerRow| row.role == ProcessRole::Worker && row.id != own;
    if !workers.iter().any(is_other) {
        return Ok(true);
    }
    let history = context.clock_history().await?;
    let items = read.iter().filter(|row| row.key.list() == Some(list));
    Ok(items
        .map(|row| history.age(row.checked_at))
        .all(|age| age >= FORGOTTEN))
}
