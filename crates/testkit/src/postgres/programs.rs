//! Where PostgreSQL's programs are, and as whom they may run.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::require::is_program;

use super::PostgresError;

/// All that is needed of an installation, in one folder.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

/// Folders that hold one installation a version, and where in it the programs are: Debian; Fedora; `/usr/pgsql-16` of
/// PostgreSQL's own packages; Homebrew.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/lib64/pgsql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
];

/// A user and its group, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The folder with `initdb`, `pg_ctl`, `postgres` and `psql`: from `PATH`, otherwise the newest of the usual places.
pub(super) fn folder() -> Result<PathBuf, PostgresError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let from_path = std::env::split_paths(&path).find(|dir| is_complete(dir));
    from_path
        .or_else(newest_installed)
        .ok_or(PostgresError::NotInstalled)
}

/// As whom the server runs: `None` when we may run it ourselves; PostgreSQL refuses root, so root needs another user.
pub(super) fn user() -> Result<Option<User>, PostgresError> {
    if own_uid()? != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| PostgresError::Io {
        what: "read /etc/passwd",
        error,
    })?;
    find_user(&users, "postgres")
        .or_else(|| find_user(&users, "nobody"))
        .map(Some)
        .ok_or(PostgresError::NoUser)
}

/// A folder for temporary files that any user can reach: `TMPDIR` may lie in root's home.
pub(super) fn temp_folder() -> PathBuf {
    let preferred = std::env::temp_dir();
    let reachable = preferred.ancestors().all(|dir| {
        dir.metadata()
            .is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
    });
    // The path of a unix socket is at most 103 bytes on macOS and 107 on Linux.
    if reachable && preferred.as_os_str().len() < 60 {
        preferred
    } else {
        PathBuf::from("/tmp")
    }
}

pub(super) fn own_uid() -> Result<u32, PostgresError> {
    let probe = tempfile::NamedTempFile::new().and_then(|file| file.as_file().metadata());
    probe.map(|meta| meta.uid()).map_err(|error| PostgresError::Io {
        what: "make a temporary file",
        error,
    })
}

fn find_user(passwd: &str, name: &str) -> Option<User> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(User {
        uid: fields.next()?.parse().ok()?,
        gid: fields.next()?.parse().ok()?,
    })
}

fn is_complete(dir: &Path) -> bool {
    PROGRAMS.iter().all(|program| is_program(&dir.join(program)))
}

fn newest_installed() -> Option<PathBuf> {
    let found = VERSIONED.iter().flat_map(|(parent, bin)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let name = entry.file_name();
            let digits: String = name
                .to_str()?
                .trim_start_matches(|c: char| !c.is_ascii_digit())
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            let dir = entry.path().join(bin);
            is_complete(&dir).then(|| (digits.parse::<u32>().unwrap_or(0), dir))
        })
    });
    found.max().map(|(_, dir)| dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_from_the_password_file() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\nbad:x\n";
        assert_eq!(find_user(passwd, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(find_user(passwd, "nobody"), None);
        assert_eq!(find_user(passwd, "bad"), None);
    }
}
