//! Text of others made fit for a message.

use monitor_domain::visible;
use unicode_segmentation::UnicodeSegmentation;

/// Text with one kind of line end, and what hides or turns text made visible.
pub(super) fn clean(text: &str) -> String {
    visible(&text.replace("\r\n", "\n").replace('\r', "\n")).into_owned()
}

/// At most `limit` characters, with an ellipsis where something is missing. An emoji of several characters stays whole.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let mut left = limit.saturating_sub(1);
            let fits = |one: &&str| {
                let length = one.chars().count();
                let fits = length <= left;
                left = left.saturating_sub(length);
                fits
            };
            let mut kept: String = text.graphemes(true).take_while(fits).collect();
            if kept.is_empty() {
                kept = text.chars().take(limit.saturating_sub(1)).collect();
            }
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
        assert_eq!(super::cut("ab👩‍👧cd", 5), "ab…");
        assert_eq!(super::cut("ab👩‍👧cd", 6), "ab👩‍👧…");
        assert_eq!(super::cut("e\u{301}\u{301}\u{301}", 3), "e\u{301}…");
    }

    #[test]
    fn lines_stay_and_what_hides_text_is_shown() {
        assert_eq!(clean("a\r\nb\rc\u{1b}[31m\td"), "a\nb\nc␛[31m\td");
    }
}
