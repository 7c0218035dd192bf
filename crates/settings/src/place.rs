//! Relative paths of a config: they start at the folder of its file, wherever the process was started.

use std::path::{Component, Path, PathBuf};

/// What a URL of a file begins with.
const SQLITE: &str = "sqlite:";

/// The folder that relative paths start at; without one they stay as they are, and start where the process does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Base(Option<PathBuf>);

impl Base {
    /// The folder of a config file. Links in its own path are followed, so that `..` means what the system means by it.
    pub(crate) fn of(file: &Path) -> std::io::Result<Base> {
        let folder = std::path::absolute(file)?;
        let folder = folder.parent().unwrap_or(Path::new("/"));
        Ok(Base(Some(folder.canonicalize()?)))
    }

    /// The folder; empty where there is none.
    pub(crate) fn folder(&self) -> PathBuf {
        self.0.clone().unwrap_or_default()
    }

    /// The config file itself, in the folder.
    pub(crate) fn file(&self, file: PathBuf) -> PathBuf {
        match (&self.0, file.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => file,
        }
    }

    /// Where a path leads from here.
    pub(crate) fn place(&self, path: &Path) -> PathBuf {
        let Some(folder) = self.0.as_ref().filter(|_| path.is_relative()) else {
            return path.to_owned();
        };
        let mut placed = folder.clone();
        let mut parts = path.components().peekable();
        // Only those at the front: behind a name that may be a link, `..` is for the system to follow.
        while let Some(Component::ParentDir | Component::CurDir) = parts.peek() {
            if parts.next() == Some(Component::ParentDir) {
                placed.pop();
            }
        }
        placed.extend(parts);
        placed
    }

    /// The same database, its file found from here; and that file as it was written, where it was relative.
    pub(crate) fn database(&self, url: &str) -> (String, Option<PathBuf>) {
        let unchanged = (url.to_owned(), None);
        let Some(rest) = url.strip_prefix(SQLITE) else {
            return unchanged;
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        // What is no path to a file is refused where it is opened, in the words that it was written in.
        let is_no_file = path.is_empty() || path.ends_with('/') || path.starts_with(":memory:");
        if self.0.is_none() || is_no_file || path.starts_with("file:") || Path::new(path).is_absolute() {
            return unchanged;
        }
        let placed = self.place(Path::new(path));
        (format!("{SQLITE}{}", placed.display()), Some(PathBuf::from(path)))
    }

    /// The file that the working directory has at a relative path, and this folder has not: what was in use while paths
    /// started there.
    pub(crate) fn left_behind(&self, path: &Path) -> Option<PathBuf> {
        let placed = self.place(path);
        let old = std::path::absolute(path).ok()?;
        let is_left = self.0.is_some() && path.is_relative() && !placed.exists() && old.exists();
        is_left.then(|| old.canonicalize().unwrap_or(old))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Base {
        Base(Some(PathBuf::from("/etc/monitor")))
    }

    #[test]
    fn relative_paths_start_at_the_folder() {
        for (written, placed) in [
            ("ca.pem", "/etc/monitor/ca.pem"),
            ("./tls/ca.pem", "/etc/monitor/tls/ca.pem"),
            ("../data/m.db", "/etc/data/m.db"),
            ("../../../../m.db", "/m.db"),
            ("link/../m.db", "/etc/monitor/link/../m.db"),
            ("/run/ca.pem", "/run/ca.pem"),
        ] {
            assert_eq!(base().place(Path::new(written)), Path::new(placed), "{written}");
            assert_eq!(Base::default().place(Path::new(written)), Path::new(written));
        }
    }

    #[test]
    fn only_the_file_of_a_database_is_a_path() {
        for (written, placed) in [
            ("sqlite:data/m.db", "sqlite:/etc/monitor/data/m.db"),
            ("sqlite://../m.db", "sqlite:/etc/m.db"),
            ("sqlite:/var/m.db", "sqlite:/var/m.db"),
            ("sqlite:///var/m.db", "sqlite:///var/m.db"),
            ("sqlite:", "sqlite:"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("postgres://u@h/d", "postgres://u@h/d"),
        ] {
            assert_eq!(base().database(written).0, placed, "{written}");
            assert_eq!(Base::default().database(written).0, written);
        }
    }
}
