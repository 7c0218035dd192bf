//! JSONPath by RFC 9535, held against the suite of its authors: <https://github.com/jsonpath-standard/jsonpath-compliance-test-suite>.
//! The suite is not in this repository; `MONITOR_JSONPATH_SUITE` names its `cts.json`, as `.ci/run` does.

#![allow(clippy::unwrap_used)]

use monitor_login::json_path;
use serde_json::{Value, json};

/// How many tests the suite had when this was written; all of them passed.
const TESTS: usize = 703;

/// Whether a case of the suite ends as it says.
fn passes(case: &Value) -> bool {
    let is_invalid = case["invalid_selector"] == true;
    match json_path(case["selector"].as_str().unwrap()) {
        Err(_) => is_invalid,
        Ok(path) => {
            let found: Vec<&Value> = path.query(&case["document"]).all();
            let found = json!(found);
            // Where the order of members is free there are several.
            let allowed = case["results"].as_array();
            !is_invalid && (found == case["result"] || allowed.is_some_and(|all| all.contains(&found)))
        }
    }
}

#[test]
fn the_compliance_suite_passes_whole() {
    let Some(path) = std::env::var_os("MONITOR_JSONPATH_SUITE") else {
        monitor_testkit::skip(
            "jsonpath-suite",
            "MONITOR_JSONPATH_SUITE does not name the cts.json of the suite",
        );
        return;
    };
    let suite: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = suite["tests"].as_array().unwrap();
    let failed: Vec<&str> = cases
        .iter()
        .filter(|case| !passes(case))
        .filter_map(|case| case["name"].as_str())
        .collect();
    assert!(cases.len() >= TESTS, "{} of {TESTS}", cases.len());
    assert!(
        failed.is_empty(),
        "{} of {} fail: {failed:#?}",
        failed.len(),
        cases.len()
    );
}

/// The examples of RFC 9535, table 2 and following, in short: they are tested on every machine.
#[test]
fn paths_select_what_the_standard_says() {
    let store = json!({ "store": {
        "book": [
            { "category": "reference", "author": "Nigel Rees", "price": 8.95 },
            { "category": "fiction", "author": "Evelyn Waugh", "price": 12.99 },
            { "category": "fiction", "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99 },
            { "category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99 },
        ],
        "bicycle": { "color": "red", "price": 399 },
        "门店": { "库存 量": 7 },
    } });
    for (path, count) in [
        ("$", 1),
        ("$.store.book[*].author", 4),
        ("$..author", 4),
        ("$.store.*", 3),
        ("$.store..price", 5),
        ("$..book[2]", 1),
        ("$..book[-1]", 1),
        ("$..book[0,1]", 2),
        ("$..book[:2]", 2),
        ("$..book[::2]", 2),
        ("$..book[?@.isbn]", 2),
        ("$..book[?@.price<10]", 2),
        ("$..book[?@.price<10 && @.category=='fiction']", 1),
        ("$..book[?!@.isbn]", 2),
        ("$..book[?length(@.author) > 12]", 2),
        ("$..book[?match(@.author, 'H.*')]", 1),
        ("$..book[?search(@.author, 'R')]", 2),
        ("$[?count(@.*) > 1]", 1),
        ("$..book[?value(@.price) == 22.99]", 1),
        ("$['store']['门店']['库存 量']", 1),
        ("$.store.门店['库存 量']", 1),
        ("$.nothing", 0),
        ("$.store.book[9]", 0),
    ] {
        let parsed = json_path(path).unwrap_or_else(|why| panic!("{path}: {why}"));
        assert_eq!(parsed.query(&store).all().len(), count, "{path}");
    }
    for wrong in [
        "",
        "store",
        "$.",
        "$[",
        "$..",
        "$.store book",
        "$[?@.a=1]",
        "$[1:2:3:4]",
        "$['a",
        " $",
        "$ ",
        "$[01]",
        "$[?length(@)]",
    ] {
        let why = json_path(wrong).unwrap_err();
        assert!(why.starts_with("not a JSONPath (RFC 9535)"), "{wrong}: {why}");
    }
}
