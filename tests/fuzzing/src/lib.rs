//! What is fuzzed: each target is a plain function over bytes. It panics where something is wrong with what it calls, and says
//! otherwise whether the bytes were read or refused.
//!
//! `fuzz/` runs them for as long as one wants, with libFuzzer; the tests here with some thousands of damaged seeds, the same at
//! each run.

mod targets;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod tests;

pub use targets::{config, dump, extract, number, recording, template};

/// Whether the bytes were read (or else refused).
pub type Target = fn(&[u8]) -> bool;

/// All targets, by the name that `fuzz/fuzz_targets` and `fuzz/seeds` have for them.
pub const TARGETS: [(&str, Target); 6] = [
    ("config", config),
    ("dump", dump),
    ("extract", extract),
    ("number", number),
    ("recording", recording),
    ("template", template),
];
