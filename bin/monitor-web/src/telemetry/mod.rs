//! What the web reports of itself and of the shared database at `/metrics`. It only counts and reads: nothing depends on it.

mod database;

use std::fmt;
use std::time::Duration;

use monitor_telemetry::{Database, Page, expose};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::context::WebContext;
use database::DatabaseGauges;

/// Seconds: pages come from memory, a reset waits for the alarm.
const REQUEST: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// A request as it is counted. Routes are patterns, methods and statuses those of HTTP: no client can make up series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    pub(crate) route: String,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// All series of a web.
pub(crate) struct Telemetry {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    live_readers: Gauge,
    database: DatabaseGauges,
}

impl Telemetry {
    pub(crate) fn new(ctx: &WebContext) -> Telemetry {
        let requests = Family::<Request, Counter>::default();
        let durations: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST));
        let live_readers = Gauge::default();
        let database = DatabaseGauges::new();
        let mut registry = monitor_telemetry::registry(env!("CARGO_PKG_VERSION"));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until an answer began",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("live_readers", "Live connections now", live_readers.clone());
        registry.register_collector(database.collector());
        registry.register_collector(Box::new(Database::new(ctx.db.clone())));
        registry.register_collector(Box::new(ctx.reloader.refusal().clone()));
        Telemetry {
            registry,
            requests,
            durations,
            live_readers,
            database,
        }
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, request: &Request, took: Duration) {
        self.requests.get_or_create(request).inc();
        let route = Route {
            route: request.route.clone(),
        };
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// Everything as it is now, and as the database was up to a second ago.
    pub(crate) async fn page(
        &self,
        ctx: &WebContext,
        readers: usize,
        accept: Option<&str>,
    ) -> Result<Page, fmt::Error> {
        self.live_readers.set(i64::try_from(readers).unwrap_or(i64::MAX));
        self.database.refresh(ctx).await;
        expose(&self.registry, accept)
    }
}
