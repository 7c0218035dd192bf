//! What is quoted of an answer shows none of the values that its request sent, whatever their names are.

mod escapes;
mod sent;

use crate::Secret;
use crate::redact::REDACTED;

/// What is shorter is found in many a word.
const LEAST: usize = 6;

/// The same of a value that is a secret by where it stands.
const LEAST_SECRET: usize = 4;

/// So much of a key is hidden where the text ends with it, in characters. `client` may end a text that has nothing to do with
/// `client_credentials`.
const LEAST_OF_KEY: usize = 6;

/// A longer value is hidden piece by piece, in characters.
const LONGEST: usize = 500;

/// Numbers up to this length are counts, pages and dates. Longer ones may be keys.
const LONGEST_NUMBER: usize = 9;

/// Words, dates and times up to this length are no keys.
const LONGEST_WORD: usize = 19;

/// Which of the values are masked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them: a quote can do without.
    All,
    /// Those that are keys by where they stand or by their shape. The others are words such as `unpaid` or days, which
    /// belong into what people read.
    Keys,
}

/// The values of a request, and how they are hidden.
#[derive(Clone, Default)]
pub(crate) struct Mask(Vec<Sent>);

#[derive(Clone, PartialEq, Eq)]
struct Sent {
    value: Secret,
    is_key: bool,
}

