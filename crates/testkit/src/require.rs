//! The one rule for tests that need a program which is not on every machine: skip loudly, or fail where it is required.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The environment variable that turns a skip into a failure: `all`, or a list such as `postgres,chromium`.
pub const REQUIRE: &str = "MONITOR_TEST_REQUIRE";

/// The program's path when it is in `PATH`; otherwise [`skip`]s.
///
/// ```
/// # fn test() {
/// let Some(chromium) = monitor_testkit::require("chromium") else { return };
/// # drop(chromium);
/// # }
/// ```
///
/// # Panics
/// Where the program is missing and [`REQUIRE`] names it.
pub fn require(program: &str) -> Option<PathBuf> {
    require_any(program, &[program])
}

/// Like [`require`] for a program that goes by several names; `what` is the name used in [`REQUIRE`] and in the message.
///
/// # Panics
/// Where none is found and [`REQUIRE`] names `what`.
pub fn require_any(what: &str, names: &[&str]) -> Option<PathBuf> {
    let found = names.iter().find_map(|name| find_in_path(name));
    if found.is_none() {
        skip(what, &format!("no {} in PATH", names.join(" or ")));
    }
    found
}

/// Says that a test does without `what`; the caller then returns.
///
/// The line goes to the process's real standard error. The test harness captures only what the `print` macros write, and
/// only shows it for tests that fail: a skip printed by `eprintln!` would never be shown.
///
/// # Panics
/// Where [`REQUIRE`] names `what`: a machine that must skip nothing fails instead.
pub fn skip(what: &str, why: &str) {
    assert!(!is_required(what), "{REQUIRE} names {what}, but: {why}");
    let thread = std::thread::current();
    let line = match thread.name() {
        Some(test) if test != "main" => format!("SKIPPED: {test} needs {what}: {why}\n"),
        _ => format!("SKIPPED: {what}: {why}\n"),
    };
    // With a closed standard error there is nobody to read it.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// Whether [`REQUIRE`] names `what` (or `all`).
pub fn is_required(what: &str) -> bool {
    std::env::var(REQUIRE).is_ok_and(|list| names(&list, what))
}

/// The program's path, found in `PATH` as a shell does.
pub fn find_in_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|path| is_program(path))
}

/// Whether there is a file here that somebody may execute.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn names(list: &str, what: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|name| name == "all" || name.eq_ignore_ascii_case(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_one_by_one_or_all() {
        assert!(names("all", "postgres"));
        assert!(names("chromium, Postgres", "postgres"));
        assert!(!names("chromium", "postgres"));
        assert!(!names("", "postgres"));
    }

    #[test]
    fn a_program_is_found_and_a_missing_one_is_not() {
        assert!(find_in_path("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(find_in_path("no-such-program-anywhere"), None);
    }
}
