//! "1 channels" is nothing that a person says: a number and its noun are put together by `monitor_domain::counted`, and
//! nowhere by a format string.

use super::{imports, root};

/// What is counted in texts for people.
const NOUNS: &[&str] = &[
    "alert",
    "attempt",
    "byte",
    "certificate",
    "channel",
    "character",
    "cycle",
    "delivery",
    "hint",
    "message",
    "metric",
    "migration",
    "mistake",
    "reading",
    "record",
    "request",
    "system",
    "time",
    "value",
    "warning",
    "worker",
    "write",
];

/// The numbers in these lines that stand before a plural, whatever they are, with their places.
fn uncounted(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (n, line) in (1..).zip(code.lines()) {
        for (_, rest) in line.match_indices("} ").map(|(at, _)| line.split_at(at + 2)) {
            let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
            let is_plural = |noun: &&&str| {
                let stem = noun.strip_suffix('y');
                stem.map_or(format!("{noun}s"), |stem| format!("{stem}ies")) == word
            };
            if NOUNS.iter().any(|noun| is_plural(&noun)) {
                found.push(format!("{path}:{n}: {{…}} {word}"));
            }
        }
    }
    found
}

#[test]
fn numbers_and_their_nouns_are_put_together_in_one_place() {
    let mut found = Vec::new();
    for (_, folder) in imports::crates(&root()) {
        for (path, code) in imports::sources(&folder.join("src")) {
            found.extend(uncounted(&path.display().to_string(), &code));
        }
    }
    assert!(found.is_empty(), "say counted(n, \"…\"):\n{}", found.join("\n"));
}

#[test]
fn a_plural_after_any_number_is_found() {
    let code = "say(\"{} channels\", n);\nsay(\"{n} deliveries wait, of {all} metrics\");\nsay(\"{n} channel, {m} metricsx\");";
    assert_eq!(
        uncounted("a.rs", code),
        [
            "a.rs:1: {…} channels",
            "a.rs:2: {…} deliveries",
            "a.rs:2: {…} metrics"
        ]
    );
}
