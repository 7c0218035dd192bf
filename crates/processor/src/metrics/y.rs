//! Y: total from System A, explained by System B; alerts when the total rises (the default rule, in the settings).

use async_trait::async_trait;
use monitor_upstream::{AlertMessage, Details, Fetch, Question, UpstreamError, Upstreams};

use crate::metric::{Metric, MetricConfig};

/// The built-in metric `y`.
pub(super) struct Y {
    config: MetricConfig,
    fetch: Fetch,
    details: Details,
}

impl Y {
    /// With this config.
    pub(super) fn new(config: MetricConfig) -> Y {
        Y {
            config,
            fetch: Fetch::total("a", "/api/totals/y"),
            details: Details::messages("b", "/api/alerts/y"),
        }
    }
}

#[async_trait]
impl Metric for Y {
    fn config(&self) -> &MetricConfig {
        &self.config
    }

    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        upstreams.total(&self.fetch).await
    }

    fn system(&self) -> Option<&str> {
        Some(&self.fetch.system)
    }

    async fn explain(
        &self,
        upstreams: &Upstreams,
        question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        upstreams.messages(&self.details, question).await
    }
}
