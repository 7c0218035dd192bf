//! `[maintenance.*]`: windows in which what is wrong is expected.

use monitor_domain::BuiltIn;
use monitor_rules::{Maintenance, MaintenanceSettings};

use super::{Checker, join, path};
use crate::words::no_such;

impl Checker<'_, '_> {
    pub(super) fn maintenance(&mut self) -> Vec<(String, Maintenance)> {
        let names = self.tables("maintenance");
        names
            .into_iter()
            .filter_map(|name| self.window(&name).map(|window| (name, window)))
            .collect()
    }

    fn window(&mut self, name: &str) -> Option<Maintenance> {
        let table = path(&["maintenance", name]);
        self.name(&table, name);
        let raw: MaintenanceSettings = self.reader.section(&table)?;
        let on = self.reader.document.names(&path(&["metrics"]));
        for (i, key) in raw.metrics.iter().flatten().enumerate() {
            if on.contains(key) {
                continue;
            }
            let message = match BuiltIn::find(key) {
                Some(_) => format!("metric \"{key}\" is not turned on; an empty [metrics.{key}] turns it on"),
                None => no_such("metric", key, &on),
            };
            self.reader
                .error(&join(&join(&table, "metrics"), &format!("[{i}]")), message);
        }
        match raw.compile() {
            Ok(window) => Some(window),
            Err(wrong) => {
                self.findings(&table, wrong);
                None
            }
        }
    }
}
