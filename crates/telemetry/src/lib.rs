#![doc = include_str!("../README.md")]

mod config;
mod database;
mod gauges;
mod guard;
mod text;

pub use config::ConfigRefusal;
pub use database::Database;
pub use gauges::{gauge, gauges};
pub use guard::{is_allowed, is_loopback_name};
pub use text::{Page, expose, registry};
