//! The commented config in the repository against the types.

use std::collections::BTreeSet;

use monitor_settings::{Kinds, schema};
use serde_json::Value;

use super::{load_str, write_certificate};

pub(crate) const EXAMPLE: &str = include_str!("../../../config/monitor.toml");
pub(crate) const DEMO: &str = include_str!("../../../config/demo.toml");

fn env(names: &[&str]) -> Vec<(String, String)> {
    names
        .iter()
        .map(|name| {
            let is_url = *name == "HEARTBEAT_URL";
            let value = if is_url {
                "https://switch.example"
            } else {
                "hunter2"
            };
            ((*name).to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn the_example_is_clean_once_its_variables_are_set() {
    for (name, text) in [("monitor.toml", EXAMPLE), ("demo.toml", DEMO)] {
        let loaded = load_str(name, text, &env(&["SYSTEM_A_PASSWORD", "SYSTEM_B_PASSWORD"]));
        let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.warnings, []);
        assert_eq!(loaded.settings.metrics.len(), 3);
    }
}

#[test]
fn the_example_names_its_variables_where_they_are_not_set() {
    let errors = load_str(
        "monitor.toml",
        &EXAMPLE
            .replace("SYSTEM_A", "NO_SUCH_A")
            .replace("SYSTEM_B", "NO_SUCH_B"),
        &[],
    );
    let errors = errors.unwrap_err().to_string();
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(
        errors.contains("systems.a.password: environment variable NO_SUCH_A_PASSWORD is not set"),
        "{errors}"
    );
}

/// Every key that the schema has, of whatever section or kind.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            let own = object.get("properties").and_then(Value::as_object);
            found.extend(own.into_iter().flat_map(|all| all.keys().cloned()));
            object.values().for_each(|one| keys(one, found));
        }
        Value::Array(all) => all.iter().for_each(|one| keys(one, found)),
        _ => {}
    }
}

/// The other way round, that each key of the example is one of the schema, follows from its being valid.
#[test]
fn the_example_has_every_key() {
    let mut all = BTreeSet::new();
    keys(&schema(&Kinds::stock()), &mut all);
    assert!(all.len() > 60, "{all:?}");
    for key in all {
        let is_there = EXAMPLE.match_indices(&key).any(|(at, _)| {
            let before = EXAMPLE[..at].chars().next_back().unwrap_or(' ');
            let after = EXAMPLE[at + key.len()..].trim_start();
            !before.is_ascii_alphanumeric() && before != '_' && after.starts_with('=')
        });
        let is_there = is_there
            || [format!("[{key}"), format!(".{key}]")]
                .iter()
                .any(|name| EXAMPLE.contains(name));
        assert!(is_there, "config/monitor.toml says nothing of `{key}`");
    }
}

/// What the lines of a paragraph of the example give, each with what it says of it: `#   for = "30s"   the condition must …`.
fn explained(begin: &str, end: &str) -> Vec<(&'static str, &'static str)> {
    let start = EXAMPLE.find(begin).unwrap_or_else(|| panic!("{begin}"));
    let paragraph = &EXAMPLE[start..start + EXAMPLE[start..].find(end).unwrap_or_else(|| panic!("{end}"))];
    let lines = paragraph.lines().filter_map(|line| line.strip_prefix("#   "));
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = "))
        .map(|line| line.split_once("  ").expect(line))
        .map(|(pair, said)| (pair.trim(), said.trim()))
        .collect()
}

/// Nobody copies a line out of the example that is then refused.
#[test]
fn what_the_example_explains_is_taken_as_it_stands_there() {
    let variables = env(&["SYSTEM_A_PASSWORD", "SYSTEM_B_PASSWORD"]);
    let check = |fetch: &str, alert: &str| {
        let text = format!(
            "{EXAMPLE}\n[metrics.w]\nfetch = {{ system = \"a\", path = \"/w\", {fetch} }}\nalert = {{ {alert} }}\n"
        );
        load_str("monitor.toml", &text, &variables)
            .unwrap_or_else(|errors| panic!("{fetch} / {alert}: {errors}"));
    };
    let value = "value = \"$.n\"";
    let conditions = explained("# alert has exactly one of", "# and may have");
    assert!(conditions.len() >= 7, "{conditions:?}");
    for (condition, _) in &conditions {
        check(value, condition);
    }
    let at = EXAMPLE.find("# alert has exactly one of").unwrap();
    let options = explained(
        &EXAMPLE[at..][EXAMPLE[at..].find("# and may have").unwrap()..],
        "# ── Maintenance",
    );
    assert!(options.len() >= 8, "{options:?}");
    for (option, said) in &options {
        // Where it goes with some conditions only, the text begins with them.
        let goes_with = |(condition, _): &&(&str, &str)| {
            said.split_once(':').is_none_or(|(with, _)| {
                with.split(", ")
                    .any(|one| condition.starts_with(&format!("{one} =")))
            })
        };
        let (condition, _) = conditions.iter().find(goes_with).unwrap_or(&conditions[0]);
        check(value, &format!("{condition}, {option}"));
    }
    let ways = explained(
        "# body = { status = \"unpaid\" }; and has one of",
        "# and may have",
    );
    assert!(ways.len() >= 5, "{ways:?}");
    for (way, _) in ways {
        check(way, "rise = 1");
    }
    assert!(!EXAMPLE.contains("\"required\""), "sign-in is not built");
}

/// The example with all that is off turned on.
pub(crate) fn with_all_turned_on() -> String {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let is_off = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        text.push_str(is_off.unwrap_or(line));
        text.push('\n');
    }
    text
}

/// Turned on, the keys that are off have the right names, types and places too.
#[test]
fn the_example_stays_right_with_all_turned_on() {
    // Keys that name something on this machine.
    let mut text = with_all_turned_on().replace("templates = \"templates\"", "templates = \"/\"");
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    for file in ["ca.pem", "client.pem", "client.key"] {
        let path = folder.path().join(file).display().to_string();
        text = text.replace(&format!("/etc/monitor/{file}"), &path);
    }
    let variables: Vec<&str> = text
        .match_indices("env = \"")
        .map(|(at, found)| {
            let name = &text[at + found.len()..];
            &name[..name.find('"').unwrap()]
        })
        .collect();
    let loaded = load_str("monitor.toml", &text, &env(&variables));
    loaded.unwrap_or_else(|errors| panic!("{errors}"));
}
