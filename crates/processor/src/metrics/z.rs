//! Z: what it is stands in `monitor_domain::Z`; here is how it is read and explained.

use async_trait::async_trait;
use monitor_domain::Z as BUILT_IN;
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
            fetch: Fetch::total(BUILT_IN.total.system, BUILT_IN.total.path),
            details: Details::messages(BUILT_IN.messages.system, BUILT_IN.messages.path),
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

    fn explains(&self) -> bool {
        true
    }

    fn explainer(&self) -> Option<&str> {
        Some(&self.details.system)
    }

    async fn explain(
        &self,
        upstreams: &Upstreams,
        question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        upstreams.messages(&self.details, question).await
    }
}
