//! The web as others see it: a real server on a real socket, on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "../../examples/fixture/seed/mod.rs"]
mod seed;

mod alerts;
mod api;
mod deliveries;
mod embed;
mod events;
mod guards;
mod health;
mod legacy;
mod lists;
mod page;
mod pages;
mod processes;
mod silences;
mod snapshots;
mod stale;
mod support;
mod system;
mod telemetry;
mod values;
