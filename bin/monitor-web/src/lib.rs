#![doc = include_str!("../README.md")]

pub mod api;
mod app;
mod auth;
mod context;
mod live;
mod middleware;
mod pages;
mod paging;
mod presence;
mod problem;
mod routes;
mod server;
mod settings;
mod telemetry;

pub use auth::{BindError, check_bind, listen};
pub use context::{AlarmError, GlobalAlarm, MetricView, NavLink, WebContext};
pub use pages::TemplateError;
pub use problem::{Code, Problem};
pub use server::serve;
pub use settings::check_settings;
