//! The readings of the last hour, or week, in few numbers.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta};
use monitor_model::{Conn, DbError, samples};
use monitor_rules::{Lack, Need, Window};

use super::HistoryQuery;
use crate::context::ago;

/// A window is kept in so many parts, so that a long one costs no more than a short one. It ends with a whole part, and begins
/// a part earlier, so that a reading which is due at its beginning and came a moment early counts. So it may be a hundredth
/// longer than its span, or a little more.
const PARTS: i32 = 128;
/// No clock is set back by more.
const FAR: Days = Days::new(36_500);

/// The windows that a rule needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Windows {
    windows: Vec<Parts>,
    /// When the metric was first read, as far as that is kept.
    oldest: Option<NaiveDateTime>,
    /// How long after its beginning a window may begin that is still whole.
    slack: TimeDelta,
}

/// One window.
#[derive(Clone, Debug)]
struct Parts {
    span: Duration,
    /// The oldest first.
    parts: VecDeque<Part>,
}

/// Readings that followed each other.
#[derive(Clone, Copy, Debug)]
struct Part {
    oldest: NaiveDateTime,
    newest: NaiveDateTime,
    count: f64,
    sum: f64,
    low: f64,
    high: f64,
}

impl Windows {
    /// Those that are needed, as they are at `at`.
    pub(super) fn load(conn: &mut Conn, query: &HistoryQuery, at: NaiveDateTime) -> Result<Windows, DbError> {
        let spans = query.needs.iter().filter_map(|need| match need {
            Need::Window(span) => Some(*span),
            Need::Ago(_) | Need::Metric(_) => None,
        });
        let windows: Vec<Parts> = spans
            .map(|span| Parts::load(conn, &query.key, span, at))
            .collect::<Result<_, _>>()?;
        let oldest = match windows.is_empty() {
            true => None,
            false => samples::oldest(conn, &query.key)?,
        };
        Ok(Windows {
            windows,
            oldest,
            slack: TimeDelta::from_std(query.no_data).unwrap_or_default(),
        })
    }

    /// Whether all windows that are needed are here. They are not where the config has another rule now.
    pub(crate) fn have(&self, needs: &[Need]) -> bool {
        needs.iter().all(|need| match need {
            Need::Window(span) => self.windows.iter().any(|window| window.span == *span),
            Need::Ago(_) | Need::Metric(_) => true,
        })
    }

    /// Whether nothing but windows is needed.
    pub(super) fn are_all_of(&self, needs: &[Need]) -> bool {
        needs.iter().all(|need| matches!(need, Need::Window(_)))
    }

    /// One more reading.
    pub(crate) fn push(&mut self, at: NaiveDateTime, value: f64) {
        self.oldest.get_or_insert(at);
        for window in &mut self.windows {
            window.push(at, value);
        }
    }

    /// The window of this span, for a reading at `at`.
    pub(super) fn answer(&self, span: Duration, at: NaiveDateTime) -> Result<Window, Lack> {
        let begin = since(at, span);
        let window = self.windows.iter().find(|window| window.span == span);
        let mut parts = window.ok_or(Lack::NotLoaded)?.since(begin);
        let first = parts.next().ok_or(Lack::NotWithin(span))?;
        let all = parts.fold(first, Part::and);
        let whole = ago(at, span).checked_add_signed(self.slack).unwrap_or(at);
        Ok(Window {
            low: all.low,
            high: all.high,
            // What never moved is its own mean, to the last digit.
            mean: (all.sum / all.count).clamp(all.low, all.high),
            is_whole: self.oldest.is_some_and(|oldest| oldest <= whole),
        })
    }
}

impl Parts {
    /// Reading by reading where there are few; otherwise the database puts them together.
    fn load(conn: &mut Conn, key: &str, span: Duration, at: NaiveDateTime) -> Result<Parts, DbError> {
        let (begin, end) = (since(at, span), end(at));
        let few = samples::values(conn, key, begin, end, i64::from(PARTS) + 1)?;
        let mut parts = VecDeque::new();
        if i32::try_from(few.len()).is_ok_and(|few| few <= PARTS) {
            parts.extend(few.into_iter().map(|(at, value)| Part::of(at, value)));
            return Ok(Parts { span, parts });
        }
        let width = (at - begin) / PARTS;
        for n in 0..PARTS {
            let from = begin + width * n;
            let to = if n + 1 == PARTS { end } else { from + width };
            let summary = samples::summary(conn, key, from, to)?;
            parts.extend(summary.map(|summary| {
                let count = u32::try_from(summary.count).map_or(f64::from(u32::MAX), f64::from);
                Part {
                    oldest: from,
                    newest: summary.newest,
                    count,
                    sum: summary.mean * count,
                    low: summary.low,
                    high: summary.high,
                }
            }));
        }
        Ok(Parts { span, parts })
    }

