//! The last hour of the metric that a message is about, for channels that show it. It is read as the message is sent, and
//! a message goes without it rather than later.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_chart::Chart;
use monitor_domain::timeout;
use monitor_model::{samples, stored};
use monitor_notify::{Event, Notification};

use crate::context::Context;

/// How much of the metric is shown, up to what the message says.
const SPAN: TimeDelta = TimeDelta::hours(1);
/// The most readings that are read for it, the newest: an hour of one a second.
const MOST: i64 = 3_601;
/// A message waits so long for it.
const LIMIT: Duration = Duration::from_secs(2);
/// A reading that comes later than after so many intervals leaves a gap.
const LATE: i32 = 3;

/// The message with its chart, if it is about a metric that has one.
pub(super) async fn with_chart(context: &Context, message: Notification) -> Notification {
    if !has_chart(message.event) {
        return message;
    }
    let read = timeout(&*context.clock, LIMIT, read(context, &message)).await;
    let chart = read.unwrap_or_else(|late| Err(late.to_string()));
    match chart {
        Ok(chart) => message.with_chart(Some(chart)),
        Err(error) => {
            log::warn!(id = message.id.as_str(); "the message goes without its chart: {error}");
            message
        }
    }
}

/// Of what is about an alert and not over for want of its metric.
fn has_chart(event: Event) -> bool {
    match event {
        Event::Alert | Event::Reminder | Event::Escalation | Event::Recovered => true,
        Event::NoData | Event::DataBack => true,
        Event::Closed | Event::Digest | Event::Notice | Event::Test => false,
    }
}

async fn read(context: &Context, message: &Notification) -> Result<Chart, String> {
    let (key, to) = (message.metric.key.clone(), message.at);
    let from = to - SPAN;
    let readings = context
        .db
        .read(move |c| samples::history(c, &key, stored(from), stored(to), MOST))
        .await
        .map_err(|error| error.to_string())?;
    let readings = readings.into_iter().map(|(at, value)| (at.and_utc(), value));
    let mut chart = Chart::new(from, to, readings).with_threshold(message.threshold);
    if let Some(metric) = context.metric(&message.metric.key) {
        let config = metric.metric.config();
        let interval = TimeDelta::from_std(config.interval).ok();
        if let Some(late) = interval
            .filter(|_| !config.is_pushed)
            .and_then(|interval| interval.checked_mul(LATE))
        {
            chart = chart.with_gap_after(late);
        }
    }
    Ok(message.since.into_iter().fold(chart, Chart::with_mark))
}
