#![doc = include_str!("../README.md")]

mod notification;
mod notifier;
mod registry;
mod settings;
mod smtp;
mod templates;

pub use notification::{Event, MetricInfo, Notification};
pub use notifier::{Failure, Limits, Notifier};
pub use registry::{BuildError, Deps, KINDS, build};
pub use settings::ChannelSettings;
pub use templates::{Mail, TemplateError, Templates};
