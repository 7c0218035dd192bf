//! What a value is by its shape.

/// Numbers up to this length are counts, pages and dates. Longer ones may be keys.
const LONGEST_NUMBER: usize = 9;

/// A key has at least so many letters and digits in a row.
const LEAST_MIXED: usize = 8;

/// A word of letters is no longer than this.
const LONGEST_WORD: usize = 19;

/// Letters and digits change places at least so often in a key; in `tenant01` and `SO20261127001` they do once.
const LEAST_CHANGES: usize = 2;

/// Whether it is a number that is met with in any answer.
pub(super) fn is_count(value: &str) -> bool {
    value.len() <= LONGEST_NUMBER && value.parse::<f64>().is_ok()
}

/// Whether it has the shape of a key: one of its words is longer than words are, or has letters and digits in turn, as no
/// word, number, date or time has.
pub(crate) fn is_key(value: &str) -> bool {
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_word_of_key)
}

fn is_word_of_key(word: &str) -> bool {
    let has_digits = word.bytes().any(|byte| byte.is_ascii_digit());
    let letters = || word.bytes().filter(u8::is_ascii_alphabetic);
    // `20261127T091500Z`
    let is_time = has_digits && letters().all(|letter| matches!(letter, b'T' | b'Z' | b't' | b'z'));
    let is_number = letters().next().is_none();
    if is_time || is_number {
        return false;
    }
    let pairs = word.as_bytes().windows(2);
    let changes = pairs.filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    word.len() > LONGEST_WORD || (word.len() >= LEAST_MIXED && changes.count() >= LEAST_CHANGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_from_words_numbers_and_times() {
        for key in [
            "wx9f2c41d0",
            "550e8400-e29b-41d4-a716-446655440000",
            "abcdefghijklmnopqrst",
            "id=9f8a7b6c1d",
            "AKIA1B2C3D4E5F",
        ] {
            assert!(is_key(key), "{key}");
        }
        for other in [
            "unpaid",
            "wire-transfer",
            "2026-11-27 09:15:00",
            "20261127T091500Z",
            "13800138000",
            "tenant01",
            "SO20261127001",
            "ops-night-shift@example.com",
            "门店一号",
            "https://intranet.example/orders",
        ] {
            assert!(!is_key(other), "{other}");
        }
    }
}
