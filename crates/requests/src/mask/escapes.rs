//! A character as it is written where it has to be escaped.

/// Encoded more often than this, a value is not followed.
const LEVELS: usize = 4;

/// Whether an escape may begin with it.
pub(super) fn begins(c: char) -> bool {
    matches!(c, '%' | '\\' | '&' | '+')
}

/// How much of the text's beginning may be the character: as it is, as `%2F` (or `%252F`), `\/`, `\u002f`, `&amp;` or `&#x2F;`.
pub(super) fn written(text: &str, c: char) -> impl Iterator<Item = usize> {
    let literal = text.starts_with(c).then(|| c.len_utf8());
    let mut escaped = Vec::new();
    match text.as_bytes().first() {
        Some(b'%') => escaped = percent_encoded(text, c),
        Some(b'\\') => escaped = json_escaped(text, c),
        Some(b'&') => escaped.extend(html_escaped(text, c)),
        Some(b'+') if c == ' ' => escaped.push(1),
        _ => {}
    }
    literal.into_iter().chain(escaped)
}

fn percent_encoded(text: &str, c: char) -> Vec<usize> {
    // Each further time turns `%` into `%25`.
    let encoded = |c| (0..LEVELS).filter_map(move |more| percent_encoded_again(text, c, more));
    // A form writes a space as `+`, which is encoded in its turn.
    let as_plus = (c == ' ').then(|| encoded('+'));
    encoded(c).chain(as_plus.into_iter().flatten()).collect()
}

fn percent_encoded_again(text: &str, c: char, more: usize) -> Option<usize> {
    let mut buffer = [0; 4];
    let mut rest = text;
    for byte in c.encode_utf8(&mut buffer).bytes() {
        rest = rest.strip_prefix('%')?;
        for _ in 0..more {
            rest = rest.strip_prefix("25")?;
        }
        if u8::from_str_radix(rest.get(..2)?, 16).ok()? != byte {
            return None;
        }
        rest = &rest[2..];
    }
    Some(text.len() - rest.len())
}

fn json_escaped(text: &str, c: char) -> Vec<usize> {
    if c == '\\' {
        // Each time turns one into two.
        let run = text.len() - text.trim_start_matches('\\').len();
        let doubled = (1..LEVELS)
            .map(|level| 1 << level)
            .filter(|&length| length <= run);
        return doubled.chain(unicode_escaped(text, c)).collect();
    }
    // JSON within JSON escapes the backslashes too.
    let rest = text.trim_start_matches('\\');
    let short = match c {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        c => c,
    };
    let shortly = (rest.starts_with(short) && short.is_ascii()).then(|| text.len() - rest.len() + 1);
    unicode_escaped(text, c).into_iter().chain(shortly).collect()
}

fn unicode_escaped(text: &str, c: char) -> Option<usize> {
    let mut buffer = [0; 2];
    let mut rest = text;
    for unit in c.encode_utf16(&mut buffer) {
        rest = rest.trim_start_matches('\\').strip_prefix('u')?;
        if u16::from_str_radix(rest.get(..4)?, 16).ok()? != *unit {
            return None;
        }
        rest = &rest[4..];
    }
    Some(text.len() - rest.len())
}

fn html_escaped(text: &str, c: char) -> Option<usize> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let is_it = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)) == Ok(u32::from(c))
        }
        None => matches!(
            (name, c),
            ("amp", '&') | ("lt", '<') | ("gt", '>') | ("quot", '"') | ("apos", '\'')
        ),
    };
    is_it.then_some(end + 1)
}
