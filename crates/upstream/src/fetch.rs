//! A checked description of how one number is read.

use std::collections::BTreeMap;

use monitor_domain::Number;
use monitor_login::BodyRule;
use monitor_requests::{Bytes, Method, Request, Response, Url};
use serde_json_path::JsonPath;

use crate::error::UpstreamError;
use crate::extract::Extract;

/// Where a number comes from: a call to a system, and the way to take the number from the answer.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Name of the system to read from.
    pub system: String,
    /// HTTP method.
    pub method: Method,
    /// Path and query, joined to the system's base URL.
    pub path: String,
    /// More query parameters.
    pub query: BTreeMap<String, String>,
    /// More request headers.
    pub headers: http::HeaderMap,
    /// Request body, sent as JSON (a string is sent as it is).
    pub body: Option<serde_json::Value>,
    /// How the number is taken.
    pub extract: Extract,
    /// The number counts things, so a negative one (many systems answer -1 for "I do not know") is unreadable.
    pub counts: bool,
    /// What the JSON of a good answer says. Where there is none, that of the system counts.
    pub ok: Option<BodyRule>,
}

impl Fetch {
    /// The reference protocol of Systems A and B: `GET path` answers `{"total": N}` with a count.
    pub fn total(system: &str, path: &str) -> Fetch {
        Fetch {
            system: system.to_owned(),
            method: Method::GET,
            path: path.to_owned(),
            query: BTreeMap::new(),
            headers: http::HeaderMap::new(),
            body: None,
            extract: Extract::Value(JsonPath::parse("$.total").expect("a constant JSONPath")),
            counts: true,
            ok: None,
        }
    }

    /// Takes the number from an answer to this call.
    pub(crate) fn read(&self, response: &Response) -> Result<f64, UpstreamError> {
        let number = self.extract.apply(response).and_then(|number| {
            if self.counts && number < 0.0 {
                return Err(format!("{} is negative; a count cannot be", Number(number)));
            }
            Ok(number)
        });
        number.map_err(|why| UpstreamError::answer(&self.system, &self.path, response.masked(&why)))
    }
}

/// A path as errors show it: a query may hold an API key.
pub(crate) fn bare(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// Builds the request that `fetch` and `details` sections describe. All of them only read, so they may be
/// repeated whatever their method: that is what `idempotent` promises the client. Without `accept` it is what the system's
/// config says, or JSON.
pub(crate) fn request(
    method: &Method,
    mut url: Url,
    query: &BTreeMap<String, String>,
    headers: &http::HeaderMap,
    body: Option<&serde_json::Value>,
    accept: Option<&'static str>,
) -> Request {
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let mut request = Request::new(method.clone(), url).idempotent(true);
    request = match body {
        None => request,
        Some(serde_json::Value::String(text)) => {
            request.body("text/plain; charset=utf-8", Bytes::from(text.clone()))
        }
        Some(json) => request.json(json),
    };
    if let Some(accept) = accept {
        request = request.header(http::header::ACCEPT, http::HeaderValue::from_static(accept));
    }
    for (name, value) in headers {
        request.headers.insert(name, value.clone());
    }
    request
}
