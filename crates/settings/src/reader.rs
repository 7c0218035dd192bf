//! Reads one section after another into its struct, and collects everything that is wrong on the way.

use std::collections::BTreeSet;
use std::ops::Range;

use monitor_domain::{TableDeserializer, TableError};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place};
use crate::document::{Document, not_a_table, show};
use crate::tree::{date_or_time, locate, remove, stringify};
use crate::words::{Complaint, no_such_key, suggest, understand};

/// More wrong keys than this in one section are not searched for.
const MAX_ROUNDS: usize = 1000;
/// What is said of a date or a time that was taken for a map, such as one among headers.
const A_DATE: &str = "must be a string in quotes, not a date or time";
/// Where a key stands that is in no file.
pub(crate) const NOWHERE: Range<usize> = usize::MAX - 2..usize::MAX - 1;

/// What was found in a document, each kind in the order of the file.
pub(crate) struct Found {
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) hints: Vec<Diagnostic>,
}

/// Collects diagnostics about a document.
pub(crate) struct Reader<'d, 'i> {
    pub(crate) document: &'d Document<'i>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    hints: Vec<Diagnostic>,
    /// Keys that an error has been said about, or that a misspelt one was meant to be: that they are missing then is
    /// no news.
    excused: BTreeSet<String>,
}

impl<'d, 'i> Reader<'d, 'i> {
    pub(crate) fn new(document: &'d Document<'i>, errors: Vec<Diagnostic>) -> Reader<'d, 'i> {
        Reader {
            document,
            errors,
            warnings: Vec::new(),
            hints: Vec::new(),
            excused: BTreeSet::new(),
        }
    }

    /// Reads the table at a path; one that is not there is read as an empty one. `None` where it cannot be read at all,
    /// which has then been said. Keys that are wrong are said and left out.
    pub(crate) fn section<T: DeserializeOwned>(&mut self, path: &[String]) -> Option<T> {
        let table = self.table(path)?;
        self.read(path, table, |table| T::deserialize(table))
    }

