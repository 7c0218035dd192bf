//! `[fetches.*]`: calls that metrics name, and the metrics that do.

use std::collections::BTreeMap;

use monitor_domain::BuiltIn;
use monitor_upstream::{FetchCallSettings, FetchSettings};

use super::{Checker, built_in, join, path};
use crate::words::no_such;

/// Those there are, by name.
#[derive(Debug, Default)]
pub(super) struct Fetches(BTreeMap<String, Call>);

#[derive(Debug)]
struct Call {
    /// Nothing where the section cannot be read, which has been said.
    settings: Option<FetchCallSettings>,
    is_used: bool,
}

impl Checker<'_, '_> {
    pub(super) fn fetches(&mut self) {
        for name in self.tables("fetches") {
            let at = path(&["fetches", &name]);
            self.name(&at, &name);
            let settings: Option<FetchCallSettings> = self.reader.section(&at);
            if let Some(settings) = &settings {
                self.findings(&at, settings.check());
                if let Some(system) = &settings.system {
                    self.system_exists(&at, system, true);
                }
            }
            let call = Call {
                settings,
                is_used: false,
            };
            self.fetches.0.insert(name, call);
        }
    }

    /// What a metric reads that has `from`: the call of that name, and its own way to take the number.
    pub(super) fn fetch_from(
        &mut self,
        at: &[String],
        from: &str,
        metric: Option<&BuiltIn>,
        mut given: FetchSettings,
    ) -> Option<FetchSettings> {
        if metric.is_some() {
            built_in::take(&mut given);
        }
        self.findings(at, given.check_from());
        self.fetch_of(at, from, &given)
    }

    /// The call of that name, with what `given` takes from its answer.
    pub(super) fn fetch_of(
        &mut self,
        at: &[String],
        from: &str,
        given: &FetchSettings,
    ) -> Option<FetchSettings> {
        let Some(call) = self.fetches.0.get_mut(from) else {
            let known: Vec<&String> = self.fetches.0.keys().collect();
            let message = no_such("section of [fetches]", from, &known);
            self.reader.error(&join(at, "from"), message);
            return None;
        };
        call.is_used = true;
        call.settings.as_ref().map(|call| given.with(call))
    }

    /// Says which of them nobody names.
    pub(super) fn unused_fetches(&mut self) {
        let unused = self.fetches.0.iter().filter(|(_, call)| !call.is_used);
        let unused: Vec<String> = unused.map(|(name, _)| name.clone()).collect();
        for name in unused {
            let message = format!(
                "no metric is read from it: name it with fetch = {{ from = \"{name}\", … }}, or remove it"
            );
            self.reader.warn(&path(&["fetches", &name]), message);
        }
    }
}
