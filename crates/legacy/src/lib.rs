#![doc = include_str!("../README.md")]

mod cell;
mod collect;
#[cfg(test)]
mod collect_tests;
mod columns;
mod dump;
mod error;
mod old;
mod source;
mod sqlite;
mod types;
mod zone;

pub use error::LegacyError;
pub use old::{LeftOut, Old, OldRecord, OldValue};
pub use source::{Progress, Source, read};
pub use types::{TypeMap, parse_mapping};
pub use zone::Zone;
