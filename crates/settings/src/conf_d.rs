//! Which files a config is read from: the main one, then `conf.d/*.toml` beside it by name, so that teams own their files.
//!
//! What begins with a dot is not read, nor is what does not end with `.toml`: backups and swap files of editors, and the folders
//! behind the links of a mounted Kubernetes `ConfigMap`.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::source::Source;

/// The folder beside the main file.
const FOLDER: &str = "conf.d";
/// What the names of its files end with.
const ENDING: &str = ".toml";
/// More files than this in it are somebody's mistake, such as a folder of something else.
const MAX_FILES: usize = 1000;
/// The most that all files together may hold, in bytes: some tens of thousands of metrics.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

/// The files of a config as they were read.
pub(crate) struct Files {
    /// The main one first.
    pub(crate) sources: Vec<Source>,
    /// Where they are, in the same order, as the main one was named.
    pub(crate) paths: Vec<PathBuf>,
    /// What was not read and may have been meant to be.
    pub(crate) hints: Vec<Diagnostic>,
}

/// Reads the main file at a path and those beside it.
///
/// # Errors
/// Every one that cannot be read.
pub(crate) fn read(main: &Path) -> Result<Files, Diagnostics> {
    let folder = main.parent().unwrap_or(Path::new("")).join(FOLDER);
    let mut wrong = Vec::new();
    let (beside, hints) = list(&folder).unwrap_or_else(|message| {
        wrong.push(whole(&folder, message));
        Default::default()
    });
    let mut left = MAX_SIZE;
    let (mut sources, mut paths) = (Vec::new(), Vec::new());
    for path in [main.to_owned()].into_iter().chain(beside) {
        match text(&path, left, path == main) {
            Ok(text) => {
                left -= text.len() as u64;
                let name = path.display().to_string();
                sources.push(Source { name, text });
                paths.push(path);
            }
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    match wrong.is_empty() {
        true => Ok(Files {
            sources,
            paths,
            hints,
        }),
        false => Err(Diagnostics(wrong)),
    }
}

/// The files of the folder by name, and hints at what is not read of it. There may be no such folder.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<Diagnostic>), String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match folder.symlink_metadata() {
                Ok(_) => Err("is a link to what is not there; mend or remove it".to_owned()),
                Err(_) => Ok(Default::default()),
            };
        }
        Err(error) => {
            let message = format!("the folder of further config files cannot be read: {error}");
            return Err(message);
        }
    };
    let (mut files, mut hints) = (Vec::new(), Vec::new());
    for entry in entries {
        let name = entry
            .map_err(|error| format!("cannot be read: {error}"))?
            .file_name();
        let Some(name) = name.to_str() else {
            if name.to_string_lossy().ends_with(ENDING) {
                return Err(format!(
                    "holds a file whose name is not UTF-8: {name:?}; rename it"
                ));
            }
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        if name.ends_with(ENDING) {
            files.push(folder.join(name));
        } else if name.to_lowercase().ends_with(ENDING) {
            let message = format!("is not read: only names that end with {ENDING} are, in small letters");
            hints.push(whole(&folder.join(name), message));
        }
        if files.len() > MAX_FILES {
            return Err(format!("holds more than {MAX_FILES} files, which is the most"));
        }
    }
    files.sort_unstable();
    Ok((files, hints))
}

/// The text of one file, of which `left` bytes may be read.
fn text(path: &Path, left: u64, is_main: bool) -> Result<String, Diagnostic> {
    let cannot = |error: &std::io::Error| match (error.kind(), is_main) {
        (std::io::ErrorKind::NotFound, true) => {
            "there is no such file; `monitor init` writes one to start from, --config names another"
                .to_owned()
        }
        (std::io::ErrorKind::NotFound, false) => {
            "is a link to what is not there; mend or remove it".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    };
    let read = || {
        // Whoever opens a pipe waits for its other end.
        let kind = std::fs::metadata(path)?;
        if !is_main && !kind.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(left + 1)
            .read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    let bytes = match read() {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(whole(
                path,
                "is no file; everything here that ends with .toml is read as one".to_owned(),
            ));
        }
        Err(error) => return Err(whole(path, cannot(&error))),
    };
    if bytes.len() as u64 > left {
        let most = MAX_SIZE / (1024 * 1024);
        return Err(whole(
            path,
            format!("with it the config is larger than {most} MiB, which is the most"),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Diagnostic {
            place: Place::after(&path.display().to_string(), &String::from_utf8_lossy(good)),
            path: String::new(),
            // Whatever stands there may be a part of a password.
            message: "from here on it is not UTF-8 text; save the file as UTF-8".to_owned(),
        }
    })
}

/// What is said of a file or folder as a whole.
pub(crate) fn whole(path: &Path, message: String) -> Diagnostic {
    Diagnostic {
        place: Place::Whole {
            file: path.display().to_string(),
        },
        path: String::new(),
        message,
    }
}
