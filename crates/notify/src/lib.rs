#![doc = include_str!("../README.md")]

// So that the file of a kind is the same text in here and in another team's program.
extern crate self as monitor_notify;

mod channels;
mod message;
mod notifier;
mod templates;

pub use channels::{
    BuildError, Channel, ChannelCommon, ChannelKind, ChannelSettings, ChatKind, Code, Codes, Deps,
    HttpClient, HttpSettings, KINDS, Meaning, OverHttp, Post, SimpleChannel, SmtpSettings, chat_kind, kind,
    simple_kind, validate,
};
pub use monitor_chart::Chart;

pub use message::{AlertFacts, Event, MessageIds, MetricInfo, Notification};
pub use notifier::{Failure, Limits, Notifier, Preview};
pub use templates::{
    ChatLink, ChatTemplate, ChatText, Escape, Form, Mail, Picture, TemplateError, Templates,
};
