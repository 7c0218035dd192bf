//! The tables of keys in `docs/configuration.md`, made of what sections and kinds say of themselves. With `UPDATE_DOCS=1` this
//! test writes them.

use std::collections::BTreeMap;
use std::path::Path;

use monitor_domain::{Kind, keys_of};
use monitor_login::SystemCommon;
use monitor_notify::ChannelCommon;
use monitor_rules::RuleCommon;
use monitor_settings::{Kinds, schema};
use serde_json::Value;

const PAGE: &str = "docs/configuration.md";
/// The longest line of a paragraph, in characters.
const LINE: usize = 117;
const END: &str = "<!-- end of what is generated -->";

#[test]
fn the_page_has_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let blocks = blocks();
    let (mut written, mut found) = (String::new(), Vec::new());
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("<!-- generated: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after
            .split_once(END)
            .unwrap_or_else(|| panic!("{name} has no end: {END}"));
        let block = blocks
            .get(name)
            .unwrap_or_else(|| panic!("nothing is generated for {name}"));
        written.push_str(&format!(
            "{before}<!-- generated: {name} -->\n{}\n\n{END}",
            block.trim_end()
        ));
        found.push(name);
        rest = after;
    }
    written.push_str(rest);
    found.sort_unstable();
    assert_eq!(
        found,
        blocks.keys().map(String::as_str).collect::<Vec<_>>(),
        "{PAGE} has a place for each"
    );
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, written).unwrap();
    } else {
        assert!(
            written == page,
            "{PAGE} is not what the types say; UPDATE_DOCS=1 cargo test -p monitor-settings writes it"
        );
    }
}

/// What stands at each mark.
fn blocks() -> BTreeMap<String, String> {
    let kinds = Kinds::stock();
    let schema = schema(&kinds);
    let section = |name: &str| &schema["properties"][name];
    let mut blocks = BTreeMap::new();
    for name in ["database", "web", "worker", "requests", "alarm"] {
        blocks.insert(name.to_owned(), table(&rows(&schema, section(name), |_| true)));
    }
    blocks.insert(
        "routes".to_owned(),
        table(&rows(&schema, &section("routes")["items"], |_| true)),
    );
    let window = &section("maintenance")["additionalProperties"];
    blocks.insert("maintenance".to_owned(), table(&rows(&schema, window, |_| true)));
    let each = &section("systems")["additionalProperties"]["oneOf"];
    let systems = of_kinds(&schema, each, &keys_of::<SystemCommon>(), &kinds.systems);
    blocks.insert("systems".to_owned(), systems);
    let each = &section("channels")["additionalProperties"]["oneOf"];
    let channels = of_kinds(&schema, each, &keys_of::<ChannelCommon>(), &kinds.channels);
    blocks.insert("channels".to_owned(), channels);
    let call = &section("fetches")["additionalProperties"];
    blocks.insert("fetches".to_owned(), table(&rows(&schema, call, |_| true)));
    let metric = referred(&schema, &section("metrics")["additionalProperties"]);
    let flat = without_tables(metric);
    blocks.insert("metrics".to_owned(), table(&rows(&schema, &flat, |_| true)));
    for name in ["fetch", "push", "for_each", "details"] {
        let inner = referred(&schema, &metric["properties"][name]);
        blocks.insert(format!("metrics.{name}"), table(&rows(&schema, inner, |_| true)));
    }
    let alert = &referred(&schema, &metric["properties"]["alert"])["anyOf"];
    blocks.insert("metrics.alert".to_owned(), conditions(&schema, alert, &kinds));
    blocks
}

/// The keys that all kinds have, and then each kind.
fn of_kinds<S: ?Sized>(root: &Value, each: &Value, common: &[String], kinds: &[Kind<S>]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| format!("`\"{}\"`", kind.name)).collect();
    let mut all = rows(root, &each[0], |key| common.iter().any(|known| known == key));
    all.insert(0, ("kind".to_owned(), format!("Required: {}", names.join(", "))));
    let mut block = format!("{}\n", table(&all));
    for (kind, one) in kinds.iter().zip(each.as_array().unwrap()) {
        block.push_str(&format!(
            "### `kind = \"{}\"`\n\n{}\n\n",
            kind.name,
            wrapped(kind.doc, "")
        ));
        let own = kind.keys();
        let own = rows(root, one, |key| own.iter().any(|known| known == key));
        if !own.is_empty() {
            block.push_str(&format!("{}\n", table(&own)));
        }
    }
    block
}

