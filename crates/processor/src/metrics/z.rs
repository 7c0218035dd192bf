//! Z: total from System A, explained by System B; alerts while the total is above a threshold (the default rule, in the settings).

use async_trait::async_trait;
use monitor_upstream::{AlertMessage, Details, Fetch, Question, UpstreamError, Upstreams};

use crate::metric::{Metric, MetricConfig};

/// The built-in metric `z`.
pub(super) struct Z {
    config: MetricConfig,
    fetch: Fetch,
    details: Details,
}

impl Z {
    /// With this config.
    pub(super) fn new(config: MetricConfig) -> Z {
        Z {
            config,
            fetch: Fetch::total("a", "/api/totals/z"),
            details: Details::messages("b", "/api/alerts/z"),
        }
    }
}

#[async_trait]
impl Metric for Z {
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
