//! The values of an INSERT.

use std::io::Read;

use super::scanner::{Fault, Scanned, Scanner, push};
use crate::cell::Cell;

impl<R: Read> Scanner<R> {
    /// `VALUES`.
    pub(super) fn values_word(&mut self) -> Scanned<()> {
        self.spaces()?;
        match self.word()?.to_ascii_uppercase().as_str() {
            "VALUES" | "VALUE" => Ok(()),
            "SELECT" => Err(Fault::Syntax(
                "rows that are selected, and not in the dump".to_owned(),
            )),
            _ => Err(Fault::Syntax("an INSERT without VALUES".to_owned())),
        }
    }

    /// `(value, …)` and what is between it and the next; `None` after the last.
    pub(super) fn tuple(&mut self) -> Scanned<Option<Vec<Cell>>> {
        self.spaces()?;
        self.take(b',')?;
        self.spaces()?;
        match self.some()? {
            b'(' => {}
            b';' => return Ok(None),
            found => return Err(self.unexpected(found, "( or ;")),
        }
        let mut cells = Vec::new();
        loop {
            self.spaces()?;
            cells.push(self.value()?);
            self.spaces()?;
            match self.some()? {
                b',' => {}
                b')' => return Ok(Some(cells)),
                found => return Err(self.unexpected(found, ", or )")),
            }
        }
    }

    fn value(&mut self) -> Scanned<Cell> {
        match self.peek()? {
            Some(quote @ (b'\'' | b'"')) => {
                self.next()?;
                self.text(quote).map(Some)
            }
            Some(b'-' | b'+' | b'.') => self.number().map(Some),
            Some(b'0'..=b'9') => match self.number()?.as_slice() {
                [b'0', b'x' | b'X', digits @ ..] => from_hex(digits).map(Some),
                [b'0', b'b' | b'B', digits @ ..] => from_bits(digits).map(Some),
                number => Ok(Some(number.to_vec())),
            },
            _ => self.named_value(),
        }
    }

    /// A word, or a text with a word in front: `NULL`, `_binary '…'`, `X'…'`.
    fn named_value(&mut self) -> Scanned<Cell> {
        let word = self.word()?;
        let is_text = matches!(self.peek()?, Some(b'\'' | b'"'));
        match word.to_ascii_uppercase().as_str() {
            "NULL" => Ok(None),
            "TRUE" => Ok(Some(b"1".to_vec())),
            "FALSE" => Ok(Some(b"0".to_vec())),
            "X" if is_text => self.quoted_digits(from_hex),
            "B" if is_text => self.quoted_digits(from_bits),
            "N" if is_text => self.value(),
            "" => Err(self.unexpected_next("a value")?),
            charset if charset.starts_with('_') => {
                self.spaces()?;
                self.value()
            }
            other => Err(Fault::Syntax(format!("{other} where a value was expected"))),
        }
    }

    fn quoted_digits(&mut self, read: fn(&[u8]) -> Scanned<Vec<u8>>) -> Scanned<Cell> {
        let quote = self.some()?;
        let digits = self.text(quote)?;
        read(&digits).map(Some)
    }

    /// The characters of a number; whether it is one is found where it is used.
    fn number(&mut self) -> Scanned<Vec<u8>> {
        let mut number = Vec::new();
        while let Some(byte) = self
            .peek()?
            .filter(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        {
            self.next()?;
            push(&mut number, byte)?;
        }
        Ok(number)
    }

    /// A text up to its quote: MySQL manual, "String Literals".
    fn text(&mut self, quote: u8) -> Scanned<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let byte = match self.some()? {
                b'\\' => match self.some()? {
                    b'0' => 0,
                    b'b' => 0x08,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'Z' => 0x1a,
                    pattern @ (b'%' | b'_') => {
                        push(&mut text, b'\\')?;
                        pattern
                    }
                    other => other,
                },
                byte if byte == quote && !self.take(quote)? => return Ok(text),
                byte => byte,
            };
            push(&mut text, byte)?;
        }
    }
}

/// Digits in pairs; one in front may be alone.
fn from_hex(digits: &[u8]) -> Scanned<Vec<u8>> {
    let mut bytes = Vec::new();
    for pair in digits.rchunks(2).rev() {
        let text = std::str::from_utf8(pair).unwrap_or("?");
        let byte = u8::from_str_radix(text, 16).map_err(|_| not_digits(digits, "hexadecimal"))?;
        bytes.push(byte);
    }
    Ok(bytes)
}

