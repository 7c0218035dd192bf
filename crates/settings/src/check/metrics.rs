//! `[metrics.*]`: built-in ones with their defaults, declared ones with what they must have.

use std::ops::RangeInclusive;
use std::time::Duration;

use monitor_domain::{BuiltIn, InvalidKey, Language, MetricKey, counted};
use monitor_rules::Rule;
use monitor_upstream::{DetailsSettings, FetchSettings};
use toml::de::DeValue;
use url::Url;

use super::{Checker, built_in, join, path};
use crate::sections::MetricSection;
use crate::settings::MetricSettings;
use crate::words::{no_such, there_is};

/// The longest title and unit, in characters: they have to fit on a page and in a subject line.
const MAX_TITLE: usize = 120;
const MAX_UNIT: usize = 40;
const MAX_RUNBOOK: usize = 1_000;
/// More mails about one alert than this are no longer read one by one.
const DEFAULT_MESSAGES: usize = 20;
/// As many as are taken from an answer of `details`, at most.
const MESSAGES: RangeInclusive<usize> = 1..=1000;

impl Checker<'_, '_> {
    /// All metrics. Without a readable `[worker]` its default interval stands in, so that the checks go on.
    pub(super) fn metrics(&mut self, interval: Option<Duration>, language: Language) -> Vec<MetricSettings> {
        let keys = self.tables("metrics");
        let is_table = self
            .reader
            .document
            .get(&path(&["metrics"]))
            .is_none_or(DeValue::is_table);
        if keys.is_empty() && is_table {
            self.reader.missing(
                &path(&["metrics"]),
                "no metric is turned on; an empty [metrics.x] turns one on",
            );
        }
        let default_interval = interval.unwrap_or(Duration::from_secs(10));
        let metrics: Vec<MetricSettings> = keys
            .iter()
            .filter_map(|key| self.metric(key, default_interval, language))
            .collect();
        self.push_tokens(&metrics);
        metrics
    }

    fn metric(
        &mut self,
        key: &str,
        default_interval: Duration,
        language: Language,
    ) -> Option<MetricSettings> {
        let at = |field: &str| path(&["metrics", key, field]);
        let table = path(&["metrics", key]);
        let metric_key = self.metric_key(&table, key);
        let raw: MetricSection = self.reader.section(&table)?;
        let built_in = BuiltIn::find(key);
        let title = raw
            .title
            .unwrap_or_else(|| built_in.map_or(key, |metric| metric.title).to_owned());
        self.line(&at("title"), &title, 1, MAX_TITLE);
        let unit = raw.unit.unwrap_or_default();
        self.line(&at("unit"), &unit, 0, MAX_UNIT);
        let interval = raw.interval.unwrap_or(default_interval);
        if raw.interval.is_some() {
            self.interval(&at("interval"), interval);
        }
        let in_code = self.kinds.is_in_code(key);
        let beside = [
            ("fetch", raw.fetch.is_some()),
            ("for_each", raw.for_each.is_some()),
        ];
        let push = self.push(&at("push"), raw.push, &beside);
        // One that cannot be read says all the same how its values come.
        let is_pushed = self.reader.document.get(&at("push")).is_some();
        let fetch = match &raw.for_each {
            _ if is_pushed => None,
            Some(each) => self.list(&table, each, raw.fetch),
            None => self.fetch(&at("fetch"), built_in, in_code, raw.fetch),
        };
        let details = self.details(&at("details"), built_in, raw.for_each.is_some(), raw.details);
        let rule = self.rule(&at("alert"), built_in, raw.alert.is_some(), interval);
        if let Some(rule) = &rule {
            self.first_reading(&at("alert"), rule);
        }
        let each = raw.each.unwrap_or_default();
        let max_messages = self.max_messages(&at("max_messages"), each, raw.max_messages);
        let runbook = self.runbook(&at("runbook"), raw.runbook);
        let is_routed = raw.notify.is_none();
        let notify = self.notify(&at("notify"), raw.notify);
        let group = self.group(&at("group"), raw.group);
        let labels = self.labels(&at("labels"), raw.labels);
        let depends_on = self.depends_on(&at("depends_on"), key, raw.depends_on);
        let was = raw.was.and_then(|was| self.was(&at("was"), &was));
        Some(MetricSettings {
            key: metric_key,
            built_in,
            title,
            unit,
            interval,
            severity: raw.severity.unwrap_or_default(),
            fetch: if in_code || is_pushed { fetch } else { Some(fetch?) },
            push,
            for_each: raw.for_each,
            rule: Rule { language, ..rule? },
            details,
            each,
            max_messages,
            runbook,
            depends_on,
            notify,
            is_routed,
            group,
            labels,
            was,
        })
    }

    /// As in the Flask program, all that is there at the first start is an alert. Who wrote so knows it.
    fn first_reading(&mut self, at: &[String], rule: &Rule) {
        let initial = join(at, "initial");
        if rule.counts_from_zero() && self.reader.document.get(&initial).is_none() {
            self.reader.hint(
                &initial,
                "is not set, so the first reading counts from 0: all that is there at the first start is an alert, with a \
                 message for each. Set it to \"learn\" to begin silently, or to \"count_from_zero\" where that is meant",
            );
        }
    }

    fn max_messages(&mut self, at: &[String], each: bool, given: Option<usize>) -> usize {
        let max_messages = given.unwrap_or(DEFAULT_MESSAGES);
        if !MESSAGES.contains(&max_messages) {
            let (least, most) = (MESSAGES.start(), MESSAGES.end());
            self.reader
                .error(at, format!("must be from {least} to {most}, not {max_messages}"));
        } else if given.is_some() && !each {
            self.reader.hint(
                at,
                "does nothing without `each = true`: an alert is one message that lists up to 50",
            );
        }
        max_messages
    }

