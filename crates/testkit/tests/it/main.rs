//! The test kit against the wire: every fault as a client sees it, and PostgreSQL as a test uses it.

// Clippy knows test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod faults;
mod postgres;
mod smtp;
mod systems;
#[cfg(feature = "tls")]
mod tls;
mod wire;
