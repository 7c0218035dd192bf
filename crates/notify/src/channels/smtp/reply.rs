//! A reply of a mail server (RFC 5321 section 4.2), read by its code.
//!
//! The code says what a reply means, the text is for people. So whatever text there is, in whatever charset, or none,
//! does not change the meaning, and neither do line ends and codes that do not go together as they should.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::charset::decode;

/// Most bytes of one reply that are read. RFC 5321 has 512 a line at most; an EHLO has some 20 lines.
const LIMIT: u64 = 64 * 1024;
/// The first byte of a TLS record: an alert, or a handshake.
const TLS_RECORDS: [u8; 2] = [0x15, 0x16];

/// What a server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The text after the code, line by line.
    pub(super) lines: Vec<String>,
    /// Its lines do not agree on whether this is a yes, a not now or a never.
    pub(super) is_ambiguous: bool,
    /// False where it was longer than what is read: the rest of it is still to come.
    pub(super) is_whole: bool,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReply {
    #[error("the server closed the connection without an answer")]
    Closed,
    #[error("the server closed the connection in the middle of an answer")]
    CutOff,
    #[error(transparent)]
    Broken(#[from] io::Error),
    #[error("this is no answer of a mail server: {0}")]
    Foreign(String),
    #[error("the server speaks TLS here from the first byte; write smtps:// in the url")]
    Tls,
    #[error("the server's last answer was longer than {} KiB", LIMIT / 1024)]
    TooLong,
}

impl NoReply {
    /// Whether the connection is gone, as opposed to in a state that cannot be understood.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, NoReply::Closed | NoReply::CutOff | NoReply::Broken(_))
    }
}

impl Reply {
    /// Reads one.
    pub(super) async fn read<R: AsyncBufRead + Unpin>(stream: &mut R) -> Result<Reply, NoReply> {
        if peek(stream)
            .await?
            .is_some_and(|first| TLS_RECORDS.contains(&first))
        {
            return Err(NoReply::Tls);
        }
        let mut stream = stream.take(LIMIT);
        let mut parts = Parts::default();
        loop {
            let mut bytes = Vec::new();
            end_of_tls_is_end(stream.read_until(b'\n', &mut bytes).await)?;
            let has_ended = !bytes.ends_with(b"\n");
            let is_whole = !has_ended || stream.limit() > 0;
            let is_last = parts.add(&bytes)?;
            if is_last || has_ended {
                return parts.finish(is_last, is_whole);
            }
        }
    }

    /// The refusal in what a server said unprompted, where there is one: a goodbye, or the first half of an answer
    /// that takes itself back. What it refuses nobody can know, so it is not for good.
    pub(super) fn refusal_in(unasked: &[u8]) -> Option<Reply> {
        unasked
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .filter_map(code_line)
            .find(|line| line.code >= 400)
            .map(|line| Reply {
                code: line.code,
                lines: vec![decode(line.text)],
                is_ambiguous: true,
                is_whole: true,
            })
    }

    /// 2 for yes, 3 for go on, 4 for not now, 5 for never.
    pub(super) fn class(&self) -> u16 {
        self.code / 100
    }

    /// The text on one line. An enhanced code that every line repeats (RFC 2034 section 4) stands there once.
    pub(super) fn words(&self) -> String {
        let Some((first, rest)) = self.lines.split_first() else {
            return String::new();
        };
        let enhanced = first
            .split(' ')
            .next()
            .filter(|word| word.bytes().filter(|byte| *byte == b'.').count() == 2)
            .filter(|word| word.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()));
        let rest = rest.iter().map(|line| {
            enhanced
                .and_then(|code| line.strip_prefix(code)?.strip_prefix(' '))
                .unwrap_or(line)
        });
        let all: Vec<&str> = std::iter::once(first.as_str())
            .chain(rest)
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        all.join(" ")
    }
}

