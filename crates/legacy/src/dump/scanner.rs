//! Bytes to words, comments and quoted texts, as MySQL has them.

use std::io::{self, Read};

use crate::columns::Column;
use crate::error::LegacyError;

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;
/// The longest text: an alert message of more is none.
const LONGEST: usize = 16 << 20;
/// How much of a comment is kept.
const COMMENT: usize = 200;
/// What begins an entry of CREATE TABLE that is no column.
const NO_COLUMN: [&str; 9] = [
    "PRIMARY",
    "UNIQUE",
    "KEY",
    "INDEX",
    "FULLTEXT",
    "SPATIAL",
    "CONSTRAINT",
    "FOREIGN",
    "CHECK",
];

/// Why reading stops.
pub(super) enum Fault {
    Read(io::Error),
    Syntax(String),
    Whole(LegacyError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Read(error)
    }
}

pub(super) type Scanned<T> = Result<T, Fault>;

/// The bytes of a dump, with the next ones to choose by.
pub(super) struct Scanner<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    line: u64,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(input: R) -> Scanner<R> {
        Scanner {
            input,
            buffer: vec![0; BUFFER],
            at: 0,
            filled: 0,
            line: 1,
        }
    }

    /// The line that is read.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> Scanned<Option<u8>> {
        self.ahead(0)
    }

    /// The byte after `n` others. `n` is small.
    fn ahead(&mut self, n: usize) -> Scanned<Option<u8>> {
        while self.at + n >= self.filled {
            if self.at > 0 {
                self.buffer.copy_within(self.at..self.filled, 0);
                self.filled -= self.at;
                self.at = 0;
            }
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Ok(None),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(self.buffer[self.at + n]))
    }

    /// Takes a byte.
    pub(super) fn next(&mut self) -> Scanned<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.at += 1;
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// Takes a byte that has to be there.
    pub(super) fn some(&mut self) -> Scanned<u8> {
        self.next()?.ok_or_else(|| {
            Fault::Syntax(
                "the file ends in the middle of a statement: the dump is not complete; make it anew"
                    .to_owned(),
            )
        })
    }

    /// Takes the byte if it is the next.
    pub(super) fn take(&mut self, byte: u8) -> Scanned<bool> {
        let is_next = self.peek()? == Some(byte);
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    /// Takes a byte that has to be this one.
    pub(super) fn expect(&mut self, byte: u8) -> Scanned<()> {
        self.spaces()?;
        match self.some()? {
            found if found == byte => Ok(()),
            found => Err(self.unexpected(found, char::from(byte))),
        }
    }

    pub(super) fn unexpected(&self, found: u8, expected: impl std::fmt::Display) -> Fault {
        Fault::Syntax(format!(
            "\"{}\" where {expected} was expected",
            found.escape_ascii()
        ))
    }

    /// Skips the mark that some editors begin a file with.
    pub(super) fn skip_mark(&mut self) -> Scanned<()> {
        let head = (self.ahead(0)?, self.ahead(1)?, self.ahead(2)?);
        match head {
            (Some(0xef), Some(0xbb), Some(0xbf)) => self.at += 3,
            (Some(0xff), Some(0xfe), _) | (Some(0xfe), Some(0xff), _) => {
                return Err(Fault::Syntax(
                    "the file is in UTF-16, as PowerShell's > writes it; make the dump with --result-file=old.sql".to_owned(),
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// Skips spaces and one comment, and gives what that says; `None` where a statement or the end is next.
    pub(super) fn blank(&mut self) -> Scanned<Option<String>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() || byte == b';' => {
                    self.next()?;
                }
                _ => return self.comment(),
            }
        }
    }

    /// Skips spaces and comments.
    pub(super) fn spaces(&mut self) -> Scanned<()> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.next()?;
                }
                _ => {
                    if self.comment()?.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// A comment, if one is next. What MySQL executes of them (`/*!40101 … */`) is no row of a table.
    fn comment(&mut self) -> Scanned<Option<String>> {
        let (first, second) = (self.peek()?, self.ahead(1)?);
        let third = self.ahead(2)?;
        let is_line = first == Some(b'#')
            || (first == Some(b'-')
                && second == Some(b'-')
                && third.is_none_or(|byte| byte.is_ascii_whitespace()));
        let is_block = first == Some(b'/') && second == Some(b'*');
        if !is_line && !is_block {
            return Ok(None);
        }
        let mut said = Vec::new();
        if is_line {
            while let Some(byte) = self.peek()?.filter(|byte| *byte != b'\n') {
                self.next()?;
                push_some(&mut said, byte);
            }
        } else {
            let mut before = 0;
            self.at += 2;
            loop {
                let byte = self.some()?;
                if before == b'*' && byte == b'/' {
                    break;
                }
                before = byte;
                push_some(&mut said, byte);
            }
        }
        Ok(Some(String::from_utf8_lossy(&said).into_owned()))
    }

    /// Letters, digits and `_`; empty where none is next.
    pub(super) fn word(&mut self) -> Scanned<String> {
        let mut word = String::new();
        while let Some(byte) = self
            .peek()?
            .filter(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(byte))
        {
            self.next()?;
            word.push(char::from(byte));
            if word.len() > COMMENT {
                return Err(Fault::Syntax(
                    "a word that has no end: this is no dump".to_owned(),
                ));
            }
        }
        Ok(word)
    }

    /// A name with or without quotes.
    pub(super) fn name(&mut self) -> Scanned<String> {
        self.spaces()?;
        match self.peek()? {
            Some(quote @ (b'`' | b'"')) => {
                self.next()?;
                let mut name = Vec::new();
                loop {
                    let byte = self.some()?;
                    if byte == quote && !self.take(quote)? {
                        return Ok(String::from_utf8_lossy(&name).into_owned());
                    }
                    push(&mut name, byte)?;
                }
            }
            _ => match self.word()? {
                word if word.is_empty() => Err(self.unexpected_next("a name")?),
                word => Ok(word),
            },
        }
    }

    pub(super) fn unexpected_next(&mut self, expected: &str) -> Scanned<Fault> {
        let found = self.some()?;
        Ok(self.unexpected(found, expected))
    }

    /// The name of a table after `INSERT IGNORE INTO` or `TABLE IF NOT EXISTS`, without its database.
    pub(super) fn table_name(&mut self) -> Scanned<String> {
        const BEFORE: [&str; 8] = [
            "INTO",
            "IGNORE",
            "LOW_PRIORITY",
            "HIGH_PRIORITY",
            "DELAYED",
            "IF",
            "NOT",
            "EXISTS",
        ];
        let mut name = self.name()?;
        while BEFORE.iter().any(|word| name.eq_ignore_ascii_case(word)) {
            name = self.name()?;
        }
        self.spaces()?;
        while self.take(b'.')? {
            name = self.name()?;
            self.spaces()?;
        }
        Ok(name)
    }

    /// `(name, …)`, where that is next.
    pub(super) fn column_names(&mut self) -> Scanned<Option<Vec<String>>> {
        self.spaces()?;
        if !self.take(b'(')? {
            return Ok(None);
        }
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            self.spaces()?;
            match self.some()? {
                b',' => {}
                b')' => return Ok(Some(names)),
                found => return Err(self.unexpected(found, ", or )")),
            }
        }
    }

    /// The columns in the parentheses of CREATE TABLE. `in_utc`: those of the type TIMESTAMP are dumped in UTC.
    pub(super) fn column_definitions(&mut self, in_utc: bool) -> Scanned<Vec<Column>> {
        self.expect(b'(')?;
        let mut columns = Vec::new();
        loop {
            self.spaces()?;
            let is_quoted = matches!(self.peek()?, Some(b'`' | b'"'));
            let name = self.name()?;
            if is_quoted || !NO_COLUMN.iter().any(|word| name.eq_ignore_ascii_case(word)) {
                self.spaces()?;
                let kind = self.word()?;
                columns.push(Column {
                    name,
                    is_utc: in_utc && kind.eq_ignore_ascii_case("TIMESTAMP"),
                });
            }
            if self.skip_entry()? == b')' {
                return Ok(columns);
            }
        }
    }

    /// Skips to the `,` or `)` that ends an entry, and gives it.
    fn skip_entry(&mut self) -> Scanned<u8> {
        let mut depth = 0_usize;
        loop {
            self.spaces()?;
            match self.some()? {
                b'(' => depth += 1,
                end @ (b',' | b')') if depth == 0 => return Ok(end),
                b')' => depth -= 1,
                quote @ (b'\'' | b'"' | b'`') => self.skip_quoted(quote)?,
                _ => {}
            }
        }
    }

    /// Skips the rest of a statement and its `;`. The last may go without.
    pub(super) fn skip_statement(&mut self) -> Scanned<()> {
        loop {
            self.spaces()?;
            match self.next()? {
                None | Some(b';') => return Ok(()),
                Some(quote @ (b'\'' | b'"' | b'`')) => self.skip_quoted(quote)?,
                Some(_) => {}
            }
        }
    }

    fn skip_quoted(&mut self, quote: u8) -> Scanned<()> {
        loop {
            match self.some()? {
                b'\\' if quote != b'`' => {
                    self.some()?;
                }
                byte if byte == quote && !self.take(quote)? => return Ok(()),
                _ => {}
            }
        }
    }

    /// Skips to the line that says this: the programs of triggers are before it.
    pub(super) fn skip_until_line(&mut self, end: &str) -> Scanned<()> {
        loop {
            let mut line = Vec::new();
            loop {
                match self.next()? {
                    None => return Ok(()),
                    Some(b'\n') => break,
                    Some(byte) => push_some(&mut line, byte),
                }
            }
            if line.trim_ascii().eq_ignore_ascii_case(end.as_bytes()) {
                return Ok(());
            }
        }
    }
}

/// Adds a byte to a text that may not be too long.
pub(super) fn push(text: &mut Vec<u8>, byte: u8) -> Scanned<()> {
    if text.len() >= LONGEST {
        return Err(Fault::Syntax(format!(
            "a text of more than {} MiB",
            LONGEST >> 20
        )));
    }
    text.push(byte);
    Ok(())
}

fn push_some(text: &mut Vec<u8>, byte: u8) {
    if text.len() < COMMENT {
        text.push(byte);
    }
}
