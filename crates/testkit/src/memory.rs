//! Files of a test that need no disk.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// Where Linux has a file system in memory.
const MEMORY: &str = "/dev/shm";

/// As little as containers give by default (64 MiB) would not do for databases of many tests.
const ENOUGH_KIB: u64 = 1 << 20;

/// A temporary folder, in memory where the machine has room for it: a test waits for no disk there. What is written is
/// there for every process, and outlives each of them; only the death of the machine would be another matter. `TMPDIR`,
/// where it is set, is used instead.
///
/// # Panics
/// When no folder can be made, as [`tempfile::tempdir`] would fail.
pub fn temp_dir() -> TempDir {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    let in_memory = std::env::var_os("TMPDIR").is_none()
        && *HAS_ROOM.get_or_init(|| free_kib(Path::new(MEMORY)).is_some_and(|free| free >= ENOUGH_KIB));
    let made = in_memory.then(|| tempfile::tempdir_in(MEMORY).ok()).flatten();
    made.unwrap_or_else(|| tempfile::tempdir().expect("a test may make temporary files"))
}

/// What `df` says is free there.
fn free_kib(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_read_and_a_missing_folder_has_nothing() {
        assert!(free_kib(Path::new("/")).is_some());
        assert_eq!(free_kib(Path::new("/no/such/folder")), None);
        let folder = temp_dir();
        std::fs::write(folder.path().join("file"), "text").unwrap();
    }
}
