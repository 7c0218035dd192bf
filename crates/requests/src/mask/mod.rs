//! What is quoted of an answer shows none of the values that its request sent, whatever their names are.

mod layers;
mod sent;
mod shape;

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::Secret;
use crate::redact::REDACTED;
pub use sent::secret_segments;
use shape::is_count;
pub(crate) use shape::is_key;

/// What is shorter is found in many a word.
const LEAST: usize = 6;

/// The same of a value that is a secret by where it stands.
const LEAST_SECRET: usize = 4;

/// A shorter one is hidden as a word only, not within one.
const LEAST_WITHIN: usize = 8;

/// So much of a longer secret is hidden where the answer cuts it off, in characters.
const BEGINNING: usize = 12;

/// Which of the values are masked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them: a quote can do without.
    All,
    /// Those that are keys by where they stand or by their shape. The others are words such as `unpaid` or days, which
    /// belong into what people read.
    Keys,
}

/// A text with `[redacted]` in place of these values, however it writes them.
pub fn without_secrets(text: &str, secrets: &[Secret]) -> String {
    if secrets.is_empty() {
        return text.to_owned();
    }
    let mut mask = Mask::default();
    mask.add_secrets(secrets.iter().cloned());
    mask.hide(text, Which::All)
}

/// The values of a request, and how they are hidden.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    values: Vec<Sent>,
    all: OnceLock<Option<AhoCorasick>>,
    keys: OnceLock<Option<AhoCorasick>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Sent {
    value: Secret,
    is_key: bool,
}

impl Mask {
    /// The text with `[redacted]` in place of every value, in whatever case, also where it is percent-encoded, escaped as in
    /// JSON or HTML, or in base64 or hexadecimal digits.
    pub(crate) fn hide(&self, text: &str, which: Which) -> String {
        let found = match which {
            Which::All => &self.all,
            Which::Keys => &self.keys,
        };
        let Some(values) = found.get_or_init(|| self.search(which)) else {
            return text.to_owned();
        };
        let mut places = Vec::new();
        for layer in layers::of(text) {
            for found in values.find_iter(&layer.bytes) {
                if found.len() >= LEAST_WITHIN || is_word(&layer.bytes, found.start(), found.end()) {
                    places.push(layer.place(found.start(), found.end()));
                }
            }
        }
        without(text, places)
    }

    /// Hides these too.
    pub(crate) fn add_secrets(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        for secret in secrets {
            self.add(secret.expose(), true);
        }
        (self.all, self.keys) = (OnceLock::new(), OnceLock::new());
    }

    fn add(&mut self, value: &str, is_secret: bool) {
        let value = value.trim();
        let least = if is_secret { LEAST_SECRET } else { LEAST };
        let is_media_type = ["application/", "text/"]
            .iter()
            .any(|kind| value.starts_with(kind));
        if value.chars().count() < least || (is_count(value) && !is_secret) || is_media_type {
            return;
        }
        self.values.push(Sent {
            value: Secret::from(value),
            is_key: is_secret || is_key(value),
        });
    }

    /// One automaton for all values: the text is read once, however many they are.
    fn search(&self, which: Which) -> Option<AhoCorasick> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for Sent { value, is_key } in &self.values {
            let value = value.expose();
            if which == Which::Keys && !is_key {
                continue;
            }
            patterns.push(value.as_bytes().to_vec());
            if value.len() >= LEAST {
                let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
                let encoded = [STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value), hex];
                patterns.extend(encoded.map(String::into_bytes));
            }
            let beginning = value.char_indices().nth(BEGINNING);
            if let (Which::All, true, Some((end, _))) = (which, *is_key, beginning) {
                patterns.push(value.as_bytes()[..end].to_vec());
            }
        }
        patterns.sort_unstable();
        patterns.dedup();
        let mut builder = AhoCorasick::builder();
        builder
            .ascii_case_insensitive(true)
            // The default is a table that takes the square of a value's length to make where it repeats itself.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::LeftmostLongest);
        // Only gigabytes of patterns are refused.
        (!patterns.is_empty())
            .then(|| builder.build(patterns).ok())
            .flatten()
    }
}

/// Whether what stands here is not a part of a longer word.
fn is_word(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    ![before, bytes.get(end)]
        .into_iter()
        .flatten()
        .any(u8::is_ascii_alphanumeric)
}

