//! Metrics that are read from one answer: they are due at the same time, and make one call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_upstream::Tick;

use super::metric_state::MetricState;
use crate::metric_list::MetricList;

/// The width of a slot.
const SLOT: Duration = Duration::from_millis(50);

/// Which metrics request the same. One that requests what nobody else does is a group of its own.
pub(super) struct Groups {
    /// The group of each metric, and then of each list.
    of: Vec<usize>,
    /// The shortest interval in each group.
    shortest: Vec<Duration>,
}

/// The ticks of one wake-up: one for each group of which a metric is due.
#[derive(Default)]
pub(super) struct Ticks(HashMap<usize, Tick>);

impl Groups {
    pub(super) fn new(metrics: &[Arc<MetricState>], lists: &[Arc<MetricList>]) -> Groups {
        let lists = lists
            .iter()
            .map(|list| (Some(list.fetch().identity().clone()), list.config().interval));
        let requests = metrics.iter().map(|metric| {
            let fetch = metric.monitored.metric.config().fetch.as_ref();
            (fetch.map(|fetch| fetch.identity().clone()), metric.interval())
        });
        Groups::by(requests.chain(lists))
    }

    /// By what each metric requests, where that is known, and its interval.
    fn by<K: Eq + std::hash::Hash>(metrics: impl Iterator<Item = (Option<K>, Duration)>) -> Groups {
        let (mut of, mut shortest) = (Vec::new(), Vec::<Duration>::new());
        let mut known = HashMap::new();
        for (request, interval) in metrics {
            let next = shortest.len();
            let group = match request {
                Some(request) => *known.entry(request).or_insert(next),
                None => next,
            };
            match shortest.get_mut(group) {
                Some(shortest) => *shortest = interval.min(*shortest),
                None => shortest.push(interval),
            }
            of.push(group);
        }
        Groups { of, shortest }
    }

    /// When a metric starts: groups start a slot apart, wrapping around their interval. Metrics of one group start together, and
    /// those whose interval is a multiple of another one's meet it each time.
    pub(super) fn offset(&self, metric: usize) -> Duration {
        let group = self.of[metric];
        let slots = (self.shortest[group].as_millis() / SLOT.as_millis()).max(1);
        SLOT * u32::try_from(group as u128 % slots).unwrap_or(0)
    }

    /// When each metric is due, from when it is by what was known before, which is nothing of a new one: what came to request the
    /// same is due together again. For that a metric may be due earlier than it was, by less than an interval, and never later.
    pub(super) fn together(&self, due: Vec<Option<Duration>>, now: Duration) -> Vec<Duration> {
        let mut first: HashMap<usize, Duration> = HashMap::new();
        for (group, due) in self.of.iter().zip(&due) {
            let Some(due) = due else { continue };
            let first = first.entry(*group).or_insert(*due);
            *first = (*first).min(*due);
        }
        let each = due.into_iter().enumerate();
        let each = each.map(|(metric, due)| {
            let group = self.of[metric];
            match (due, first.get(&group)) {
                (Some(due), Some(first)) => {
                    let shortest = self.shortest[group].as_nanos().max(1);
                    let beside = due.saturating_sub(*first).as_nanos() % shortest;
                    due - Duration::from_nanos(u64::try_from(beside).unwrap_or(0))
                }
                (_, first) => first.copied().unwrap_or_else(|| now + self.offset(metric)),
            }
        });
        each.collect()
    }
}

impl Ticks {
    /// The tick in which a metric is read.
    pub(super) fn of(&mut self, groups: &Groups, metric: usize) -> Tick {
        self.0.entry(groups.of[metric]).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    const TEN: Duration = Duration::from_secs(10);

    fn offsets(metrics: &[(Option<&str>, Duration)]) -> Vec<Duration> {
        let groups = Groups::by(metrics.iter().copied());
        (0..metrics.len()).map(|metric| groups.offset(metric)).collect()
    }

    #[test]
    fn starts_are_spread() {
        let thousand = vec![(None, TEN); 1000];
        let offsets = offsets(&thousand);
        assert_eq!(offsets[0], ms(0));
        assert_eq!(offsets[3], ms(150));
        assert_eq!(offsets[200], ms(0), "200 slots of 50 ms are in 10 s");
        let counts = offsets
            .iter()
            .fold(HashMap::new(), |mut counts: HashMap<_, usize>, offset| {
                *counts.entry(*offset).or_insert(0) += 1;
                counts
            });
        assert!(counts.values().all(|n| *n == 5));
    }

    #[test]
    fn what_comes_to_request_the_same_is_due_together_and_nothing_is_put_off() {
        let together = |metrics: &[(Option<&str>, Duration)], due: &[Option<u64>]| -> Vec<u64> {
            let due = due.iter().map(|due| due.map(ms)).collect();
            let due = Groups::by(metrics.iter().copied()).together(due, ms(1000));
            due.iter()
                .map(|due| u64::try_from(due.as_millis()).unwrap())
                .collect()
        };
        let thirty = Duration::from_secs(30);
        let alone = [(None, TEN), (Some("a"), TEN), (None, TEN), (None, TEN)];
        let known = [Some(1500), Some(9000), None, None];
        assert_eq!(
            together(&alone, &known),
            [1500, 9000, 1100, 1150],
            "new ones are spread"
        );
        assert_eq!(together(&alone, &known.map(|_| Some(7))), [7; 4]);
        let same = [
            (Some("a"), TEN),
            (Some("a"), TEN),
            (Some("a"), thirty),
            (Some("b"), TEN),
        ];
        // A new one joins; one that requested something else comes forward; what is on the grid stays.
        let known = [Some(4000), Some(9999), Some(24_000), Some(9999)];
        assert_eq!(together(&same, &known), [4000, 4000, 24_000, 9999]);
        let known = [Some(4000), None, Some(24_500), None];
        assert_eq!(together(&same, &known), [4000, 4000, 24_000, 1050]);
    }

    #[test]
    fn an_interval_shorter_than_a_slot_has_one() {
        assert_eq!(offsets(&[(None, ms(20)); 3]), [ms(0); 3]);
    }

    #[test]
    fn what_requests_the_same_starts_together() {
        let thirty = Duration::from_secs(30);
        let metrics = [
            (None, TEN),
            (Some("orders"), thirty),
            (Some("shops"), TEN),
            (Some("orders"), ms(100)),
            (None, TEN),
            (Some("orders"), TEN),
        ];
        let slots = [0, 50, 100, 50, 150, 50].map(ms);
        assert_eq!(offsets(&metrics), slots, "and takes one slot");
        let groups = Groups::by(metrics.into_iter());
        let mut ticks = Ticks::default();
        for metric in [1, 3, 5, 0] {
            ticks.of(&groups, metric);
        }
        assert_eq!(ticks.0.len(), 2);
        // The slots of a group are those of its shortest interval, or it would not meet itself.
        let short = [
            (Some("a"), TEN),
            (Some("b"), TEN),
            (Some("c"), thirty),
            (Some("c"), ms(100)),
        ];
        assert_eq!(offsets(&short), [0, 50, 0, 0].map(ms));
    }
}
