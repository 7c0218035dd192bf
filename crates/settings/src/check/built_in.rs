//! What the config leaves open of a built-in metric is as [`BuiltIn`] says.

use monitor_domain::BuiltIn;
use monitor_upstream::{DetailsSettings, FetchSettings};

/// Where the number is in the answer of a built-in metric's system.
const TOTAL: &str = "$.total";
/// What the explanation of an alert is found by.
const ABOUT: &str = "?total={{ total }}&previous={{ previous }}";

/// Where its total is read, with what the config sets instead.
pub(super) fn fetch(metric: &BuiltIn, given: Option<FetchSettings>) -> FetchSettings {
    let mut fetch = given.unwrap_or_default();
    fetch.system.get_or_insert_with(|| metric.total.system.to_owned());
    fetch.path.get_or_insert_with(|| metric.total.path.to_owned());
    take(&mut fetch);
    fetch
}

/// How the number is taken, where the config does not say.
pub(super) fn take(fetch: &mut FetchSettings) {
    if !fetch.has_way() {
        fetch.value = Some(TOTAL.to_owned());
    }
}

/// Who explains its alerts, with what the config sets instead.
pub(super) fn details(metric: &BuiltIn, given: Option<DetailsSettings>) -> DetailsSettings {
    let mut details = given.unwrap_or_default();
    details
        .system
        .get_or_insert_with(|| metric.messages.system.to_owned());
    details
        .path
        .get_or_insert_with(|| format!("{}{ABOUT}", metric.messages.path));
    details
}
