//! A config as a tree of keys and values that know their place: its files, and the environment laid over them.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place};
use crate::source::Source;

/// What every environment variable that sets a key begins with.
const PREFIX: &str = "MONITOR__";

/// Sections that are one table each, which stands in one file as a whole. The others hold tables with names, and each of these
/// stands in whichever file.
const WHOLE: &[&str] = &["database", "web", "worker", "requests", "alarm"];
/// Sections that are a list: each file adds to it.
const LISTS: &[&str] = &["routes"];

/// The tree.
pub(crate) struct Document<'i> {
    sources: &'i [Source],
    /// Where the spans of each source begin: behind those of the one before.
    bases: Vec<usize>,
    root: DeTable<'i>,
    env: Vec<Variable<'i>>,
}

/// An environment variable that set a key. Its values get spans behind the end of the texts, each variable its own.
struct Variable<'i> {
    name: &'i str,
    value: &'i str,
    span: Range<usize>,
}

impl<'i> Document<'i> {
    /// Reads the texts and lays the variables over them. What is set twice comes back besides a tree of the rest.
    ///
    /// # Errors
    /// What cannot be read, alone: all else that seems wrong may follow from it.
    pub(crate) fn parse(
        sources: &'i [Source],
        env: &'i [(String, String)],
    ) -> Result<(Document<'i>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut document = Document {
            sources,
            bases: Vec::new(),
            root: DeTable::new(),
            env: Vec::new(),
        };
        let (mut diagnostics, mut unreadable) = (Vec::new(), Vec::new());
        for source in sources {
            let (root, errors) = DeTable::parse_recoverable(&source.text);
            let syntax = source.syntax(&errors);
            unreadable.extend(syntax.unreadable);
            diagnostics.extend(syntax.twice);
            let base = document.end();
            document.bases.push(base);
            diagnostics.extend(document.merge(shift_table(root.into_inner(), base)));
        }
        if !unreadable.is_empty() {
            return Err(unreadable);
        }
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
        Ok((document, diagnostics))
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
                // A table of a list has no name of its own.
                let is_named = !path[length - 1].starts_with('[');
                let whole = length == path.len() && !(value.get_ref().is_table() && is_named);
                let whole = whole || !is_named;
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
        let number = self.bases.partition_point(|base| *base <= offset);
        let number = number.saturating_sub(1);
        self.sources[number].place(offset - self.bases[number])
    }

    /// What places are sorted by: file after file as they were read, and then the environment.
    pub(crate) fn rank(&self, place: &Place) -> usize {
        let name = match place {
            Place::Whole { file } | Place::File { file, .. } => file,
            Place::Env { .. } => return usize::MAX,
        };
        let number = self.sources.iter().position(|source| source.name == *name);
        number.unwrap_or(usize::MAX)
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

    /// Behind the last text.
    fn end(&self) -> usize {
        let last = self
            .bases
            .last()
            .zip(self.sources.get(self.bases.len().wrapping_sub(1)));
        last.map_or(0, |(base, source)| base + source.text.len() + 1)
    }

    /// Adds what stands in a further text. What stands in an earlier one already is said, and left out.
    fn merge(&mut self, added: DeTable<'i>) -> Vec<Diagnostic> {
        let mut twice = Vec::new();
        for (section, value) in added {
            let name = section.get_ref().to_string();
            let Some((first, _)) = self.root.get_key_value(name.as_str()) else {
                self.root.insert(section, value);
                continue;
            };
            let first = first.span().start;
            let is_whole = WHOLE.contains(&name.as_str());
            let there = self.root.get_mut(name.as_str()).map(Spanned::get_mut);
            if let (Some(DeValue::Array(there)), DeValue::Array(_), true) =
                (there, value.get_ref(), LISTS.contains(&name.as_str()))
            {
                let DeValue::Array(more) = value.into_inner() else {
                    continue;
                };
                more.into_iter().for_each(|one| there.push(one));
                continue;
            }
            let there = self.root.get_mut(name.as_str()).map(Spanned::get_mut);
            let (Some(DeValue::Table(there)), false) = (there, is_whole) else {
                twice.push((section.span().start, vec![name], first));
                continue;
            };
            // What is no table where tables with names belong is said once, of the first.
            let DeValue::Table(tables) = value.into_inner() else {
                twice.push((section.span().start, vec![name], first));
                continue;
            };
            for (key, table) in tables {
                match there.get_key_value(&**key.get_ref()) {
                    Some((first, _)) => {
                        let path = vec![name.clone(), key.get_ref().to_string()];
                        twice.push((key.span().start, path, first.span().start));
                    }
                    None => {
                        there.insert(key, table);
                    }
                }
            }
        }
        let said = twice.into_iter().map(|(at, path, first)| Diagnostic {
            place: self.place_at(at),
            message: {
                let first = self.place_at(first);
                let is_whole = path.len() == 1 && WHOLE.contains(&path[0].as_str());
                match is_whole {
                    true => {
                        format!("is in {first} already; a section like this stands in one file as a whole")
                    }
                    false => format!("is in {first} already; remove one, or give one another name"),
                }
            },
            path: show(&path),
        });
        said.collect()
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
            .map_or_else(|| self.end(), |variable| variable.span.end);
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
        DeValue::Table(table) => DeValue::Table(shift_table(table, base)),
        other => other,
    };
    Spanned::new(span, moved)
}

/// The same table with all spans moved by `base`.
fn shift_table(table: DeTable<'_>, base: usize) -> DeTable<'_> {
    let entries = table.into_iter();
    let moved = entries.map(|(key, one)| {
        let span = key.span();
        let span = span.start + base..span.end + base;
        (Spanned::new(span, key.into_inner()), shift(one, base))
    });
    moved.collect()
}
