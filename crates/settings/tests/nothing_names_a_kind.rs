//! A kind is known to its own file alone. No other crate, and no other room of its own, has its name: so that adding a kind
//! touches its file and one line of a list.

use std::fs;
use std::path::{Path, PathBuf};

use monitor_settings::Kinds;

/// The rooms in which kinds live, and the crates that simulate what they talk to.
const ROOMS: &[&str] = &[
    // What a person answers becomes a config of one of the kinds that take few answers.
    "bin/monitor/src/init",
    "crates/login/src/kinds",
    "crates/notify/src/channels",
    // What a recording shows is proposed as one of the kinds that are described in the config.
    "crates/recording",
    "crates/rules/src/condition",
    "crates/simulator",
    "crates/testkit",
];
/// Names of kinds that are words for other things too: nobody signs in, a metric without readings, the schemes of HTTP, and what
/// stands in many an address.
const COMMON_WORDS: &[&str] = &["none", "no_data", "basic", "bearer", "digest", "webhook"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file of production code below a folder, with its path from the top of the repository.
fn sources(folder: &str, all: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(repository().join(folder)) else {
        return;
    };
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        let is_test = matches!(
            name.as_str(),
            "tests" | "tests.rs" | "examples" | "benches" | "target"
        );
        if entry.file_type().unwrap().is_dir() && !is_test {
            sources(&path, all);
        } else if name.ends_with(".rs") && !is_test {
            all.push((path, fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

/// The code of a file without comments, and without the tests at its end.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Where one of these words stands, as a whole string or as the name of a struct of settings.
fn named(files: &[(String, String)], kinds: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        for line in code(text) {
            for kind in kinds {
                let camel: String = kind.split('_').map(capital).collect();
                // A crate may hand out the settings of its kinds.
                let is_list = path.ends_with("/src/lib.rs");
                let is_named = line.contains(&format!("\"{kind}\""))
                    || line.contains(&format!("{camel}Settings")) && !is_list;
                if is_named {
                    found.push(format!("{path}: {}", line.trim()));
                }
            }
        }
    }
    found
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn no_kind_is_named_outside_of_its_room() {
    let kinds = Kinds::stock();
    let mut names: Vec<&str> = kinds.systems.iter().map(|kind| kind.name).collect();
    names.extend(kinds.channels.iter().map(|kind| kind.name));
    names.extend(kinds.conditions.iter().map(|kind| kind.name));
    names.retain(|name| !COMMON_WORDS.contains(name));
    let mut files = Vec::new();
    sources("crates", &mut files);
    sources("bin", &mut files);
    assert!(files.len() > 100, "{}", files.len());
    files.retain(|(path, _)| !ROOMS.iter().any(|room| path.starts_with(room)));
    assert_eq!(named(&files, &names), [""; 0]);
    // That it can fail:
    let settings = (
        "crates/settings/src/check.rs".to_owned(),
        "// \"smtp\"\nconst ALL: &[&str] = &[\"smtp\"];\nuse monitor_login::SystemASettings;".to_owned(),
    );
    assert_eq!(named(&[settings], &["smtp", "system_a"]).len(), 2);
}

/// Within its room, a kind is named in its own file or folder only: the list has the constant.
#[test]
fn in_its_room_a_kind_is_named_in_its_own_file() {
    let kinds = Kinds::stock();
    let rooms: [(&str, Vec<&str>); 2] = [
        (
            "crates/login/src/kinds",
            kinds.systems.iter().map(|kind| kind.name).collect(),
        ),
        (
            "crates/notify/src/channels",
            kinds.channels.iter().map(|kind| kind.name).collect(),
        ),
    ];
    for (room, names) in rooms {
        let mut files = Vec::new();
        sources(room, &mut files);
        assert!(!files.is_empty(), "{room}");
        for name in names {
            let own = format!("{room}/{name}");
            let others: Vec<(String, String)> = files
                .iter()
                .filter(|(path, _)| !path.starts_with(&own))
                .cloned()
                .collect();
            let quoted: Vec<String> = named(&others, &[name])
                .into_iter()
                .filter(|line| line.contains('"'))
                .collect();
            assert_eq!(quoted, [""; 0]);
        }
    }
}
