//! JSONPath by RFC 9535, held against the suite of its authors. What is taken from an answer by it is in `monitor-upstream`.

#![allow(clippy::unwrap_used)]

use monitor_login::json_path;
use serde_json::{Value, json};

/// How many cases the suite has.
const CASES: usize = 687;

/// Those that end otherwise than it says, by name: a new version of the library changes this list, for better or worse.
const FAILING: [&str; 0] = [];

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
    let Some(cases) = monitor_testkit::jsonpath_suite(env!("CARGO_TARGET_TMPDIR")) else {
        return;
    };
    let failing: Vec<&str> = cases
        .iter()
        .filter(|case| !passes(case))
        .filter_map(|case| case["name"].as_str())
        .collect();
    assert_eq!(failing, FAILING, "{} of {} fail", failing.len(), cases.len());
    assert_eq!(cases.len(), CASES);
    let of_invalid = cases
        .iter()
        .filter(|case| case["invalid_selector"] == true)
        .count();
    assert!(
        (200..CASES).contains(&of_invalid),
        "{of_invalid} say that a path is none"
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
