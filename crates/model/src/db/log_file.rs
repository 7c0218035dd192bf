//! The write-ahead log of SQLite: truncating it, and who holds it back.

use std::fmt;
use std::path::{Path, PathBuf};

use super::handle::Db;
use crate::backend::{Progress, Role, Target, connect, truncate_log};
use crate::error::DbError;

/// The locks in the `-shm` file by which readers keep the log from being moved into the database or started anew,
/// WAL_READ_LOCK(0) to (4): <https://sqlite.org/walformat.html#the_wal_index_file_format>
const READ_LOCKS: std::ops::RangeInclusive<u64> = 123..=127;

/// How large a log may become before it matters that it is held back: what it is cut back to after a burst, in bytes.
const LARGE: u64 = 64 << 20;

/// The write-ahead log after [`Db::truncate_log`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFile {
    /// Its size.
    pub bytes: u64,
    /// Whether it could not be truncated because somebody reads, or writes, in it.
    pub is_held: bool,
    /// Who reads in it, as far as the operating system says so, such as `sqlite3 (process 123)`. Empty where nobody holds
    /// it back, or where it is not known who does.
    pub holders: Vec<String>,
}

impl LogFile {
    /// Whether it grows in a way that somebody has to see to.
    pub fn is_a_problem(&self) -> bool {
        self.is_held && self.bytes > LARGE
    }

    /// Who holds it back, in words.
    pub fn held_by(&self) -> String {
        match self.holders.as_slice() {
            [] => "another process".to_owned(),
            known => known.join(", "),
        }
    }
}

impl fmt::Display for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the write-ahead log of the database has {} MB",
            self.bytes >> 20
        )?;
        match self.is_held {
            true => write!(f, " and cannot be truncated: held back by {}", self.held_by()),
            false => Ok(()),
        }
    }
}

impl Db {
    /// The log at the last [`truncate_log`](Db::truncate_log) of this handle; `None` before it, and on PostgreSQL.
    pub fn log_file(&self) -> Option<LogFile> {
        self.last_log().clone()
    }

    /// Moves what is in the write-ahead log into the database and truncates the log, as far as readers and writers let it;
    /// it waits for nobody longer than a moment. `None` on PostgreSQL, which sees to its log itself.
    ///
    /// # Errors
    /// Where the database cannot be used.
    pub async fn truncate_log(&self) -> Result<Option<LogFile>, DbError> {
        let runner = self.runner();
        let source = runner.source.clone();
        let Target::Sqlite { path } = &source.target else {
            return Ok(None);
        };
        let path = path.clone();
        let truncating = move |_: &Progress| {
            let mut conn = connect(&source, Role::Writer)?;
            let is_held = !truncate_log(&mut conn)?;
            drop(conn);
            let bytes = beside(&path, "-wal").metadata().map_or(0, |log| log.len());
            let holders = if is_held { readers(&path) } else { Vec::new() };
            Ok(Some(LogFile {
                bytes,
                is_held,
                holders,
            }))
        };
        let log: Option<LogFile> = runner.run(Role::Writer, (), truncating).await?;
        self.last_log().clone_from(&log);
        Ok(log)
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The processes that read in the log: those that hold its read locks, where Linux lists them.
fn readers(path: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let Ok(index) = beside(path, "-shm").metadata() else {
        return Vec::new();
    };
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut processes: Vec<u32> = locks
        .lines()
        .filter_map(|line| reader(line, index.ino()))
        .collect();
    processes.sort_unstable();
    processes.dedup();
    processes.into_iter().map(name).collect()
}

/// The process of a line of `/proc/locks`, where that is a read lock of this file:
/// `1: POSIX  ADVISORY  READ 12345 08:01:131 124 124`.
fn reader(line: &str, inode: u64) -> Option<u32> {
    // A lock that somebody waits for has an arrow: `1: -> POSIX …`.
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let [_, _, "READ", process, file, first, last] = words.as_slice() else {
        return None;
    };
    let is_of_file = file.rsplit(':').next()?.parse() == Ok(inode);
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let is_read_lock = first <= *READ_LOCKS.end() && last >= *READ_LOCKS.start();
    // 0 or -1 where the process is in another namespace.
    let process = process.parse().ok().filter(|process| *process > 0)?;
    (is_of_file && is_read_lock).then_some(process)
}

fn name(process: u32) -> String {
    if process == std::process::id() {
        return format!("a read of this process ({process})");
    }
    match std::fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(command) => format!("{} (process {process})", command.trim()),
        Err(_) => format!("process {process}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_lock_is_found_among_all_locks() {
        let reading = "1: POSIX  ADVISORY  READ 12345 08:01:131 124 124";
        assert_eq!(reader(reading, 131), Some(12345));
        assert_eq!(
            reader("7: POSIX  ADVISORY  READ 9 08:01:131 123 126", 131),
            Some(9)
        );
        for other in [
            "1: POSIX  ADVISORY  READ 12345 08:01:132 124 124",
            "1: POSIX  ADVISORY  WRITE 12345 08:01:131 124 124",
            // The lock that every connection has.
            "1: POSIX  ADVISORY  READ 12345 08:01:131 128 128",
            "1: POSIX  ADVISORY  READ 12345 08:01:131 120 122",
            "1: FLOCK  ADVISORY  READ 12345 08:01:131 0 EOF",
            "1: -> POSIX  ADVISORY  READ 12345 08:01:131 124 124",
            "1: POSIX  ADVISORY  READ 0 08:01:131 124 124",
            "1: POSIX  ADVISORY  READ -1 08:01:131 124 124",
            "",
        ] {
            assert_eq!(reader(other, 131), None, "{other}");
        }
    }

    #[test]
    fn it_is_a_problem_where_it_is_large_and_held_back() {
        let log = |bytes, is_held, holders: &[&str]| LogFile {
            bytes,
            is_held,
            holders: holders.iter().map(|&holder| holder.to_owned()).collect(),
        };
        let large = LARGE + 1;
        assert!(log(large, true, &[]).is_a_problem());
        assert!(!log(large, false, &[]).is_a_problem() && !log(LARGE, true, &[]).is_a_problem());
        assert_eq!(
            log(70 << 20, true, &["sqlite3 (process 7)", "process 8"]).to_string(),
            "the write-ahead log of the database has 70 MB and cannot be truncated: held back by sqlite3 (process 7), \
             process 8"
        );
        assert!(
            log(large, true, &[])
                .to_string()
                .ends_with("held back by another process")
        );
        assert_eq!(
            log(0, false, &[]).to_string(),
            "the write-ahead log of the database has 0 MB"
        );
    }

    #[test]
    fn a_process_has_a_name() {
        let own = name(std::process::id());
        assert!(own.starts_with("a read of this process"), "{own}");
        assert_eq!(name(u32::MAX), format!("process {}", u32::MAX));
    }
}
