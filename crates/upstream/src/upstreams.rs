//! All systems together, and the sharing of equal calls.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use monitor_login::{CallError, System, Vars};
use monitor_requests::{Request, Response};

use crate::details::{AlertMessage, Details, Question};
use crate::error::UpstreamError;
use crate::extract::Extract;
use crate::fetch::Fetch;
use crate::items::{ItemList, Items};
use crate::request::{Chain, Identity, Prepared, confirm, for_fetch, for_question, set_item};
use crate::trace::Trace;

/// The signed-in systems by name.
pub type Systems = BTreeMap<String, Arc<System>>;

type Answer = Result<Arc<Response>, UpstreamError>;
type Call = Shared<BoxFuture<'static, Answer>>;
/// A list, and what was taken from its answer.
type ListRead = (Arc<ItemList>, Result<Arc<Items>, UpstreamError>);
type WeakCall = WeakShared<BoxFuture<'static, Answer>>;

/// What metrics are read from. Calls that are equal (system, method, URL, headers, body, and the steps before them) are made once
/// and their answer shared where they overlap in time, or belong to one [`Tick`]: ten metrics taken from one answer cost one
/// call. An error is shared too.
pub struct Upstreams {
    systems: Systems,
    in_flight: Mutex<HashMap<CallKey, WeakCall>>,
    trace: Option<Arc<Trace>>,
}

/// A moment at which metrics are read. What is read in one tick is answered by calls that began in it: an answer is never kept
/// for the next one. All of it is forgotten with the last copy.
#[derive(Clone, Default)]
pub struct Tick(Arc<Moment>);

#[derive(Default)]
struct Moment {
    /// The time that templates have, the same for all that is read: it may be a part of what is requested.
    vars: OnceLock<Vars>,
    calls: Mutex<HashMap<CallKey, Call>>,
    /// The items of lists whose answers were read, each list by where it is kept.
    lists: Mutex<HashMap<usize, ListRead>>,
}