    /// The table at a path; an empty one where nothing is. `None` for what is no table, which has then been said.
    pub(crate) fn table(&mut self, path: &[String]) -> Option<DeTable<'i>> {
        match self.document.get(path) {
            None => Some(DeTable::new()),
            Some(DeValue::Table(table)) => Some(table.clone()),
            Some(other) => {
                let message = not_a_table(path, other);
                self.error(path, message);
                None
            }
        }
    }

    /// Says which keys of the table at a path are none of `known`, and leaves them out. `hint` may know better what is wrong
    /// with one than that it is unknown.
    pub(crate) fn keep_known(
        &mut self,
        path: &[String],
        table: &mut DeTable<'_>,
        known: &[String],
        hint: impl Fn(&str) -> Option<String>,
    ) {
        let given: Vec<String> = table.keys().map(|key| key.get_ref().to_string()).collect();
        for key in given.iter().filter(|key| !known.contains(key)) {
            table.remove(key.as_str());
            let full = join(path, key);
            match hint(key) {
                Some(message) => self.error(&full, message),
                None => self.no_such_key(self.document.key_place(&full), path, key, known),
            }
            self.excused.insert(show(&full));
        }
    }

    /// Reads a table, or a part of it, that stands at a path.
    pub(crate) fn read<'t, T>(
        &mut self,
        path: &[String],
        mut table: DeTable<'t>,
        read: impl Fn(TableDeserializer<'_>) -> Result<T, TableError>,
    ) -> Option<T>
    where
        'i: 't,
    {
        // Each round takes one key away, or makes a string of it; the bound is for a struct that never has enough.
        for _ in 0..MAX_ROUNDS {
            let whole = Spanned::new(usize::MAX - 1..usize::MAX, DeValue::Table(table.clone()));
            let (found, message) = match read(TableDeserializer::from(whole)) {
                Ok(read) => match date_or_time(&table) {
                    None => return Some(read),
                    found => (found, A_DATE.to_owned()),
                },
                Err(error) => (
                    error.span().and_then(|span| locate(&table, &span)),
                    error.message().to_owned(),
                ),
            };
            let Some(found) = found else {
                self.complain(path, None, &message);
                return None;
            };
            if !found.is_key
                && let Some(text) = self.document.env_text(found.offset)
                && stringify(&mut table, &found.path, text)
            {
                continue;
            }
            let full: Vec<String> = path.iter().chain(&found.path).cloned().collect();
            self.complain(&full, Some(found.offset), &message);
            let taken = found.path.iter().take_while(|name| !name.starts_with('['));
            self.excused
                .insert(show(&path.iter().chain(taken).cloned().collect::<Vec<_>>()));
            remove(&mut table, &found.path);
        }
        None
    }

    /// Says what is wrong with a path.
    pub(crate) fn error(&mut self, path: &[String], message: impl Into<String>) {
        self.push(self.document.place(path), path, message.into());
    }

    /// Says that a key is not one, where the key itself stands.
    pub(crate) fn unknown(&mut self, path: &[String], message: String) {
        let place = self.document.key_place(path);
        self.push(place, path, message);
    }

    /// Says that something is not there, unless that follows from an earlier error.
    pub(crate) fn missing(&mut self, path: &[String], message: &str) {
        self.error(path, format!("missing; {message}"));
    }

    /// Says what a crate's own check found below a path: `field` may have dots and indexes (`steps[0].path`), or be empty.
    pub(crate) fn found(&mut self, path: &[String], field: &str, message: &str) {
        let mut full = inside(path, field);
        // What a key that was said already leaves behind.
        if field.is_empty() && self.excused.iter().any(|said| is_inside(said, &show(path))) {
            return;
        }
        // A message about one of a list quotes it: point at that one.
        if let Some(DeValue::Array(array)) = self.document.get(&full) {
            let quoted = |one: &Spanned<DeValue<'_>>| {
                one.get_ref()
                    .as_str()
                    .is_some_and(|text| message.contains(&format!("{text:?}")))
            };
            full.extend(array.iter().position(quoted).map(|i| format!("[{i}]")));
        }
        self.error(&full, message);
    }

    /// Says what works but should not stay.
    pub(crate) fn warn(&mut self, path: &[String], message: impl Into<String>) {
        let place = self.document.place(path);
        self.warnings.push(Diagnostic {
            place,
            path: show(path),
            message: message.into(),
        });
    }

    /// Says what may be meant, and what somebody who starts may not expect.
    pub(crate) fn hint(&mut self, path: &[String], message: impl Into<String>) {
        let place = self.document.place(path);
        self.hints.push(Diagnostic {
            place,
            path: show(path),
            message: message.into(),
        });
    }

    /// All that was found, each kind in the order of the files.
    pub(crate) fn finish(mut self) -> Found {
        let mut errors: Vec<Diagnostic> = Vec::new();
        for error in self.errors {
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        let document = self.document;
        let in_order = |a: &Diagnostic, b: &Diagnostic| {
            let ranks = document.rank(&a.place).cmp(&document.rank(&b.place));
            ranks.then_with(|| a.place.cmp(&b.place))
        };
        errors.sort_by(in_order);
        self.warnings.sort_by(in_order);
        self.hints.sort_by(in_order);
        Found {
            errors,
            warnings: self.warnings,
            hints: self.hints,
        }
    }

    fn complain(&mut self, path: &[String], offset: Option<usize>, message: &str) {
        let place = offset.map_or_else(
            || self.document.place(path),
            |offset| self.document.place_at(offset),
        );
        // serde takes a date or a time, which needs no quotes in TOML, for a map.
        let is_time = matches!(self.document.get(path), Some(DeValue::Datetime(_)));
        match understand(message) {
            Complaint::UnknownKey { .. } if is_time => {
                self.push(place, path, "must be a table, not a date or time".to_owned());
            }
            Complaint::UnknownKey { key, known } => {
                let parent = &path[..path.len().saturating_sub(1)];
                // A table that is no struct but a choice of keys (a secret) is complained about as a whole.
                let is_whole = path.last() != Some(&key);
                let holder = if is_whole { path } else { parent };
                self.no_such_key(place, holder, &key, &known);
            }
            Complaint::MissingKey(key) => {
                let full = join(path, &key);
                self.missing(&full, "it is required");
            }
            Complaint::Other(message) => {
                let message = match message.strip_suffix(", not a table") {
                    Some(wanted) if is_time => format!("{wanted}, not a date or time"),
                    _ => message,
                };
                self.push(place, path, message);
            }
        }
    }

    /// That a key is none; what was meant is not missing then.
    fn no_such_key(&mut self, place: Place, holder: &[String], key: &str, known: &[String]) {
        self.push(place, &join(holder, key), no_such_key(key, known));
        if let Some(near) = suggest(key, known) {
            self.excused.insert(show(&join(holder, near)));
        }
    }

    fn push(&mut self, place: Place, path: &[String], message: String) {
        let shown = show(path);
        if !self.excused.contains(&shown) {
            self.errors.push(Diagnostic {
                place,
                path: shown,
                message,
            });
        }
    }
}

fn join(path: &[String], key: &str) -> Vec<String> {
    path.iter().cloned().chain([key.to_owned()]).collect()
}

fn is_inside(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// A path and the parts of a field below it, which may have dots and indexes.
pub(crate) fn inside(path: &[String], field: &str) -> Vec<String> {
    let parts = field.split('.').flat_map(name_and_index);
    path.iter().cloned().chain(parts).collect()
}

/// The parts of a path that one part of a field is: `steps[0]` is one of a list.
fn name_and_index(part: &str) -> impl Iterator<Item = String> {
    let index = part.strip_suffix(']').and_then(|_| part.rfind('['));
    let (name, index) = part.split_at(index.unwrap_or(part.len()));
    [name, index]
        .into_iter()
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}
