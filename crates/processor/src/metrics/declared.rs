//! A metric that the config declares: no code of its own.

use async_trait::async_trait;
use monitor_upstream::{AlertMessage, Fetch, Question, UpstreamError, Upstreams};

use crate::metric::{Metric, MetricConfig};

/// Read by the `fetch` and explained by the `details` of its config section.
pub(super) struct Declared {
    config: MetricConfig,
    fetch: Fetch,
}

impl Declared {
    /// With this config, read by `fetch`.
    pub(super) fn new(config: MetricConfig, fetch: Fetch) -> Declared {
        Declared { config, fetch }
    }
}

#[async_trait]
impl Metric for Declared {
    fn config(&self) -> &MetricConfig {
        &self.config
    }

    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        upstreams.total(&self.fetch).await
    }

    fn system(&self) -> Option<&str> {
        Some(&self.fetch.system)
    }

    fn explains(&self) -> bool {
        self.config.details.is_some()
    }

    async fn explain(
        &self,
        upstreams: &Upstreams,
        question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        match &self.config.details {
            Some(details) => upstreams.messages(details, question).await,
            None => Ok(Vec::new()),
        }
    }
}
