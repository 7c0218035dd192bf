//! A way to take a number (first line) from an answer (the rest): a finite number or a reason.
#![no_main]

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use monitor_requests::{Response, Url};
use monitor_upstream::FetchSettings;

fuzz_target!(|text: &str| {
    let Some((way, body)) = text.split_once('\n') else { return };
    let Some((name, path)) = way.split_once(' ') else { return };
    let section = serde_json::json!({ "system": "a", "path": "/", name: path });
    let Ok(settings) = serde_json::from_value::<FetchSettings>(section) else { return };
    let Ok(fetch) = settings.compile() else { return };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Ok(value) = HeaderValue::from_str(body) {
        headers.insert("x-total", value);
    }
    let url = Url::parse("http://a.example/").expect("a URL");
    let answer = Response::new(Method::GET, url, StatusCode::OK, headers, body.to_owned().into());
    if let Ok(number) = fetch.extract.apply(&answer) {
        assert!(number.is_finite(), "{number}");
    }
});
