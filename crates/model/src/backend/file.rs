//! Whether the path of a SQLite database still leads to the file that was opened. One that is deleted or replaced under a
//! running program can be read and written through its open connections all the same: nobody else sees what is stored
//! from then on, and it is gone when they close.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, OnceLock};

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
    is_lost: Arc<watch::Sender<bool>>,
}

impl Default for OpenedFile {
    fn default() -> OpenedFile {
        OpenedFile {
            id: Arc::default(),
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
        }
    }

    /// # Errors
    /// [`DbError::FileReplaced`], which is logged the first time.
    pub(crate) fn check(&self, target: &Target) -> Result<(), DbError> {
        let (Some(opened), Target::Sqlite { path }) = (self.id.get(), target) else {
            return Ok(());
        };
        match path.metadata() {
            Ok(there) if id(&there) == *opened => return Ok(()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            // Nobody knows, such as where the folder may not be read any more. SQLite itself may still use the file.
            Err(_) => return Ok(()),
        }
        let error = lost(target);
        if self
            .is_lost
            .send_if_modified(|lost| !std::mem::replace(lost, true))
        {
            log::error!("{error}");
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

fn id(file: &Metadata) -> FileId {
    (file.dev(), file.ino())
}

fn lost(target: &Target) -> DbError {
    DbError::FileReplaced { url: target.shown() }
}