/// The first byte of what comes next; nothing at the end.
async fn peek<R: AsyncBufRead + Unpin>(stream: &mut R) -> Result<Option<u8>, NoReply> {
    match stream.fill_buf().await {
        Ok(bytes) => Ok(bytes.first().copied()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Many servers hang up on a TLS connection without the goodbye of TLS, which rustls calls an unexpected end.
fn end_of_tls_is_end(read: io::Result<usize>) -> io::Result<()> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map(drop),
    }
}

/// What was read so far.
#[derive(Default)]
struct Parts {
    codes: Vec<u16>,
    lines: Vec<Vec<u8>>,
}

impl Parts {
    /// Takes what was read up to a line end. Whether it was the last line.
    fn add(&mut self, bytes: &[u8]) -> Result<bool, NoReply> {
        for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')) {
            if line.is_empty() {
                continue;
            }
            match code_line(line) {
                Some(found) => {
                    self.codes.push(found.code);
                    self.lines.push(found.text.to_vec());
                    if found.is_last {
                        return Ok(true);
                    }
                }
                // A line that was broken in two.
                None if !self.codes.is_empty() => self.lines.push(line.to_vec()),
                None => return Err(NoReply::Foreign(decode(line))),
            }
        }
        Ok(false)
    }

    fn finish(self, is_last: bool, is_whole: bool) -> Result<Reply, NoReply> {
        let Some(last) = self.codes.last().copied() else {
            return Err(if is_whole {
                NoReply::Closed
            } else {
                NoReply::TooLong
            });
        };
        if !is_last && is_whole {
            return Err(NoReply::CutOff);
        }
        // A refusal in any of its lines is one: a mail that is taken for sent must have been taken.
        let refusal = self.codes.iter().copied().find(|code| *code >= 400);
        let code = if last >= 400 {
            last
        } else {
            refusal.unwrap_or(last)
        };
        Ok(Reply {
            code,
            is_ambiguous: refusal.is_some() && self.codes.iter().any(|other| other / 100 != code / 100),
            lines: decode(&self.lines.join(&b'\n'))
                .split('\n')
                .map(str::to_owned)
                .collect(),
            is_whole,
        })
    }
}

struct CodeLine<'a> {
    code: u16,
    is_last: bool,
    text: &'a [u8],
}

