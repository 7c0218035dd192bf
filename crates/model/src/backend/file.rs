//! Whether the path of a SQLite database still leads to the file that was opened. One that is deleted or replaced under a
//! running program can be read and written through its open connections all the same: nobody else sees what is stored
//! from then on, and it is gone when they close.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::Utc;
use tokio::sync::watch;

use super::url::Target;
use crate::error::DbError;

/// Device and inode. The inode is not given to another file as long as a connection has it open.
type FileId = (u64, u64);

/// The file that was opened; nothing on PostgreSQL. A clone is of the same.
///
/// It is known by its name alone: a descriptor of our own would, when closed, take with it the locks that SQLite has on
/// the file (<https://sqlite.org/howtocorrupt.html#posix_close_bug>).
#[derive(Clone, Debug)]
pub(crate) struct OpenedFile {
    id: Arc<OnceLock<FileId>>,
    beside: Arc<Mutex<Option<Beside>>>,
    is_noticed: Arc<AtomicBool>,
    is_lost: Arc<watch::Sender<bool>>,
}

/// What SQLite keeps beside the file. Nothing in it says to which file it belongs: with another one at the path, the next
/// program to open that would take the log for its own, and the database would be malformed
/// (<https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use>).
#[derive(Debug)]
struct Beside {
    /// The file, without symbolic links: so SQLite has it.
    file: PathBuf,
    /// The write-ahead log when the file was last known to be the one that was opened.
    log: Option<FileId>,
}

impl Default for OpenedFile {
    fn default() -> OpenedFile {
        OpenedFile {
            id: Arc::default(),
            beside: Arc::default(),
            is_noticed: Arc::default(),
            is_lost: Arc::new(watch::channel(false).0),
        }
    }
}

impl OpenedFile {
    /// From now on it has to be the file that is there now.
    pub(crate) fn pin(&self, target: &Target) {
        if let Target::Sqlite { path } = target
            && let Ok(there) = path.metadata()
        {
            self.id.get_or_init(|| id(&there));
            *self.beside() = fs::canonicalize(path).ok().map(|file| Beside { file, log: None });
        }
    }

    fn beside(&self) -> std::sync::MutexGuard<'_, Option<Beside>> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// [`DbError::FileReplaced`], which is logged the first time.
    pub(crate) fn check(&self, target: &Target) -> Result<(), DbError> {
        let (Some(opened), Target::Sqlite { path }) = (self.id.get(), target) else {
            return Ok(());
        };
        match path.metadata() {
            Ok(there) if id(&there) == *opened => {
                if let Some(beside) = &mut *self.beside() {
                    beside.log = beside.path("-wal").metadata().ok().map(|log| id(&log));
                }
                return Ok(());
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            // Nobody knows, such as where the folder may not be read any more. SQLite itself may still use the file.
            Err(_) => return Ok(()),
        }
        let error = lost(target);
        if !self.is_noticed.swap(true, Ordering::AcqRel) {
            log::error!("{error}");
            if let Some(beside) = self.beside().take() {
                beside.set_aside(*opened);
            }
            // Last: who hears of it ends the process.
            self.is_lost.send_replace(true);
        }
        Err(error)
    }

    /// Waits until a check failed; gives its error.
    pub(crate) async fn until_lost(&self, target: &Target) -> DbError {
        let mut is_lost = self.is_lost.subscribe();
        // The other end is here.
        drop(is_lost.wait_for(|lost| *lost).await);
        lost(target)
    }
}

impl Beside {
    fn path(&self, ending: &str) -> PathBuf {
        let mut path = self.file.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Takes the log of the file that was opened away from the path, where whatever is opened next would be read with it.
    /// What was not yet moved from it into the file is in there only, so it is kept. Another process may have done so.
    fn set_aside(&self, opened: FileId) {
        let is_there = |path: &Path, known: FileId| path.metadata().is_ok_and(|there| id(&there) == known);
        let log = self.path("-wal");
        if !self.log.is_some_and(|known| is_there(&log, known)) {
            return;
        }
        // Only a symbolic link leads to another one.
        if is_there(&self.file, opened) {
            return;
        }
        let kept = self.path(&format!("-wal.{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
        // Memory that the processes share; made anew from the log.
        let index = fs::remove_file(self.path("-shm"));
        match fs::rename(&log, &kept) {
            Ok(()) => log::warn!(
                "the write-ahead log of the database that was open is now {}; it belongs to that file and to no other",
                kept.display()
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => log::error!(
                "cannot rename {} ({error}): remove it before anything is started, or the database is malformed",
                log.display()
            ),
        }
        if let Err(error) = index.or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }) {
            log::error!("cannot remove {}: {error}", self.path("-shm").display());
        }
    }
}

fn id(file: &Metadata) -> FileId {
    (file.dev(), file.ino())
}

fn lost(target: &Target) -> DbError {
    DbError::FileReplaced { url: target.shown() }
}