/// Bits as bytes, the last of them full.
fn from_bits(digits: &[u8]) -> Scanned<Vec<u8>> {
    let mut bytes = Vec::new();
    for eight in digits.rchunks(8).rev() {
        let text = std::str::from_utf8(eight).unwrap_or("?");
        let byte = u8::from_str_radix(text, 2).map_err(|_| not_digits(digits, "binary"))?;
        bytes.push(byte);
    }
    Ok(bytes)
}

fn not_digits(digits: &[u8], kind: &str) -> Fault {
    let shown = String::from_utf8_lossy(&digits[..digits.len().min(20)]).into_owned();
    Fault::Syntax(format!("\"{shown}\" is no {kind} number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuples(text: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let mut scanner = Scanner::new(text.as_bytes());
        let mut all = Vec::new();
        let mut read = || -> Scanned<()> {
            while let Some(cells) = scanner.tuple()? {
                let text = |cell: Cell| cell.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                all.push(cells.into_iter().map(text).collect());
            }
            Ok(())
        };
        match read() {
            Ok(()) => Ok(all),
            Err(Fault::Syntax(why)) => Err(why),
            Err(_) => Err("an error of reading".to_owned()),
        }
    }

    fn one(text: &str) -> Option<String> {
        tuples(&format!("({text});")).unwrap().remove(0).remove(0)
    }

    #[test]
    fn values_are_what_mysql_writes() {
        for (written, value) in [
            ("NULL", None),
            ("null", None),
            ("12", Some("12")),
            ("-1.5e-3", Some("-1.5e-3")),
            ("TRUE", Some("1")),
            ("'it\\'s'", Some("it's")),
            ("'it''s'", Some("it's")),
            ("\"say \"\"so\"\"\"", Some("say \"so\"")),
            ("'a\\\\b\\nc\\td\\Ze\\0f\\rg'", Some("a\\b\nc\td\u{1a}e\0f\rg")),
            ("'100\\%\\_'", Some("100\\%\\_")),
            ("'\\q'", Some("q")),
            (
                "'-- no comment /* nor this */ ); '",
                Some("-- no comment /* nor this */ ); "),
            ),
            ("'订单🔥'", Some("订单🔥")),
            ("''", Some("")),
            ("0x414243", Some("ABC")),
            ("X'414243'", Some("ABC")),
            ("_binary 'ABC'", Some("ABC")),
            ("_utf8mb4'ABC'", Some("ABC")),
            ("_binary 0x41", Some("A")),
            ("b'01000001'", Some("A")),
            ("0b1", Some("\u{1}")),
            ("N'A'", Some("A")),
            (" /* here */ 'A' -- there\n", Some("A")),
        ] {
            assert_eq!(one(written).as_deref(), value, "{written}");
        }
    }

    #[test]
    fn rows_follow_each_other_on_one_line_or_several() {
        let read = tuples("(1,'a'),(2,NULL),\n(3,'b)(');").unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[2], [Some("3".to_owned()), Some("b)(".to_owned())]);
        assert_eq!(tuples("(1) , ( 2 ) ;").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_row_is_an_error_and_never_half_a_row() {
        for (text, why) in [
            ("(1,'a'),(2,'b", "ends in the middle"),
            ("(1,'a')", "ends in the middle"),
            ("(1,", "ends in the middle"),
            ("(1 2);", "\"2\" where , or ) was expected"),
            ("(1) 2;", "\"2\" where ( or ; was expected"),
            ("(now());", "NOW where a value was expected"),
            ("(DEFAULT);", "DEFAULT where a value was expected"),
            ("(?);", "\"?\" where a value was expected"),
            ("(0xzz);", "\"zz\" is no hexadecimal number"),
            ("(b'2');", "\"2\" is no binary number"),
            ("(,);", "\",\" where a value was expected"),
        ] {
            let error = tuples(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_small_buffer_reads_the_same() {
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else {
                    return Ok(0);
                };
                self.0 = rest;
                buffer[0] = *first;
                Ok(1)
            }
        }
        let mut scanner = Scanner::new(Slow("('it''s',-- c\n2),('订','\\\\');".as_bytes()));
        let mut all = Vec::new();
        while let Ok(Some(cells)) = scanner.tuple() {
            all.extend(cells.into_iter().flatten());
        }
        assert_eq!(
            all,
            [
                b"it's".to_vec(),
                b"2".to_vec(),
                "订".as_bytes().to_vec(),
                b"\\".to_vec()
            ]
        );
    }
}
