//! How long a text is on its way to a phone: in the alphabet of phones (GSM-7, 3GPP TS 23.038) while all of it can be written so,
//! in UTF-16 else; what does not fit into one message goes as several, which have less room each.

/// The alphabet whose letters take one place.
const LETTERS: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those that take two.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// How many fit into a message that goes alone, and into one that is a part of several.
const GSM: (usize, usize) = (160, 153);
const UTF16: (usize, usize) = (70, 67);

/// How many messages a text is; none for an empty one.
pub(super) fn segments(text: &str) -> usize {
    let text = tidy(text);
    match gsm_places(&text) {
        Some(places) => count(places.into_iter(), GSM),
        None => count(text.chars().map(char::len_utf16), UTF16),
    }
}

/// The text with plain quotes, dashes and dots for typographic ones, where it can be written in the alphabet of phones then: one
/// such mark would halve the room of all of it.
pub(super) fn tidy(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '…' => plain.push_str("..."),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '`' => plain.push('\''),
            '–' | '—' | '\u{2212}' | '·' => plain.push('-'),
            '\u{a0}' | '\t' => plain.push(' '),
            other => plain.push(other),
        }
    }
    match gsm_places(&plain) {
        Some(_) => plain,
        None => text.to_owned(),
    }
}

/// The places of each letter, where all are in the alphabet.
fn gsm_places(text: &str) -> Option<Vec<usize>> {
    let place = |one: char| match one {
        one if LETTERS.contains(one) => Some(1),
        one if EXTENDED.contains(one) => Some(2),
        _ => None,
    };
    text.chars().map(place).collect()
}

/// No letter is divided between two messages.
fn count(places: impl Iterator<Item = usize> + Clone, (alone, part): (usize, usize)) -> usize {
    let whole: usize = places.clone().sum();
    if whole <= alone {
        return usize::from(whole > 0);
    }
    let (mut messages, mut used) = (1, 0);
    for letter in places {
        if used + letter > part {
            (messages, used) = (messages + 1, 0);
        }
        used += letter;
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_as_networks_do() {
        for (unit, times, expected) in [
            ("a", 0, 0),
            ("a", 160, 1),
            ("a", 161, 2),
            ("a", 306, 2),
            ("a", 307, 3),
            ("€", 80, 1),
            ("€", 81, 2),
            // 153 places hold 76 letters of two, and one is left empty.
            ("€", 152, 2),
            ("€", 153, 3),
            ("告", 70, 1),
            ("告", 71, 2),
            ("告", 134, 2),
            ("告", 135, 3),
            ("👍", 35, 1),
            ("👍", 36, 2),
            ("👍", 66, 2),
            ("👍", 67, 3),
            ("é", 160, 1),
            ("ê", 160, 3),
        ] {
            assert_eq!(segments(&unit.repeat(times)), expected, "{unit} {times}");
        }
    }

    #[test]
    fn a_typographic_mark_does_not_halve_the_room() {
        assert_eq!(tidy("“x” – 5…"), "\"x\" - 5...");
        assert_eq!(segments(&format!("{}…", "a".repeat(157))), 1);
        assert_eq!(tidy("告“警”…"), "告“警”…");
        assert_eq!(segments(&format!("{}…", "告".repeat(69))), 1);
    }
}
