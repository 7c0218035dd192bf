//! Routes: who is notified of an alert, by what it is about and when. What is decided follows from the routes, the subject and a
//! time alone, so that it can be tried out before it happens.
//!
//! Nothing here knows a channel or sends anything: channels are names.

mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use monitor_domain::Severity;

use crate::hours::Hours;

pub use settings::RouteSettings;

/// What people are to be notified of.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The metric's key.
    pub key: &'a str,
    /// The metric's group, if it is in one.
    pub group: Option<&'a str>,
    /// The metric's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// How bad it is.
    pub severity: Severity,
}

/// Why people are notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An alert begins, or a metric has no data.
    Alert,
    /// It lasts, and nobody acknowledged it.
    Reminder,
    /// It is over.
    Recovery,
}

/// All routes, in the order of the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(pub Vec<Route>);

/// One route, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    name: Option<String>,
    metrics: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    labels: BTreeMap<String, String>,
    severities: Option<Vec<Severity>>,
    hours: Option<Hours>,
    notify: Vec<String>,
    goes_on: bool,
    reminders: bool,
    recoveries: bool,
}

/// What became of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its place in the config, from 1.
    pub number: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The channels that it names, where it fits; otherwise the first thing that does not.
    pub outcome: Result<Vec<String>, Because>,
}

/// Why a route does not fit, or names nobody for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// A route before it fits and does not go on.
    Decided,
    /// It is for other metrics.
    Metric,
    /// It is for other groups.
    Group,
    /// It is for other labels.
    Labels,
    /// It is for other severities.
    Severity,
    /// It is for other hours.
    Hours,
    /// It fits, and is not for reminders.
    Reminder,
    /// It fits, and is not for recoveries.
    Recovery,
}

/// Who is notified, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The channels, each once; `None` where no route fits, and every channel is notified.
    pub channels: Option<Vec<String>>,
    /// What became of each route, in their order.
    pub considered: Vec<Considered>,
}

impl Routes {
    /// Whether there are none, so that every channel is notified of everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The zone whose clocks all hours of the routes go by; UTC where there are several, or none.
    pub fn zone(&self) -> &'static str {
        let mut zones = self
            .0
            .iter()
            .filter_map(|route| Some(route.hours.as_ref()?.zone()));
        let first = zones.next().unwrap_or("UTC");
        match zones.all(|zone| zone == first) {
            true => first,
            false => "UTC",
        }
    }

    /// Who is notified of this at this time. A route that fits is the last one, unless it goes on; one that fits and leaves out
    /// the occasion has nobody notified of it.
    pub fn decide(&self, subject: Subject<'_>, occasion: Occasion, at: DateTime<Utc>) -> Routed {
        let (mut channels, mut fits, mut is_decided) = (Vec::new(), false, false);
        let mut considered = Vec::new();
        for (index, route) in self.0.iter().enumerate() {
            let outcome = match route.misfit(subject, at) {
                _ if is_decided => Err(Because::Decided),
                Some(because) => Err(because),
                None => {
                    (fits, is_decided) = (true, !route.goes_on);
                    route.on(occasion)
                }
            };
            for channel in outcome.iter().flatten() {
                if !channels.contains(channel) {
                    channels.push(channel.clone());
                }
            }
            considered.push(Considered {
                number: index + 1,
                name: route.name.clone(),
                outcome,
            });
        }
        Routed {
            channels: fits.then_some(channels),
            considered,
        }
    }
}

impl Routes {
    /// The channels that only routes lead to which are not for recoveries, whatever the hour: an alert may end at another
    /// one than it began at.
    pub fn without_recovery(&self, subject: Subject<'_>) -> Vec<String> {
        let fitting = || {
            let all = self.0.iter();
            all.filter(move |route| route.misfit_but_hours(subject).is_none())
        };
        let wanted: Vec<&String> = fitting()
            .filter(|route| route.recoveries)
            .flat_map(Route::notify)
            .collect();
        let mut without: Vec<String> = Vec::new();
        for channel in fitting()
            .filter(|route| !route.recoveries)
            .flat_map(Route::notify)
        {
            if !wanted.contains(&channel) && !without.contains(channel) {
                without.push(channel.clone());
            }
        }
        without
    }
}

impl Route {
    /// The channels that it names.
    pub fn notify(&self) -> &[String] {
        &self.notify
    }

    /// The metrics that it is for; `None` for all.
    pub fn metrics(&self) -> Option<&[String]> {
        self.metrics.as_deref()
    }

    /// Whether it fits everything and ends the search: what comes after it is never considered.
    pub fn is_catch_all(&self) -> bool {
        let fits_all = self.metrics.is_none() && self.groups.is_none() && self.labels.is_empty();
        fits_all && self.severities.is_none() && self.hours.is_none() && !self.goes_on
    }

    /// The first thing that does not fit.
    fn misfit(&self, subject: Subject<'_>, at: DateTime<Utc>) -> Option<Because> {
        let is_in_time = self.hours.as_ref().is_none_or(|hours| hours.include(at));
        let by_time = (!is_in_time).then_some(Because::Hours);
        self.misfit_but_hours(subject).or(by_time)
    }

    fn misfit_but_hours(&self, subject: Subject<'_>) -> Option<Because> {
        let has = |all: &Option<Vec<String>>, one: Option<&str>| {
            let names = |all: &Vec<String>| one.is_some_and(|one| all.iter().any(|name| name == one));
            all.as_ref().is_none_or(names)
        };
        // An item of a list is of the metric that the list is.
        let of = subject.key.split('.').next();
        let has_label = |(name, value): (&String, &String)| subject.labels.get(name) == Some(value);
        let severities = self.severities.as_ref();
        [
            (
                has(&self.metrics, Some(subject.key)) || has(&self.metrics, of),
                Because::Metric,
            ),
            (has(&self.groups, subject.group), Because::Group),
            (self.labels.iter().all(has_label), Because::Labels),
            (
                severities.is_none_or(|all| all.contains(&subject.severity)),
                Because::Severity,
            ),
        ]
        .into_iter()
        .find_map(|(fits, because)| (!fits).then_some(because))
    }

    /// Whom it names for this occasion.
    fn on(&self, occasion: Occasion) -> Result<Vec<String>, Because> {
        match occasion {
            Occasion::Reminder if !self.reminders => Err(Because::Reminder),
            Occasion::Recovery if !self.recoveries => Err(Because::Recovery),
            _ => Ok(self.notify.clone()),
        }
    }
}
