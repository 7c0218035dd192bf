//! One thing that is wrong with a config: where, which key, what and what to do.

use std::fmt;

use monitor_domain::one_line;

/// Where a diagnostic points.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The config file as a whole, such as one that cannot be read.
    Whole {
        /// The file, as it was named.
        file: String,
    },
    /// A place in the config file.
    File {
        /// The file, as it was named.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An environment variable that sets a key.
    Env {
        /// Its name.
        name: String,
    },
}

/// One error or warning. Displays on one line, as `config/monitor.toml:41:9: metrics.w.fetch.system: no system "c"; there are a, b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub place: Place,
    /// The key's path, such as `metrics.w.fetch.system`; empty where it is about the whole file.
    pub path: String,
    /// What is wrong and what to do. Never holds a secret's value.
    pub message: String,
}

/// Everything that is wrong, in the order of the file. Displays one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Place {
    /// The place in a file that has this text before it.
    pub(crate) fn after(file: &str, before: &str) -> Place {
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::File {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Whole { file } => f.write_str(file),
            Place::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Place::Env { name } => f.write_str(name),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = format!("{}: ", self.place);
        if !self.path.is_empty() {
            line = format!("{line}{}: ", self.path);
        }
        // Names and values in it are what somebody wrote: none of them ends the line, or turns or hides what follows.
        f.write_str(&one_line(&format!("{line}{}", self.message)))
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
