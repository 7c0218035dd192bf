#![doc = include_str!("../README.md")]

pub mod api;
mod app;
mod auth;
mod context;
mod guard;
mod lists;
mod live;
mod localized;
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
pub use context::{
    AlarmError, GlobalAlarm, ItemView, ListView, MetricView, NavLink, WebContext, WebReloader,
};
pub use guard::{BindError, check_bind, listen};
pub use localized::Localized;
pub use pages::{TemplateError, page_language};
pub use problem::{Code, Problem};
pub use routes::{RouteTable, page_answer};
pub use server::serve;
pub use settings::WebPart;
