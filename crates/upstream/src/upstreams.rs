//! All systems together, and the sharing of equal calls at the same time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use monitor_login::{BodyRule, CallError, System};
use monitor_requests::{Request, Response, Url};

use crate::details::{AlertMessage, Details, Question};
use crate::error::UpstreamError;
use crate::fetch::{Fetch, request};

/// The signed-in systems by name.
pub type Systems = BTreeMap<String, Arc<System>>;

type Answer = Result<Arc<Response>, UpstreamError>;
type Call = Shared<BoxFuture<'static, Answer>>;

/// What metrics are read from. Calls that are equal (system, method, URL, headers, body) and overlap in time
/// are made once and their answer shared, so ten metrics taken from one answer cost one call a tick.
pub struct Upstreams {
    systems: Systems,
    in_flight: Mutex<HashMap<CallKey, WeakShared<BoxFuture<'static, Answer>>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CallKey {
    system: String,
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Upstreams {
    /// Over these systems.
    pub fn new(systems: Systems) -> Upstreams {
        Upstreams {
            systems,
            in_flight: Mutex::default(),
        }
    }

    /// The systems by name.
    pub fn systems(&self) -> &Systems {
        &self.systems
    }

    /// Reads a number.
    ///
    /// # Errors
    /// When the call failed or its answer holds no usable number.
    pub async fn total(&self, fetch: &Fetch) -> Result<f64, UpstreamError> {
        let system = self.system(&fetch.system)?;
        let url = url(&system, &fetch.path)?;
        let request = request(
            &fetch.method,
            url,
            &fetch.query,
            &fetch.headers,
            fetch.body.as_ref(),
            (!fetch.extract.is_json()).then_some("*/*"),
        );
        let response = self.shared(Arc::clone(&system), request).await?;
        // What the system says of its JSON does not concern a page.
        if fetch.extract.is_json() || fetch.ok.is_some() {
            confirm(fetch.ok.as_ref(), &system, &fetch.path, &response)?;
        }
        fetch.read(&response)
    }

    /// Requests what an alert was about.
    ///
    /// # Errors
    /// When the call failed or its answer holds no messages of the right shape.
    pub async fn messages(
        &self,
        details: &Details,
        question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        let system = self.system(&details.system)?;
        let url = url(&system, &details.path(question)?)?;
        let query = details.query(question)?;
        let request = request(
            &details.method,
            url,
            &query,
            &details.headers,
            details.body.as_ref(),
            None,
        );
        let response = self.shared(Arc::clone(&system), request).await?;
        confirm(details.ok.as_ref(), &system, &details.path, &response)?;
        details.read(&response)
    }

    fn system(&self, name: &str) -> Result<Arc<System>, UpstreamError> {
        self.systems
            .get(name)
            .cloned()
            .ok_or_else(|| UpstreamError::NoSystem(name.to_owned()))
    }

    async fn shared(&self, system: Arc<System>, request: Request) -> Answer {
        let key = CallKey::of(system.name(), &request);
        self.join(key, move || send(system, request).boxed()).await
    }

    fn join(&self, key: CallKey, start: impl FnOnce() -> BoxFuture<'static, Answer>) -> Call {
        let mut in_flight = self
            .in_flight
            .lock()
            .expect("no code panics while holding this lock");
        if let Some(call) = in_flight
            .get(&key)
            .and_then(WeakShared::upgrade)
            .filter(|call| call.peek().is_none())
        {
            return call;
        }
        // Finished and abandoned calls go when the map would have to grow: it stays within twice of what is in
        // flight at once, and the cleaning costs nothing per call.
        if in_flight.len() == in_flight.capacity() {
            in_flight.retain(|_, call| call.upgrade().is_some_and(|call| call.peek().is_none()));
        }
        let call = start().shared();
        if let Some(weak) = call.downgrade() {
            in_flight.insert(key, weak);
        }
        call
    }
}

/// An answer that says itself that the call failed is no answer. Without a rule of its own, that of the system counts.
pub(crate) fn confirm(
    own: Option<&BodyRule>,
    system: &System,
    path: &str,
    response: &Response,
) -> Result<(), UpstreamError> {
    let checked = own.or(system.ok()).map_or(Ok(()), |ok| ok.check(response));
    checked.map_err(|why| UpstreamError::answer(system.name(), path, response.masked(&why)))
}

fn url(system: &System, path: &str) -> Result<Url, UpstreamError> {
    system
        .url(path)
        .map_err(|error| UpstreamError::call(system.name(), error))
}

async fn send(system: Arc<System>, request: Request) -> Answer {
    let failed = |error: CallError| UpstreamError::call(system.name(), error);
    let response = system.call(request).await.map_err(failed)?;
    let response = response.require_success().map_err(CallError::Request);
    Ok(Arc::new(response.map_err(failed)?))
}

impl CallKey {
    fn of(system: &str, request: &Request) -> CallKey {
        CallKey {
            system: system.to_owned(),
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body: request.body.as_ref().map(|body| body.to_vec()),
        }
    }
}
