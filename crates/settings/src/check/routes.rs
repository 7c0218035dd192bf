//! `[[routes]]`: who is notified of what.

use std::collections::BTreeMap;

use monitor_domain::BuiltIn;
use monitor_rules::{Route, RouteSettings, Routes};
use toml::de::DeValue;

use super::{Checker, join, path};
use crate::settings::MetricSettings;
use crate::words::no_such;

/// The longest group, name or value of a label, and name of a route, in characters.
const MAX_WORD: usize = 64;
/// More labels than this belong to something else than one metric.
const MAX_LABELS: usize = 32;
/// More routes than this nobody understands.
const MAX_ROUTES: usize = 1000;

impl Checker<'_, '_> {
    pub(super) fn routes(&mut self, metrics: &[MetricSettings]) -> Routes {
        let at = path(&["routes"]);
        let count = match self.reader.document.get(&at) {
            None => return Routes::default(),
            Some(DeValue::Array(all)) if all.len() <= MAX_ROUTES => all.len(),
            Some(DeValue::Array(_)) => {
                self.reader
                    .error(&at, format!("are more than {MAX_ROUTES}, which is the most"));
                return Routes::default();
            }
            Some(_) => {
                self.reader
                    .error(&at, "must be a list of tables, each under its own [[routes]]");
                return Routes::default();
            }
        };
        let mut all: Vec<Route> = Vec::new();
        let mut catch_all = None;
        for index in 0..count {
            let table = join(&at, &format!("[{index}]"));
            if let Some(before) = catch_all {
                let message =
                    format!("is never considered: route {before} fits everything and does not continue");
                self.reader.warn(&table, message);
            }
            let Some(route) = self.route(&table, metrics) else {
                continue;
            };
            if route.is_catch_all() {
                catch_all.get_or_insert(index + 1);
            }
            all.push(route);
        }
        let is_routed = |metric: &MetricSettings| metric.is_routed;
        if count > 0 && !metrics.is_empty() && !metrics.iter().any(is_routed) {
            let message = "have no effect: every metric names its channels itself; remove notify from those that routes \
                           are to decide for";
            self.reader.warn(&at, message);
        }
        Routes(all)
    }

    fn route(&mut self, table: &[String], metrics: &[MetricSettings]) -> Option<Route> {
        let mut raw: RouteSettings = self.reader.section(table)?;
        if let Some(name) = &raw.name {
            self.line(&join(table, "name"), name, 1, MAX_WORD);
        }
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
                .error(&join(&join(table, "metrics"), &format!("[{i}]")), message);
        }
        let groups: Vec<String> = metrics
            .iter()
            .filter_map(|metric| metric.group.clone())
            .filter(|group| !group.is_empty())
            .collect();
        for (i, group) in raw.groups.iter().flatten().enumerate() {
            if !groups.contains(group) {
                let at = join(&join(table, "groups"), &format!("[{i}]"));
                self.reader.error(
                    &at,
                    format!("no metric is in the group \"{group}\"{}", there_are(&groups)),
                );
            }
        }
        for (name, value) in &raw.labels {
            let has = |metric: &MetricSettings| metric.labels.get(name) == Some(value);
            if !metrics.iter().any(has) {
                let at = join(&join(table, "labels"), name);
                self.reader
                    .error(&at, format!("no metric has the label {name} = \"{value}\""));
            }
        }
        raw.notify = raw
            .notify
            .map(|given| self.notify(&join(table, "notify"), Some(given)));
        match raw.compile() {
            Ok(route) => Some(route),
            Err(wrong) => {
                self.findings(table, wrong);
                None
            }
        }
    }

    /// What a metric belongs to.
    pub(super) fn group(&mut self, at: &[String], given: Option<String>) -> Option<String> {
        let group = given?;
        self.line(at, &group, 1, MAX_WORD);
        Some(group)
    }

    /// Further words about a metric.
    pub(super) fn labels(
        &mut self,
        at: &[String],
        given: Option<BTreeMap<String, String>>,
    ) -> BTreeMap<String, String> {
        let labels = given.unwrap_or_default();
        if labels.len() > MAX_LABELS {
            self.reader
                .error(at, format!("are more than {MAX_LABELS}, which is the most"));
        }
        for (name, value) in &labels {
            let one = join(at, name);
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !name.starts_with(|c: char| c.is_ascii_lowercase())
                || !name.chars().all(is_word)
                || name.len() > MAX_WORD
            {
                let message =
                    "is no name of a label: small letters, digits and _, a letter first, at most 64";
                self.reader.unknown(&one, message.to_owned());
            }
            self.line(&one, value, 1, MAX_WORD);
        }
        labels
    }
}

fn there_are(groups: &[String]) -> String {
    let mut known: Vec<&str> = groups.iter().map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    match known.is_empty() {
        true => "; none is in any: set group of a metric".to_owned(),
        false => format!("; there are {}", known.join(", ")),
    }
}