/// The text with `[redacted]` in these places.
fn without(text: &str, mut places: Vec<(usize, usize)>) -> String {
    places.sort_unstable();
    let (mut out, mut shown) = (String::with_capacity(text.len()), 0);
    for (start, end) in places {
        let start = text.floor_char_boundary(start);
        let end = text.ceil_char_boundary(end);
        if end <= shown {
            continue;
        }
        if start >= shown {
            out.push_str(&text[shown..start]);
            out.push_str(REDACTED);
        }
        shown = end;
    }
    out.push_str(&text[shown..]);
    out
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
        for (value, written) in [
            ("a&amp;b%20c", "a&amp;b%20c"),
            (r"a\u0062\", r"a\u0062\"),
            ("100%25+1", "100%25+1"),
            ("100%25+1", "100%2525%2B1"),
            ("a/%41 b", "a%252F%252541+b"),
            ("a/%41 b", "a%252F%252541%2Bb"),
            ("u/A \u{0}u", r"\u0075\/A \u0000\u0075"),
            (r#"a\"b c"#, r#"a\\\"b c"#),
            ("zk9&q-Key<1", "zk9&amp;amp;q-Key&amp;LT;1"),
            ("zk9q-Key1", "ZK9Q-KEY1"),
            ("zk9q-Key1", r"\x7ak9q\x2dKey1"),
            ("zk9q-Key1", "ems5cS1LZXkx"),
            ("zk9q-Key1", "7A6B39712D4B657931"),
            (r#"a\"b c"#, r#"a\\\\\\\"b c"#),
        ] {
            assert_eq!(mask_of(value).hide(written, Which::All), REDACTED, "{written}");
        }
        let long = "0123456789".repeat(120);
        assert_eq!(
            mask_of(&long).hide(&format!("0{long}"), Which::All),
            format!("0{REDACTED}")
        );
        let cut = mask_of("abcdefgh-ijklmnop-1").hide("no abcdefgh-ijk...", Which::All);
        assert_eq!(cut, "no [redacted]...");
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
            ("https://a.example/?access_token=861215", "no 861215"),
            ("https://monitor:open@a.example/", "open"),
        ] {
            let shown = mask(url).hide(text, Which::Keys);
            assert!(shown.ends_with(REDACTED), "{shown}");
        }
    }

    #[test]
    fn what_people_read_stays_whole() {
        for (query, text) in [
            ("status=unpaid,overdue,refunded", "Order 905187 is unpaid"),
            ("fields=unpaid,total,created_at", "Order 17 unpaid"),
            ("sort=amount:desc,created_at:asc", "Wrong amount"),
            (
                "to=2026-11-27T00:00:00",
                "nothing since 2026-11-27T00:00:00, 2026-11-27",
            ),
            ("day=2026年11月27日", "门店 2026年11月27日 有3单未付款"),
            (
                "shop=北京朝阳门店一号店附近的新开张的门店A1",
                "订单 17 未付款: 北京朝阳门店一号店附近的新开张的门店A1",
            ),
            ("of=orders_2026", "orders_2026: 3 unpaid"),
            (
                "shop=SH-00421&tenant=tenant01&order=SO20261127001",
                "tenant01: SO20261127001 of SH-00421",
            ),
            (
                "owner=ops-night-shift@example.com",
                "call ops-night-shift@example.com",
            ),
            ("token=open", "reopened at opening"),
            ("session=morning", "all mornings"),
        ] {
            let mask = mask(&format!("https://a.example/?{query}"));
            assert_eq!(mask.hide(text, Which::Keys), text, "{query}");
        }
    }

    /// What an upstream sends must not decide how long it takes; with anything but linear time this would never end.
    #[test]
    fn a_megabyte_of_escapes_is_no_work() {
        let values = [
            r"\".repeat(30) + "Xabcdef",
            "abcdefghijkl12".to_owned(),
            "%25".repeat(20),
        ];
        let mut mask = Mask::default();
        mask.add_secrets(values.iter().map(|value| Secret::from(value.as_str())));
        for one in ["\\", "%25", "&amp;", "+", "\\u005c", "a"] {
            let text = one.repeat(1_000_000 / one.len());
            assert!(mask.hide(&text, Which::All).len() <= text.len());
        }
    }

    /// Neither must what a request sends: a message of others may be one letter over and over.
    #[test]
    fn a_value_that_repeats_itself_is_no_work() {
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(50_000));
        let request = crate::Request::post(Url::parse("https://a.example/").unwrap())
            .body("application/json", long.clone().into());
        let mask = Mask::of(&request, &crate::ClientConfig::default());
        let shown = mask.hide(&format!("no {long}"), Which::All);
        assert!(shown.starts_with("no ") && !shown.contains("xxx"), "{shown}");
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
