//! Reads one section after another into its struct, and collects everything that is wrong on the way.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};

use crate::diagnostic::{Diagnostic, Place};
use crate::document::{Document, NOT_TOML, not_a_table, show};
use crate::words::{Complaint, no_such_key, suggest, understand};

/// More wrong keys than this in one section are not looked for.
const MAX_TURNS: usize = 1000;

/// Collects diagnostics about a document.
pub(crate) struct Reader<'d, 'i> {
    pub(crate) document: &'d Document<'i>,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Keys that an error has been said about, or that a misspelt one was meant to be: that they are missing then is
    /// no news.
    excused: BTreeSet<String>,
    /// The table that the last section was read from, without what was wrong.
    last: DeTable<'i>,
    /// Lines the parser could not read; what it made of them is not worth a further message.
    broken: Vec<Place>,
}

/// What an error in a table is about.
struct Found {
    /// Below the table.
    path: Vec<String>,
    /// Where.
    offset: usize,
    /// The key itself rather than its value.
    is_key: bool,
}

impl<'d, 'i> Reader<'d, 'i> {
    pub(crate) fn new(document: &'d Document<'i>, syntax: Vec<Diagnostic>) -> Reader<'d, 'i> {
        let broken = syntax
            .iter()
            .filter(|error| error.message.starts_with(NOT_TOML))
            .map(|e| e.place.clone());
        Reader {
            document,
            broken: broken.collect(),
            errors: syntax,
            warnings: Vec::new(),
            last: DeTable::new(),
            excused: BTreeSet::new(),
        }
    }

    /// Reads the table at a path; one that is not there is read as an empty one. `None` where it cannot be read at all,
    /// which has then been said. Keys that are wrong are said and left out.
    pub(crate) fn section<T: DeserializeOwned>(&mut self, path: &[String]) -> Option<T> {
        self.section_with(path, &[])
    }

    /// As [`section`](Reader::section), with strings for keys that are not there.
    pub(crate) fn section_with<T: DeserializeOwned>(
        &mut self,
        path: &[String],
        defaults: &[(&str, &str)],
    ) -> Option<T> {
        let mut table = match self.document.get(path) {
            None => DeTable::new(),
            Some(DeValue::Table(table)) => table.clone(),
            Some(other) => {
                let message = not_a_table(path, other);
                self.error(path, message);
                return None;
            }
        };
        // Each turn takes one key away, or makes a string of it; the bound is for a struct that never has enough.
        for _ in 0..MAX_TURNS {
            for (key, value) in defaults {
                let nowhere = usize::MAX - 2..usize::MAX - 1;
                let key = Spanned::new(nowhere.clone(), DeString::Owned((*key).to_owned()));
                let value = DeValue::String(DeString::Owned((*value).to_owned()));
                table.entry(key).or_insert_with(|| Spanned::new(nowhere, value));
            }
            let whole = Spanned::new(usize::MAX - 1..usize::MAX, DeValue::Table(table.clone()));
            let error = match T::deserialize(ValueDeserializer::from(whole)) {
                Ok(read) => {
                    self.last = table;
                    return Some(read);
                }
                Err(error) => error,
            };
            let Some(found) = error.span().and_then(|span| locate(&table, &span)) else {
                self.complain(path, None, error.message());
                return None;
            };
            if !found.is_key
                && let Some(text) = self.document.env_text(found.offset)
                && stringify(&mut table, &found.path, text)
            {
                continue;
            }
            let full: Vec<String> = path.iter().chain(&found.path).cloned().collect();
            self.complain(&full, Some(found.offset), error.message());
            let taken = found.path.iter().take_while(|name| !name.starts_with('['));
            self.excused
                .insert(show(&path.iter().chain(taken).cloned().collect::<Vec<_>>()));
            remove(&mut table, &found.path);
        }
        None
    }

