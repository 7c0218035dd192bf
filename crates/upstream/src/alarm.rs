//! The alarm: one call that makes the siren sound.

use std::sync::Arc;

use monitor_login::{BodyRule, CallError, System};
use monitor_requests::{HeaderName, HeaderValue, Request};
use serde::Serialize;

use crate::error::UpstreamError;
use crate::request::confirm;

/// The external alarm: `POST path {"kind": "x"}` to a signed-in system, answered with any 2xx.
#[derive(Clone)]
pub struct Alarm {
    system: Arc<System>,
    path: String,
    ok: Option<BodyRule>,
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
            ok: None,
        }
    }

    /// The same where the JSON of an answer says whether it sounds; otherwise that of the system counts.
    #[must_use]
    pub fn expecting(self, ok: Option<BodyRule>) -> Alarm {
        Alarm { ok, ..self }
    }

    /// Sounds the alarm for `kind`: a metric's key, or `global`. A repeat of one alarm has the same `idempotency_key`,
    /// sent as the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), so that an alarm that counts can
    /// recognise it.
    ///
    /// # Errors
    /// When the system did not answer 2xx, answered with a web page, or said that it failed. Sounding twice is harmless and not sounding is not, so the call is
    /// repeated like an idempotent one, and made although other calls to the system fail.
    pub async fn sound(&self, kind: &str, idempotency_key: Option<&str>) -> Result<(), UpstreamError> {
        let failed = |error: CallError| UpstreamError::call(self.system.name(), error);
        let url = self.system.url(&self.path).map_err(failed)?;
        let mut request = Request::post(url)
            .json(&Body { kind })
            .idempotent(true)
            .past_breaker();
        if let Some(key) = idempotency_key.and_then(|key| HeaderValue::from_str(&format!("\"{key}\"")).ok()) {
            request = request.header(HeaderName::from_static("idempotency-key"), key);
        }
        let response = self.system.call(request).await.map_err(failed)?;
        let confirmed = response.require_success().map_err(CallError::Request);
        let response = confirmed.map_err(failed)?;
        if response.is_html() {
            let why = "the answer is a web page, so nothing has sounded".to_owned();
            return Err(UpstreamError::answer(self.system.name(), &self.path, why));
        }
        confirm(self.ok.as_ref(), &self.system, &self.path, &response)
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
