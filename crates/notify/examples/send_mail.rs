//! Sends one test mail: `cargo run -p monitor-notify --example send_mail -- file:/tmp/mails ops@example.com zh-CN`.

use monitor_domain::{Clock, SystemClock};
use monitor_notify::{ChannelCommon, ChannelSettings, Deps, MessageIds, Notification, SmtpSettings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "file:mails".to_owned());
    let to = arguments.next().unwrap_or_else(|| "ops@example.com".to_owned());
    let common = ChannelCommon {
        lang: arguments.next().map(|tag| tag.parse()).transpose()?,
        ..ChannelCommon::default()
    };
    let settings = SmtpSettings::new(url, "Monitor <monitor@example.com>", [to]);
    let mail = settings.build("mail", &common, &Deps::standalone()?)?;
    mail.probe().await?;
    let at = SystemClock.wall();
    let id = format!("test-{}", at.timestamp_micros());
    let ids = MessageIds::new(&id, format!("{id}@example.com"));
    let notification = Notification::test(ids, "mail", "This channel works.", at);
    for recipient in mail.recipients() {
        mail.send(&notification, &recipient).await?;
    }
    Ok(())
}
