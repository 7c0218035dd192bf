//! The engine from reading to mail, on SQLite and PostgreSQL: no web, and no process but this one.

// All of it is test code, most of it in macros that the lint does not see as such.
#![allow(clippy::unwrap_used)]

mod alertmanager;
mod chain;
mod charts;
mod clock;
mod config_alone;
mod declared;
mod dependencies;
mod escalation;
mod fairness;
mod fault_table_smtp;
mod faults;
mod history;
mod incidents;
mod lifecycle;
mod lists;
mod mail_server;
mod outage;
mod own_metrics;
mod pushed;
mod reload;
mod removed;
mod renaming;
mod resilience;
mod restore;
mod routes;
mod rules;
mod session;
mod storm;
mod upkeep;
