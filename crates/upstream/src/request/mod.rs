//! What `fetch` and `details` request: a call to a system, and the calls before it whose answers it needs.
//!
//! Knows nothing of numbers and messages. Sends nothing by itself: that is for [`crate::Upstreams`], which shares equal calls.

mod settings;
mod variables;

use std::fmt;
use std::sync::Arc;

use monitor_login::{BadCall, BodyRule, Call, CallError, CookieJar, Step, System, Vars};
use monitor_requests::{HeaderValue, Request, Response};

use crate::error::UpstreamError;

pub(crate) use settings::{RequestKeys, check_path, compile_ok};
pub(crate) use variables::{for_fetch, for_question, set_item};

/// The checked form of the keys that say what is requested.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The path of the last call as the config has it.
    pub(crate) path: String,
    steps: Vec<NamedStep>,
    call: Call,
    identity: Identity,
}

/// A call before the one that counts, and what errors call it: `step 1 (GET /api/session)`.
#[derive(Clone, Debug)]
struct NamedStep {
    name: String,
    /// Its path as the config has it.
    path: String,
    step: Step,
}

/// Equal for those that request the same of the same system, before anything is filled in. It may hold secrets: nothing shows it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(Arc<str>);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// One call of a chain, to be sent.
pub(crate) struct Prepared {
    /// What traces call it: `step 1`, or `call`.
    pub(crate) name: String,
    pub(crate) request: Request,
    /// Of a chain of several calls: which one, and which of them.
    pub(crate) place: Option<(Identity, usize)>,
}

/// What a later call needs of an answer.
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) is_secret: bool,
}

/// A chain on its way: what was taken so far.
pub(crate) struct Progress<'a> {
    chain: &'a Chain,
    system: &'a System,
    vars: Vars,
    /// A browser would keep the cookies of one call for the next; a session does so too, where it has a jar.
    jar: CookieJar,
}

impl Chain {
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Begins it with these values for its templates.
    pub(crate) fn begin<'a>(&'a self, system: &'a System, vars: Vars) -> Progress<'a> {
        Progress {
            chain: self,
            system,
            vars,
            jar: CookieJar::new(),
        }
    }

    /// How many calls come before the last one.
    pub(crate) fn steps(&self) -> usize {
        self.steps.len()
    }
}

impl Progress<'_> {
    /// The step of this number.
    ///
    /// # Errors
    /// Why it cannot be made of its templates.
    pub(crate) fn step(&self, number: usize) -> Result<Prepared, UpstreamError> {
        let NamedStep { path, step, .. } = &self.chain.steps[number];
        // A page is as good an answer as JSON, unless a value of JSON is taken from it.
        let accept = (!takes_json(step)).then_some("*/*");
        self.prepare(&step.call, path, accept, number)
    }

    /// The call that counts. Without `accept` it is what the system's config says, or JSON.
    ///
    /// # Errors
    /// Why it cannot be made of its templates.
    pub(crate) fn last(&self, accept: Option<&'static str>) -> Result<Prepared, UpstreamError> {
        self.prepare(&self.chain.call, &self.chain.path, accept, self.chain.steps.len())
    }

    fn prepare(
        &self,
        call: &Call,
        path: &str,
        accept: Option<&'static str>,
        number: usize,
    ) -> Result<Prepared, UpstreamError> {
        let failed = |error: Unsendable| match error {
            Unsendable::Template(why) => UpstreamError::Template {
                template: bare(path),
                why,
            },
            Unsendable::Path(error) => UpstreamError::call(self.system.name(), *error),
        };
        let below = |filled: &str| {
            let url = self.system.url(filled);
            url.map_err(|mut error| {
                if let CallError::Path { path, .. } = &mut error {
                    *path = bare(&self.vars.without_secrets(filled));
                }
                Unsendable::Path(Box::new(error))
            })
        };
        let url = call.url(&self.vars, below).map_err(failed)?;
        let request = call.request(url, &self.vars);
        // All of them only read, so they may be repeated whatever their method: that is what `idempotent` promises the client.
        let mut request = request.map_err(|bad| failed(bad.into()))?.idempotent(true);
        if let Some(accept) = accept {
            let accept = HeaderValue::from_static(accept);
            request.headers.entry(http::header::ACCEPT).or_insert(accept);
        }
        let cookies = self.jar.header(&request.url, self.system.clock().monotonic());
        if let Some(cookies) = cookies {
            request.headers.entry(http::header::COOKIE).or_insert(cookies);
        }
        let is_chain = !self.chain.steps.is_empty();
        Ok(Prepared {
            name: match number == self.chain.steps.len() {
                true => "call".to_owned(),
                false => format!("step {}", number + 1),
            },
            request,
            place: is_chain.then(|| (self.chain.identity.clone(), number)),
        })
    }

    /// Takes from the answer of a step what later calls need, and gives it.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub(crate) fn take(&mut self, number: usize, response: &Response) -> Result<Vec<Taken>, UpstreamError> {
        let NamedStep { path, step, .. } = &self.chain.steps[number];
        let wrong = |why: String| UpstreamError::answer(self.system.name(), path, response.masked(&why));
        // What the system says of its JSON does not concern a page.
        let of_system = self.system.ok().filter(|_| takes_json(step));
        if let Some(ok) = step.ok.as_ref().or(of_system) {
            ok.check(response).map_err(&wrong)?;
        }
        self.jar
            .absorb(&response.url, &response.headers, &**self.system.clock());
        let mut taken = Vec::new();
        for (name, take) in &step.take {
            let value = take.from(response, &self.jar);
            let value = value.map_err(|why| wrong(format!("take.{name}: {why}")))?;
            let is_secret = take.is_secret(name, &value);
            match is_secret {
                true => self.vars.set_secret(name, &value),
                false => self.vars.set(name, &value),
            }
            taken.push(Taken {
                name: name.clone(),
                value,
                is_secret,
            });
        }
        Ok(taken)
    }

    /// An error of a step, with the name of the step.
    pub(crate) fn in_step(&self, number: usize, error: UpstreamError) -> UpstreamError {
        UpstreamError::Step {
            step: self.chain.steps[number].name.clone(),
            error: Box::new(error),
        }
    }
}

fn takes_json(step: &Step) -> bool {
    step.take.iter().any(|(_, take)| take.is_json())
}

enum Unsendable {
    Template(String),
    Path(Box<CallError>),
}

impl From<BadCall> for Unsendable {
    fn from(BadCall(why): BadCall) -> Unsendable {
        Unsendable::Template(why)
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

/// A path as errors show it: a query may hold an API key.
pub(crate) fn bare(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}
