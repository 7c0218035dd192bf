//! Where the old program's tables are: a SQLite file, or a dump of MySQL.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::collect::Collector;
use crate::error::LegacyError;
use crate::old::Old;
use crate::types::TypeMap;
use crate::zone::Zone;
use crate::{dump, sqlite};

/// What a SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// What a file that is compressed by gzip begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Where to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A dump of MySQL or MariaDB.
    Dump {
        /// The file.
        path: PathBuf,
        /// Whether it is compressed.
        gzip: bool,
    },
}

/// How far reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows of a SQLite file, or bytes of a dump.
    pub done: u64,
    /// Of how many.
    pub total: u64,
}

impl Source {
    /// Reads `sqlite:old.db`, as the old program's config has it too, or the name of a file: what it begins with says what it is.
    ///
    /// # Errors
    /// Where it names nothing that can be read.
    pub fn find(from: &str) -> Result<Source, LegacyError> {
        if let Some(rest) = from.strip_prefix("sqlite:") {
            let path = sqlite_path(from, rest)?;
            return match Source::of_file(&path)? {
                Source::Dump { .. } => Err(LegacyError::not_ours(
                    &path,
                    "that is no SQLite file; of a dump write the name without sqlite:",
                )),
                sqlite => Ok(sqlite),
            };
        }
        if let Some((scheme, _)) = from.split_once("://") {
            // Only the scheme is certainly no secret.
            return Err(LegacyError::BadSource {
                from: format!("{scheme}://…"),
                why: "a server is not read; make a dump, mysqldump --default-character-set=utf8mb4 \
                      --result-file=old.sql DATABASE, and give that"
                    .to_owned(),
            });
        }
        Source::of_file(Path::new(from))
    }

    fn of_file(path: &Path) -> Result<Source, LegacyError> {
        if path.is_dir() {
            return Err(LegacyError::unreadable(path, &"it is a folder"));
        }
        let mut head = Vec::new();
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => LegacyError::unreadable(path, &format!("{error}{}", hint(path))),
            _ => LegacyError::unreadable(path, &error),
        })?;
        let limit = u64::try_from(SQLITE.len()).unwrap_or(u64::MAX);
        file.take(limit)
            .read_to_end(&mut head)
            .map_err(|error| LegacyError::unreadable(path, &error))?;
        Ok(match head.as_slice() {
            SQLITE => Source::Sqlite(path.to_owned()),
            head => Source::Dump {
                path: path.to_owned(),
                gzip: head.starts_with(GZIP),
            },
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Source::Sqlite(path) | Source::Dump { path, .. } => path,
        }
    }
}

/// The path of a `sqlite:` URL. SQLAlchemy begins a relative one with three slashes, and an absolute one with four.
fn sqlite_path(from: &str, rest: &str) -> Result<PathBuf, LegacyError> {
    let slashes = rest.len() - rest.trim_start_matches('/').len();
    let path = match slashes {
        3 if !Path::new(&rest[2..]).exists() => &rest[3..],
        3 | 4 => &rest[slashes - 1..],
        _ => rest,
    };
    if path.trim_matches('/').is_empty() {
        return Err(LegacyError::BadSource {
            from: from.to_owned(),
            why: "it names no file; write sqlite:old.db".to_owned(),
        });
    }
    Ok(PathBuf::from(path))
}

/// Where Flask keeps a file that is not where it seems to be.
fn hint(path: &Path) -> String {
    let inside = path.parent().unwrap_or(Path::new("")).join("instance");
    let there = path.file_name().map(|name| inside.join(name));
    match there.filter(|there| there.exists()) {
        Some(there) => format!("; there is {}, where Flask keeps it", there.display()),
        None => String::new(),
    }
}

/// Reads everything. Nothing of the source is changed. Times are clocks of `zone`, and `progress` is called now and then.
///
/// # Errors
/// Where the source is not the old program's or cannot be read at all.
pub fn read(
    source: &Source,
    types: &TypeMap,
    zone: Zone,
    progress: &mut dyn FnMut(Progress),
) -> Result<Old, LegacyError> {
    let collector = Collector::new(types, zone);
    match source {
        Source::Sqlite(path) => sqlite::read(path, collector, progress),
        Source::Dump { path, gzip } => dump::read(path, *gzip, collector, progress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_what_its_file_begins_with() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, begin: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, begin).unwrap();
            path.display().to_string()
        };
        let db = file("old.db", b"SQLite format 3\0 and more");
        let sql = file("old.sql", b"-- MySQL dump");
        let gz = file("old.sql.gz", &[0x1f, 0x8b, 8, 0]);
        let empty = file("empty", b"");
        assert_eq!(Source::find(&db).unwrap(), Source::Sqlite(PathBuf::from(&db)));
        for form in [
            format!("sqlite:{db}"),
            format!("sqlite://{db}"),
            format!("sqlite:///{db}"),
        ] {
            assert_eq!(
                Source::find(&form).unwrap(),
                Source::Sqlite(PathBuf::from(&db)),
                "{form}"
            );
        }
        assert!(matches!(
            Source::find(&sql).unwrap(),
            Source::Dump { gzip: false, .. }
        ));
        assert!(matches!(
            Source::find(&gz).unwrap(),
            Source::Dump { gzip: true, .. }
        ));
        assert!(matches!(
            Source::find(&empty).unwrap(),
            Source::Dump { gzip: false, .. }
        ));
        let refused = Source::find(&format!("sqlite:{sql}")).unwrap_err().to_string();
        assert!(refused.contains("no SQLite file"), "{refused}");
    }

    #[test]
    fn what_cannot_be_read_says_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("instance")).unwrap();
        std::fs::write(folder.path().join("instance/old.db"), "x").unwrap();
        let missing = folder.path().join("old.db").display().to_string();
        for (from, why) in [
            (format!("sqlite:{missing}"), "where Flask keeps it"),
            (folder.path().join("new.db").display().to_string(), "No such file"),
            (folder.path().display().to_string(), "it is a folder"),
            ("mysql+pymysql://root:s3cret@db/old".to_owned(), "make a dump"),
            ("sqlite:".to_owned(), "names no file"),
            ("sqlite:///".to_owned(), "names no file"),
        ] {
            let error = Source::find(&from).unwrap_err().to_string();
            assert!(
                error.contains(why) && !error.contains("s3cret"),
                "{from}: {error}"
            );
        }
    }
}
