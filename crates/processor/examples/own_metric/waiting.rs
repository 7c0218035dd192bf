//! A metric in one file: complaints that wait and are not parked, the difference of two totals of System A.

use async_trait::async_trait;
use monitor_processor::{Metric, MetricConfig};
use monitor_upstream::{Fetch, UpstreamError, Upstreams};

/// The metric `waiting`.
pub(crate) struct Waiting(pub(crate) MetricConfig);

#[async_trait]
impl Metric for Waiting {
    fn config(&self) -> &MetricConfig {
        &self.0
    }

    fn system(&self) -> Option<&str> {
        Some("a")
    }

    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        let all = upstreams.total(&Fetch::total("a", "/api/totals/waiting")).await?;
        let parked = upstreams.total(&Fetch::total("a", "/api/totals/parked")).await?;
        Ok(all - parked)
    }
}
