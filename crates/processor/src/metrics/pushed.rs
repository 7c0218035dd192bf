//! A metric whose values a business system sends: no code of its own, and nothing is requested for it.

use async_trait::async_trait;
use monitor_upstream::{UpstreamError, Upstreams};

use crate::metric::{Metric, MetricConfig};

/// Explained by what was sent with the value, or by the `details` of its config section.
pub(super) struct Pushed {
    config: MetricConfig,
}

impl Pushed {
    /// With this config.
    pub(super) fn new(config: MetricConfig) -> Pushed {
        Pushed { config }
    }
}

#[async_trait]
impl Metric for Pushed {
    fn config(&self) -> &MetricConfig {
        &self.config
    }

    async fn sample(&self, _upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        Err(UpstreamError::Pushed)
    }
}
