//! A config as a tree of keys and values that know their place: the file, and the environment laid over it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place};

/// What every environment variable that sets a key begins with.
const PREFIX: &str = "MONITOR__";

/// What the message of a line that cannot be read begins with.
pub(crate) const NOT_TOML: &str = "not TOML";

/// The tree.
pub(crate) struct Document<'i> {
    file: &'i str,
    text: &'i str,
    root: DeTable<'i>,
    env: Vec<Variable<'i>>,
}

/// An environment variable that set a key. Its values get spans behind the end of the text, each variable its own.
struct Variable<'i> {
    name: &'i str,
    value: &'i str,
    span: Range<usize>,
}

impl<'i> Document<'i> {
    /// Reads the text and lays the variables over it. What is wrong with either comes back besides a tree of the rest.
    pub(crate) fn parse(
        file: &'i str,
        text: &'i str,
        env: &'i [(String, String)],
    ) -> (Document<'i>, Vec<Diagnostic>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut document = Document {
            file,
            text,
            root: root.into_inner(),
            env: Vec::new(),
        };
        let mut diagnostics: Vec<Diagnostic> =
            errors.iter().map(|error| document.syntax_error(error)).collect();
        // A table that is there twice has each of its keys there twice: once is enough to say.
        let said = diagnostics.clone();
        diagnostics.retain(|one| {
            !said.iter().any(|table| {
                one.path
                    .strip_prefix(&table.path)
                    .is_some_and(|rest| !table.path.is_empty() && rest.starts_with('.'))
            })
        });
        let mut variables: Vec<(&str, &str)> = env
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        // A table before the keys inside it.
        variables.sort_unstable();
        for (name, value) in variables {
            if let Err((path, message)) = document.overlay(name, value) {
                diagnostics.push(Diagnostic {
                    place: Place::Env {
                        name: name.to_owned(),
                    },
                    path,
                    message,
                });
            }
        }
        (document, diagnostics)
    }

    /// The value at a path.
    pub(crate) fn get(&self, path: &[String]) -> Option<&DeValue<'i>> {
        self.find(path).map(|(_, value)| value.get_ref())
    }

    /// The names in the table at a path, in the order they are written in.
    pub(crate) fn names(&self, path: &[String]) -> Vec<String> {
        let table = if path.is_empty() {
            Some(&self.root)
        } else {
            self.get(path).and_then(DeValue::as_table)
        };
        let mut names: Vec<_> = table
            .into_iter()
            .flatten()
            .map(|(key, _)| (key.span().start, key.get_ref().to_string()))
            .collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Where a path stands: its value, or for a table its name, or for what is not there what would hold it.
    pub(crate) fn place(&self, path: &[String]) -> Place {
        for length in (1..=path.len()).rev() {
            if let Some((key, value)) = self.find(&path[..length]) {
                let whole = length == path.len() && !value.get_ref().is_table();
                return self.place_at(if whole { value.span() } else { key.span() }.start);
            }
        }
        self.place_at(0)
    }

    /// Where the last name of a path stands.
    pub(crate) fn key_place(&self, path: &[String]) -> Place {
        self.find(path)
            .map_or_else(|| self.place(path), |(key, _)| self.place_at(key.span().start))
    }

    /// Where an offset is.
    pub(crate) fn place_at(&self, offset: usize) -> Place {
        if let Some(variable) = self.variable(offset) {
            return Place::Env {
                name: variable.name.to_owned(),
            };
        }
        Place::after(self.file, &self.text[..self.text.floor_char_boundary(offset)])
    }

    /// The whole text of the variable that set the value at an offset, if one did.
    pub(crate) fn env_text(&self, offset: usize) -> Option<&'i str> {
        self.variable(offset).map(|variable| variable.value)
    }

    /// Whether the value at a path came from the environment.
    pub(crate) fn is_from_env(&self, path: &[String]) -> bool {
        self.find(path)
            .is_some_and(|(_, value)| self.variable(value.span().start).is_some())
    }

    fn variable(&self, offset: usize) -> Option<&Variable<'i>> {
        self.env.iter().find(|variable| variable.span.contains(&offset))
    }

    fn find(&self, path: &[String]) -> Option<(&Spanned<DeString<'i>>, &Spanned<DeValue<'i>>)> {
        let (first, rest) = path.split_first()?;
        let mut found = self.root.get_key_value(first.as_str())?;
        for name in rest {
            found = match found.1.get_ref() {
                DeValue::Table(table) => table.get_key_value(name.as_str())?,
                DeValue::Array(array) => {
                    let index: usize = name.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
                    (found.0, array.get(index)?)
                }
                _ => return None,
            };
        }
        Some(found)
    }

    /// Sets the key that a variable names: `MONITOR__WEB__BIND` is `web.bind`.
    fn overlay(&mut self, name: &'i str, value: &'i str) -> Result<(), (String, String)> {
        let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
        let shown = path.join(".");
        if path.iter().any(String::is_empty) {
            return Err((shown, "names no key; write it like MONITOR__WEB__BIND".to_owned()));
        }
        let base = self
            .env
            .last()
            .map_or(self.text.len() + 1, |variable| variable.span.end);
        let end = base + value.len() + path.len() + 2;
        let parsed = match DeValue::parse(value) {
            Ok(parsed) => shift(parsed, base),
            Err(_) => Spanned::new(
                base..base + value.len(),
                DeValue::String(DeString::Borrowed(value)),
            ),
        };
        let mut table = &mut self.root;
        for (i, name) in path.iter().enumerate() {
            // Names in the file may have capitals, names of variables show none.
            let existing = table
                .keys()
                .map(|key| key.get_ref().to_string())
                .find(|key| key.eq_ignore_ascii_case(name));
            let at = base + value.len() + 1 + i;
            let key = Spanned::new(
                at..at + 1,
                DeString::Owned(existing.unwrap_or_else(|| name.clone())),
            );
            if i + 1 == path.len() {
                table.insert(key, parsed);
                break;
            }
            let inner = table
                .entry(key)
                .or_insert_with(|| Spanned::new(at..at + 1, DeValue::Table(DeTable::new())));
            table = match inner.get_mut() {
                DeValue::Table(table) => table,
                other => {
                    let kind = other.type_str();
                    return Err((
                        shown,
                        format!("{} is a {kind}, not a table", path[..=i].join(".")),
                    ));
                }
            };
        }
        self.env.push(Variable {
            name,
            value,
            span: base..end,
        });
        Ok(())
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Diagnostic {
        let span = error.span().unwrap_or(0..0);
        let place = self.place_at(span.start);
        if error.message().starts_with("duplicate key") {
            let path = self.path_in_text(&span);
            return Diagnostic {
                place,
                path,
                message: "is set twice; remove one".to_owned(),
            };
        }
        let hint = if error.message().starts_with("invalid") {
            " (is it a string? it needs quotes)"
        } else {
            ""
        };
        let message = format!("{NOT_TOML}: {}{hint}", error.message());
        Diagnostic {
            place,
            path: String::new(),
            message,
        }
    }

    /// The path of a key that did not make it into the tree, from the text: the table's header and the key.
    fn path_in_text(&self, key: &Range<usize>) -> String {
        let line_start = self.text[..key.start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let header = |line: &str| {
            let line = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
            Some(line[..line.find(']')?].trim().to_owned())
        };
        if let Some(path) = header(self.text[line_start..].lines().next().unwrap_or_default()) {
            return path;
        }
        let key = self.text.get(key.clone()).unwrap_or_default().trim();
        match self.text[..line_start].lines().rev().find_map(header) {
            Some(table) => format!("{table}.{key}"),
            None => key.to_owned(),
        }
    }
}

/// A path as it is shown: `channels.mail.to[1]`.
pub(crate) fn show(path: &[String]) -> String {
    let mut shown = String::new();
    for name in path {
        if !shown.is_empty() && !name.starts_with('[') {
            shown.push('.');
        }
        let is_bare = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '[' | ']'));
        if is_bare && !name.is_empty() {
            shown.push_str(name);
        } else {
            shown.push_str(&format!("{name:?}"));
        }
    }
    shown
}

/// The message for a value that should be a table.
pub(crate) fn not_a_table(path: &[String], value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    let an = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("must be a table, [{}], not {an} {kind}", show(path))
}

/// The same value with all spans moved by `base`.
fn shift(value: Spanned<DeValue<'_>>, base: usize) -> Spanned<DeValue<'_>> {
    let move_span = |span: Range<usize>| span.start + base..span.end + base;
    let span = move_span(value.span());
    let moved = match value.into_inner() {
        DeValue::Array(array) => {
            let mut moved = DeArray::new();
            array.into_iter().for_each(|one| moved.push(shift(one, base)));
            DeValue::Array(moved)
        }
        DeValue::Table(table) => DeValue::Table(
            table
                .into_iter()
                .map(|(key, one)| {
                    (
                        Spanned::new(move_span(key.span()), key.into_inner()),
                        shift(one, base),
                    )
                })
                .collect(),
        ),
        other => other,
    };
    Spanned::new(span, moved)
}
