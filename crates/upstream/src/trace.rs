//! What somebody sees who tries out a reading: each call, and what was taken from its answer. Nothing secret is in it.

use std::sync::{Arc, Mutex, PoisonError};

use monitor_domain::{Number, counted};
use monitor_requests::{Request, Response};

use crate::error::UpstreamError;
use crate::fetch::Fetch;
use crate::request::Taken;

/// Lines in the order in which it happened.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Vec<TraceLine>>);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// What it is: `step 1`, `call`, `take`, `found`, `unscaled`.
    pub name: String,
    /// What happened.
    pub text: String,
}

impl Trace {
    /// Takes what has happened since the last time.
    pub fn take(&self) -> Vec<TraceLine> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, name: impl Into<String>, text: String) {
        let line = TraceLine {
            name: name.into(),
            text,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// A request as it is shown: of a query only the names.
    pub(crate) fn request(request: &Request) -> String {
        format!("{} {}", request.method, request.shown_url())
    }

    pub(crate) fn called(&self, name: &str, request: &str, answer: &Result<Arc<Response>, UpstreamError>) {
        let text = match answer {
            Ok(response) => {
                let took = response.elapsed.as_millis();
                let attempts = match response.attempts {
                    1 => String::new(),
                    n => format!(", {}", counted(n, "attempt")),
                };
                format!("{request}: {} in {took} ms{attempts}", response.status.as_u16())
            }
            Err(_) => format!("{request}: failed"),
        };
        self.note(name, text);
    }

    pub(crate) fn taken(&self, taken: &[Taken]) {
        for Taken {
            name,
            value,
            is_secret,
        } in taken
        {
            let text = match is_secret {
                false => value.clone(),
                true => format!("[redacted] ({})", counted(value.chars().count(), "character")),
            };
            self.note("take", format!("{name} = {text}"));
        }
    }

    pub(crate) fn extracted(&self, fetch: &Fetch, response: &Response) {
        let found = fetch.extract.found(response);
        self.note("found", found.unwrap_or_else(|why| response.masked(&why)));
        if let (Some(_), Ok(number)) = (fetch.scale, fetch.extract.apply(response)) {
            self.note("unscaled", Number(number).to_string());
        }
    }
}
