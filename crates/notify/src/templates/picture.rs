//! The chart of a mail: the picture, and what the mail says of it to those who do not see it.

use chrono::{DateTime, FixedOffset, Utc};
use monitor_chart::{Chart, Size};
use monitor_domain::Number;
use serde::Serialize;

use super::view::time_of_day;
use crate::Notification;

/// As wide as the text of a mail.
const SIZE: Size = Size::new(536, 140);
/// Fewer readings are no line.
const LEAST_READINGS: usize = 2;

/// A picture in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The name by which the HTML shows it: `<img src="cid:…">`.
    pub cid: String,
    /// It is a PNG.
    pub png: Vec<u8>,
}

/// What a template knows of the picture.
#[derive(Serialize, Debug)]
pub(super) struct ChartView {
    cid: String,
    width: u16,
    height: u16,
    /// When it begins and ends.
    from: String,
    to: String,
    low: String,
    high: String,
    /// The last number that was read.
    last: String,
    /// `level` where all that was read is the same, else `now`; `level_unread` and `unread` where it cannot be read now.
    state: &'static str,
    /// The line that is drawn besides.
    threshold: Option<String>,
    /// When the alert was opened, where that is marked.
    opened: Option<String>,
    /// Whether a mark at the foot shows that it could not be read.
    has_failed: bool,
}

impl Picture {
    /// The picture of a message, if it has readings enough for one. `zone` is that of the mail.
    pub(super) fn of(notification: &Notification, zone: Option<FixedOffset>) -> Option<(Picture, ChartView)> {
        let chart = notification.chart.as_ref()?;
        if chart.good_readings() < LEAST_READINGS {
            return None;
        }
        let view = ChartView::new(notification, chart, zone)?;
        match chart.png(SIZE) {
            Ok(png) => Some((
                Picture {
                    cid: view.cid.clone(),
                    png,
                },
                view,
            )),
            Err(error) => {
                log::warn!(id = notification.id.as_str(); "the mail goes without its chart: {error}");
                None
            }
        }
    }
}

impl ChartView {
    /// That of a message, if there is something to show.
    pub(super) fn of(notification: &Notification, zone: Option<FixedOffset>) -> Option<ChartView> {
        ChartView::new(notification, notification.chart.as_ref()?, zone)
    }

    fn new(notification: &Notification, chart: &Chart, zone: Option<FixedOffset>) -> Option<ChartView> {
        let range = chart.range()?;
        let number = |value: f64| Number(value).to_string();
        let is_read = range.is_current && notification.state() != Some("no_data");
        let time = |at: DateTime<Utc>| time_of_day(at, zone);
        Some(ChartView {
            cid: cid(&notification.message_id),
            width: SIZE.width,
            height: SIZE.height,
            from: time(chart.from()),
            to: time(chart.to()),
            low: number(range.low),
            high: number(range.high),
            last: number(range.last),
            state: match (range.low >= range.high, is_read) {
                (true, true) => "level",
                (true, false) => "level_unread",
                (false, true) => "now",
                (false, false) => "unread",
            },
            threshold: chart.threshold().map(number),
            opened: chart.marks().first().map(|at| time(*at)),
            has_failed: chart.has_failed(),
        })
    }
}

/// A Content-ID (RFC 2392) that no other mail has and this one always has.
fn cid(message_id: &str) -> String {
    let plain = message_id.chars().map(|one| match one {
        one if one.is_ascii_alphanumeric() || one == '.' || one == '-' => one,
        _ => '-',
    });
    let plain: String = plain.take(100).collect();
    format!("chart.{plain}@monitor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_fit_for_an_address_whatever_the_message_id_is() {
        assert_eq!(
            cid("alert-7.0190@m.example"),
            "chart.alert-7.0190-m.example@monitor"
        );
        assert_eq!(cid("<a b>\"告"), "chart.-a-b---@monitor");
        assert!(cid(&"x".repeat(5_000)).len() < 120);
    }
}