    /// The section read last once more, without one more key.
    pub(crate) fn again_without<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        remove(&mut self.last, &path);
        let whole = Spanned::new(0..0, DeValue::Table(self.last.clone()));
        T::deserialize(ValueDeserializer::from(whole)).ok()
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
        // Behind a line that could not be read, it may well be there.
        if self.broken.is_empty() {
            self.error(path, format!("missing; {message}"));
        }
    }

    /// Says what a crate's own check found below a path: `field` may have dots, or be empty.
    pub(crate) fn found(&mut self, path: &[String], field: &str, message: &str) {
        let mut full: Vec<String> = path
            .iter()
            .cloned()
            .chain(field.split('.').filter(|f| !f.is_empty()).map(str::to_owned))
            .collect();
        // What a key that was said already leaves behind, and what may stand on a line that could not be read.
        let is_echo = field.is_empty() && self.excused.iter().any(|said| is_inside(said, &show(path)));
        if is_echo || message.contains("missing") && !self.broken.is_empty() {
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

    /// Errors and warnings, each in the order of the file.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        self.errors.sort_by(|a, b| a.place.cmp(&b.place));
        self.errors.dedup();
        self.warnings.sort_by(|a, b| a.place.cmp(&b.place));
        (self.errors, self.warnings)
    }

    fn complain(&mut self, path: &[String], offset: Option<usize>, message: &str) {
        let place = offset.map_or_else(
            || self.document.place(path),
            |offset| self.document.place_at(offset),
        );
        let key = path.iter().rev().find(|name| !name.starts_with('['));
        match understand(message, key.map(String::as_str)) {
            Complaint::UnknownKey { key, known } => {
                let parent = &path[..path.len().saturating_sub(1)];
                // A table that is no struct but a choice of keys (a secret) is complained about as a whole.
                let is_whole = path.last() != Some(&key);
                let holder = if is_whole { path } else { parent };
                self.push(place, &join(holder, &key), no_such_key(&key, &known));
                if let Some(near) = suggest(&key, &known) {
                    self.excused.insert(show(&join(holder, near)));
                }
            }
            Complaint::MissingKey(key) => {
                let full = join(path, &key);
                self.missing(&full, "it is required");
            }
            Complaint::Other(message) => {
                // serde takes a date or a time, which needs no quotes in TOML, for a map.
                let is_time = matches!(self.document.get(path), Some(DeValue::Datetime(_)));
                let message = match message.strip_suffix(", not a table") {
                    Some(wanted) if is_time => format!("{wanted}, not a date or time"),
                    _ => message,
                };
                self.push(place, path, message);
            }
        }
    }

    fn push(&mut self, place: Place, path: &[String], message: String) {
        let shown = show(path);
        let on_broken_line = self.broken.iter().any(|broken| same_line(broken, &place));
        if !self.excused.contains(&shown) && !on_broken_line {
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

fn same_line(a: &Place, b: &Place) -> bool {
    matches!((a, b), (Place::File { line: a, .. }, Place::File { line: b, .. }) if a == b)
}

/// The deepest key or value with exactly this span.
fn locate(table: &DeTable<'_>, span: &Range<usize>) -> Option<Found> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().to_string();
        if key.span() == *span {
            return Some(Found {
                path: vec![name],
                offset: span.start,
                is_key: true,
            });
        }
        let mut found = locate_in(value, span)?;
        found.path.insert(0, name);
        // A table under a header of its own has the header's span: its name says more.
        if found.path.len() == 1 && value.get_ref().is_table() {
            found.offset = key.span().start;
        }
        Some(found)
    })
}

fn locate_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Found> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => locate(table, span),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(i, one)| {
            let mut found = locate_in(one, span)?;
            found.path.insert(0, format!("[{i}]"));
            Some(found)
        }),
        _ => None,
    };
    let here = || {
        (value.span() == *span).then(|| Found {
            path: Vec::new(),
            offset: span.start,
            is_key: false,
        })
    };
    inner.or_else(here)
}

/// Takes a key away; one inside a list takes the list with it.
fn remove(table: &mut DeTable<'_>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let below = rest.first().is_some_and(|next| !next.starts_with('['));
    match table.get_mut(first.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) if below => remove(inner, rest),
        _ => {
            table.remove(first.as_str());
        }
    }
}

/// Puts the text of a variable in the place of what TOML made of it (`12345` may be a password); false if it is that
/// already.
fn stringify<'i>(table: &mut DeTable<'i>, path: &[String], text: &'i str) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match table.get_mut(first.as_str()) {
        Some(value) if rest.is_empty() => {
            let is_scalar =
                !value.get_ref().is_str() && !value.get_ref().is_table() && !value.get_ref().is_array();
            if !is_scalar {
                return false;
            }
            *value = Spanned::new(value.span(), DeValue::String(DeString::Borrowed(text)));
            true
        }
        Some(value) => match value.get_mut() {
            DeValue::Table(inner) => stringify(inner, rest, text),
            _ => false,
        },
        None => false,
    }
}