impl Mask {
    /// The text with `[redacted]` in place of every value, also where it is percent-encoded, or escaped as in JSON or HTML.
    pub(crate) fn hide(&self, text: &str, which: Which) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            // Most characters begin nothing: an answer has up to a million of them.
            let may_begin = |sent: &&Sent| escapes::begins(first) || sent.value.expose().starts_with(first);
            let wanted = self.0.iter().filter(|sent| which == Which::All || sent.is_key);
            match wanted.filter(may_begin).filter_map(|sent| sent.found(rest)).max() {
                Some(length) => {
                    out.push_str(REDACTED);
                    rest = &rest[length..];
                }
                None => {
                    out.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        out
    }

    /// Hides these too.
    pub(crate) fn add_secrets(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        for secret in secrets {
            self.add(secret.expose(), true);
        }
    }

    fn add(&mut self, value: &str, is_secret: bool) {
        let value = value.trim();
        let least = if is_secret { LEAST_SECRET } else { LEAST };
        let is_count = value.len() <= LONGEST_NUMBER && value.parse::<f64>().is_ok();
        let is_media_type = ["application/", "text/"]
            .iter()
            .any(|kind| value.starts_with(kind));
        if value.len() < least || is_count && !is_secret || is_media_type {
            return;
        }
        let is_key = is_secret || is_key(value);
        let chars: Vec<char> = value.chars().collect();
        for piece in chars.chunks(LONGEST).filter(|piece| piece.len() >= least) {
            let value = Secret::new(piece.iter().collect::<String>());
            self.0.push(Sent { value, is_key });
        }
    }

    fn sorted(mut self) -> Mask {
        self.0.sort_by(|one, other| {
            (one.value.expose(), !one.is_key).cmp(&(other.value.expose(), !other.is_key))
        });
        self.0.dedup_by(|one, other| one.value == other.value);
        self
    }
}

/// Whether a value has the shape of a key: neither a word or words, nor a date, a time or a number.
fn is_key(value: &str) -> bool {
    let is_long = value.chars().count() > LONGEST_WORD;
    let (letters, digits) = (
        value.contains(|c: char| c.is_alphabetic()),
        value.contains(|c: char| c.is_ascii_digit()),
    );
    let is_text = value.contains(' ') && !digits;
    (is_long && !is_text) || (value.len() > LEAST && letters && digits)
}

impl Sent {
    /// How much of the text's beginning is the value, in whatever form; also a key that the text's end cuts off.
    fn found(&self, text: &str) -> Option<usize> {
        let least = if self.is_key { LEAST_OF_KEY } else { usize::MAX };
        rest_found(text, self.value.expose(), 0, least)
    }
}

/// The same for what is left of a value after its first `count` characters, of which `least` are enough where the text ends.
fn rest_found(text: &str, value: &str, count: usize, least: usize) -> Option<usize> {
    let Some(c) = value.chars().next() else {
        return Some(0);
    };
    // What is an escape may as well be part of the value as it is.
    for length in escapes::written(text, c) {
        if let Some(rest) = rest_found(&text[length..], &value[c.len_utf8()..], count + 1, least) {
            return Some(length + rest);
        }
    }
    (count >= least && (text.is_empty() || text.starts_with('…'))).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::{Url, form_urlencoded};

    fn mask(url: &str) -> Mask {
        Mask::of_url(&Url::parse(url).unwrap())
    }

    fn mask_of(value: &str) -> Mask {
        let mut mask = Mask::default();
        mask.add_secrets([value.into()]);
        mask
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let mask = mask_of(r#"Zü"/& <'\1"#);
        for written in [
            r#"Zü"/& <'\1"#,
            "Z%C3%BC%22%2F%26+%3C%27%5C1",
            "Z%c3%bc%22/%26%20%3c'%5c1",
            "Z%25C3%25BC%2522%252F%2526%2520%253C%2527%255C1",
            r#"Zü\"\/& <'\\1"#,
            r"Z\u00fc\u0022\u002F\u0026 \u003c\u0027\u005c1",
            r"Zü&quot;/&amp; &lt;&#39;\1",
            r"Z&#xFC;&#34;&#x2F;&amp; &lt;&apos;&#92;1",
        ] {
            let text = format!("before {written} after");
            assert_eq!(
                mask.hide(&text, Which::All),
                "before [redacted] after",
                "{written}"
            );
        }
        for (text, shown) in [
            (r#"Zü"/& …"#, "[redacted]…"),
            (r#"Zü"/& and more"#, r#"Zü"/& and more"#),
        ] {
            assert_eq!(mask.hide(text, Which::All), shown);
        }
        for (value, written) in [
            ("a&amp;b%20c", "a&amp;b%20c"),
            (r"a\u0062\", r"a\u0062\"),
            ("100%25+1", "100%25+1"),
            ("100%25+1", "100%2525%2B1"),
            ("a/%41 b", "a%252F%252541+b"),
            ("a/%41 b", "a%252F%252541%2Bb"),
            ("u/A \u{0}u", r"\u0075\/A \u0000\u0075"),
            (r#"a\"b c"#, r#"a\\\"b c"#),
            (r#"a\"b c"#, r#"a\\\\\\\"b c"#),
        ] {
            assert_eq!(mask_of(value).hide(written, Which::All), REDACTED, "{written}");
        }
        let long = format!("{}x", "0123456789".repeat(50));
        assert_eq!(mask_of(&long).hide("xxx", Which::All), "xxx");
        let long = "0123456789".repeat(120);
        assert_eq!(mask_of(&long).hide(&long, Which::All).replace(REDACTED, ""), "");
    }

    #[test]
    fn what_is_short_or_common_is_left() {
        let text = "page 1 of 20261127, application/json, open";
        let mask = mask("https://a.example/?page=1&day=20261127&type=application/json&status=open");
        assert_eq!(mask.hide(text, Which::All), text);
    }

    #[test]
    fn words_and_days_stay_in_what_people_read() {
        let url =
            "https://a.example/?status=unpaid&from=2026-11-27+00:00:00&kind=wire-transfer&tel=13800138000";
        let text = "Order 905187 unpaid since 2026-11-27 00:00:00, wire-transfer, call 13800138000";
        assert_eq!(mask(url).hide(text, Which::Keys), text);
        assert_eq!(
            mask(url).hide(text, Which::All),
            "Order 905187 [redacted] since [redacted], [redacted], call [redacted]"
        );
        for (url, text) in [
            ("https://a.example/?appkey=wx9f2c41d0", "no such app wx9f2c41d0"),
            (
                "https://a.example/?ticket=abcdefghijklmnopqrst",
                "ticket abcdefghijklmnopqrst",
            ),
            ("https://a.example/?password=open", "open"),
            ("https://a.example/?access_token=86121", "86121"),
            ("https://monitor:open@a.example/", "open"),
        ] {
            let shown = mask(url).hide(text, Which::Keys);
            assert!(shown.ends_with(REDACTED), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_value_survives_in_any_form(secret in "[!-~ äß€😀]{6,30}", before in "[a-z ]{0,9}", form in 0..5) {
            let written: String = match form {
                0 => secret.clone(),
                1 => form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
                2 => {
                    let quoted = serde_json::to_string(&secret).unwrap();
                    quoted[1..quoted.len() - 1].to_owned()
                }
                3 => secret.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
                _ => secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            };
            let shown = mask_of(&secret).hide(&format!("{before}|{written}|"), Which::All);
            prop_assert!(shown.contains(REDACTED), "{}", shown);
        }

        #[test]
        fn any_text_is_masked_without_panic(text in any::<String>(), secret in "[%&\\\\u0-9;#x+]{6,12}") {
            mask_of(&secret).hide(&text, Which::All);
        }
    }
}
