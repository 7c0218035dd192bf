//! What the code imports. Read as text: what a test module imports is not the code's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One arrow, and where it is.
pub(super) struct Import {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) place: String,
}

/// The crates of the workspace by short name (`processor`, `monitor-web`), with their folders.
pub(super) fn crates(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut all = BTreeMap::new();
    for group in ["crates", "bin"] {
        for entry in std::fs::read_dir(root.join(group))
            .expect("a folder of crates")
            .flatten()
        {
            if entry.path().join("Cargo.toml").exists() {
                all.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
            }
        }
    }
    all
}

/// The rooms of a crate: folders and files beside its `lib.rs`.
pub(super) fn rooms(folder: &Path) -> Vec<String> {
    let src = folder.join("src");
    let is_room = |name: &String| !matches!(name.as_str(), "lib" | "main");
    let names = std::fs::read_dir(&src).expect("its sources").flatten();
    let mut rooms: Vec<String> = names
        .filter(|entry| entry.path().is_dir() || entry.path().extension().is_some_and(|it| it == "rs"))
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .filter(is_room)
        .collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

pub(super) fn between_crates(name: &str, folder: &Path, crates: &BTreeMap<String, PathBuf>) -> Vec<Import> {
    let mut found = Vec::new();
    for (path, code) in sources(&folder.join("src")) {
        for (to, line) in crates_named(&code) {
            // A program's library is called as its folder.
            let full = format!("monitor-{to}");
            let to = if crates.contains_key(&full) { full } else { to };
            // A program names its own library, and `monitor_record` is a table.
            if to != name && crates.contains_key(&to) {
                found.push(Import {
                    from: name.to_owned(),
                    to,
                    place: format!("{}:{line}", path.display()),
                });
            }
        }
    }
    found
}

pub(super) fn between_rooms(name: &str, folder: &Path) -> Vec<Import> {
    let src = folder.join("src");
    let rooms = rooms(folder);
    let root = std::fs::read_to_string(src.join("lib.rs")).unwrap_or_default();
    let reexports = reexports(&root);
    let mut found = Vec::new();
    for (path, code) in sources(&src) {
        let inside = path.strip_prefix(&src).expect("below the sources");
        let first = inside
            .components()
            .next()
            .expect("a name")
            .as_os_str()
            .to_string_lossy();
        let room = first.trim_end_matches(".rs").to_owned();
        if !rooms.contains(&room) {
            continue; // lib.rs and main.rs put the rooms together
        }
        let is_mod = inside.ends_with("mod.rs") || inside.components().count() == 1;
        let depth = inside.components().count() - usize::from(is_mod && inside.components().count() > 1);
        let own_name = code.replace(&format!("monitor_{name}::"), "crate::");
        for (to, line) in modules_named(&own_name, depth) {
            // What the root takes from a room counts as that room's, unless it is a room itself.
            let to = if rooms.contains(&to) {
                to
            } else {
                reexports.get(&to).cloned().unwrap_or(to)
            };
            if rooms.contains(&to) && to != room {
                found.push(Import {
                    from: format!("{name}/{room}"),
                    to: format!("{name}/{to}"),
                    place: format!("{}:{line}", path.display()),
                });
            }
        }
    }
    found
}

/// The crates of ours that `code` names, with lines.
pub(super) fn crates_named(code: &str) -> Vec<(String, usize)> {
    named(code, "monitor_", |rest| {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest[end..]
            .starts_with("::")
            .then(|| vec![rest[..end].to_owned()])
    })
}

/// The modules at the top of its crate that `code` names, from a file so many folders deep, with lines.
pub(super) fn modules_named(code: &str, depth: usize) -> Vec<(String, usize)> {
    let mut found = named(code, "crate::", |rest| Some(names_at_front(rest)));
    let up = "super::".repeat(depth);
    found.extend(named(code, &up, |rest| {
        (!rest.starts_with("super::")).then(|| names_at_front(rest))
    }));
    found
}

fn named(code: &str, what: &str, names: impl Fn(&str) -> Option<Vec<String>>) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(at) = code[start..].find(what).map(|at| at + start) {
        start = at + what.len();
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':')) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let all = names(&code[start..]).unwrap_or_default();
        found.extend(all.into_iter().map(|name| (name, line)));
    }
    found
}

/// The first name of a path, or those of each path of a group in braces.
fn names_at_front(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let (mut depth, mut names, mut begins) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && !c.is_whitespace() => {
                names.push(word(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// Names that the root of a crate takes from its rooms, by name.
fn reexports(root: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for statement in root.split(';') {
        let statement = statement.trim();
        let Some((_, path)) = statement.split_once("use ") else {
            continue;
        };
        let Some((room, rest)) = path.split_once("::") else {
            continue;
        };
        let last = rest.rsplit_once("::").filter(|(_, last)| !last.contains('}'));
        let names = last.map_or(rest, |(_, last)| last).trim_matches(['{', '}']);
        for name in names.split(',') {
            let name = name.rsplit(" as ").next().unwrap_or(name).trim();
            all.insert(name.to_owned(), room.trim().to_owned());
        }
    }
    all
}

/// The files below a folder with their code, without comments and test modules.
pub(super) fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|it| it == "rs")
            && path.file_stem().is_some_and(|it| it != "tests")
        {
            let text = std::fs::read_to_string(&path).expect("a source");
            found.push((path, code_of(&text)));
        }
    }
    found
}

/// A source without its comments and its test module, line for line.
pub(super) fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        if line.trim_start().starts_with("//") {
            ""
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
