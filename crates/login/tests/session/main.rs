//! Sessions against real HTTP servers, with time that the tests move.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic, in its helpers too"
)]

mod backing_off;
mod connections;
mod fake;
mod flight;
mod places;
mod renewal;
mod secrets;
mod signed_out;
mod time;