/// One reading of a metric: what its templates are filled with, and what it shares calls with.
#[derive(Clone, Default)]
pub struct Poll {
    /// The metric's key.
    pub key: String,
    /// The reading before, where there was one.
    pub previous: Option<f64>,
    /// What is read at the same time.
    pub tick: Tick,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CallKey {
    system: String,
    /// Of several calls that are made one after the other: what takes one and the same answer, and no other, has all of them in
    /// common, as where one brings a ticket that is good for one more call.
    place: Option<(Identity, usize)>,
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
            trace: None,
        }
    }

    /// The same for somebody who tries out what is read: each call, and what was taken from its answer, is noted.
    pub fn traced(systems: Systems) -> (Upstreams, Arc<Trace>) {
        let trace = Arc::<Trace>::default();
        let upstreams = Upstreams {
            trace: Some(Arc::clone(&trace)),
            ..Upstreams::new(systems)
        };
        (upstreams, trace)
    }

    /// The systems by name.
    pub fn systems(&self) -> &Systems {
        &self.systems
    }

    /// Reads a number whose templates know nothing of a metric.
    ///
    /// # Errors
    /// As [`Upstreams::read`].
    pub async fn total(&self, fetch: &Fetch) -> Result<f64, UpstreamError> {
        self.read(fetch, &Poll::default()).await
    }

    /// Reads a number.
    ///
    /// # Errors
    /// When a call failed or its answer holds no usable number.
    pub async fn read(&self, fetch: &Fetch, poll: &Poll) -> Result<f64, UpstreamError> {
        if let Extract::Item(_, name) = &fetch.extract {
            let items = self.items(fetch, &poll.tick).await?;
            return match items.get(&name.key) {
                Some(item) => fetch.number_of(item),
                None => Err(fetch.not_listed(name)),
            };
        }
        let response = self.response(fetch, poll).await?;
        fetch.read(&response)
    }

    /// Reads all items of a list. What is read in one tick is taken from its answer once.
    ///
    /// # Errors
    /// When a call failed or its answer holds no such list.
    pub async fn items(&self, fetch: &Fetch, tick: &Tick) -> Result<Arc<Items>, UpstreamError> {
        let Some(list) = fetch.list() else {
            return Err(fetch.wrong("is no list of items".to_owned()));
        };
        // The same for all of them: it is one call.
        let poll = Poll {
            key: list.metric.to_string(),
            previous: None,
            tick: tick.clone(),
        };
        let response = self.response(fetch, &poll).await?;
        let mut lists = locked(&tick.0.lists);
        let place = Arc::as_ptr(list) as usize;
        let read = || fetch.read_items(list, &response).map(Arc::new);
        let (_, items) = lists.entry(place).or_insert_with(|| (Arc::clone(list), read()));
        items.clone()
    }

    /// The answer that a number, or a list, is taken from.
    async fn response(&self, fetch: &Fetch, poll: &Poll) -> Answer {
        let system = self.system(&fetch.system)?;
        let vars = for_fetch(poll.tick.vars(&system), &poll.key, poll.previous);
        let is_json = fetch.extract.is_json();
        let accept = (!is_json).then_some("*/*");
        let response = self
            .request(&system, &fetch.chain, vars, accept, &poll.tick)
            .await?;
        // What the system says of its JSON does not concern a page.
        if is_json || fetch.ok.is_some() {
            confirm(fetch.ok.as_ref(), &system, &fetch.chain.path, &response)?;
        }
        if let Some(trace) = &self.trace {
            trace.extracted(fetch, &response);
        }
        Ok(response)
    }

    /// Requests what an alert was about.
    ///
    /// # Errors
    /// When a call failed or its answer holds no messages of the right shape.
    pub async fn messages(
        &self,
        details: &Details,
        question: &Question,
    ) -> Result<Vec<AlertMessage>, UpstreamError> {
        let system = self.system(&details.system)?;
        let tick = Tick::default();
        let mut vars = for_question(tick.vars(&system), question);
        if let Some(item) = &details.item {
            set_item(&mut vars, item);
        }
        let response = self.request(&system, &details.chain, vars, None, &tick).await?;
        confirm(details.ok.as_ref(), &system, &details.chain.path, &response)?;
        details.read(&response)
    }

    fn system(&self, name: &str) -> Result<Arc<System>, UpstreamError> {
        self.systems
            .get(name)
            .cloned()
            .ok_or_else(|| UpstreamError::NoSystem(name.to_owned()))
    }

    /// Makes the calls of a chain one after the other, and gives the answer to the last one.
    async fn request(
        &self,
        system: &Arc<System>,
        chain: &Chain,
        vars: Vars,
        accept: Option<&'static str>,
        tick: &Tick,
    ) -> Answer {
        let mut progress = chain.begin(system, vars);
        for number in 0..chain.steps() {
            let in_step = |error| progress.in_step(number, error);
            let step = progress.step(number).map_err(in_step)?;
            let response = self.shared(system, step, tick).await.map_err(in_step)?;
            let taken = progress.take(number, &response);
            let taken = taken.map_err(|error| progress.in_step(number, error))?;
            if let Some(trace) = &self.trace {
                trace.taken(&taken);
            }
        }
        self.shared(system, progress.last(accept)?, tick).await
    }

    /// The answer of a call that is made, or was in this tick.
    async fn shared(&self, system: &Arc<System>, prepared: Prepared, tick: &Tick) -> Answer {
        let Prepared { name, request, place } = prepared;
        let shown = self.trace.as_ref().map(|_| Trace::request(&request));
        let key = CallKey::of(system.name(), place, &request);
        let system = Arc::clone(system);
        let call = tick.join(&key, || {
            self.join(key.clone(), move || send(system, request).boxed())
        });
        let answer = call.await;
        if let (Some(trace), Some(shown)) = (&self.trace, shown) {
            trace.called(&name, &shown, &answer);
        }
        answer
    }

    fn join(&self, key: CallKey, start: impl FnOnce() -> BoxFuture<'static, Answer>) -> Call {
        let mut in_flight = locked(&self.in_flight);
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

impl Tick {
    fn vars(&self, system: &System) -> Vars {
        self.0
            .vars
            .get_or_init(|| Vars::at(system.clock().wall()))
            .clone()
    }

    /// The call of this tick, or the one that `start` gives from now on.
    fn join(&self, key: &CallKey, start: impl FnOnce() -> Call) -> Call {
        let mut calls = locked(&self.0.calls);
        match calls.get(key) {
            Some(call) => call.clone(),
            None => {
                let call = start();
                calls.insert(key.clone(), call.clone());
                call
            }
        }
    }
}

impl std::fmt::Debug for Tick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tick")
    }
}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poll")
            .field("key", &self.key)
            .field("previous", &self.previous)
            .finish_non_exhaustive()
    }
}

/// No code panics while holding one of these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn send(system: Arc<System>, request: Request) -> Answer {
    let failed = |error: CallError| UpstreamError::call(system.name(), error);
    let response = system.call(request).await.map_err(failed)?;
    let response = response.require_success().map_err(CallError::Request);
    Ok(Arc::new(response.map_err(failed)?))
}

impl CallKey {
    fn of(system: &str, place: Option<(Identity, usize)>, request: &Request) -> CallKey {
        CallKey {
            system: system.to_owned(),
            place,
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
