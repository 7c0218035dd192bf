//! Mail channels against real sockets and folders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod faults;
mod folder;
mod mails;
mod secure;
mod server;

use std::sync::Arc;
use std::time::Duration;

use chrono::FixedOffset;
use monitor_domain::Severity;
use monitor_domain::{SharedClock, SystemClock};
use monitor_notify::{ChannelSettings, Deps, Event, MetricInfo, Notification, Notifier, Templates, build};
use monitor_requests::{RequestsSettings, Secret, SecretSource};

/// A limit that no step on loopback comes near to.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn secret(text: impl Into<String>) -> Option<SecretSource> {
    Some(SecretSource::Plain(Secret::new(text)))
}

pub(crate) fn settings(url: &str) -> ChannelSettings {
    ChannelSettings {
        kind: "smtp".to_owned(),
        url: secret(url),
        from: Some("Monitor <monitor@example.com>".to_owned()),
        to: Some(vec![
            "Ops <ops@example.com>".to_owned(),
            "boss@example.com".to_owned(),
        ]),
        timeout: Some(LONG),
        ..ChannelSettings::default()
    }
}

pub(crate) fn channel(settings: &ChannelSettings) -> Arc<dyn Notifier> {
    timed(settings, SystemClock::shared())
}

pub(crate) fn timed(settings: &ChannelSettings, clock: SharedClock) -> Arc<dyn Notifier> {
    let deps = Deps {
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
    };
    build("mail", settings, &deps).unwrap()
}

pub(crate) fn plain(port: u16) -> Arc<dyn Notifier> {
    channel(&settings(&format!("smtp://127.0.0.1:{port}")))
}

pub(crate) fn alert() -> Notification {
    Notification {
        id: "alert-7/mail".to_owned(),
        message_id: "alert-7.mail@monitor.example.com".to_owned(),
        thread_id: None,
        event: Event::Alert,
        metric: MetricInfo {
            key: "z".to_owned(),
            title: "Z".to_owned(),
            unit: String::new(),
        },
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(128.0),
        text: "Order 5 failed".to_owned(),
        reason: "131 is above 100 since 09:12:40 UTC".to_owned(),
        at: chrono::DateTime::from_timestamp(1_795_425_160, 0).unwrap(),
        alert_id: Some(7),
        url: Some("https://monitor.example.com/monitor/z".to_owned()),
    }
}
