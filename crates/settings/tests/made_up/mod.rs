//! Kinds that nobody has, one file each: what it takes to add one is that file and a line here.

mod channel;
mod condition;
mod login;

use monitor_settings::Kinds;

use super::listed_kinds;

/// The kinds that tests list and the made-up ones.
pub(crate) fn kinds() -> Kinds {
    listed_kinds()
        .system(login::KIND)
        .channel(channel::KIND)
        .condition(condition::KIND)
}
