//! What the templates of a signature may use of the request.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use monitor_requests::{Request, Url};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::template::{Vars, percent_encode};

/// The names that are filled in from the request.
pub(super) const NAMES: [&str; 9] = [
    "body",
    "headers",
    "host",
    "method",
    "params",
    "path",
    "query",
    "query_encoded",
    "query_sorted",
];

/// What is known of the call before it is sent.
pub(super) fn of(
    request: &Request,
    more: &BTreeMap<String, String>,
    now: DateTime<Utc>,
) -> Result<Vars, String> {
    let mut vars = Vars::at(now);
    put(&mut vars, request, more)?;
    Ok(vars)
}

/// Fills in what the request is by now; time and nonce stay.
pub(super) fn put(vars: &mut Vars, request: &Request, more: &BTreeMap<String, String>) -> Result<(), String> {
    let url = &request.url;
    let body = std::str::from_utf8(request.body.as_deref().unwrap_or_default());
    let body = body.map_err(|_| "the body is no text, and cannot be signed".to_owned())?;
    let query = sorted(pairs(url.query().unwrap_or_default()));
    vars.set("method", request.method.as_str());
    vars.set("host", &host(url));
    vars.set("path", url.path());
    vars.set("query", url.query().unwrap_or_default());
    vars.set("query_sorted", &joined(&query, str::to_owned));
    vars.set("query_encoded", &joined(&query, percent_encode));
    vars.set("body", body);
    vars.set("headers", &headers(request, more));
    let params = sorted(query.into_iter().chain(fields(request, body)).collect());
    let params: Vec<Value> = params
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    vars.set("params", &params);
    Ok(())
}

/// As the request line of the call to it has it.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

fn joined(pairs: &[(String, String)], write: impl Fn(&str) -> String) -> String {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| format!("{}={}", write(name), write(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The fields of a form, or the top level of a JSON object; what is no text there stays as JSON has it.
fn fields(request: &Request, body: &str) -> Vec<(String, String)> {
    let kind = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return pairs(body);
    }
    let object: Map<String, Value> = match kind.contains("json") {
        true => serde_json::from_str(body).unwrap_or_default(),
        false => Map::new(),
    };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    object
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect()
}

/// By name in small letters: those of the call, and `more`, which the system's config has for every call.
fn headers(request: &Request, more: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let more = more
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let own = request.headers.iter();
    let own =
        own.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let host = ("host".to_owned(), host(&request.url));
    [host].into_iter().chain(more).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use monitor_requests::Method;

    use super::*;
    use crate::Template;

    fn fill(request: &Request, text: &str) -> String {
        let more = BTreeMap::from([("X-Tenant".to_owned(), "t1".to_owned())]);
        let vars = of(request, &more, DateTime::from_timestamp(784_111_777, 0).unwrap()).unwrap();
        Template::parse(text, &NAMES).unwrap().fill(&vars).unwrap()
    }

    #[test]
    fn a_request_is_what_is_sent_of_it() {
        let url = Url::parse("https://a.example:8443/v1/or%20ders?b=2&a=x%20y&a=%C3%BC&c").unwrap();
        let request = Request::get(url);
        for (text, filled) in [
            (
                "{{ method }} {{ path }}?{{ query }}",
                "GET /v1/or%20ders?b=2&a=x%20y&a=%C3%BC&c",
            ),
            ("{{ query_sorted }}", "a=x y&a=ü&b=2&c="),
            ("{{ query_encoded }}", "a=x%20y&a=%C3%BC&b=2&c="),
            ("{{ host }} {{ headers.host }}", "a.example:8443 a.example:8443"),
            ("{{ headers['x-tenant'] }}", "t1"),
            ("{{ headers['x-none'] | default(value='') }}|{{ body }}|", "||"),
            (
                "{% for p in params %}{{ p.name }}{{ p.value }};{% endfor %}",
                "ax y;aü;b2;c;",
            ),
            (
                "{{ now_http }} {{ now }}",
                "Sun, 06 Nov 1994 08:49:37 GMT 784111777",
            ),
        ] {
            assert_eq!(fill(&request, text), filled, "{text}");
        }
    }

    #[test]
    fn params_are_those_of_the_query_and_the_body() {
        let url = Url::parse("https://a.example/?z=1").unwrap();
        let all = "{% for p in params %}{{ p.name }}={{ p.value }}&{% endfor %}";
        let form = Request::new(Method::POST, url.clone()).form(&[("q", "a b"), ("b", "")]);
        assert_eq!(fill(&form, all), "b=&q=a b&z=1&");
        let body = json!({ "n": 1.5, "list": [1, "x"], "t": "é", "none": null });
        let json = Request::new(Method::POST, url.clone()).json(&body);
        assert_eq!(fill(&json, all), "list=[1,\"x\"]&n=1.5&none=null&t=é&z=1&");
        let text = Request::new(Method::POST, url).body("text/plain", "q=1".into());
        assert_eq!(fill(&text, all), "z=1&");
    }

    #[test]
    fn a_body_that_is_no_text_is_refused() {
        let url = Url::parse("https://a.example/").unwrap();
        let request = Request::post(url).body("application/octet-stream", vec![0xff].into());
        assert!(put(&mut Vars::default(), &request, &BTreeMap::new()).is_err());
    }
}