/// A line that begins with a reply code.
fn code_line(line: &[u8]) -> Option<CodeLine<'_>> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !digits.iter().all(u8::is_ascii_digit)
        || !(200..600).contains(&code)
        || rest.first().is_some_and(u8::is_ascii_digit)
    {
        return None;
    }
    let text = match rest {
        [b'-' | b' ' | b'\t', text @ ..] => text,
        text => text,
    };
    Some(CodeLine {
        code,
        is_last: rest.first() != Some(&b'-'),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<(Reply, Vec<u8>), NoReply> {
        let mut stream = bytes;
        let reply = Reply::read(&mut stream).await?;
        Ok((reply, stream.to_vec()))
    }

    #[tokio::test]
    async fn the_code_decides_whatever_the_text() {
        for (bytes, code, lines) in [
            (b"250 ok\r\n".as_slice(), 250, vec!["ok"]),
            (b"250\r\n", 250, vec![""]),
            (b"250 \r\n", 250, vec![""]),
            (b"250\n", 250, vec![""]),
            (b"250 no line end", 250, vec!["no line end"]),
            (b"250-ok\r\n250\r\n", 250, vec!["ok", ""]),
            (b"250-\r\n250 ok\r\n", 250, vec!["", "ok"]),
            (b"250-a\n250-b\n250 c\n", 250, vec!["a", "b", "c"]),
            (b"250-a\r250 b\r\n", 250, vec!["a", "b"]),
            (b"\r\n250 ok\r\n", 250, vec!["ok"]),
            (
                b"250-a line that\r\nis broken\r\n250 ok\r\n",
                250,
                vec!["a line that", "is broken", "ok"],
            ),
            (b"220-first\r\n250 second\r\n", 250, vec!["first", "second"]),
            (b"354\tgo\r\n", 354, vec!["go"]),
            ("550用户不存在\r\n".as_bytes(), 550, vec!["用户不存在"]),
            (
                b"550 \xd3\xc3\xbb\xa7\xb2\xbb\xb4\xe6\xd4\xda\r\n",
                550,
                vec!["用户不存在"],
            ),
            (
                b"550 Empf\xe4nger unbekannt\r\n",
                550,
                vec!["Empfänger unbekannt"],
            ),
            (b"550-\xff\xfe\r\n550 \0\x80\r\n", 550, vec!["ÿþ", "\0€"]),
        ] {
            let shown = String::from_utf8_lossy(bytes);
            let (reply, rest) = read(bytes)
                .await
                .unwrap_or_else(|error| panic!("{shown}: {error}"));
            assert_eq!(
                (reply.code, reply.lines),
                (code, lines.iter().map(ToString::to_string).collect()),
                "{shown}"
            );
            assert!(
                reply.is_whole && !reply.is_ambiguous && rest.is_empty(),
                "{shown}"
            );
        }
    }

    #[tokio::test]
    async fn where_its_lines_disagree_a_refusal_is_one_and_not_for_good() {
        for (bytes, code, is_ambiguous) in [
            (b"250-ok\r\n550 no\r\n".as_slice(), 550, true),
            (b"550-no\r\n250 ok\r\n", 550, true),
            (b"250-ok\r\n421-closing\r\n250 ok\r\n", 421, true),
            (b"550-no\r\n421 closing\r\n", 421, true),
            (b"451-no\r\n550 no\r\n", 550, true),
            (b"550-no\r\n554 never\r\n", 554, false),
            (b"250-ok\r\n354 go on\r\n", 354, false),
        ] {
            let (reply, _) = read(bytes).await.unwrap();
            assert_eq!(
                (reply.code, reply.is_ambiguous),
                (code, is_ambiguous),
                "{reply:?}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_reply_is_named() {
        for (bytes, words) in [
            (b"".as_slice(), "without an answer"),
            (b"\r\n", "without an answer"),
            (b"250-ok\r\n", "in the middle of an answer"),
            (b"250-ok", "in the middle of an answer"),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
                "no answer of a mail server: HTTP/1.1 400 Bad Request",
            ),
            (b"999 what\r\n", "no answer of a mail server: 999 what"),
            (b"2500 ok\r\n", "no answer of a mail server: 2500 ok"),
            (b"25", "no answer of a mail server: 25"),
            (b"100 wait\r\n", "no answer of a mail server: 100 wait"),
            // An alert of TLS, with nothing in it that ends a line.
            (b"\x15\x03\x03\x00\x02\x02\x28", "smtps://"),
            (b"\x16\x03\x01", "smtps://"),
        ] {
            let error = read(bytes).await.unwrap_err().to_string();
            assert!(error.contains(words), "{bytes:?}: {error}");
        }
    }

    #[tokio::test]
    async fn a_reply_without_end_is_cut_and_keeps_its_code() {
        let lines = b"250-and so on\r\n".repeat(10_000);
        let line = [b"550 ".as_slice(), &b"x".repeat(100_000)].concat();
        for (bytes, code) in [(lines, 250), (line, 550)] {
            let (reply, rest) = read(&bytes).await.unwrap();
            assert_eq!((reply.code, reply.is_whole), (code, false));
            assert_eq!(
                rest.len() as u64,
                bytes.len() as u64 - LIMIT,
                "no more than that is read"
            );
        }
        let page = b"<html>".repeat(100_000);
        assert!(matches!(read(&page).await, Err(NoReply::Foreign(_))));
    }

    #[tokio::test]
    async fn what_comes_after_the_last_line_is_left() {
        let (_, rest) = read(b"250 ok\r\n421 bye\r\n").await.unwrap();
        assert_eq!(rest, b"421 bye\r\n");
        assert_eq!(Reply::refusal_in(&rest).unwrap().words(), "bye");
        for unasked in [b"".as_slice(), b"\r\n", b"250 ok\r\n", b"4211 no\r\n"] {
            assert!(Reply::refusal_in(unasked).is_none(), "{unasked:?}");
        }
    }

    #[test]
    fn a_repeated_enhanced_code_is_said_once() {
        let words = |lines: &[&str]| {
            Reply {
                code: 550,
                lines: lines.iter().map(ToString::to_string).collect(),
                is_ambiguous: false,
                is_whole: true,
            }
            .words()
        };
        assert_eq!(
            words(&["5.7.25 no", "5.7.25 PTR", "5.7.25 record"]),
            "5.7.25 no PTR record"
        );
        assert_eq!(words(&["5.7.2 no", "5.7.25 PTR"]), "5.7.2 no 5.7.25 PTR");
        assert_eq!(words(&["no", "", " PTR "]), "no PTR");
        assert_eq!(words(&[]), "");
    }
}
