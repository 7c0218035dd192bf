//! Sends one test mail: `cargo run -p monitor-notify --example send_mail -- file:/tmp/mails ops@example.com zh-CN`.

use std::sync::Arc;

use monitor_domain::Severity;
use monitor_domain::{Language, SharedClock, SystemClock};
use monitor_notify::{ChannelSettings, Deps, Event, MetricInfo, Notification, Templates, build};
use monitor_requests::{RequestsSettings, Secret, SecretSource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "file:mails".to_owned());
    let to = arguments.next().unwrap_or_else(|| "ops@example.com".to_owned());
    let clock: SharedClock = SystemClock::shared();
    let settings = ChannelSettings {
        kind: "smtp".to_owned(),
        url: Some(SecretSource::Plain(Secret::new(url))),
        from: Some("Monitor <monitor@example.com>".to_owned()),
        to: Some(vec![to]),
        lang: arguments.next().map(|tag| tag.parse()).transpose()?,
        ..ChannelSettings::default()
    };
    let deps = Deps {
        requests: RequestsSettings::default(),
        clock: clock.clone(),
        templates: Arc::new(Templates::embedded()?),
        lang: Language::English,
    };
    let mail = build("mail", &settings, &deps)?;
    mail.probe().await?;
    let at = clock.wall();
    let notification = Notification {
        id: format!("test-{}", at.timestamp_micros()),
        message_id: format!("test-{}@example.com", at.timestamp_micros()),
        thread_id: None,
        event: Event::Test,
        metric: MetricInfo {
            key: "z".to_owned(),
            title: "Z".to_owned(),
            unit: "orders".to_owned(),
        },
        severity: Severity::Info,
        value: Some(131.0),
        previous: Some(128.0),
        text: "This channel works.".to_owned(),
        reason: String::new(),
        at,
        alert_id: None,
        url: None,
    };
    for recipient in mail.recipients() {
        mail.send(&notification, &recipient).await?;
    }
    Ok(())
}
