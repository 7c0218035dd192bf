//! Why nothing at all can be read. What is wrong with single rows is no error: see [`LeftOut`](crate::LeftOut).

use std::path::{Path, PathBuf};

/// An error of the whole source. Each names the file, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// It names nothing that can be read.
    #[error("{from}: {why}")]
    BadSource {
        /// As it was given.
        from: String,
        /// What is wrong, and what to give instead.
        why: String,
    },
    /// The file could not be opened or read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        cause: String,
    },
    /// The dump is not of the form that a dump of MySQL has.
    #[error("{}:{line}: {why}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line of it.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// It can be read, and it is not the old program's.
    #[error("{}: {why}", path.display())]
    NotTheOldProgram {
        /// The file.
        path: PathBuf,
        /// What is missing, and what is there.
        why: String,
    },
}

impl LegacyError {
    pub(crate) fn unreadable(path: &Path, cause: &impl ToString) -> LegacyError {
        LegacyError::Unreadable {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }

    pub(crate) fn not_ours(path: &Path, why: impl Into<String>) -> LegacyError {
        LegacyError::NotTheOldProgram {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}
