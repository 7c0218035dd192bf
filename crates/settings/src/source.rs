//! The texts that a config is put together from: the main file, and those of `conf.d` after it.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Place};

/// What the message of a line that cannot be read begins with.
pub(crate) const NOT_TOML: &str = "not TOML";

/// One file of a config.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// How it is called in messages.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) text: String,
}

impl Source {
    /// Where an offset in it is.
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place::after(&self.name, &self.text[..self.text.floor_char_boundary(offset)])
    }

    /// What the parser found wrong with it.
    pub(crate) fn syntax(&self, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
        let said: Vec<Diagnostic> = errors.iter().map(|error| self.syntax_error(error)).collect();
        // A table that is there twice has each of its keys there twice: once is enough to say.
        let is_inside = |one: &Diagnostic, table: &Diagnostic| {
            let rest = one.path.strip_prefix(&table.path);
            rest.is_some_and(|rest| !table.path.is_empty() && rest.starts_with('.'))
        };
        let mut found = said.clone();
        found.retain(|one| !said.iter().any(|table| is_inside(one, table)));
        found
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Diagnostic {
        let span = error.span().unwrap_or(0..0);
        let place = self.place(span.start);
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
