//! A metric whose number no `fetch` takes: what a stock is worth, amount times price of each item of one answer.

use async_trait::async_trait;
use monitor_processor::{Metric, MetricConfig};
use monitor_requests::Request;
use monitor_upstream::{UpstreamError, Upstreams};
use serde::Deserialize;

const SYSTEM: &str = "a";
const PATH: &str = "/api/stock";

/// The metric `stock`.
pub(crate) struct StockValue(pub(crate) MetricConfig);

/// The answer. What is missing in it makes it unreadable, and not 0.
#[derive(Deserialize)]
struct Stock {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    amount: f64,
    price: f64,
}

#[async_trait]
impl Metric for StockValue {
    fn config(&self) -> &MetricConfig {
        &self.0
    }

    fn system(&self) -> Option<&str> {
        Some(SYSTEM)
    }

    async fn sample(&self, upstreams: &Upstreams) -> Result<f64, UpstreamError> {
        let system = upstreams.systems().get(SYSTEM);
        let system = system.ok_or_else(|| UpstreamError::NoSystem(SYSTEM.to_owned()))?;
        let url = system
            .url(PATH)
            .map_err(|error| UpstreamError::call(SYSTEM, error))?;
        let answer = system.call(Request::get(url)).await;
        let answer = answer.map_err(|error| UpstreamError::call(SYSTEM, error))?;
        let stock = answer.require_success().and_then(|answer| answer.json::<Stock>());
        let stock = stock.map_err(|error| UpstreamError::call(SYSTEM, error))?;
        Ok(stock
            .items
            .iter()
            .fold(0.0, |sum, item| sum + item.amount * item.price))
    }
}
