//! The front pages of the crates: each says how to depend on it, names its features, and has an example that compiles with the
//! dependencies that the page gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::blocks::blocks;

/// What doctests may need besides, in the lines that readers are not shown.
const HIDDEN: &str =
    "tempfile = \"3\"\ntokio = { version = \"1\", features = [\"rt-multi-thread\", \"macros\", \"time\"] }\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every crate that others may depend on, by its folder in the repository.
fn crates() -> BTreeMap<String, PathBuf> {
    let mut all = BTreeMap::new();
    for group in ["crates", "bin"] {
        for entry in std::fs::read_dir(root().join(group)).unwrap().map(Result::unwrap) {
            if entry.path().join("Cargo.toml").exists() {
                all.insert(format!("{group}/{}", entry.file_name().display()), entry.path());
            }
        }
    }
    assert!(all.len() > 10, "{all:?}");
    all
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// The lines of `[dependencies]` that a page gives.
fn dependencies(page: &str) -> &str {
    let section = page
        .split("## Depending on it\n")
        .nth(1)
        .expect("## Depending on it");
    let all = blocks(section);
    let manifest = all
        .iter()
        .find(|block| block.language == "toml")
        .expect("its dependencies")
        .text;
    manifest
        .strip_prefix("[dependencies]\n")
        .or(manifest.strip_prefix("[dev-dependencies]\n"))
        .expect("[dependencies]")
}

/// The first example of a page, as the documentation compiles it.
fn example(page: &str) -> Option<String> {
    let all = blocks(page);
    let first = all
        .iter()
        .find(|block| matches!(block.language, "rust" | "no_run"))?;
    let lines = first.text.lines().map(|line| {
        line.strip_prefix("# ")
            .unwrap_or(if line == "#" { "" } else { line })
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn each_page_says_how_to_depend_on_the_crate_and_names_its_features() {
    for (folder, path) in crates() {
        let (page, manifest) = (read(path.join("README.md")), read(path.join("Cargo.toml")));
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = "))
            .unwrap()
            .trim_matches('"');
        assert!(page.starts_with(&format!("# {name}\n")), "{folder}");
        assert!(
            read(path.join("src/lib.rs")).starts_with("#![doc = include_str!(\"../README.md\")]"),
            "{folder}"
        );
        let own = format!("{name} = {{ path = \"../monitor/{folder}\" }}");
        assert!(dependencies(&page).starts_with(&own), "{folder}: {own}");
        for line in dependencies(&page).lines() {
            let other = line
                .split("path = \"../monitor/")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            assert!(
                other.is_none_or(|other| root().join(other).join("Cargo.toml").exists()),
                "{folder}: {line}"
            );
        }
        let features = manifest
            .split("\n[features]\n")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next());
        for line in features
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let Some((feature, _)) = line.split_once(" = ").filter(|(name, _)| *name != "default") else {
                continue;
            };
            assert!(
                page.contains(&format!("`{feature}`")),
                "{folder} does not tell of {feature}"
            );
        }
        assert!(example(&page).is_some(), "{folder} has no example");
    }
}

/// Takes minutes where nothing of it is built yet, so it is a step of its own: `.ci/run` names it.
#[test]
#[ignore = "builds a package for each crate; cargo test --workspace --test e2e -- --ignored readmes"]
fn each_example_compiles_with_the_dependencies_of_its_page() {
    let target = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .to_owned();
    let home = tempfile::tempdir_in(&target).unwrap();
    let mut members = Vec::new();
    for (folder, path) in crates() {
        let page = read(path.join("README.md"));
        let member = folder.replace('/', "-");
        let package = home.path().join(&member);
        std::fs::create_dir_all(package.join("src")).unwrap();
        // What a page for `[dev-dependencies]` gives is enough here as well; what only hidden lines need comes last.
        let given = dependencies(&page).replace("../monitor/", &format!("{}/", root().display()));
        let hidden = HIDDEN
            .lines()
            .filter(|line| !given.contains(&line[..line.find('=').unwrap()]));
        let manifest = format!(
            "[package]\nname = \"depending-{member}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n{given}{}\n",
            hidden.collect::<Vec<_>>().join("\n")
        );
        std::fs::write(package.join("Cargo.toml"), manifest).unwrap();
        let code = format!(
            "#![allow(warnings)]\npub fn example() -> impl std::fmt::Debug {{\n{}\n}}\n",
            example(&page).unwrap()
        );
        std::fs::write(package.join("src/lib.rs"), code).unwrap();
        members.push(format!("\"{member}\""));
    }
    let profile = include_str!("../embedding/Cargo.toml");
    let profile = &profile[profile.find("[profile.dev]").unwrap()..profile.find("[workspace]").unwrap()];
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n{profile}",
        members.join(", ")
    );
    std::fs::write(home.path().join("Cargo.toml"), workspace).unwrap();
    std::fs::copy(root().join("Cargo.lock"), home.path().join("Cargo.lock")).unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--keep-going", "--manifest-path"])
        .arg(home.path().join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "each example compiles with the dependencies of its page"
    );
}
