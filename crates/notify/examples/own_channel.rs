//! A channel that is not built in, and one message through it: `cargo run -p monitor-notify --example own_channel`.
#![allow(clippy::needless_pass_by_value)] // `later` has the shape that `map_err` wants

use async_trait::async_trait;
use monitor_domain::Severity;
use monitor_domain::{Clock, SystemClock};
use monitor_notify::{Event, Failure, Limits, MetricInfo, Notification, Notifier};
use monitor_requests::{Client, ClientConfig, Error, Request, Url};
use serde::Deserialize;

/// A chat robot: takes `{"id","text"}` and says in the body whether it took it.
struct Robot {
    name: String,
    url: Url,
    client: Client,
}

#[derive(Deserialize)]
struct Answer {
    errcode: i64,
    errmsg: String,
}

#[async_trait]
impl Notifier for Robot {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "robot"
    }

    fn recipients(&self) -> Vec<String> {
        vec![String::new()] // the address is the recipient
    }

    fn limits(&self) -> Limits {
        Limits {
            per_minute: Some(20),
            concurrency: 1,
        }
    }

    async fn send(&self, notification: &Notification, _recipient: &str) -> Result<(), Failure> {
        let text = format!("{}: {}", notification.metric.title, notification.text);
        let request = Request::post(self.url.clone())
            .secret_url()
            .retries(0) // the pipeline tries again, and remembers across restarts
            .json(&serde_json::json!({ "id": notification.id, "text": text }));
        let answer = self.client.send(&request).await.map_err(later)?;
        // A 200 says that somebody answered; only the body says that the message was taken.
        match answer.require_success().and_then(|a| a.json()).map_err(later)? {
            Answer { errcode: 0, .. } => Ok(()),
            Answer { errcode, errmsg } => Err(Failure::permanent(format!("refused: {errcode} {errmsg}"))),
        }
    }

    async fn probe(&self) -> Result<(), Failure> {
        let request = Request::get(self.url.clone()).secret_url().retries(0);
        self.client.send(&request).await.map(drop).map_err(later)
    }
}

/// A wrong address gets repaired in the config, too: what waits for it must not be lost.
fn later(error: Error) -> Failure {
    Failure::Transient {
        retry_after: error.retry_after(),
        reason: error.to_string(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = monitor_testkit::robot::Robot::start().await;
    let channel = Robot {
        name: "oncall".to_owned(),
        url: Url::parse(&server.url())?,
        client: Client::new(ClientConfig::default(), SystemClock::shared())?,
    };
    let notification = Notification {
        id: "alert/1/1/oncall/".to_owned(),
        message_id: "alert-1-1@monitor".to_owned(),
        thread_id: None,
        event: Event::Alert,
        metric: MetricInfo {
            key: "z".to_owned(),
            title: "Z".to_owned(),
            unit: String::new(),
        },
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(98.0),
        text: "Complaint C738126 waits for 10 minutes".to_owned(),
        reason: "131 is above 100".to_owned(),
        at: SystemClock.wall(),
        alert_id: Some(1),
        url: None,
    };
    channel.probe().await?;
    for recipient in channel.recipients() {
        channel.send(&notification, &recipient).await?;
    }
    eprintln!("the robot got {}", server.bodies()[0]);
    Ok(())
}
