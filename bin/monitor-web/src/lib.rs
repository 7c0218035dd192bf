#![doc = include_str!("../README.md")]

pub mod api;
mod app;
mod auth;
mod context;
mod guard;
mod live;
mod pages;
mod paging;
mod presence;
mod problem;
mod routes;
mod server;
mod settings;
mod state;
mod telemetry;

pub use auth::{Admin, Guarded, Operator, Permission, Public, Viewer};
pub use context::{AlarmError, GlobalAlarm, MetricView, NavLink, WebContext};
pub use guard::{BindError, check_bind, listen};
pub use pages::TemplateError;
pub use problem::{Code, Problem};
pub use routes::RouteTable;
pub use server::serve;
