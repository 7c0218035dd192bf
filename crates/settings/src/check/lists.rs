//! `for_each` of metrics: the metric is a list, and each of its items is a metric of its own.

use monitor_domain::BuiltIn;
use monitor_upstream::{FetchSettings, ForEachSettings};
use toml::de::DeValue;

use super::{Checker, join, path};

impl Checker<'_, '_> {
    /// Where the items of a list are read.
    pub(super) fn list(
        &mut self,
        table: &[String],
        each: &ForEachSettings,
        fetch: Option<FetchSettings>,
    ) -> Option<FetchSettings> {
        let at = join(table, "for_each");
        self.findings(&at, each.check());
        let key = table.last().map_or("", String::as_str);
        if BuiltIn::find(key).is_some() || self.kinds.metrics.iter().any(|known| known == key) {
            let message = format!(
                "{key} is one number by itself; give a list a key of its own, such as [metrics.open_orders]"
            );
            self.reader.error(&at, message);
        }
        let was = join(table, "was");
        if self.reader.document.get(&was).is_some() {
            let message = "cannot be had with for_each: the items keep what was read under the key that the list had then";
            self.reader.error(&was, message);
        }
        let at = join(table, "fetch");
        let Some(fetch) = fetch else {
            let example = "say where the list is read, such as { system = \"a\", path = \"/api/shops\" }";
            self.reader.missing(&at, example);
            return None;
        };
        if let Some(from) = fetch.from.clone() {
            self.findings(&at, fetch.check_from_for_each());
            let fetch = self.fetch_of(&at, &from, &fetch)?;
            self.findings(&at, fetch.check_for_each());
            return Some(fetch);
        }
        self.findings(&at, fetch.check_for_each());
        if let Some(system) = &fetch.system {
            self.system_exists(&at, system, true);
        }
        Some(fetch)
    }

    /// Whether the metric `key` is a list, which has no value itself.
    pub(super) fn is_list(&self, key: &str) -> bool {
        let each = self.reader.document.get(&path(&["metrics", key, "for_each"]));
        each.is_some_and(DeValue::is_table)
    }
}
