//! The end-to-end suite: one binary, files by feature.

// All of it is test code, most of it in macros and helpers that the lint does not see as such.
#![allow(clippy::unwrap_used)]

mod cases;