    /// The page that says what to do.
    fn runbook(&mut self, at: &[String], given: Option<String>) -> Option<String> {
        let runbook = given?;
        self.line(at, &runbook, 1, MAX_RUNBOOK);
        let is_page = Url::parse(&runbook).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_page {
            self.reader
                .error(at, "is no address of a page; write one with its scheme, as in \"https://wiki.example.com/orders\"");
        }
        Some(runbook)
    }

    fn metric_key(&mut self, table: &[String], key: &str) -> MetricKey {
        key.parse().unwrap_or_else(|error: InvalidKey| {
            self.reader
                .error(table, format!("{error}; what people read is `title`"));
            MetricKey::stored(key)
        })
    }

    /// The key that a metric had before, which no metric has now and no other one had.
    fn was(&mut self, at: &[String], was: &str) -> Option<MetricKey> {
        let key = match was.parse() {
            Ok(key) => key,
            Err(error) => {
                let error: InvalidKey = error;
                self.reader.error(at, error.to_string());
                return None;
            }
        };
        let metrics = self.reader.document.names(&path(&["metrics"]));
        let mine = &at[..at.len() - 1];
        if path(&["metrics", was]) == mine {
            self.reader.error(at, "is the key that it has now; leave it out");
            return None;
        }
        if metrics.iter().any(|known| known == was) {
            let message = format!(
                "[metrics.{was}] is in the config still; remove that section, or leave was out: one metric cannot be both"
            );
            self.reader.error(at, message);
            return None;
        }
        let is_before = |other: &&String| path(&["metrics", other.as_str()]) != mine;
        let other = metrics.iter().take_while(is_before).find(|other| {
            let was_of = self
                .reader
                .document
                .get(&path(&["metrics", other.as_str(), "was"]));
            was_of.and_then(DeValue::as_str) == Some(was)
        });
        if let Some(other) = other {
            let message =
                format!("\"{was}\" is what metrics.{other} was; its history can go to one of them only");
            self.reader.error(at, message);
            return None;
        }
        Some(key)
    }

    /// One line of text of bounded length.
    pub(super) fn line(&mut self, at: &[String], text: &str, shortest: usize, longest: usize) {
        let length = text.trim().chars().count();
        if length < shortest {
            self.reader
                .error(at, "must not be empty; leave it out for the default");
        } else if length > longest {
            self.reader.error(
                at,
                format!("must be at most {}, not {length}", counted(longest, "character")),
            );
        } else if text.chars().any(char::is_control) {
            self.reader
                .error(at, "must be one line, without control characters");
        }
    }

    fn fetch(
        &mut self,
        at: &[String],
        built_in: Option<&BuiltIn>,
        in_code: bool,
        given: Option<FetchSettings>,
    ) -> Option<FetchSettings> {
        let is_given = given.is_some();
        let given_system = given.as_ref().is_some_and(|given| given.system.is_some());
        if let Some(given) = &given
            && let Some(from) = given.from.clone()
        {
            return self.fetch_from(at, &from, built_in, given.clone());
        }
        let fetch = match (built_in, given) {
            (Some(metric), given) => built_in::fetch(metric, given),
            (None, Some(given)) => given,
            (None, None) if in_code => return None,
            (None, None) => {
                let example = "say where its total is read, such as { system = \"a\", path = \"/api/orders\", value = \"$.total\" }";
                self.reader.missing(at, example);
                return None;
            }
        };
        self.findings(at, fetch.check());
        if let Some(system) = &fetch.system {
            self.system_exists(at, system, given_system);
        }
        // A built-in metric reads in its own way where the config does not say otherwise.
        is_given.then_some(fetch)
    }

    fn details(
        &mut self,
        at: &[String],
        built_in: Option<&BuiltIn>,
        is_list: bool,
        given: Option<DetailsSettings>,
    ) -> Option<DetailsSettings> {
        let is_given = given.is_some();
        let given_system = given.as_ref().is_some_and(|given| given.system.is_some());
        let details = match built_in {
            Some(metric) => built_in::details(metric, given),
            None => given?,
        };
        self.findings(
            at,
            if is_list {
                details.check_for_each()
            } else {
                details.check()
            },
        );
        if let Some(system) = &details.system {
            self.system_exists(at, system, given_system);
        }
        is_given.then_some(details)
    }

    /// The channels that a list names, or all of them.
    pub(super) fn notify(&mut self, at: &[String], given: Option<Vec<String>>) -> Vec<String> {
        let all = self.reader.document.names(&path(&["channels"]));
        let Some(given) = given else { return all };
        let mut notify: Vec<String> = Vec::new();
        for (i, name) in given.into_iter().enumerate() {
            let one = join(at, &format!("[{i}]"));
            if !all.contains(&name) {
                self.reader.error(&one, no_such("channel", &name, &all));
            } else if notify.contains(&name) {
                self.reader
                    .warn(&one, format!("\"{name}\" is named twice; it is notified once"));
            } else {
                notify.push(name);
            }
        }
        notify
    }

    /// Says if a system that is referred to does not exist.
    pub(super) fn system_exists(&mut self, at: &[String], name: &str, is_given: bool) {
        let all = self.reader.document.names(&path(&["systems"]));
        if all.iter().any(|known| known == name) {
            return;
        }
        let message = if is_given {
            no_such("system", name, &all)
        } else {
            format!(
                "no system \"{name}\", the built-in default; add [systems.{name}] or set another one; {}",
                there_is(&all)
            )
        };
        self.reader.error(&join(at, "system"), message);
    }
}
