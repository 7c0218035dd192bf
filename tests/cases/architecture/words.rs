//! Words that are retired: each was used for something that the field has a name for, or for several things at once. They
//! are found as `grep -w` finds them, in all that is tracked: code, comments, templates, scripts, documents.

use std::path::Path;
use std::process::Command;

use super::root;

/// What is retired, and what to say instead.
const RETIRED: &[(&str, &str)] = &[
    (
        "trouble",
        "incident (the monitor's own), else failure, problem or fault",
    ),
    ("troubles", "incidents, else failures, problems or faults"),
    ("Trouble", "Incident, Failure"),
    ("told", "notified, reported, sent, recorded or shown"),
    ("telling", "notifying, notification"),
    ("Teller", "Routing"),
    ("Story", "Draft"),
    ("TIDINGS", "NOTIFYING_EVENTS"),
    ("Parcel", "Batch"),
    ("parcel", "batch (the mechanism), digest (what a reader gets)"),
    ("conclude", "settle"),
    ("Verdict", "AttemptResult, AttemptOutcome"),
    ("elsewhere", "fallback (of a delivery), else say where"),
    ("strand", "give_up_orphaned"),
    ("stranded", "orphaned"),
    ("hasten", "make_due"),
    ("hastened", "made due"),
    ("stray", "orphaned claim"),
    ("strays", "orphaned claims"),
    ("bury", "reap_dead_workers"),
    ("blind", "no data (a state), unreadable (a reading)"),
    ("Blind", "NoData, Unreadable"),
    ("unheeded", "unacknowledged"),
    ("impatient", "escalation policy"),
    ("futile", "relogin_backoff"),
    ("pulse", "dead_mans_switch"),
    ("Pulse", "DeadMansSwitch"),
    ("seen", "worker_gauges, else read, observed, noticed or known"),
    ("standing", "metric_gauges, else reword"),
    ("Standing", "MetricGauges, else reword"),
    ("judgement", "evaluation"),
    ("judgements", "evaluations"),
    ("Judgement", "Evaluation"),
    ("ask", "request, query, extract"),
    ("asks", "requests, queries, demands"),
    ("asked", "requested, queried, demanded"),
    ("original", "legacy, the Flask program's"),
    ("look", "inspect, check, poll, read"),
    ("looks", "inspects, checks, polls, reads"),
    ("looked", "inspected, checked, polled, read"),
    ("Look", "Inspect, Check, Poll"),
    ("parties", "systems and channels"),
    ("sanity", "validate"),
    ("Watched", "MetricState"),
    ("Turn", "CyclePermit"),
    ("Known", "CachedState"),
    ("Places", "Permits"),
    ("Wish", "ClaimRequest"),
];

/// Words that are no names of types.
const NO_TYPES: &[(&str, &str)] = &[
    ("End", "AttemptOutcome, or what it ends"),
    ("Word", "Stage"),
    ("Done", "AttemptOutcome, or what is done"),
];

/// Where a word may be: what the path begins with, the words (none: all), and why.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    ("Cargo.lock", &[], "names of others' crates"),
    ("LICENSE", &[], "others' texts"),
    (
        "tests/fixtures/",
        &[],
        "what other programs answer, and databases of versions before",
    ),
    (
        "crates/processor/tests/payloads/",
        &[],
        "stored by versions before",
    ),
    (
        "tests/cases/upgrade.rs",
        &["blind", "trouble", "elsewhere"],
        "names in the dump",
    ),
    (
        "migrations/postgres/2026-11-01",
        &[],
        "released: the names of its time",
    ),
    (
        "migrations/postgres/2026-11-25",
        &[],
        "released: the names of its time",
    ),
    (
        "migrations/postgres/2026-11-26",
        &[],
        "renames the old tables and columns",
    ),
    (
        "migrations/sqlite/2026-11-01",
        &[],
        "released: the names of its time",
    ),
    (
        "migrations/sqlite/2026-11-25",
        &[],
        "released: the names of its time",
    ),
    (
        "migrations/sqlite/2026-11-26",
        &[],
        "renames the old tables and columns",
    ),
    (
        "crates/model/tests/model/migrations.rs",
        &["trouble", "elsewhere", "unheeded"],
        "rows as the old migrations made them",
    ),
    (
        "crates/rules/src/state.rs",
        &["blind", "told"],
        "names in stored states",
    ),
    (
        "crates/processor/src/outbox/job.rs",
        &["Done"],
        "whether a delivery is marked as sent",
    ),
    ("tests/cases/architecture/words.rs", &[], "the list itself"),
];

