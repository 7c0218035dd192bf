//! A metric that is a list: each of its items is a metric of its own.

use monitor_domain::MetricKey;
use monitor_model::MetricItem;
use monitor_upstream::{Fetch, ItemName, Items, Tick, UpstreamError, Upstreams};

use crate::metric::{Metric, MetricConfig};
use crate::metrics::declared;

/// What such a metric is, as the config has it: it has no value itself.
#[derive(Clone, Debug)]
pub struct MetricList {
    config: MetricConfig,
    fetch: Fetch,
    limit: usize,
}

impl MetricList {
    /// Of items that are read by `fetch`, with the config of each but for its key and title; so many are watched, at most.
    pub fn new(config: MetricConfig, fetch: Fetch, limit: usize) -> MetricList {
        MetricList { config, fetch, limit }
    }

    /// Its key and title, and how its items are run.
    pub fn config(&self) -> &MetricConfig {
        &self.config
    }

    /// Where it is read.
    pub fn fetch(&self) -> &Fetch {
        &self.fetch
    }

    /// How many items are watched, at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn key(&self) -> &MetricKey {
        &self.config.key
    }

    /// Reads all that it has.
    ///
    /// # Errors
    /// Why it cannot be read: then nothing is known of any item.
    pub async fn read(
        &self,
        upstreams: &Upstreams,
        tick: &Tick,
    ) -> Result<std::sync::Arc<Items>, UpstreamError> {
        upstreams.items(&self.fetch, tick).await
    }

    /// The metric that an item is.
    pub fn item(&self, key: &str, label: &str) -> Box<dyn Metric> {
        let name = ItemName {
            key: key.to_owned(),
            label: label.to_owned(),
        };
        let fetch = self.fetch.of_item(name.clone());
        let details = self.config.details.as_ref();
        let config = MetricConfig {
            key: self.config.key.of_item(key),
            title: format!("{}: {label}", self.config.title),
            fetch: Some(fetch.clone()),
            details: details.map(|details| details.of_item(name)),
            ..self.config.clone()
        };
        declared(config, fetch)
    }

    /// The same for those that are known.
    pub(crate) fn items<'a>(&'a self, known: &'a [MetricItem]) -> impl Iterator<Item = Box<dyn Metric>> + 'a {
        let own = known.iter().filter(|item| item.list == self.config.key);
        own.map(|item| self.item(&item.item, &item.label))
    }
}