/// Markdown whose paragraphs have lines of a bearable length; each line but the first has an indent.
fn wrapped(text: &str, indent: &str) -> String {
    let (mut lines, mut is_code, mut is_open) = (Vec::<String>::new(), false, false);
    for line in text.trim_end().lines() {
        let is_fence = line.starts_with("```");
        if is_fence || is_code || line.is_empty() || line.starts_with('|') {
            is_code ^= is_fence;
            is_open = false;
            lines.push(line.to_owned());
            continue;
        }
        for word in line.split(' ') {
            match lines.last_mut() {
                Some(last) if is_open && last.chars().count() + word.chars().count() < LINE => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
            is_open = true;
        }
    }
    lines
        .join(&format!("\n{indent}"))
        .replace(&format!("\n{indent}\n"), "\n\n")
}

/// What each condition is, the keys that go with some of them, and those that go with all.
fn conditions(root: &Value, each: &Value, kinds: &Kinds) -> String {
    let mut block = String::new();
    let mut own: Vec<(String, String, Vec<&str>)> = Vec::new();
    for (kind, one) in kinds.conditions.iter().zip(each.as_array().unwrap()) {
        block.push_str(&format!("- {}\n", wrapped(kind.doc, "  ")));
        let keys: Vec<String> = kind.keys().into_iter().filter(|key| key != kind.name).collect();
        for (key, text) in rows(root, one, |key| keys.iter().any(|known| known == key)) {
            match own
                .iter_mut()
                .find(|(known, said, _)| *known == key && *said == text)
            {
                Some((_, _, with)) => with.push(kind.name),
                None => own.push((key, text, vec![kind.name])),
            }
        }
    }
    let own: Vec<(String, String)> = own
        .into_iter()
        .map(|(key, text, with)| (key, format!("With {}: {text}", with.join(", "))))
        .collect();
    block.push_str(&format!("\nKeys that go with some of them:\n\n{}\n", table(&own)));
    let common = keys_of::<RuleCommon>();
    let common = rows(root, &each[0], |key| common.iter().any(|known| known == key));
    block.push_str(&format!("Keys that go with every one:\n\n{}", table(&common)));
    block
}

/// A metric without the keys of its tables, which have sections of their own.
fn without_tables(metric: &Value) -> Value {
    let mut metric = metric.clone();
    metric["required"] = Value::Null;
    for name in ["fetch", "push", "for_each", "details", "alert"] {
        let property = metric["properties"][name].as_object_mut().unwrap();
        property.retain(|key, _| key == "description");
    }
    metric
}

/// Each key with what is said of it; those of tables inside with their path.
fn rows(root: &Value, object: &Value, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let required: Vec<&str> = object["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        if !is_wanted(key) {
            continue;
        }
        let inner = referred(root, property);
        let said = [property, inner]
            .iter()
            .find_map(|one| one["description"].as_str())
            .unwrap_or_default();
        let mut text = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if required.contains(&key.as_str()) && !text.starts_with("Required") {
            text = format!("Required. {text}");
        }
        let is_said = text.contains("efault") || text.contains("needed");
        if let Some(default) = property
            .get("default")
            .filter(|default| !is_said && !is_empty(default))
        {
            text = format!("{text} Default `{default}`.");
        }
        rows.push((key.clone(), text));
        let below = rows_below(root, inner);
        rows.extend(
            below
                .into_iter()
                .map(|(name, text)| (format!("{key}.{name}"), text)),
        );
    }
    rows
}

fn is_empty(default: &Value) -> bool {
    default.as_array().is_some_and(Vec::is_empty)
        || default.as_object().is_some_and(serde_json::Map::is_empty)
}

fn rows_below(root: &Value, inner: &Value) -> Vec<(String, String)> {
    rows(root, inner, |_| true)
}

/// What a property refers to, or itself; where it may be a table or a list of them, the table.
fn referred<'v>(root: &'v Value, property: &'v Value) -> &'v Value {
    match property["$ref"].as_str() {
        Some(name) => &root["$defs"][name.trim_start_matches("#/$defs/")],
        None if property["oneOf"][1]["type"] == "array" => referred(root, &property["oneOf"][0]),
        None => property,
    }
}

fn table(rows: &[(String, String)]) -> String {
    let mut table = "| key | |\n|---|---|\n".to_owned();
    for (key, text) in rows {
        table.push_str(&format!("| `{key}` | {} |\n", text.replace('|', "\\|")));
    }
    table
}
