//! The texts that a config is put together from: the main file, and those of `conf.d` after it.

use std::ops::Range;

use monitor_domain::Mistyped;

use crate::diagnostic::{Diagnostic, Place};

/// One file of a config.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// How it is called in messages.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) text: String,
}

/// What is wrong with the text of one file, whatever it is about.
pub(crate) struct Syntax {
    /// What cannot be read. What stands in the file is not known then, so nothing is to be said of it.
    pub(crate) unreadable: Vec<Diagnostic>,
    /// What is set twice. The first counts, and the rest can be read.
    pub(crate) twice: Vec<Diagnostic>,
}

impl Source {
    /// Where an offset in it is.
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place::after(&self.name, &self.text[..self.text.floor_char_boundary(offset)])
    }

    /// What the parser found wrong with it, in the order of the text.
    pub(crate) fn syntax(&self, errors: &[toml::de::Error]) -> Syntax {
        let mut errors: Vec<(usize, &toml::de::Error)> = errors
            .iter()
            .map(|error| (error.span().unwrap_or(0..0).start, error))
            .collect();
        errors.sort_by_key(|(start, _)| *start);
        let (twice, unreadable): (Vec<_>, Vec<_>) = errors
            .into_iter()
            .partition(|(_, error)| error.message().starts_with("duplicate key"));
        let said: Vec<Diagnostic> = twice.iter().map(|(_, error)| self.twice(error)).collect();
        // A table that is there twice has each of its keys there twice: once is enough to say.
        let is_inside = |one: &Diagnostic, table: &Diagnostic| {
            let rest = one.path.strip_prefix(&table.path);
            rest.is_some_and(|rest| !table.path.is_empty() && rest.starts_with('.'))
        };
        let mut twice = said.clone();
        twice.retain(|one| !said.iter().any(|table| is_inside(one, table)));
        Syntax {
            unreadable: self.unreadable(&unreadable),
            twice,
        }
    }

    /// What cannot be read: each value that is none, up to the first place from which on nothing stands where the parser takes
    /// it to stand. One line has one.
    fn unreadable(&self, errors: &[(usize, &toml::de::Error)]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut last_line = None;
        for (start, error) in errors {
            let (line_start, line) = self.line(*start);
            if last_line.replace(line_start) == Some(line_start) {
                continue;
            }
            let message = error.message();
            let is_value =
                message.starts_with("invalid") || message.starts_with("string values must be quoted");
            // Where a value is to stand, what a person wrote as one may hold any character.
            let mistyped = Mistyped::first_in(line, Some('#'));
            let mistyped = mistyped.filter(|(at, _)| !is_value || line_start + at <= *start);
            let unclosed = unclosed(&self.text[..line_start]).filter(|_| begins_anew(line));
            let (at, why) = match (unclosed, mistyped) {
                (Some(open), _) => {
                    let bracket = if self.text[open..].starts_with('[') {
                        "["
                    } else {
                        "{"
                    };
                    (
                        open,
                        format!("this {bracket} is not closed before the next line that sets something"),
                    )
                }
                (None, Some((at, mistyped))) => (line_start + at, mistyped.to_string()),
                (None, None) => (
                    *start,
                    in_words(message, &line[start.saturating_sub(line_start).min(line.len())..]),
                ),
            };
            found.push(Diagnostic {
                place: self.place(at),
                path: String::new(),
                message: format!("not TOML: {why}"),
            });
            if unclosed.is_some() || !is_value {
                break;
            }
        }
        found
    }

    /// The line that an offset is in, and where it begins.
    fn line(&self, offset: usize) -> (usize, &str) {
        let offset = self.text.floor_char_boundary(offset);
        let start = self.text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        (start, self.text[start..].lines().next().unwrap_or_default())
    }

    fn twice(&self, error: &toml::de::Error) -> Diagnostic {
        let span = error.span().unwrap_or(0..0);
        Diagnostic {
            place: self.place(span.start),
            path: self.path_in_text(&span),
            message: "is set twice; remove one".to_owned(),
        }
    }

    /// The path of a key that did not make it into the tree, from the text: the table's header and the key.
    fn path_in_text(&self, key: &Range<usize>) -> String {
        let (line_start, line) = self.line(key.start);
        let header = |line: &str| {
            let line = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
            Some(line[..line.find(']')?].trim().to_owned())
        };
        if let Some(path) = header(line) {
            return path;
        }
        let key = self.text.get(key.clone()).unwrap_or_default().trim();
        match self.text[..line_start].lines().rev().find_map(header) {
            Some(table) => format!("{table}.{key}"),
            None => key.to_owned(),
        }
    }
}

/// What the parser says of the `rest` of a line, in words.
fn in_words(message: &str, rest: &str) -> String {
    if message.starts_with("string values must be quoted") {
        return match rest.trim() {
            "" => "a value is missing".to_owned(),
            _ => "text needs quotes, such as \"text\"".to_owned(),
        };
    }
    if message.ends_with("expected `\"`") || message.ends_with("expected `'`") {
        return "a quote is not closed".to_owned();
    }
    if message.starts_with("invalid") {
        return format!("{message} (is it a string? it needs quotes)");
    }
    message.to_owned()
}

/// Whether a line sets a key or begins a table: no list or table of the line before goes on in it.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let is_name = |text: &str| {
        let text = text.trim();
        let may_be_in = |c: char| c.is_alphanumeric() || "_-.\"".contains(c);
        !text.is_empty() && text.chars().all(may_be_in)
    };
    let header = line
        .strip_prefix('[')
        .and_then(|line| line.trim_start_matches('[').split_once(']'));
    let key = line.split_once('=');
    header.is_some_and(|(name, _)| is_name(name)) || key.is_some_and(|(name, _)| is_name(name))
}

/// Where the bracket stands that is open at the end of a text; those in strings and comments are none.
fn unclosed(text: &str) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string_length(rest, c),
            _ => c.len_utf8(),
        };
        match c {
            '[' | '{' => open.push(at - 1),
            ']' | '}' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.first().copied()
}

/// How long the string is that a text begins with: to its closing quote or, of one that has none, to the end of the line or text.
fn string_length(text: &str, quote: char) -> usize {
    let three: String = [quote; 3].iter().collect();
    let (mark, end) = match text.starts_with(&three) {
        true => (three.as_str(), text.len()),
        false => (&three[..1], text.find('\n').unwrap_or(text.len())),
    };
    let mut at = mark.len();
    while at < end {
        let rest = &text[at..];
        if rest.starts_with(mark) {
            return at + mark.len();
        }
        let is_escape = quote == '"' && rest.starts_with('\\');
        at += rest
            .chars()
            .take(1 + usize::from(is_escape))
            .map(char::len_utf8)
            .sum::<usize>();
    }
    end
}
