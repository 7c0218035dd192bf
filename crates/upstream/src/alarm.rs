//! The alarm: one call that makes the siren sound.

use std::sync::Arc;

use monitor_login::{CallError, System};
use monitor_requests::Request;
use serde::Serialize;

use crate::error::UpstreamError;

/// The external alarm: `POST path {"kind": "x"}` to a signed-in system, answered with any 2xx.
#[derive(Clone)]
pub struct Alarm {
    system: Arc<System>,
    path: String,
}

#[derive(Serialize)]
struct Body<'a> {
    kind: &'a str,
}

impl Alarm {
    /// The alarm behind `path` of `system`.
    pub fn new(system: Arc<System>, path: &str) -> Alarm {
        Alarm {
            system,
            path: path.to_owned(),
        }
    }

    /// Sounds the alarm for `kind`: a metric's key, or `global`.
    ///
    /// # Errors
    /// When the system did not answer 2xx. Sounding twice is harmless and not sounding is not, so the call is
    /// repeated like an idempotent one, and made although other calls to the system fail.
    pub async fn sound(&self, kind: &str) -> Result<(), UpstreamError> {
        let url = self.system.url(&self.path)?;
        let request = Request::post(url)
            .json(&Body { kind })
            .idempotent(true)
            .past_breaker();
        let response = self.system.call(request).await?;
        response.require_success().map_err(CallError::Request)?;
        Ok(())
    }
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm")
            .field("system", &self.system.name())
            .field("path", &self.path)
            .finish()
    }
}
