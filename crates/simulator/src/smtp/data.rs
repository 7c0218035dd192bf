//! The content of a mail on the wire: lines with an added dot, ended by a dot alone (RFC 5321 4.5.2).

/// Takes the content's lines as they come, and keeps no more than allowed.
#[derive(Debug, Default)]
pub(super) struct Content {
    kept: Vec<u8>,
    length: usize,
}

impl Content {
    /// Takes one line with its end; `true` when it was the last, which is no content.
    pub(super) fn line(&mut self, line: &[u8], limit: usize) -> bool {
        if line == b".\r\n" {
            return true;
        }
        let line = line.strip_prefix(b".").unwrap_or(line);
        self.length = self.length.saturating_add(line.len());
        if self.length <= limit {
            self.kept.extend_from_slice(line);
        }
        false
    }

    /// The whole content, or `None` when it was larger than the limit.
    pub(super) fn finish(self, limit: usize) -> Option<Vec<u8>> {
        (self.length <= limit).then_some(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(lines: &[&str], limit: usize) -> Option<Vec<u8>> {
        let mut content = Content::default();
        let ended: Vec<bool> = lines
            .iter()
            .map(|line| content.line(line.as_bytes(), limit))
            .collect();
        assert!(ended.iter().rev().skip(1).all(|last| !last) && ended.last() == Some(&true));
        content.finish(limit)
    }

    #[test]
    fn added_dots_are_taken_away() {
        let read = content(&["a\r\n", "..\r\n", "..b\r\n", ".c\r\n", " .\r\n", ".\r\n"], 100).unwrap();
        assert_eq!(String::from_utf8(read).unwrap(), "a\r\n.\r\n.b\r\nc\r\n .\r\n");
    }

    #[test]
    fn too_much_is_read_to_its_end_and_not_kept() {
        assert_eq!(content(&["abc\r\n", "def\r\n", ".\r\n"], 9), None);
        assert!(content(&["abc\r\n", "def\r\n", ".\r\n"], 10).is_some());
    }
}
