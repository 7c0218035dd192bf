//! `/get_current_values`.

use actix_web::{HttpResponse, web};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::api::{MetricStatus, Number};
use crate::auth::Viewer;
use crate::problem::Problem;
use crate::state::WebState;

/// `GET /get_current_values`: `{"x":1,"y":2}` in the config's order, 0 for a metric never read.
pub(crate) async fn current_values(_: Viewer, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    // An old value must not pass for the current one.
    let snapshot = snapshot.present()?;
    Ok(HttpResponse::Ok().json(Values(&snapshot.metrics)))
}

/// `{"<key>": value, …}` in the order of the list.
struct Values<'a>(&'a [MetricStatus]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for metric in self.0 {
            map.serialize_entry(&metric.key, &metric.value.unwrap_or(Number(0.0)))?;
        }
        map.end()
    }
}
