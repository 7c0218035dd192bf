//! What suppresses notifications just now: silences that somebody made, maintenance windows, what a metric depends on,
//! flapping.

use chrono::NaiveDateTime;
use monitor_domain::{MetricKey, Severity};
use monitor_model::{Conn, DbError, Mute, Silence, silences};

use super::dependencies::Dependencies;
use crate::context::Context;

/// What may be suppressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) key: &'a str,
    pub(super) severity: Severity,
    /// While one of these fires or cannot be read, people are notified of that.
    pub(super) depends_on: &'a [MetricKey],
    /// It alerts too often to notify each time.
    pub(super) is_flapping: bool,
}

/// Why nobody is notified of `target` at `now`, with the silences that the database has.
pub(super) fn read(
    conn: &mut Conn,
    context: &Context,
    target: Target<'_>,
    now: NaiveDateTime,
) -> Result<Option<Mute>, DbError> {
    let active = silences::active(conn, now)?;
    let dependencies = Dependencies::read(conn, target.depends_on)?;
    Ok(find(context, (&active, &dependencies), target, now))
}

/// The same, with what was read before. What people decided goes before what rules found.
pub(super) fn find(
    context: &Context,
    (active, dependencies): (&[Silence], &Dependencies),
    target: Target<'_>,
    now: NaiveDateTime,
) -> Option<Mute> {
    let Target {
        key,
        severity,
        depends_on,
        is_flapping,
    } = target;
    if let Some(silence) = active.iter().find(|silence| silence.is_about(key, severity)) {
        return Some(Mute::Silence(silence.id));
    }
    let windows = &context.options.maintenance;
    let open = windows
        .iter()
        .find(|(_, window)| window.is_active(key, now.and_utc()));
    if let Some((name, _)) = open {
        return Some(Mute::Maintenance(name.clone()));
    }
    let cause = dependencies.cause(key, depends_on);
    cause
        .map(Mute::Dependency)
        .or_else(|| is_flapping.then_some(Mute::Flapping))
}
