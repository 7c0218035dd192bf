//! Kinds that nobody has, one file each: what it takes to add one is that file and a line here.

mod channel;
mod condition;
mod login;

use monitor_settings::Kinds;

/// The stock kinds and the made-up ones.
pub(crate) fn kinds() -> Kinds {
    Kinds::stock()
        .system(login::KIND)
        .channel(channel::KIND)
        .condition(condition::KIND)
}
