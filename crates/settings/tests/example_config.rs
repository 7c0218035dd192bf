//! The commented config in the repository against the types.
#![allow(clippy::unwrap_used)]

use monitor_settings::load_str;

const EXAMPLE: &str = include_str!("../../../config/monitor.toml");
const DEMO: &str = include_str!("../../../config/demo.toml");

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

/// The keys a table takes, from what is said about one that it does not take.
fn keys(table: &str) -> Vec<String> {
    let text = format!("{table}\nno_such_key_at_all = 1\n");
    let errors = load_str("t", &text, &[]).unwrap_err();
    let message = errors
        .0
        .iter()
        .map(|error| &error.message)
        .find(|m| m.starts_with("there is no such key"))
        .unwrap();
    let (_, list) = message
        .rsplit_once(" are ")
        .or(message.rsplit_once(" only "))
        .unwrap_or_else(|| panic!("{message}"));
    list.split(", ").map(str::to_owned).collect()
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

#[test]
fn the_example_has_every_key() {
    let tables = [
        "[database]",
        "[web]",
        "[worker]",
        "[requests]",
        "[systems.a]",
        "[systems.a.login]",
        "[systems.a.login.ok]",
        "[systems.a.login.csrf]",
        "[systems.a.signed_out]",
        "[alarm]",
        "[channels.a]",
        "[metrics.w]",
        "[metrics.w.fetch]",
        "[metrics.w.details]",
        "[metrics.w.alert]",
        "[metrics.w.alert.flapping]",
        "[metrics.w.alert.escalate]",
        "[maintenance.a]",
    ];
    for table in tables {
        for key in keys(table) {
            let is_there = EXAMPLE.match_indices(&key).any(|(at, _)| {
                let before = EXAMPLE[..at].chars().next_back().unwrap_or(' ');
                let after = EXAMPLE[at + key.len()..].trim_start();
                !before.is_ascii_alphanumeric()
                    && before != '_'
                    && (after.starts_with('=') || after.starts_with(" ="))
            });
            let is_there = is_there || EXAMPLE.contains(&format!(".{key}]"));
            assert!(is_there, "config/monitor.toml says nothing of `{key}` of {table}");
        }
    }
}

/// Turned on, the keys that are off have the right names, types and places too.
#[test]
fn the_example_stays_right_with_all_turned_on() {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let is_off = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        text.push_str(is_off.unwrap_or(line));
        text.push('\n');
    }
    // Keys that name something on this machine.
    let mut text = text.replace("templates = \"templates\"", "templates = \"/\"");
    for file in ["ca.pem", "client.pem", "client.key"] {
        text = text.replace(
            &format!("/etc/monitor/{file}"),
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        );
    }
    let variables: Vec<&str> = text
        .match_indices("env = \"")
        .map(|(at, found)| {
            let name = &text[at + found.len()..];
            &name[..name.find('"').unwrap()]
        })
        .collect();
    let errors = load_str("monitor.toml", &text, &env(&variables)).unwrap_err();
    for error in &errors.0 {
        assert!(error.message.contains("not in this build yet"), "{error}");
    }
    assert_eq!(errors.0.len(), 3, "{errors}");
}
