//! The chart of a mail: the picture, and what the mail says of it to those who do not see it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, FixedOffset, Utc};
use monitor_chart::{Chart, ChartError, Size};
use monitor_domain::Number;
use serde::Serialize;

use super::view::time_of_day;
use crate::Notification;

/// As wide as the text of a mail.
const SIZE: Size = Size::new(536, 140);
/// Fewer readings are no line.
const LEAST_READINGS: usize = 2;

/// Charts of which the picture is kept: more messages than are being sent at one time.
const KEPT: usize = 16;

/// The pictures that were drawn last. A message goes to each recipient in a mail of its own, one soon after the other, and drawing
/// takes longer than all else about a mail.
#[derive(Clone, Default)]
pub(super) struct Pictures(Arc<Mutex<VecDeque<Arc<Drawn>>>>);

/// A chart and its picture, once that is drawn.
struct Drawn {
    chart: Chart,
    png: OnceLock<Result<Vec<u8>, ChartError>>,
}

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
}

impl Pictures {
    /// That of a chart, which may still be to be drawn.
    fn drawn(&self, chart: &Chart) -> Arc<Drawn> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(drawn) = kept.iter().find(|drawn| drawn.chart == *chart) {
            return Arc::clone(drawn);
        }
        let new = Arc::new(Drawn {
            chart: chart.clone(),
            png: OnceLock::new(),
        });
        kept.push_back(Arc::clone(&new));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        new
    }
}

impl Drawn {
    /// Draws it, unless that is done. Who comes while another one does it waits for that.
    fn png(&self) -> &Result<Vec<u8>, ChartError> {
        self.png.get_or_init(|| self.chart.png(SIZE))
    }
}

impl Picture {
    /// The picture of a message, if it has readings enough for one. `zone` is that of the mail.
    pub(super) fn of(
        notification: &Notification,
        zone: Option<FixedOffset>,
        pictures: &Pictures,
    ) -> Option<(Picture, ChartView)> {
        let chart = notification.chart.as_ref()?;
        if chart.good_readings() < LEAST_READINGS {
            return None;
        }
        let view = ChartView::new(notification, chart, zone)?;
        match pictures.drawn(chart).png() {
            Ok(png) => Some((
                Picture {
                    cid: view.cid.clone(),
                    png: png.clone(),
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

    fn chart(value: f64) -> Chart {
        let to = DateTime::<Utc>::UNIX_EPOCH;
        let minutes = |n: f64| to - chrono::TimeDelta::minutes(1) * n as i32;
        let readings = [(minutes(1.0), Some(value)), (to, Some(1.0))];
        Chart::new(minutes(60.0), to, readings)
    }

    #[test]
    fn what_several_get_is_drawn_once() {
        let pictures = Pictures::default();
        let first = pictures.drawn(&chart(0.0));
        let png = first.png().as_ref().unwrap().as_ptr();
        for _ in 0..3 {
            let again = pictures.drawn(&chart(0.0));
            assert_eq!(again.png().as_ref().unwrap().as_ptr(), png);
        }
        let other = pictures.drawn(&chart(5.0));
        assert_ne!(other.png().as_ref().unwrap(), first.png().as_ref().unwrap());
        (0..KEPT).for_each(|n| drop(pictures.drawn(&chart(n as f64 + 9.0))));
        assert!(
            !Arc::ptr_eq(&pictures.drawn(&chart(0.0)), &first),
            "it is not kept for ever"
        );
        assert_eq!(pictures.0.lock().unwrap().len(), KEPT);
    }

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
