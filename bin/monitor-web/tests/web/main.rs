//! The web as others see it: a real server on a real socket, on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod alerts;
mod api;
mod deliveries;
mod embed;
mod events;
mod guards;
mod health;
mod original;
mod page;
mod pages;
mod processes;
mod silences;
mod support;
mod system;
mod telemetry;
