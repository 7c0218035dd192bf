//! Metrics that are lists: what is shown of them are their items.

use monitor_domain::MetricKey;
use monitor_model::MetricItem;

use super::MetricView;

/// A metric that is a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListView {
    /// Its key and title, and what all its items have.
    pub view: MetricView,
    /// So many of the other metrics come before it in the config.
    pub after: usize,
}

/// Which item of which list a metric is.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemView {
    /// The key of the list.
    pub list: MetricKey,
    /// What the system calls the item.
    pub item: String,
    /// What people call it.
    pub label: String,
}

impl ListView {
    fn items(&self, known: &[MetricItem]) -> Vec<MetricView> {
        let own = known.iter().filter(|item| item.list == self.view.key);
        own.map(|item| MetricView {
            key: item.key.clone(),
            title: format!("{}: {}", self.view.title, item.label),
            item: Some(ItemView {
                list: self.view.key.clone(),
                item: item.item.clone(),
                label: item.label.clone(),
            }),
            ..self.view.clone()
        })
        .collect()
    }
}

/// All metrics that are shown, in the order of the config: those that are one number, and the items of lists.
pub(super) fn expanded(metrics: &[MetricView], lists: &[ListView], known: &[MetricItem]) -> Vec<MetricView> {
    let mut all = Vec::new();
    for (n, metric) in metrics.iter().map(Some).chain([None]).enumerate() {
        let here = lists.iter().filter(|list| match metric {
            Some(_) => list.after == n,
            None => list.after >= n,
        });
        all.extend(here.flat_map(|list| list.items(known)));
        all.extend(metric.cloned());
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use monitor_domain::Severity;

    use super::*;
    use crate::localized::Localized;

    fn view(key: &str) -> MetricView {
        MetricView {
            key: MetricKey::stored(key),
            title: key.to_uppercase(),
            unit: String::new(),
            severity: Severity::Warning,
            rule_text: Localized::default(),
            depends_on: Vec::new(),
            interval: Duration::from_secs(10),
            item: None,
        }
    }

    fn item(list: &str, item: &str) -> MetricItem {
        let list = MetricKey::stored(list);
        MetricItem {
            key: list.of_item(item),
            list,
            item: item.to_owned(),
            label: format!("No. {item}"),
            first_seen: chrono::NaiveDateTime::default(),
            missing_since: None,
            gone_at: None,
        }
    }

    #[test]
    fn items_stand_where_their_list_does() {
        let metrics = ["x", "y"].map(view);
        let list = |key: &str, after: usize| ListView {
            view: view(key),
            after,
        };
        let known = [
            item("shops", "1"),
            item("shops", "2"),
            item("queues", "a"),
            item("gone", "7"),
        ];
        let keys = |lists: &[ListView]| -> Vec<String> {
            let all = expanded(&metrics, lists, &known);
            all.iter().map(|view| view.key.to_string()).collect()
        };
        assert_eq!(keys(&[]), ["x", "y"]);
        assert_eq!(keys(&[list("shops", 0)]), ["shops.1", "shops.2", "x", "y"]);
        let both = [list("queues", 1), list("shops", 2), list("empty", 1)];
        assert_eq!(keys(&both), ["x", "queues.a", "y", "shops.1", "shops.2"]);
        let shown = expanded(&[], &[list("queues", 0)], &known);
        assert_eq!(shown[0].title, "QUEUES: No. a");
        assert_eq!(shown[0].item.as_ref().unwrap().item, "a");
    }
}
