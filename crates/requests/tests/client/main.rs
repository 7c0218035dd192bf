//! The client against real sockets: raw servers that answer byte by byte what a test gives them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic, in its helpers too"
)]

mod body;
mod breaker;
mod failures;
mod logs;
mod retrying;
mod server;
mod time;
mod tls;
