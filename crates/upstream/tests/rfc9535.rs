//! What `value`, `count` and `sum` take of an answer, held against the compliance suite of RFC 9535: each of its paths and
//! documents as the path of a `fetch` and an answer to it. That the paths themselves are read and select by the standard is
//! tested in `monitor-login`.

#![allow(clippy::unwrap_used)]

use monitor_requests::{HeaderMap, HeaderValue, Method, Response, StatusCode, Url};
use monitor_upstream::FetchSettings;
use serde_json::{Value, json};

/// What a `fetch` with this way to take a number makes of a document.
fn take(way: &str, path: &str, document: &Value) -> Result<f64, String> {
    let section = json!({ "system": "a", "path": "/", way: path });
    let settings: FetchSettings = serde_json::from_value(section).unwrap();
    let fetch = settings.compile().map_err(|found| format!("{found:?}"))?;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let url = Url::parse("http://a.example/").unwrap();
    let body = document.to_string().into();
    fetch
        .extract
        .apply(&Response::new(Method::GET, url, StatusCode::OK, headers, body))
}

/// Which of the ways ended otherwise than the nodes of the case say.
fn wrong(case: &Value) -> Option<String> {
    let (path, document) = (case["selector"].as_str().unwrap(), &case["document"]);
    let value = take("value", path, document);
    if case["invalid_selector"] == true {
        let is_refused = ["value", "count", "sum", "min", "max"].iter().all(|way| {
            take(way, path, &json!({})).is_err_and(|why| why.contains("not a JSONPath (RFC 9535)"))
        });
        return (!is_refused).then(|| format!("{path:?} is taken for a path"));
    }
    // Where the order is free, there are as many in each.
    let nodes = case["result"]
        .as_array()
        .or(case["results"][0].as_array())
        .unwrap();
    let expected = match nodes.as_slice() {
        [] => Err("the answer has no $".to_owned()),
        [Value::Number(number)] => Ok(number.as_f64().unwrap()),
        [Value::String(_)] => Err("is a string; wanted a number".to_owned()),
        [Value::Null] => Err("is null; wanted a number".to_owned()),
        [Value::Bool(_)] => Err("is true or false; wanted a number".to_owned()),
        [Value::Array(_)] => Err("is an array; wanted a number".to_owned()),
        [Value::Object(_)] => Err("is an object; wanted a number".to_owned()),
        several => Err(format!("selects {} values; it must select one", several.len())),
    };
    let is_so = match (&value, &expected) {
        (Ok(number), Ok(expected)) => number == expected,
        (Err(why), Err(expected)) => why.contains(expected) && why.contains('$'),
        _ => false,
    };
    if !is_so {
        return Some(format!("value of {path:?} is {value:?}, not {expected:?}"));
    }
    // A list that is not there is refused, where the standard selects nothing. What is counted are the nodes.
    match take("count", path, document) {
        Ok(count) if count == nodes.len() as f64 => None,
        Err(why) if nodes.is_empty() || why.contains("is no list but") || why.contains("is missing in") => {
            None
        }
        count => Some(format!("count of {path:?} is {count:?}, not {}", nodes.len())),
    }
}

#[test]
fn a_number_is_taken_of_exactly_what_the_standard_selects() {
    let Some(cases) = monitor_testkit::jsonpath_suite(env!("CARGO_TARGET_TMPDIR")) else {
        return;
    };
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}

/// The same without the suite, on every machine.
#[test]
fn none_many_and_the_wrong_type_are_told_apart() {
    let orders = json!({ "orders": [{ "n": 3, "of": "A7" }, { "n": 4 }], "open": null, "late": true });
    for (path, expected) in [
        ("$.orders[0].n", Ok(3.0)),
        ("$.orders[?@.of=='A7'].n", Ok(3.0)),
        (
            "$.orders[*].n",
            Err("$.orders[*].n selects 2 values; it must select one"),
        ),
        ("$..n", Err("$..n selects 2 values; it must select one")),
        ("$.orders[9].n", Err("the answer has no $.orders[9].n")),
        ("$.total", Err("the answer has no $.total")),
        (
            "$.orders[?@.of=='B1'].n",
            Err("the answer has no $.orders[?@.of=='B1'].n"),
        ),
        (
            "$.orders[0].of",
            Err("$.orders[0].of is a string; wanted a number"),
        ),
        ("$.orders[0]", Err("$.orders[0] is an object; wanted a number")),
        ("$.orders", Err("$.orders is an array; wanted a number")),
        ("$.open", Err("$.open is null; wanted a number")),
        ("$.late", Err("$.late is true or false; wanted a number")),
    ] {
        let taken = take("value", path, &orders);
        match expected {
            Ok(number) => assert_eq!(taken, Ok(number), "{path}"),
            Err(why) => assert!(taken.as_ref().unwrap_err().starts_with(why), "{path}: {taken:?}"),
        }
    }
}
