//! Numbers with their nouns, in English: everything that counts for people says them this way.

use std::fmt::Display;

/// "1 channel", "3 channels", "0 deliveries". Of several words the last one is counted: "2 test messages".
pub fn counted<N: Display + Copy + TryInto<u64>>(n: N, noun: &str) -> String {
    if n.try_into().is_ok_and(|n| n == 1) {
        format!("{n} {noun}")
    } else {
        format!("{n} {}", plural(noun))
    }
}

/// As regular nouns form it.
fn plural(noun: &str) -> String {
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x', 'z']) || noun.ends_with("ch") || noun.ends_with("sh") => {
            format!("{noun}es")
        }
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_all_else_is_many() {
        for (n, text) in [
            (0, "0 channels"),
            (1, "1 channel"),
            (2, "2 channels"),
            (-1, "-1 channels"),
        ] {
            assert_eq!(counted(n, "channel"), text);
        }
        assert_eq!(counted(11_u64, "metric"), "11 metrics");
        assert_eq!(counted(1_usize, "delivery"), "1 delivery");
        assert_eq!(counted(21_i64, "delivery"), "21 deliveries");
    }

    #[test]
    fn nouns_have_their_own_plurals() {
        for (noun, several) in [
            ("day", "2 days"),
            ("delivery", "2 deliveries"),
            ("address", "2 addresses"),
            ("switch", "2 switches"),
            ("mailbox", "2 mailboxes"),
            ("test message", "2 test messages"),
            ("CA certificate", "2 CA certificates"),
        ] {
            assert_eq!(counted(2, noun), several);
        }
    }
}
