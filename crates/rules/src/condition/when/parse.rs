//! From a text to a tree, with places.

use std::thread;

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::Parser;
use monitor_domain::counted;

/// The longest expression, in bytes: it stands in messages.
const MAX_LENGTH: usize = 500;
/// How deep it may be nested.
const MAX_DEPTH: u16 = 24;
/// The parser takes about 150 KB a level where it is not optimised, which is more than most threads have. Only what is used
/// of it costs anything.
const STACK: usize = 64 * 1024 * 1024;

/// A parsed expression.
pub(super) struct Parsed {
    pub(super) tree: IdedExpr,
    places: SourceInfo,
    text: String,
}

impl Parsed {
    /// "column 9: " of a node, or of what is left of that.
    pub(super) fn place(&self, id: u64) -> String {
        let Some((start, _)) = self.places.offset_for(id) else {
            return String::new();
        };
        let before: Vec<char> = self
            .text
            .chars()
            .take(usize::try_from(start).unwrap_or_default())
            .collect();
        let line = before.iter().filter(|one| **one == '\n').count() + 1;
        let column = before.iter().rev().take_while(|one| **one != '\n').count() + 1;
        self::place(&self.text, line, column)
    }
}

/// Parses a text.
///
/// # Errors
/// What is wrong with it, with its place.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<String>> {
    if text.trim().is_empty() {
        return Err(vec![
            "is empty; write a condition such as 'value > 100'".to_owned(),
        ]);
    }
    if text.len() > MAX_LENGTH {
        let message = format!(
            "must be at most {}, not {}",
            counted(MAX_LENGTH, "byte"),
            text.len()
        );
        return Err(vec![message]);
    }
    let source = text.to_owned();
    let parsing = move || {
        let parser = Parser::new().max_recursion_depth(MAX_DEPTH);
        let parsed = parser.parse_with_source_info(&source);
        parsed.map_err(|wrong| {
            let wrong = wrong.errors.iter();
            let said = wrong.map(|one| (one.pos, one.msg.clone()));
            said.collect::<Vec<_>>()
        })
    };
    let ended = thread::Builder::new()
        .stack_size(STACK)
        .spawn(parsing)
        .map_err(|error| vec![format!("cannot be parsed: {error}")])?
        .join();
    match ended {
        Ok(Ok((tree, places))) => Ok(Parsed {
            tree,
            places,
            text: text.to_owned(),
        }),
        Ok(Err(wrong)) => Err(wrong
            .first()
            .map(|(at, message)| complaint(text, *at, message))
            .into_iter()
            .collect()),
        Err(_) => Err(vec!["cannot be parsed".to_owned()]),
    }
}

/// What the parser says, in words for people who do not know its grammar. What it says further follows from that.
fn complaint(text: &str, (line, column): (isize, isize), message: &str) -> String {
    let number = |at: isize| usize::try_from(at).unwrap_or(1);
    let place = place(text, number(line), number(column));
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let quoted = |before: &str| {
        let rest = message.strip_prefix(before)?.strip_prefix('\'')?;
        let end = rest.find("' expecting").unwrap_or(rest.len().saturating_sub(1));
        rest.get(..end)
    };
    if let Some(what) = quoted("mismatched input ").or_else(|| quoted("extraneous input ")) {
        return match what {
            "<EOF>" => format!("{place}it ends too early"),
            what => format!("{place}{what} is not expected here"),
        };
    }
    if let Some(what) = quoted("token recognition error at: ") {
        return format!("{place}{} is no part of an expression", what.trim());
    }
    if message.contains("Recursion limit") {
        return format!("is nested too deep; {MAX_DEPTH} levels are taken");
    }
    let first = message.lines().next().unwrap_or_default();
    format!("{place}{first}")
}

/// "column 9: ", or with its line where there are several.
fn place(text: &str, line: usize, column: usize) -> String {
    if text.contains('\n') {
        format!("line {line}, column {column}: ")
    } else {
        format!("column {column}: ")
    }
}
