//! The schema that `monitor check --schema` prints, against the configs that there are.

use monitor_settings::{Kinds, schema};
use serde_json::{Value, json};

use super::schema_check::validate;
use super::{example_config, load_str, made_up};

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn the_configs_of_the_repository_are_valid() {
    let schema = schema(&Kinds::stock());
    let all = example_config::with_all_turned_on();
    for text in [example_config::EXAMPLE, example_config::DEMO, &all] {
        assert_eq!(validate(&schema, &json(text)), [""; 0], "{text}");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let schema = schema(&Kinds::stock());
    for good in [
        json!({ "metrics": { "x": {} } }),
        // A file of a team beside the main one, which has the metrics.
        json!({ "systems": { "shop": { "kind": "none", "base_url": "https://shop.example" } } }),
        // What goes with the condition that a built-in metric has.
        json!({ "metrics": { "x": { "alert": { "initial": "learn", "for": "30s" } } } }),
        json!({ "metrics": { "z": { "alert": { "clear_below": 90 } } } }),
        json!({ "metrics": { "y": { "alert": { "repeat": "1h" } } } }),
        json!({ "metrics": { "x": {} }, "web": { "lang": "zh_CN" } }),
        json!({ "metrics": { "w": { "push": { "token": { "env": "W" } }, "alert": { "rise": 1 } } } }),
    ] {
        assert_eq!(validate(&schema, &good), [""; 0], "{good}");
    }
    let wrong = [
        json!({ "metrics": {} }),
        json!({ "metrics": { "X": {} } }),
        json!({ "metrics": { "w": {} } }),
        json!({ "metrics": { "w": { "fetch": { "path": "/", "value": "$" } } } }),
        json!({ "metrics": { "x": { "alert": { "above": 1, "below": 1 } } } }),
        json!({ "metrics": { "x": { "alert": { "above": "1" } } } }),
        json!({ "metrics": { "x": { "alert": { "rise": 1, "clear_below": 1 } } } }),
        json!({ "metrics": { "x": { "alert": { "initial": "lern" } } } }),
        json!({ "metrics": { "w": {
            "fetch": { "system": "a", "path": "/", "value": "$" }, "alert": { "initial": "learn" },
        } } }),
        json!({ "metrics": { "w": { "push": {}, "alert": { "rise": 1 } } } }),
        json!({ "metrics": { "w": {
            "push": { "token": "t" }, "fetch": { "system": "a", "path": "/", "value": "$" }, "alert": { "rise": 1 },
        } } }),
        json!({ "metrics": { "x": {} }, "web": { "lang": "fr" } }),
        json!({ "metrics": { "x": { "severity": "crit" } } }),
        json!({ "metrics": { "x": {} }, "web": { "bint": "" } }),
        json!({ "metrics": { "x": {} }, "sistems": {} }),
        json!({ "metrics": { "x": {} }, "systems": { "a": { "base_url": "https://a.example" } } }),
        json!({ "metrics": { "x": {} }, "systems": { "a": { "kind": "nobody", "base_url": "https://a.example" } } }),
        json!({ "metrics": { "x": {} }, "channels": { "a b": { "kind": "none" } } }),
        json!({ "metrics": { "x": {} }, "worker": { "heartbeat_url": { "env": "A", "file": "B" } } }),
    ];
    for document in wrong {
        assert_ne!(validate(&schema, &document), [""; 0], "{document}");
    }
}

#[test]
fn made_up_kinds_and_metrics_are_in_it() {
    let mut kinds = made_up::kinds();
    let metric = json!({ "alert": { "exactly": 42, "tolerance": 1, "for": "30s" } });
    let config = json!({
        "systems": { "a": { "kind": "doorman", "base_url": "https://a.example", "door": "back", "password": "x" } },
        "channels": { "tower": { "kind": "bell", "bell": 3, "code": { "env": "BELL" }, "digest": "1m" } },
        "metrics": { "x": metric, "mine": metric },
    });
    let wrong = validate(&schema(&kinds), &config);
    assert!(
        wrong.len() == 1 && wrong[0].starts_with("/metrics/mine: "),
        "{wrong:?}"
    );
    kinds = kinds.metric("mine".parse().unwrap());
    assert_eq!(validate(&schema(&kinds), &config), [""; 0]);
    assert_eq!(
        validate(&schema(&made_up::kinds().any_metric()), &config),
        [""; 0]
    );
    assert!(validate(&schema(&Kinds::stock()), &config).len() >= 3);
}

/// Every default that is described is what a config without the key gets.
#[test]
fn defaults_are_what_they_are_said_to_be() {
    let metrics = "[metrics.x]\n[systems.a]\nkind = \"none\"\nbase_url = \"https://a.example\"\n\
                   [systems.b]\nkind = \"none\"\nbase_url = \"https://b.example\"\n";
    let mut text = metrics.to_owned();
    let schema = schema(&Kinds::stock());
    let mut count = 0;
    for section in ["database", "web", "worker", "requests"] {
        let mut table = toml::Table::new();
        let properties = schema["properties"][section]["properties"].as_object().unwrap();
        for (key, property) in properties {
            if let Some(default) = property.get("default") {
                table.insert(key.clone(), toml::Value::try_from(default).unwrap());
            }
        }
        count += table.len();
        text.push_str(&format!("[{section}]\n{table}"));
    }
    assert!(count >= 12, "{text}");
    let load = |text: &str| {
        format!(
            "{:?}",
            load_str("t", text, &[])
                .unwrap_or_else(|e| panic!("{e}\n{text}"))
                .settings
        )
    };
    assert_eq!(load(&text), load(metrics));
}

/// What is described is described for people: every key has a sentence.
#[test]
fn every_key_is_described() {
    fn walk(root: &Value, schema: &Value, at: &str, bare: &mut Vec<String>) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            let has_one = property["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            if !has_one && key != "kind" && !at.starts_with(".metrics.") {
                bare.push(at.clone());
            }
            walk(root, property, &at, bare);
        }
        for part in ["anyOf", "oneOf"] {
            for one in schema[part].as_array().into_iter().flatten() {
                walk(root, one, at, bare);
            }
        }
        if let Some(name) = schema["$ref"].as_str() {
            walk(
                root,
                &root["$defs"][name.trim_start_matches("#/$defs/")],
                at,
                bare,
            );
        }
        walk_if(root, &schema["additionalProperties"], at, bare);
    }
    fn walk_if(root: &Value, schema: &Value, at: &str, bare: &mut Vec<String>) {
        if schema.is_object() {
            walk(root, schema, at, bare);
        }
    }
    let schema = schema(&Kinds::stock());
    let mut bare = Vec::new();
    walk(&schema, &schema, "", &mut bare);
    bare.retain(|key| !key.ends_with(".env") && !key.ends_with(".file"));
    assert_eq!(bare, [""; 0]);
}
