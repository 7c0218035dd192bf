//! Mail channels against real sockets and folders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod addresses;
mod faults;
mod folder;
mod hello;
mod mails;
mod replies;
mod secure;
mod server;

use std::sync::Arc;
use std::time::Duration;

use chrono::FixedOffset;
use monitor_domain::{Severity, SharedClock, SystemClock};
use monitor_notify::{
    AlertFacts, ChannelCommon, ChannelSettings, Deps, Event, MessageIds, MetricInfo, Notification, Notifier,
    SmtpSettings, Templates,
};
use monitor_requests::{RequestsSettings, Secret, SecretSource};

/// A limit that no step on loopback comes near to.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn secret(text: impl Into<String>) -> Option<SecretSource> {
    Some(SecretSource::Plain(Secret::new(text)))
}

pub(crate) fn settings(url: &str) -> SmtpSettings {
    let to = ["Ops <ops@example.com>", "boss@example.com"];
    SmtpSettings {
        timeout: Some(LONG),
        ..SmtpSettings::new(url, "Monitor <monitor@example.com>", to)
    }
}

pub(crate) fn channel(settings: &SmtpSettings) -> Arc<dyn Notifier> {
    timed(settings, SystemClock::shared())
}

pub(crate) fn timed(settings: &SmtpSettings, clock: SharedClock) -> Arc<dyn Notifier> {
    settings
        .build("mail", &ChannelCommon::default(), &deps(clock))
        .unwrap()
}

pub(crate) fn deps(clock: SharedClock) -> Deps {
    Deps {
        requests: RequestsSettings {
            connect_timeout: LONG,
            ..RequestsSettings::default()
        },
        clock,
        templates: Arc::new(
            Templates::embedded()
                .unwrap()
                .in_zone(FixedOffset::east_opt(0).unwrap()),
        ),
        lang: monitor_domain::Language::English,
        folder: std::path::PathBuf::new(),
    }
}

pub(crate) fn plain(port: u16) -> Arc<dyn Notifier> {
    channel(&settings(&format!("smtp://127.0.0.1:{port}")))
}

pub(crate) fn alert() -> Notification {
    let facts = AlertFacts {
        alert_id: 7,
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(128.0),
        threshold: None,
        reason: "131 is above 100 since 09:12:40 UTC".to_owned(),
    };
    Notification::about_alert(
        MessageIds::new("alert-7/mail", "alert-7.mail@monitor.example.com"),
        Event::Alert,
        MetricInfo::new("z", "Z"),
        facts,
        "Order 5 failed",
        chrono::DateTime::from_timestamp(1_795_425_160, 0).unwrap(),
    )
    .with_url(Some("https://monitor.example.com/monitor/z".to_owned()))
}

/// That alert with something changed.
pub(crate) fn alert_with(change: impl FnOnce(&mut Notification)) -> Notification {
    let mut alert = alert();
    change(&mut alert);
    alert
}
