//! The test kit itself: PostgreSQL as a test uses it, and the robot on the wire.

// Clippy knows test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod postgres;
mod robot;
mod shared;
