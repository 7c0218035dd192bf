//! Why templates cannot be used, with the place of the mistake.

use std::path::{Path, PathBuf};

/// Why templates could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The folder given in the config, or a file in it, cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A template does not parse, or does not render a sample of some event.
    #[error("{place}: {message}")]
    Broken {
        /// The file, with line and column where they are known: `my-templates/mail/body.html:12:4`.
        place: String,
        /// What is wrong with it.
        message: String,
    },
}

/// An error of tera with the file it is in. `otherwise` is the file to name where tera does not know.
pub(super) fn broken(dir: &Path, otherwise: &str, error: &tera::Error) -> TemplateError {
    match error.kind() {
        tera::ErrorKind::SyntaxError(report) | tera::ErrorKind::RenderingError(report) => {
            let span = report.span();
            let place = format!(
                "{}:{}:{}",
                dir.join(report.filename()).display(),
                span.start_line,
                span.start_col + 1
            );
            TemplateError::Broken {
                place,
                message: report.message().to_owned(),
            }
        }
        kind => {
            let text = kind.to_string();
            let (message, place) = reported(&text).unwrap_or((&text, otherwise));
            TemplateError::Broken {
                place: dir.join(place).display().to_string(),
                message: message.to_owned(),
            }
        }
    }
}

/// Message and place of the errors that tera gives as a report only, such as that of an unknown filter:
/// `error: Unknown filter …`, then ` --> mail/body.txt:1:12`.
fn reported(text: &str) -> Option<(&str, &str)> {
    let message = text.lines().next()?.strip_prefix("error: ")?;
    let place = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("--> "))?;
    Some((message, place))
}
