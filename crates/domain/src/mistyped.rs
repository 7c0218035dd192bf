//! Characters that a word processor or a Chinese keyboard writes in place of those that a config is written with.

use std::fmt;

/// Such a character, with its name and the one that was meant. Displays as what to do about it:
/// `“ (U+201C) is a curly quote; type "`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistyped {
    /// The character.
    pub found: char,
    /// What it is called.
    pub name: &'static str,
    /// What was meant.
    pub meant: char,
}

impl Mistyped {
    /// What a character was meant to be; `None` for one that is what it seems.
    pub fn of(found: char) -> Option<Mistyped> {
        let (name, meant) = match found {
            '“' | '”' | '„' | '‟' => ("a curly quote", '"'),
            '‘' | '’' | '‚' | '‛' => ("a curly quote", '\''),
            '«' | '»' => ("an angled quote", '"'),
            '「' | '」' | '『' | '』' => ("a corner bracket", '"'),
            '＂' => ("a full-width quote", '"'),
            '＇' => ("a full-width quote", '\''),
            '、' => ("a Chinese comma", ','),
            '，' => ("a full-width comma", ','),
            '。' | '．' => ("a full-width dot", '.'),
            '【' | '〔' | '［' => ("a full-width bracket", '['),
            '】' | '〕' | '］' => ("a full-width bracket", ']'),
            '￥' | '¥' => ("a yen sign", '$'),
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => ("a typographic dash", '-'),
            '\u{3000}' => ("a full-width space", ' '),
            '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => {
                ("no plain space", ' ')
            }
            // The rest of this block is ASCII, each character 0xFEE0 further on.
            '\u{FF01}'..='\u{FF5E}' => {
                let ascii = char::from_u32(u32::from(found) - 0xFEE0)?;
                ("a full-width character", ascii)
            }
            _ => return None,
        };
        Some(Mistyped { found, name, meant })
    }

    /// The first in a text, and where it stands, outside of quotes and, where `comment` is given, before a comment.
    pub fn first_in(text: &str, comment: Option<char>) -> Option<(usize, Mistyped)> {
        Mistyped::all_in(text, comment).into_iter().next()
    }

    /// All of them.
    pub fn all_in(text: &str, comment: Option<char>) -> Vec<(usize, Mistyped)> {
        let mut found = Vec::new();
        let mut quote = None;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match (quote, c) {
                (Some('"'), _) if escaped => escaped = false,
                (Some('"'), '\\') => escaped = true,
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, c) if Some(c) == comment => break,
                (None, c) => found.extend(Mistyped::of(c).map(|one| (at, one))),
            }
        }
        found
    }
}

impl fmt::Display for Mistyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.found);
        match self.meant {
            ' ' => write!(f, "U+{code:04X} is {}; type a space", self.name),
            meant => write!(f, "{} (U+{code:04X}) is {}; type {meant}", self.found, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_said() {
        for (found, said) in [
            ('“', "“ (U+201C) is a curly quote; type \""),
            ('’', "’ (U+2019) is a curly quote; type '"),
            ('，', "， (U+FF0C) is a full-width comma; type ,"),
            ('：', "： (U+FF1A) is a full-width character; type :"),
            ('＝', "＝ (U+FF1D) is a full-width character; type ="),
            ('［', "［ (U+FF3B) is a full-width bracket; type ["),
            ('｝', "｝ (U+FF5D) is a full-width character; type }"),
            ('８', "８ (U+FF18) is a full-width character; type 8"),
            ('￥', "￥ (U+FFE5) is a yen sign; type $"),
            ('\u{3000}', "U+3000 is a full-width space; type a space"),
            ('\u{A0}', "U+00A0 is no plain space; type a space"),
        ] {
            assert_eq!(Mistyped::of(found).unwrap().to_string(), said);
        }
        for same in ['"', ',', ':', '=', '[', 'a', '订', 'ä', ' ', '\t', '👩'] {
            assert_eq!(Mistyped::of(same), None, "{same}");
        }
    }

    #[test]
    fn quotes_and_comments_may_hold_any() {
        for (text, at) in [
            ("to = [“a@b”]", Some(6)),
            ("title = \"“订单”\"", None),
            ("title = '“'， # x", Some(13)),
            ("title = \"a\\\"，\"：", Some(16)),
            ("a = 1 # ，", None),
            ("［web］", Some(0)),
            ("", None),
        ] {
            let found = Mistyped::first_in(text, Some('#'));
            assert_eq!(found.map(|(at, _)| at), at, "{text}");
        }
        assert_eq!(Mistyped::first_in("$.a#，", None).unwrap().0, 4);
    }
}
