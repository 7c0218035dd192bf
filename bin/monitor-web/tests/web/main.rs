//! The web as others see it: a real server on a real socket, on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod api;
mod embed;
mod events;
mod guards;
mod health;
mod original;
mod page;
mod processes;
mod support;
mod telemetry;
