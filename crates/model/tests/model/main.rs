//! The model's tests on real databases: each on SQLite, and on PostgreSQL where there is one.

#![allow(clippy::unwrap_used)]

mod changes;
mod costs;
mod deadlines;
mod deliveries;
mod failures;
mod file;
mod group_commit;
mod groups;
mod imported;
mod lifecycle;
mod log_file;
mod metric_items;
mod metric_keys;
mod migrations;
mod parity;
mod probe;
mod processes;
mod pruning;
mod pushed_values;
mod queries;
mod reloads;
mod running_time;
mod support;
mod turns;