    fn push(&mut self, at: NaiveDateTime, value: f64) {
        let begin = since(at, self.span);
        while self.parts.front().is_some_and(|part| part.newest < begin) {
            self.parts.pop_front();
        }
        let width = (at - begin) / PARTS;
        match self.parts.back_mut() {
            Some(last) if at < last.oldest + width => *last = last.and(Part::of(at, value)),
            _ => self.parts.push_back(Part::of(at, value)),
        }
    }

    fn since(&self, begin: NaiveDateTime) -> impl Iterator<Item = Part> {
        self.parts
            .iter()
            .copied()
            .filter(move |part| part.newest >= begin)
    }
}

/// When a window of this span begins; both databases know times from 1970 on.
fn since(at: NaiveDateTime, span: Duration) -> NaiveDateTime {
    let part = span / PARTS.unsigned_abs();
    ago(at, span.saturating_add(part)).max(DateTime::UNIX_EPOCH.naive_utc())
}

/// A time by which all is stamped, also by a clock that was set back since.
fn end(at: NaiveDateTime) -> NaiveDateTime {
    at.checked_add_days(FAR).unwrap_or(at)
}

impl Part {
    fn of(at: NaiveDateTime, value: f64) -> Part {
        Part {
            oldest: at,
            newest: at,
            count: 1.0,
            sum: value,
            low: value,
            high: value,
        }
    }

    /// Both together.
    fn and(self, later: Part) -> Part {
        Part {
            oldest: self.oldest,
            newest: self.newest.max(later.newest),
            count: self.count + later.count,
            sum: self.sum + later.sum,
            low: self.low.min(later.low),
            high: self.high.max(later.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> NaiveDateTime {
        DateTime::from_timestamp(1_795_600_000 + seconds, 0)
            .unwrap()
            .naive_utc()
    }

    fn windows() -> Windows {
        Windows {
            windows: vec![Parts {
                span: HOUR,
                parts: VecDeque::new(),
            }],
            oldest: None,
            slack: TimeDelta::seconds(60),
        }
    }

    #[test]
    fn what_is_too_old_is_left_out_and_a_reading_each_is_exact() {
        let mut windows = windows();
        assert_eq!(windows.answer(HOUR, at(0)), Err(Lack::NotWithin(HOUR)));
        for minute in 0..=90 {
            windows.push(at(minute * 60), f64::from(i32::try_from(minute).unwrap()));
        }
        let window = windows.answer(HOUR, at(91 * 60)).unwrap();
        assert_eq!((window.low, window.high, window.mean), (31.0, 90.0, 60.5));
        assert!(window.is_whole);
        assert_eq!(windows.answer(HOUR * 2, at(0)), Err(Lack::NotLoaded));
        assert_eq!(windows.answer(HOUR, at(900 * 60)), Err(Lack::NotWithin(HOUR)));
    }

    #[test]
    fn it_is_whole_once_the_metric_was_read_for_so_long() {
        let mut windows = windows();
        windows.push(at(0), 5.0);
        let is_whole = |windows: &Windows, seconds| windows.answer(HOUR, at(seconds)).unwrap().is_whole;
        assert!(!is_whole(&windows, 10) && !is_whole(&windows, 3539));
        assert!(is_whole(&windows, 3540), "as good as an hour");
    }

    #[test]
    fn many_readings_take_few_parts_and_are_a_hair_longer_at_most() {
        let mut windows = windows();
        for second in 0..10_000 {
            windows.push(at(second), f64::from(i32::try_from(second).unwrap()));
        }
        let parts = windows.windows[0].parts.len();
        assert!((120..=130).contains(&parts), "{parts}");
        let window = windows.answer(HOUR, at(10_000)).unwrap();
        assert_eq!(window.high, 9_999.0);
        assert!((6_330.0..=6_372.0).contains(&window.low), "{window:?}");
        let mean = (window.low + window.high) / 2.0;
        assert!((window.mean - mean).abs() < 1e-6, "{window:?}");
    }

    #[test]
    fn a_clock_that_was_set_back_loses_nothing() {
        let mut windows = windows();
        windows.push(at(0), 5.0);
        windows.push(at(-7200), 6.0);
        windows.push(at(-7190), 7.0);
        let window = windows.answer(HOUR, at(-7180)).unwrap();
        assert_eq!((window.low, window.high, window.mean), (5.0, 7.0, 6.0));
    }

    #[test]
    fn what_never_moved_is_its_own_mean_and_so_is_what_is_huge() {
        let mut windows = windows();
        for second in 0..999 {
            windows.push(at(second), 0.1);
        }
        assert_eq!(windows.answer(HOUR, at(1000)).unwrap().mean, 0.1);
        let mut windows = self::windows();
        for second in [0, 100, 200] {
            windows.push(at(second), 1.5e308);
        }
        let window = windows.answer(HOUR, at(300)).unwrap();
        assert_eq!((window.low, window.mean), (1.5e308, 1.5e308));
    }
}
