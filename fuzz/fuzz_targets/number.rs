//! A number as a system writes it, in JSON, a header or a page: the same number as Rust reads, or a reason.
#![no_main]

use http::{HeaderMap, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use monitor_requests::{Response, Url};
use monitor_upstream::FetchSettings;

fn read(way: &str, path: &str, body: String) -> Option<f64> {
    let section = serde_json::json!({ "system": "a", "path": "/", way: path });
    let fetch = serde_json::from_value::<FetchSettings>(section).ok()?.compile().ok()?;
    let url = Url::parse("http://a.example/").ok()?;
    let answer = Response::new(Method::GET, url, StatusCode::OK, HeaderMap::new(), body.into());
    fetch.extract.apply(&answer).ok()
}

fuzz_target!(|text: &str| {
    if let Some(number) = read("regex", "(?s)^.*$", text.to_owned()) {
        assert!(number.is_finite());
        if let Ok(plain) = text.trim().parse::<f64>() {
            assert_eq!(number, plain, "{text}");
        }
    }
    if let Some(number) = read("value", "$", text.to_owned()) {
        assert_eq!(text.trim().parse::<f64>().ok(), Some(number), "{text}");
    }
});
