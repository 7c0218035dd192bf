//! The routes of the Flask program that this one replaces, with exactly its answers: nothing is added to them.

mod records;
mod reset;
mod values;

pub(super) use records::{delete, list as records};
pub(super) use reset::reset;
pub(super) use values::current_values;
