//! `monitor try channel`: one test message to each recipient.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use monitor_domain::{Language, SharedClock, SystemClock, counted, one_line, timeout};
use monitor_notify::{Failure, MessageIds, Notification, Notifier};
use monitor_settings::Settings;
use monitor_worker::{Exit, Program};

use super::words::time;
use super::{PATIENCE, unknown};
use crate::init::say;

/// Sends the messages by the channel itself, with no row in the outbox: whoever waits at the terminal is to hear what
/// the other side says now, also where no worker runs and no database is, and is the one who tries again.
pub(crate) async fn run(program: &Program, config: &Path, name: &str) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let clock = SystemClock::shared();
    let notifier = find(&settings, name, &clock)?;
    let message = message(&settings, name, clock.wall());
    let recipients = notifier.recipients();
    let mut failures = 0;
    // One after the other, so that what went wrong stands beside whom it was for.
    for recipient in &recipients {
        let result = send(&*notifier, &message, recipient, &clock).await;
        failures += usize::from(result.is_err());
        report(if recipient.is_empty() { name } else { recipient }, result);
    }
    match failures {
        0 => Ok(()),
        n => Err(Exit::Failed(anyhow!(
            "{n} of {} did not get through",
            counted(recipients.len(), "test message")
        ))),
    }
}

/// The channel, made of its own section: what is wrong with another one does not matter here.
pub(super) fn find(settings: &Settings, name: &str, clock: &SharedClock) -> Result<Arc<dyn Notifier>, Exit> {
    let known: Vec<&str> = settings
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    if !known.contains(&name) {
        return Err(unknown("channel", name, &known));
    }
    let mut alone = settings.clone();
    alone.channels.retain(|channel| channel.name == name);
    let mut made = alone.notifiers(clock.clone()).map_err(anyhow::Error::from)?;
    Ok(made.pop().context("the channel was not made")?)
}

fn message(settings: &Settings, channel: &str, now: DateTime<Utc>) -> Notification {
    let id = format!("test-{}-{}", now.timestamp_micros(), std::process::id());
    let ids = MessageIds::new(&id, format!("{id}@monitor"));
    let page = settings.web.base_url.as_ref();
    Notification::test(ids, channel, text(settings.language(), channel, now), now)
        .with_url(page.map(|base| format!("{base}/monitor")))
}

/// Who sends it and where; the first line is the subject.
fn text(language: Language, channel: &str, now: DateTime<Utc>) -> String {
    let (host, now) = (monitor_model::host(), time(now));
    let user = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    match language {
        Language::English => {
            let user = user.unwrap_or_else(|| "somebody".to_owned());
            format!(
                "test message from {host}\n{user} on {host} tries out the channel {channel} at {now}. \
                 Nothing has happened, and nobody has to do anything."
            )
        }
        Language::Chinese => {
            let user = user.unwrap_or_else(|| "有人".to_owned());
            format!(
                "来自 {host} 的测试消息\n{user} 于 {now} 在 {host} 上测试通知渠道 {channel}。没有发生任何告警，无需处理。"
            )
        }
    }
}

/// What went wrong with a message, and whether to try again.
struct Failed {
    why: String,
    advice: String,
}

async fn send(
    notifier: &dyn Notifier,
    message: &Notification,
    recipient: &str,
    clock: &SharedClock,
) -> Result<(), Failed> {
    match timeout(&**clock, PATIENCE, notifier.send(message, recipient)).await {
        Ok(sent) => sent.map_err(|failure| Failed::of(&failure)),
        Err(late) => Err(Failed {
            why: late.to_string(),
            advice: "it may have arrived all the same; trying again may help".to_owned(),
        }),
    }
}

impl Failed {
    fn of(failure: &Failure) -> Failed {
        let advice = match (failure.is_transient(), failure.retry_after()) {
            (false, _) => "trying again will not help".to_owned(),
            (true, None) => "trying again may help".to_owned(),
            (true, Some(pause)) => {
                format!(
                    "trying again may help, after {}",
                    humantime::format_duration(pause)
                )
            }
        };
        Failed {
            why: failure.reason().to_owned(),
            advice,
        }
    }
}

fn report(recipient: &str, result: Result<(), Failed>) {
    match result {
        Ok(()) => say(&format!("ok    {recipient}")),
        Err(Failed { why, advice }) => {
            let why = one_line(&why);
            say(&format!("FAIL  {recipient}: {why} ({advice})"));
        }
    }
}
