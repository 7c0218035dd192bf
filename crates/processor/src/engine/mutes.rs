//! Whether people may be told just now: silences that somebody made, maintenance windows, flapping.

use chrono::NaiveDateTime;
use monitor_domain::Severity;
use monitor_model::{Conn, DbError, Mute, Silence, silences};
use monitor_rules::Maintenance;

/// What keeps the engine from telling people, but for what is in the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mutes {
    maintenance: Vec<(String, Maintenance)>,
}

impl Mutes {
    pub(crate) fn new(maintenance: Vec<(String, Maintenance)>) -> Mutes {
        Mutes { maintenance }
    }

    /// Why nobody is told of this metric at `now`, as the database has it.
    pub(crate) fn ask(
        &self,
        conn: &mut Conn,
        key: &str,
        severity: Severity,
        is_flapping: bool,
        now: NaiveDateTime,
    ) -> Result<Option<Mute>, DbError> {
        let active = silences::active(conn, now)?;
        Ok(self.find(&active, key, severity, is_flapping, now))
    }

    /// The same, of silences that were read before. What people decided goes before what the rule found.
    pub(crate) fn find(
        &self,
        active: &[Silence],
        key: &str,
        severity: Severity,
        is_flapping: bool,
        now: NaiveDateTime,
    ) -> Option<Mute> {
        if let Some(silence) = active.iter().find(|silence| silence.is_about(key, severity)) {
            return Some(Mute::Silence(silence.id));
        }
        let open = self
            .maintenance
            .iter()
            .find(|(_, window)| window.is_active(key, now.and_utc()));
        if let Some((name, _)) = open {
            return Some(Mute::Maintenance(name.clone()));
        }
        is_flapping.then_some(Mute::Flapping)
    }
}
