//! That the schema marks in an editor what the program refuses: unknown keys, wrong types and words, wherever they stand; and
//! nothing of what the pages show.

use std::path::Path;

use monitor_settings::{Kinds, schema};
use serde_json::{Map, Value, json};

use super::example_config;
use super::schema_check::validate;

/// The pages that show configs. What docs/extending.md has is for kinds that its readers add, and tried by tests of its own.
const PAGES: [&str; 8] = [
    "README.md",
    "README.zh-CN.md",
    "docs/configuration.md",
    "docs/import.md",
    "docs/operations.md",
    "docs/runbook.md",
    "docs/systems.md",
    "crates/settings/README.md",
];

/// The example with each of its keys turned on.
fn example() -> Value {
    let text = example_config::with_all_turned_on();
    serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap()
}

/// Every object and value of a document, by its JSON pointer.
fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, one)| walk(one, &format!("{at}/{key}"), found)),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .for_each(|(i, one)| walk(one, &format!("{at}/{i}"), found)),
        _ => {}
    }
}

fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Tables whose keys are the config's own to choose: of names, of headers, of fields.
fn has_free_keys(at: &str) -> bool {
    let last = at.rsplit('/').next().unwrap_or_default();
    matches!(
        last,
        "headers" | "query" | "values" | "take" | "fields" | "extra" | "params" | "body" | "labels"
    )
}

#[test]
fn it_is_a_schema_itself() {
    let schema = schema(&Kinds::stock());
    assert!(
        jsonschema::meta::is_valid(&schema),
        "{:?}",
        jsonschema::meta::validate(&schema)
    );
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn an_unknown_key_is_refused_in_every_table() {
    let (schema, document) = (schema(&Kinds::stock()), example());
    let mut tried = 0;
    for at in pointers(&document) {
        let mut wrong = document.clone();
        let Some(table) = wrong.pointer_mut(&at).and_then(Value::as_object_mut) else {
            continue;
        };
        let is_named =
            ["/systems", "/channels", "/metrics", "/fetches", "/maintenance"].contains(&at.as_str());
        // In a table of names it is the name of a table.
        let value = if is_named { json!({ "zzz": 1 }) } else { json!(1) };
        table.insert("zzz_unknown".to_owned(), value);
        if !has_free_keys(&at) {
            tried += 1;
            assert_ne!(validate(&schema, &wrong), [""; 0], "{at} takes zzz_unknown");
        }
    }
    assert!(tried > 25, "{tried}");
}

#[test]
fn a_value_of_another_type_is_refused_for_every_key() {
    let (schema, document) = (schema(&Kinds::stock()), example());
    let mut tried = 0;
    for at in pointers(&document) {
        let mut inside = at.as_str();
        let mut is_free = false;
        while let Some((outer, _)) = inside.rsplit_once('/') {
            is_free |= has_free_keys(outer);
            inside = outer;
        }
        // Constants of a body are whatever JSON there is, and so is what an answer is compared with.
        if at.is_empty()
            || is_free
            || has_free_keys(&at)
            || at.contains("/equals")
            || at.contains("/not_equals")
        {
            continue;
        }
        // No key takes a list of lists of tables.
        let mut wrong = document.clone();
        *wrong.pointer_mut(&at).unwrap() = json!([[{ "zzz": [] }]]);
        tried += 1;
        assert_ne!(validate(&schema, &wrong), [""; 0], "{at} takes a list of lists");
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn a_word_that_is_none_of_those_there_are_is_refused() {
    let metric = |more: Value| {
        let mut metric =
            json!({ "fetch": { "system": "a", "path": "/", "value": "$" }, "alert": { "above": 1 } });
        let all = metric.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        json!({ "metrics": { "w": metric } })
    };
    let system = |kind: &str, more: Value| {
        let mut system = Map::from_iter([
            ("kind".to_owned(), kind.into()),
            ("base_url".to_owned(), "https://a.example".into()),
        ]);
        system.extend(more.as_object().unwrap().clone());
        json!({ "systems": { "a": system } })
    };
    let schema = schema(&Kinds::stock());
    for (good, bad) in [
        (
            metric(json!({ "severity": "critical" })),
            metric(json!({ "severity": "urgent" })),
        ),
        (
            json!({ "web": { "auth": "none" } }),
            json!({ "web": { "auth": "maybe" } }),
        ),
        (
            json!({ "web": { "lang": "zh-CN" } }),
            json!({ "web": { "lang": "fr" } }),
        ),
        (system("none", json!({})), system("nobody", json!({}))),
        (
            system(
                "json_token",
                json!({ "password": "x", "login": { "path": "/", "encode": "form" } }),
            ),
            system(
                "json_token",
                json!({ "password": "x", "login": { "path": "/", "encode": "xml" } }),
            ),
        ),
        (
            system(
                "json_token",
                json!({ "password": "x", "login": { "path": "/", "expires_unit": "ms" } }),
            ),
            system(
                "json_token",
                json!({ "password": "x", "login": { "path": "/", "expires_unit": "min" } }),
            ),
        ),
    ] {
        assert_eq!(validate(&schema, &good), [""; 0], "{good}");
        assert_ne!(validate(&schema, &bad), [""; 0], "{bad}");
    }
}

/// The blocks of TOML of a page.
fn blocks(page: &str) -> Vec<&str> {
    let parts = page.split("\n```toml");
    parts
        .skip(1)
        .filter_map(|part| part.split_once('\n')?.1.split("\n```").next())
        .collect()
}

#[test]
fn what_the_pages_show_is_valid() {
    let schema = schema(&Kinds::stock());
    let sections = schema["properties"].as_object().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut configs = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for block in blocks(&text) {
            let table: toml::Table = match toml::from_str(block) {
                Ok(table) => table,
                Err(error) => panic!("{page}: {error} in\n{block}"),
            };
            // The others are manifests of cargo, or keys of a table that the text names.
            if !table.keys().all(|key| sections.contains_key(key)) {
                continue;
            }
            let found = validate(&schema, &serde_json::to_value(&table).unwrap());
            assert_eq!(found, [""; 0], "{page}:\n{block}");
            configs += 1;
        }
    }
    assert!(configs >= 20, "{configs}");
}
