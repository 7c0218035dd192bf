//! The arrows of `docs/ARCHITECTURE.md`, held against the imports of the code: which crate may import which, and which room of
//! a crate which other room of it. Beside them what is held of the text of all sources: its words and its lengths.

mod counts;
mod imports;
mod limits;
mod table;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use imports::Import;
use table::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the workspace")
        .to_owned()
}

fn table() -> Table {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the document");
    Table::parse(&text)
}

/// All arrows there are in the code: between crates, and between the rooms of those crates whose rooms the table has.
fn all(table: &Table) -> Vec<Import> {
    let mut all = Vec::new();
    let crates = imports::crates(&root());
    for (name, folder) in &crates {
        all.extend(imports::between_crates(name, folder, &crates));
        if table.has_rooms(name) {
            all.extend(imports::between_rooms(name, folder));
        }
    }
    all
}

/// What is wrong with these imports: arrows that are not allowed, and circles.
fn wrong(table: &Table, imports: &[Import]) -> Vec<String> {
    let mut wrong = BTreeSet::new();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        graph.entry(&import.from).or_default().insert(&import.to);
        if !table.allows(&import.from, &import.to) {
            wrong.insert(format!(
                "{}: {} may not import {}",
                import.place, import.from, import.to
            ));
        }
    }
    for start in graph.keys() {
        if let Some(circle) = circle(&graph, start) {
            wrong.insert(format!("a circle: {}", circle.join(" -> ")));
        }
    }
    wrong.into_iter().collect()
}

/// The shortest way from `start` back to it.
fn circle<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut visited = BTreeSet::new();
    while let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) {
        let last = way[way.len() - 1];
        for next in graph.get(last).into_iter().flatten() {
            let on: Vec<&str> = way.iter().copied().chain([*next]).collect();
            if *next == start {
                return Some(on);
            }
            if visited.insert(*next) {
                ways.push(on);
            }
        }
    }
    None
}

#[test]
fn imports_follow_the_arrows_of_the_document() {
    let table = table();
    let imports = all(&table);
    assert!(imports.len() > 100, "the imports were read: {}", imports.len());
    let wrong = wrong(&table, &imports);
    assert!(
        wrong.is_empty(),
        "docs/ARCHITECTURE.md, \"Arrows\":\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_crate_and_every_room_is_in_the_table_and_nothing_else() {
    let table = table();
    let mut there: BTreeSet<String> = BTreeSet::new();
    for (name, folder) in imports::crates(&root()) {
        if table.has_rooms(&name) {
            there.extend(
                imports::rooms(&folder)
                    .into_iter()
                    .map(|room| format!("{name}/{room}")),
            );
        }
        there.insert(name);
    }
    let listed: BTreeSet<String> = table.names().map(str::to_owned).collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not listed: {missing:?}; listed and not there: {gone:?}"
    );
}

#[test]
fn an_arrow_upward_and_a_circle_are_found() {
    let table = Table::parse(
        "<!-- arrows -->\n| crate or room | may import |\n|---|---|\n| `low` | – |\n| `high` | low |\n\
         | `high/a` | b |\n| `high/b` | a |\n<!-- /arrows -->\n",
    );
    let import = |from: &str, to: &str| Import {
        from: from.to_owned(),
        to: to.to_owned(),
        place: "src/x.rs:3".to_owned(),
    };
    assert_eq!(
        wrong(&table, &[import("high", "low"), import("high/a", "high/b")]),
        Vec::<String>::new()
    );
    let up = wrong(&table, &[import("low", "high")]);
    assert_eq!(up, ["src/x.rs:3: low may not import high"]);
    let round = wrong(&table, &[import("high/a", "high/b"), import("high/b", "high/a")]);
    assert!(
        round[0].starts_with("a circle: high/a -> high/b -> high/a"),
        "{round:?}"
    );
}

#[test]
fn imports_are_read_as_rust_writes_them() {
    let code = "use monitor_model::{Db, alerts};\nuse crate::outbox::{self, Draft};\nuse crate::{context::Context, fault};\n\
                fn f() { crate::alerts::open(); super::super::polling::run() }\n// crate::comment::x\n\
                #[cfg(test)]\nmod tests {\n    use crate::only_in_tests;\n}\n";
    let code = imports::code_of(code);
    let crates: Vec<_> = imports::crates_named(&code)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(crates, ["model"]);
    let rooms: Vec<_> = imports::modules_named(&code, 2)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(rooms, ["outbox", "context", "fault", "alerts", "polling"]);
}
