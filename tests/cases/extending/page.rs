//! Each text of the page is one that is compiled or run somewhere, and its steps fit the files that are there.

use std::path::{Path, PathBuf};

use super::steps::{PAGE, taken};
use crate::cases::blocks::blocks;

/// The texts in Rust that have a place in the repository, by the file of the same text that is compiled and tested as part of
/// a program of its own.
const PLACED: [(&str, &str); 4] = [
    (
        "crates/processor/src/metrics/waiting.rs",
        include_str!("../../../crates/processor/examples/own_metric/waiting.rs"),
    ),
    (
        "crates/login/src/kinds/ticket.rs",
        include_str!("../../../crates/login/examples/own_kind/ticket.rs"),
    ),
    (
        "crates/notify/src/channels/robot.rs",
        include_str!("../../../crates/notify/examples/own_channel/robot.rs"),
    ),
    (
        "crates/rules/src/condition/stuck.rs",
        include_str!("../../../crates/rules/examples/own_condition/stuck.rs"),
    ),
];
/// The other ones, each a whole file.
const SHOWN: [&str; 3] = [
    include_str!("../../../crates/processor/examples/own_metric/stock.rs"),
    include_str!("../../../crates/processor/src/metrics/x.rs"),
    include_str!("../../embedding/src/main.rs"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn code_is_code_that_compiles() {
    let all = blocks(PAGE);
    let rust = all.iter().filter(|block| block.language == "rust");
    let (placed, shown): (Vec<_>, Vec<_>) = rust.partition(|block| block.file().is_some());
    let placed: Vec<_> = placed
        .iter()
        .map(|block| (block.file().unwrap(), block.text))
        .collect();
    assert_eq!(placed, PLACED);
    let shown: Vec<&str> = shown.iter().map(|block| block.text).collect();
    assert_eq!(shown, SHOWN);
}

#[test]
fn each_step_fits_the_files_that_are_there_and_the_page_names_them() {
    let root = root();
    let after = taken(&root);
    assert_eq!(after.len(), 2 * PLACED.len(), "two files each");
    for block in blocks(PAGE) {
        let Some(file) = block.file() else { continue };
        assert!(
            block.before.contains(&format!("`{file}`")),
            "readers do not see {file}"
        );
        let is_new = block.language == "rust";
        assert_eq!(root.join(file).exists(), !is_new, "{file}");
        if is_new {
            assert!(
                Path::new(file)
                    .parent()
                    .is_some_and(|room| root.join(room).exists()),
                "{file}"
            );
        }
    }
    for (file, _) in PLACED {
        let module = Path::new(file).file_stem().unwrap().to_str().unwrap();
        let list = &after[&Path::new(file).with_file_name("mod.rs").display().to_string()];
        let named = list.matches(&format!("{module}::")).count();
        assert_eq!(
            (list.matches(&format!("mod {module};")).count(), named),
            (1, 1),
            "{file}"
        );
    }
}

/// A piece of config that goes with a text is tried by the program that is built of the page (`built.rs`).
#[test]
fn configs_are_configs_that_are_tried() {
    let chain = include_str!("../../../crates/processor/tests/engine/chain.rs");
    let declared = chain.split("Config::metrics(r#\"\n").nth(1).unwrap();
    let declared = declared.split("\"#").next().unwrap();
    let manifest = include_str!("../../embedding/Cargo.toml").replace("../../", "../monitor/");
    let manifest =
        &manifest[manifest.find("[package]").unwrap()..manifest.find("\n# As the workspace").unwrap()];
    let harbour = include_str!("../../embedding/harbour.toml");
    let all = blocks(PAGE);
    let toml = all
        .iter()
        .filter(|block| block.language == "toml" && block.about != "config");
    let toml: Vec<&str> = toml.map(|block| block.text).collect();
    assert_eq!(toml, [declared, manifest, harbour]);
    let kinds = all
        .iter()
        .map(|block| (block.language, block.about.split('=').next().unwrap()));
    for kind in kinds {
        let known = [
            ("rust", ""),
            ("rust", "file"),
            ("diff", "file"),
            ("toml", ""),
            ("toml", "config"),
        ];
        assert!(
            known.contains(&kind) || kind == ("console", ""),
            "what tests {kind:?}?"
        );
    }
}
