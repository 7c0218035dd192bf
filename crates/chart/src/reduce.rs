//! Thousands of readings as what a picture of some hundred columns can show of them: the peaks stay.

use chrono::{DateTime, Utc};

use crate::Chart;

/// The readings as columns see them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reduced {
    /// Each run of good readings without a gap, as share of the width and value; at most four points a column.
    pub(crate) runs: Vec<Vec<(f64, f64)>>,
    /// Columns with readings that failed, side by side ones as one, each from one share of the width to another.
    pub(crate) failed: Vec<(f64, f64)>,
}

/// What one column has of a run.
#[derive(Debug, Default)]
struct Column {
    /// By number from the left.
    number: usize,
    good: Vec<(f64, f64)>,
    has_failed: bool,
}

/// Reduces the readings to so many columns.
pub(crate) fn reduce(chart: &Chart, columns: usize) -> Reduced {
    let mut reduced = Reduced::default();
    let mut column = Column::default();
    let mut before: Option<DateTime<Utc>> = None;
    for &(at, value) in &chart.readings {
        let x = share(chart, at);
        let number = number(x, columns);
        if number != column.number {
            reduced.close(&mut column, columns);
            column.number = number;
        }
        if before.is_some_and(|before| chart.gap_after.is_some_and(|longest| at - before > longest)) {
            reduced.close(&mut column, columns);
            reduced.runs.push(Vec::new());
        }
        match value {
            Some(value) => column.good.push((x, value)),
            None => column.has_failed = true,
        }
        before = Some(at);
    }
    reduced.close(&mut column, columns);
    reduced.runs.retain(|run| !run.is_empty());
    reduced
}

/// Where a time is between the left (0) and the right (1).
pub(crate) fn share(chart: &Chart, at: DateTime<Utc>) -> f64 {
    let (past, whole) = (seconds(chart.from, at), seconds(chart.from, chart.to));
    if whole > 0.0 {
        (past / whole).clamp(0.0, 1.0)
    } else {
        1.0
    }
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of some hundred columns"
)]
fn number(x: f64, columns: usize) -> usize {
    ((x * columns as f64) as usize).min(columns.saturating_sub(1))
}

impl Reduced {
    /// Takes over what a column has: its first, lowest, highest and last point, in their order. One in which every
    /// reading failed is a gap; of one in which some did, only the good ones are in the line.
    fn close(&mut self, column: &mut Column, columns: usize) {
        let good = std::mem::take(&mut column.good);
        if std::mem::take(&mut column.has_failed) {
            self.mark_failed(column.number, columns);
            if good.is_empty() {
                self.runs.push(Vec::new());
            }
        }
        if self.runs.is_empty() {
            self.runs.push(Vec::new());
        }
        if let Some(run) = self.runs.last_mut() {
            run.extend(corners(&good));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "some hundred columns")]
    fn mark_failed(&mut self, number: usize, columns: usize) {
        let width = 1.0 / columns as f64;
        let (from, to) = (number as f64 * width, (number + 1) as f64 * width);
        match self.failed.last_mut() {
            Some(last) if last.1 + width / 2.0 > from => last.1 = to,
            _ => self.failed.push((from, to)),
        }
    }
}

/// The first, the lowest, the highest and the last point, in their order, each once.
fn corners(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_value = |a: &usize, b: &usize| points[*a].1.total_cmp(&points[*b].1);
    let (lowest, highest) = (
        (0..points.len()).min_by(by_value),
        (0..points.len()).max_by(by_value),
    );
    let (Some(lowest), Some(highest)) = (lowest, highest) else {
        return Vec::new();
    };
    let mut kept = vec![0, lowest, highest, points.len() - 1];
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| points[index]).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::Reading;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_425_160 + second, 0).unwrap()
    }

    fn chart(values: impl IntoIterator<Item = Option<f64>>) -> Chart {
        let readings: Vec<Reading> = (0..).map(at).zip(values).collect();
        let end = readings.last().map_or(at(0), |(at, _)| *at);
        Chart::new(at(0), end, readings)
    }

    #[test]
    fn the_peaks_stay_however_many_readings_there_are() {
        let values = (0..3_601).map(|second| match second {
            1_801 => Some(131.0),
            2_702 => Some(-7.0),
            second => Some(f64::from(second % 3)),
        });
        let reduced = reduce(&chart(values), 100);
        assert_eq!((reduced.runs.len(), reduced.failed.len()), (1, 0));
        let run = &reduced.runs[0];
        assert!(run.len() <= 400, "{}", run.len());
        let high = run.iter().find(|(_, value)| *value == 131.0).unwrap();
        assert_eq!(high.0, 1_801.0 / 3_600.0);
        assert!(run.iter().any(|(_, value)| *value == -7.0));
        assert!(run.is_sorted_by(|a, b| a.0 < b.0), "no step back in time");
    }

    #[test]
    fn a_failed_reading_breaks_the_line_where_it_has_a_column_of_its_own() {
        let reduced = reduce(&chart([Some(1.0), Some(2.0), None, None, Some(3.0)]), 5);
        let values: Vec<Vec<f64>> = reduced
            .runs
            .iter()
            .map(|run| run.iter().map(|(_, value)| *value).collect())
            .collect();
        assert_eq!(values, [vec![1.0, 2.0], vec![3.0]]);
        assert_eq!(reduced.failed, [(0.4, 0.8)], "columns side by side are one mark");
    }

    #[test]
    fn failed_readings_between_good_ones_are_marked_and_do_not_tear_the_line_to_pieces() {
        let values = (0..3_600).map(|second| (second % 2 == 0).then_some(5.0));
        let reduced = reduce(&chart(values), 100);
        assert_eq!(reduced.runs.len(), 1);
        let [(from, to)] = reduced.failed[..] else {
            panic!("{:?}", reduced.failed)
        };
        assert!(from == 0.0 && (to - 1.0).abs() < 1e-9);
    }

    #[test]
    fn time_without_any_reading_is_a_gap_where_readings_are_due() {
        let readings = [0, 10, 20, 300, 310].map(|second| (at(second), Some(1.0)));
        let chart = Chart::new(at(0), at(310), readings);
        assert_eq!(reduce(&chart, 50).runs.len(), 1);
        let reduced = reduce(&chart.with_gap_after(TimeDelta::seconds(40)), 50);
        assert_eq!(reduced.runs.len(), 2);
        assert_eq!(reduced.failed, [], "nobody says that reading failed");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(reduce(&chart([]), 50), Reduced::default());
        let failed = reduce(&chart([None]), 50);
        assert_eq!((failed.runs.len(), failed.failed.len()), (0, 1));
        let gone = Chart::new(at(9), at(0), [(at(5), Some(1.0))]);
        assert_eq!(
            reduce(&gone, 50),
            Reduced::default(),
            "a span that ends before it begins"
        );
    }
}