/// The list of renamed things says the old names: there, between backticks, they may be.
const RENAMES: &str = "CHANGELOG.md";

/// The tracked files, relative to the root.
fn tracked() -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    let listed = git.expect("git lists what is tracked");
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let names = String::from_utf8(listed.stdout).expect("names of files");
    names.split_terminator('\0').map(str::to_owned).collect()
}

/// The whole words of a line, each with where it begins.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

fn is_excepted(path: &str, word: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(start, words, _)| path.starts_with(start) && (words.is_empty() || words.contains(&word)))
}

/// The retired words of a text, each with its file, line and what to say instead.
fn retired(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut before = "";
        for (at, word) in words(line) {
            let is_type = matches!(before, "struct" | "enum" | "trait" | "type");
            let no_type = NO_TYPES.iter().filter(|_| is_type);
            let entry = RETIRED
                .iter()
                .chain(no_type)
                .find(|(retired, _)| *retired == word);
            let is_old_name = path == RENAMES && line[..at].matches('`').count() % 2 == 1;
            if let Some((_, instead)) = entry
                && !is_old_name
                && !is_excepted(path, word)
            {
                found.push(format!("{path}:{number}:{word} (say: {instead})"));
            }
            before = word;
        }
    }
    found
}

/// The retired words of the tracked texts that are chosen.
fn retired_in(is_chosen: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut files = 0;
    let mut found = Vec::new();
    for path in tracked().into_iter().filter(|path| is_chosen(Path::new(path))) {
        // What is no text has no words; what is tracked and deleted has none any more.
        if let Ok(text) = std::fs::read_to_string(root().join(&path)) {
            files += 1;
            found.extend(retired(&path, &text));
        }
    }
    assert!(files > 20, "the files were read: {files}");
    found
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "md")
}

#[test]
fn retired_words_are_gone_from_the_code() {
    let found = retired_in(|path| !is_document(path));
    assert!(
        found.is_empty(),
        "{} retired words:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn retired_words_are_gone_from_the_documents() {
    let found = retired_in(is_document);
    assert!(
        found.is_empty(),
        "{} retired words:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn every_exception_is_needed() {
    let paths = tracked();
    for (start, words, why) in EXCEPTIONS.iter().filter(|(_, words, _)| !words.is_empty()) {
        let path = paths.iter().find(|path| path.starts_with(start));
        let path = path.unwrap_or_else(|| panic!("{start} is gone ({why})"));
        let text = std::fs::read_to_string(root().join(path)).expect("the file");
        for word in *words {
            assert!(
                self::words(&text).any(|(_, found)| found == *word),
                "{path} holds no \"{word}\" any more ({why})"
            );
        }
    }
}

#[test]
fn a_retired_word_is_found_where_it_is_a_whole_word() {
    let at = |path: &str, text: &str| -> Vec<String> {
        let cut = |found: String| found.split(" (").next().unwrap_or_default().to_owned();
        retired(path, text).into_iter().map(cut).collect()
    };
    let text = "fn is_told() {}\n// nobody is told: unseen\nlet blinded = \"没有 blind。\";\n";
    assert_eq!(at("src/a.rs", text), ["src/a.rs:2:told", "src/a.rs:3:blind"]);
    assert_eq!(at("src/a.rs", "End::At; enum End {}"), ["src/a.rs:1:End"]);
    assert_eq!(
        at(RENAMES, "- `pulse` is `dead_mans_switch`, blind is not"),
        ["CHANGELOG.md:1:blind"]
    );
}
