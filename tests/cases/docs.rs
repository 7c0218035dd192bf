//! The documents against the repository: code in them is code that compiles, and links lead somewhere.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every document that is written by hand.
fn documents() -> Vec<(PathBuf, String)> {
    let folders = ["docs", "docs/decisions"].map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    let docs = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let at_the_top = [
        "README.md",
        "README.zh-CN.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ];
    let all = at_the_top.map(|name| root().join(name)).into_iter();
    all.chain(docs)
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn links_lead_somewhere() {
    for (path, text) in documents() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let there = path.parent().unwrap().join(target);
            assert!(there.exists(), "{}: nothing at {link}", path.display());
        }
    }
}

#[test]
fn every_decision_is_in_the_list() {
    let list = include_str!("../../docs/decisions/README.md");
    for entry in std::fs::read_dir(root().join("docs/decisions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || list.contains(&format!("]({name})")),
            "docs/decisions/README.md does not list {name}"
        );
    }
}

#[test]
fn lines_are_short_enough_to_read() {
    for (path, text) in documents() {
        let mut in_code = false;
        for (n, line) in text.lines().enumerate() {
            in_code ^= line.starts_with("```");
            // A row of a table cannot be broken.
            let free = !in_code && line.starts_with('|');
            let length = line.chars().count();
            assert!(
                free || length <= 120,
                "{}:{}: {length} characters",
                path.display(),
                n + 1
            );
        }
    }
}

#[test]
fn every_key_of_the_config_is_in_the_documentation() {
    let documented = include_str!("../../docs/configuration.md");
    for line in include_str!("../../config/monitor.toml").lines() {
        let line = line.trim_start_matches('#');
        let Some((key, _)) = line.split_once(" = ") else {
            continue;
        };
        if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            assert!(
                documented.contains(&format!("`{key}")) || documented.contains(&format!(".{key}`")),
                "docs/configuration.md does not tell of {key}"
            );
        }
    }
}

#[test]
fn both_readmes_begin_with_the_two_commands() {
    for text in [
        include_str!("../../README.md"),
        include_str!("../../README.zh-CN.md"),
    ] {
        for command in [
            "cargo run --release --bin monitor -- demo",
            "cargo test --workspace",
        ] {
            assert!(text.lines().any(|line| line == command), "{command}");
        }
    }
}

#[test]
fn every_row_of_the_fault_table_names_a_test_and_every_test_has_a_row() {
    let table = include_str!("../../docs/fault-table.md");
    let tests = [
        include_str!("fault_table_http.rs"),
        include_str!("../../crates/processor/tests/engine/fault_table_smtp.rs"),
        concat!(
            include_str!("fault_table_db.rs"),
            include_str!("fault_table_frozen.rs"),
            include_str!("fault_table_sqlite.rs"),
        ),
        include_str!("../../crates/processor/tests/engine/incidents.rs"),
        concat!(
            include_str!("fault_table_time.rs"),
            include_str!("../../crates/processor/tests/engine/clock.rs"),
        ),
        include_str!("../../crates/processor/tests/engine/lists.rs"),
        include_str!("../../crates/processor/tests/engine/reload.rs"),
        include_str!("../../crates/processor/tests/engine/pushed.rs"),
    ];
    // Tests that rows may name, and that are not about faults alone.
    let more = concat!(
        include_str!("../../crates/model/tests/model/migrations.rs"),
        include_str!("../../crates/model/tests/model/probe.rs"),
        include_str!("../../crates/model/tests/model/pushed_values.rs"),
        include_str!("../../bin/monitor-web/tests/web/values.rs"),
        include_str!("../../crates/processor/tests/engine/fairness.rs"),
        include_str!("../../crates/notify/tests/smtp/addresses.rs"),
        include_str!("../../crates/notify/tests/smtp/hello.rs"),
        include_str!("../../crates/notify/tests/smtp/replies.rs"),
        include_str!("../../crates/notify/tests/smtp/secure.rs"),
        include_str!("../../crates/settings/tests/conf_d.rs"),
        include_str!("pushed.rs"),
        include_str!("secrets.rs"),
    );
    let mut section = tests.iter();
    for part in table.split("\n## ").skip(1) {
        let file = section.next().unwrap();
        for row in part
            .lines()
            .filter(|line| line.starts_with("| ") && !line.contains("test in"))
        {
            let names = row.trim_end_matches(" |").rsplit('|').next().unwrap();
            for name in names.split(", ") {
                let function = format!("fn {}(", name.trim().trim_matches('`'));
                let is_there = file.contains(&function) || more.contains(&function);
                assert!(is_there, "no {function} for the row {row}");
            }
        }
        for test in file
            .split("#[tokio::test")
            .skip(1)
            .chain(file.split("both! {").skip(1))
        {
            let name = test.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            assert!(part.contains(&format!("`{name}`")), "no row for the test {name}");
        }
    }
}

#[test]
fn every_row_of_the_channels_table_names_a_test_and_every_fault_has_a_row() {
    let table = include_str!("../../docs/channels.md");
    let faults = include_str!("../../crates/notify/tests/chats/main.rs");
    let own = include_str!("../../crates/notify/tests/chats/own.rs");
    let rows = table.split("\n## ").next().unwrap().lines();
    for row in rows.filter(|line| line.starts_with("| ") && !line.starts_with("| fault")) {
        let names = row.trim_end_matches(" |").rsplit('|').next().unwrap();
        for name in names.split(", ") {
            let function = format!("fn {}(", name.trim().trim_matches('`'));
            let is_there = faults.contains(&function) || own.contains(&function);
            assert!(is_there, "no {function} for the row {row}");
        }
    }
    for test in faults.split("#[tokio::test]").skip(1) {
        let name = test.split("fn ").nth(1).unwrap().split('(').next().unwrap();
        assert!(table.contains(&format!("`{name}`")), "no row for the test {name}");
    }
    for file in std::fs::read_dir(root().join("crates/notify/tests/chats/services")).unwrap() {
        let kind = file.unwrap().path().with_extension("");
        let kind = kind.file_name().unwrap().to_str().unwrap().to_owned();
        let row = format!("\n| `{kind}` |");
        assert!(
            kind == "mod" || table.contains(&row),
            "docs/channels.md does not tell what {kind} counts"
        );
    }
}
