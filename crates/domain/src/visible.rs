//! Text of others made safe to show: nothing in it hides other text, turns it, or moves a cursor.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with each control character (but line feeds and tabs) and each mark that turns the writing direction or ends a
/// line replaced by what shows it: `␛` for an escape, `⟨U+202E⟩` for a right-to-left override.
///
/// The marks are those of Unicode's [bidirectional algorithm](https://www.unicode.org/reports/tr9/), which make
/// `…fdp.exe` read `…exe.pdf`.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c != '\n' && c != '\t' && hides(c);
    let Some(first) = text.find(is_hidden) else {
        return Cow::Borrowed(text);
    };
    let mut shown = text[..first].to_owned();
    for c in text[first..].chars() {
        match c {
            c if !is_hidden(c) => shown.push(c),
            // The pictures of the control characters stand in their order.
            '\0'..='\u{1F}' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7F}' => shown.push('␡'),
            // Writing to a string cannot fail.
            c => drop(write!(shown, "⟨U+{:04X}⟩", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// [`visible`], on one line: whatever separates words there is one space.
pub fn one_line(text: &str) -> String {
    let words = text.split(char::is_whitespace).filter(|word| !word.is_empty());
    words.map(visible).collect::<Vec<_>>().join(" ")
}

fn hides(c: char) -> bool {
    let turns =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_is_shown() {
        for (text, shown) in [
            (
                "plain 文字 👩\u{200D}💻\n\tnext",
                "plain 文字 👩\u{200D}💻\n\tnext",
            ),
            ("a\u{1b}[2Jb", "a␛[2Jb"),
            ("a\r\0\u{7f}\u{85}", "a␍␀␡⟨U+0085⟩"),
            ("abc\u{202E}fdp.exe", "abc⟨U+202E⟩fdp.exe"),
            (
                "\u{FEFF}\u{200F}\u{2066}\u{61C}",
                "⟨U+FEFF⟩⟨U+200F⟩⟨U+2066⟩⟨U+061C⟩",
            ),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert!(matches!(visible("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn one_line_is_one_line() {
        for (text, shown) in [
            (" a\r\nBcc: x@example.com\t b\0c ", "a Bcc: x@example.com b␀c"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
            ("", ""),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }
}
