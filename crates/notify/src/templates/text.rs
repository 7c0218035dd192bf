//! Text of others made safe to show: nothing that hides or reorders other text, and bounded.

/// Text without what could hide or reorder other text: control characters but line ends and tabs, and the marks that
/// turn the writing direction.
pub(super) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|&one| one == '\n' || one == '\t' || shown(one))
        .collect()
}

/// [`clean`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|one: char| one.is_whitespace() || one.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().filter(|&one| shown(one)).collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown(one: char) -> bool {
    !one.is_control()
        && !matches!(one, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// At most `limit` characters, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "告".repeat(10_001);
        let cut = cut(&long, 10_000);
        assert_eq!(cut.chars().count(), 10_000);
        assert!(cut.ends_with("告…"));
        assert_eq!(super::cut("short", 5), "short");
    }

    #[test]
    fn what_could_hide_or_reorder_text_is_left_out() {
        assert_eq!(
            one_line(" a\r\nBcc: x@example.com\t b\0\u{85}c "),
            "a Bcc: x@example.com b c"
        );
        assert_eq!(one_line("abc\u{202E}fdp.exe"), "abcfdp.exe");
        assert_eq!(clean("a\r\nb\rc\u{1b}[31m\td"), "a\nb\nc[31m\td");
    }
}
