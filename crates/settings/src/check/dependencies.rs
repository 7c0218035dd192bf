//! `depends_on` of metrics: it names others, and leads to none in a circle.

use monitor_domain::MetricKey;

use super::{Checker, join, path};
use crate::settings::MetricSettings;
use crate::words::no_such;

impl Checker<'_, '_> {
    /// The metrics that the list of `key` names.
    pub(super) fn depends_on(
        &mut self,
        at: &[String],
        key: &str,
        given: Option<Vec<String>>,
    ) -> Vec<MetricKey> {
        let all = self.reader.document.names(&path(&["metrics"]));
        let mut depends_on: Vec<MetricKey> = Vec::new();
        for (i, name) in given.unwrap_or_default().into_iter().enumerate() {
            let one = join(at, &format!("[{i}]"));
            if name == key {
                self.reader
                    .error(&one, "is the metric itself; name those that it depends on");
            } else if !all.contains(&name) {
                self.reader.error(&one, no_such("metric", &name, &all));
            } else if self.is_list(&name) {
                let message = format!(
                    "{name} is a list (for_each): its items come and go, and none of them is what others depend on; name a \
                     metric that is one number"
                );
                self.reader.error(&one, message);
            } else if depends_on.iter().any(|known| **known == *name) {
                self.reader.warn(&one, format!("\"{name}\" is named twice"));
            } else {
                depends_on.push(MetricKey::stored(&name));
            }
        }
        depends_on
    }

    /// Says of each circle, once, that there is one: nobody would ever be notified of what is in it.
    pub(super) fn circles(&mut self, metrics: &[MetricSettings]) {
        for (n, metric) in metrics.iter().enumerate() {
            // Where an earlier one is in it, it has been said there.
            let Some(circle) = circle(&metrics[n..], metric) else {
                continue;
            };
            let next = circle.first().copied().unwrap_or_default();
            let i = metric.depends_on.iter().position(|one| *one == *next);
            let at = path(&["metrics", metric.key.as_str(), "depends_on"]);
            let way: Vec<&str> = std::iter::once(metric.key.as_str()).chain(circle).collect();
            let message = format!(
                "leads back to itself: {}; while one of them fires, nobody would be notified of any",
                way.join(" → ")
            );
            self.reader
                .error(&join(&at, &format!("[{}]", i.unwrap_or_default())), message);
        }
    }
}

/// The shortest way from a metric back to itself through these.
fn circle<'m>(metrics: &'m [MetricSettings], start: &MetricSettings) -> Option<Vec<&'m str>> {
    let find = |key: &str| metrics.iter().find(|metric| metric.key == *key);
    let mut ways = vec![vec![find(&start.key)?]];
    let mut reached: Vec<&str> = Vec::new();
    let mut n = 0;
    while let Some(way) = ways.get(n).cloned() {
        n += 1;
        let last = way.last()?;
        for next in last.depends_on.iter().filter_map(|key| find(key)) {
            let mut longer = way.clone();
            longer.push(next);
            if next.key == start.key {
                return Some(longer[1..].iter().map(|metric| metric.key.as_str()).collect());
            }
            if !reached.contains(&next.key.as_str()) {
                reached.push(&next.key);
                ways.push(longer);
            }
        }
    }
    None
}
