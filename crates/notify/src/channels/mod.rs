//! The kinds of channel. A kind is one file or folder here that owns everything about itself: its settings, their check,
//! its secrets, its notifier, its paragraph of documentation and its tests. `docs/extending.md` has the
//! steps.
//!
//! Nothing in here retries, queues or waits for its turn, and nothing here knows one kind from another but that list.

mod alertmanager;
mod channel;
mod common;
mod deps;
mod dingtalk;
mod error;
mod feishu;
mod http;
mod kind;
mod ntfy;
mod phone_number;
mod simple;
mod slack;
mod sms_aliyun;
mod sms_twilio;
mod smtp;
mod telegram;
mod webhook;
mod wecom;

use monitor_domain::Kind;

pub use channel::{Channel, validate};
pub use common::ChannelCommon;
pub use deps::Deps;
pub use error::BuildError;
pub use http::{ChatKind, Code, Codes, HttpClient, HttpSettings, Meaning, OverHttp, Post, chat_kind};
pub use kind::{ChannelKind, ChannelSettings, kind};
pub use simple::{SimpleChannel, simple_kind};
pub use smtp::SmtpSettings;

/// Every kind of channel that is built in, in the order of the documentation.
pub const KINDS: &[Kind<dyn ChannelSettings>] = &[
    // One a line.
    kind::<SmtpSettings>(),
    chat_kind::<wecom::WecomSettings>(),
    chat_kind::<dingtalk::DingtalkSettings>(),
    chat_kind::<feishu::FeishuSettings>(),
    chat_kind::<slack::SlackSettings>(),
    chat_kind::<telegram::TelegramSettings>(),
    chat_kind::<ntfy::NtfySettings>(),
    kind::<webhook::WebhookSettings>(),
    kind::<alertmanager::AlertmanagerSettings>(),
    chat_kind::<sms_aliyun::AliyunSettings>(),
    chat_kind::<sms_twilio::TwilioSettings>(),
];
