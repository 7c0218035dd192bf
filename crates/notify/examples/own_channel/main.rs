//! A kind of channel that is not built in, and one message through it: `cargo run -p monitor-notify --example own_channel`.

mod robot;

use monitor_domain::{Clock, Severity, SystemClock, TableDeserializer};
use monitor_notify::{
    AlertFacts, ChannelCommon, Deps, Event, MessageIds, MetricInfo, Notification, chat_kind,
};
use robot::RobotSettings;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = monitor_testkit::robot::Robot::start().await;
    let table = format!("{{ url = {:?}, room = \"night-shift\" }}", server.url());
    let settings = (chat_kind::<RobotSettings>().read)(TableDeserializer::parse(&table)?)?;
    let channel = settings.build("oncall", &ChannelCommon::default(), &Deps::standalone()?)?;
    let facts = AlertFacts {
        alert_id: 1,
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(98.0),
        threshold: None,
        reason: "131 is above 100".to_owned(),
    };
    let notification = Notification::about_alert(
        MessageIds::new("alert/1/1/oncall/", "alert-1-1@monitor"),
        Event::Alert,
        MetricInfo::new("z", "Z"),
        facts,
        "Complaint C738126 waits for 10 minutes",
        SystemClock.wall(),
    );
    channel.probe().await?;
    for recipient in channel.recipients() {
        channel.send(&notification, &recipient).await?;
    }
    eprintln!("the robot got {}", server.bodies()[0]);
    Ok(())
}
