//! Why a file is no recording that can be read. None of its text is quoted: any of it may be a password.

use serde_json::error::Category;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// Larger than what is read.
    #[error(
        "has more than the {limit} MiB that are read: record again with an empty list (clear it, sign in, open the page, export)"
    )]
    TooLarge {
        /// How large it may be, in MiB.
        limit: usize,
    },
    /// Its end is missing.
    #[error("ends in the middle of the recording; export it again and wait until it is whole")]
    Truncated,
    /// Another format.
    #[error(
        "is not JSON (line {line}, column {column}); a HAR file is what \"Export HAR\" or \"Save All As HAR\" writes"
    )]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON of something else.
    #[error("is JSON, but no HAR file: it has no log.entries")]
    NotHar,
    /// A recording of nothing.
    #[error(
        "has no http or https call in it; reload the page while the network tab of the developer tools is open"
    )]
    Empty,
}

impl From<serde_json::Error> for RecordingError {
    fn from(error: serde_json::Error) -> RecordingError {
        match error.classify() {
            Category::Eof => RecordingError::Truncated,
            _ => RecordingError::NotJson {
                line: error.line(),
                column: error.column(),
            },
        }
    }
}
