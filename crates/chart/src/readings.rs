//! What a chart shows.

use chrono::{DateTime, TimeDelta, Utc};

use crate::drawing::{self, Drawing};
use crate::png::{self, ChartError};
use crate::scale::Scale;
use crate::svg;

/// A reading at a time; `None` where nothing could be read.
pub type Reading = (DateTime<Utc>, Option<f64>);

/// The readings of a metric within a span of time. What is no finite number counts as unreadable.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// In their order, all of them within the span.
    pub(crate) readings: Vec<Reading>,
    pub(crate) gap_after: Option<TimeDelta>,
    pub(crate) threshold: Option<f64>,
    pub(crate) marks: Vec<DateTime<Utc>>,
}

/// How large a picture is, in pixels of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From left to right, 40 to 1,200.
    pub width: u16,
    /// From top to bottom, 30 to 600.
    pub height: u16,
    /// How many pixels a PNG has for one of the page, 1 or 2; screens of telephones have several.
    pub density: u8,
}

/// The good readings of a chart, taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// The last one.
    pub last: f64,
    /// Whether nothing failed since.
    pub is_current: bool,
}

impl Size {
    /// Of a page's pixels, for screens with two pixels for each.
    pub const fn new(width: u16, height: u16) -> Size {
        Size {
            width,
            height,
            density: 2,
        }
    }

    /// What can be drawn.
    pub(crate) fn within_limits(self) -> Size {
        Size {
            width: self.width.clamp(40, 1_200),
            height: self.height.clamp(30, 600),
            density: self.density.clamp(1, 2),
        }
    }
}

impl Chart {
    /// The readings of a metric from `from` to `to`, in any order. Others are left out.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, readings: impl IntoIterator<Item = Reading>) -> Chart {
        let mut readings: Vec<Reading> = readings
            .into_iter()
            .filter(|(at, _)| (from..=to).contains(at))
            .map(|(at, value)| (at, value.filter(|value| value.is_finite())))
            .collect();
        readings.sort_by_key(|(at, _)| *at);
        Chart {
            from,
            to,
            readings,
            gap_after: None,
            threshold: None,
            marks: Vec::new(),
        }
    }

    /// The same, with a gap where two readings are further apart than this: nothing is known of the time between them.
    #[must_use]
    pub fn with_gap_after(mut self, longest: TimeDelta) -> Chart {
        self.gap_after = Some(longest);
        self
    }

    /// The same with a line at a threshold. One that is far from all readings is not drawn, or they would be a flat line.
    #[must_use]
    pub fn with_threshold(mut self, threshold: Option<f64>) -> Chart {
        self.threshold = threshold.filter(|value| value.is_finite());
        self
    }

    /// The same with a mark at a time, such as that of an alert.
    #[must_use]
    pub fn with_mark(mut self, at: DateTime<Utc>) -> Chart {
        if (self.from..=self.to).contains(&at) {
            self.marks.push(at);
        }
        self
    }

    /// When it begins.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// When it ends.
    pub fn to(&self) -> DateTime<Utc> {
        self.to
    }

    /// The threshold, if it is drawn: not where it is far from all readings.
    pub fn threshold(&self) -> Option<f64> {
        let scale = Scale::of(self)?;
        self.threshold.filter(|value| scale.contains(*value))
    }

    /// The times that are marked, in the order in which they were set.
    pub fn marks(&self) -> &[DateTime<Utc>] {
        &self.marks
    }

    /// Whether a reading failed, so that there is a mark at the foot.
    pub fn has_failed(&self) -> bool {
        self.readings.iter().any(|(_, value)| value.is_none())
    }

    /// The lowest, the highest and the last good reading; nothing where there is none.
    pub fn range(&self) -> Option<Range> {
        let mut values = self.readings.iter().filter_map(|(_, value)| *value);
        let first = values.next()?;
        let first = Range {
            low: first,
            high: first,
            last: first,
            is_current: self.readings.last().is_some_and(|(_, value)| value.is_some()),
        };
        Some(values.fold(first, |range, value| Range {
            low: range.low.min(value),
            high: range.high.max(value),
            last: value,
            ..range
        }))
    }

    /// How many of the readings are good.
    pub fn good_readings(&self) -> usize {
        self.readings.iter().filter(|(_, value)| value.is_some()).count()
    }

    /// The picture as an SVG element, to stand in a page or alone.
    pub fn svg(&self, size: Size) -> String {
        svg::write(&self.draw(size))
    }

    /// The picture as a PNG, for mails, whose readers show no SVG.
    ///
    /// # Errors
    /// [`ChartError`], which no reading can cause.
    pub fn png(&self, size: Size) -> Result<Vec<u8>, ChartError> {
        png::write(&self.draw(size), size.within_limits().density)
    }

    fn draw(&self, size: Size) -> Drawing {
        drawing::of(self, size.within_limits())
    }
}
