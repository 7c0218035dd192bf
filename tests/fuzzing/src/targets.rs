//! The targets.

use chrono::DateTime;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use monitor_legacy::{Source, TypeMap, Zone, read};
use monitor_login::{Template, Vars};
use monitor_requests::{Response, Url};
use monitor_settings::{Kinds, load_str, variables};
use monitor_upstream::FetchSettings;
use serde_json::json;

/// A config: read or refused, and each mistake on one line.
pub fn config(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let env: Vec<(String, String)> = variables(text)
        .into_iter()
        .map(|name| (name, "x".into()))
        .collect();
    let Err(wrong) = load_str("m.toml", text, &env, &Kinds::stock()) else {
        return true;
    };
    assert!(!wrong.0.is_empty(), "refused without a reason");
    for mistake in &wrong.0 {
        let said = mistake.to_string();
        assert!(!said.contains('\n'), "{said}");
    }
    false
}

/// A dump of the Flask program's database. A SQLite file is read by SQLite, and is not for here.
pub fn dump(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"SQLite") {
        return false;
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let Ok(source) = Source::find(file.path().to_str().expect("UTF-8")) else {
        return false;
    };
    let zone: Zone = "Asia/Shanghai".parse().expect("a zone");
    read(&source, &TypeMap::new([]), zone, &mut |_| {}).is_ok()
}

/// A way to take a number (`value $.total`, the first line) from an answer (the rest): a finite number, or a reason in one line.
pub fn extract(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Some((way, body)) = text.split_once('\n') else {
        return false;
    };
    let Some((way, path)) = way.split_once(' ') else {
        return false;
    };
    taken(way, path, body).is_some()
}

/// A number as a system writes it, in JSON, a header or a page: the same number as Rust reads, or a reason.
pub fn number(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let of_text = taken("regex", "(?s)^.*$", text);
    let of_json = taken("value", "$", text);
    let plain = text.trim().parse::<f64>().ok();
    if let (Some(number), Some(plain)) = (of_text, plain) {
        assert!((number - plain).abs() == 0.0, "{text:?} is read as {number}");
    }
    if let Some(number) = of_json {
        assert_eq!(plain, Some(number), "{text:?} as JSON");
    }
    of_text.or(of_json).is_some()
}

/// A recording of a browser (HAR): a proposal or a reason.
pub fn recording(bytes: &[u8]) -> bool {
    monitor_recording::propose(bytes, None).is_ok()
}

/// A template of a request: filled in or refused, without its values in the reason.
pub fn template(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    // A loop without an end is the operator's own; the config has no use for one.
    if text.contains("range") {
        return false;
    }
    let Ok(template) = Template::parse(text, &["delta", "value"]) else {
        return false;
    };
    let mut vars = Vars::at(DateTime::UNIX_EPOCH).with("delta", "3");
    vars.set_secret("value", "zQ7-secret-zQ7");
    match template.fill(&vars) {
        Ok(_) => true,
        Err(why) => {
            assert!(
                !why.contains("zQ7-secret") || text.contains("zQ7-secret"),
                "{why}"
            );
            false
        }
    }
}

/// What a `fetch` that takes a number in this way makes of an answer.
fn taken(way: &str, path: &str, body: &str) -> Option<f64> {
    let section = json!({ "system": "a", "path": "/", way: path });
    let settings: FetchSettings = serde_json::from_value(section).ok()?;
    let fetch = settings.compile().ok()?;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Ok(value) = HeaderValue::from_str(body) {
        headers.insert("x-total", value);
    }
    let url = Url::parse("http://a.example/").expect("a URL");
    let answer = Response::new(Method::GET, url, StatusCode::OK, headers, body.to_owned().into());
    let number = fetch.extract.apply(&answer).ok();
    assert!(number.is_none_or(f64::is_finite), "{number:?}");
    number
}
