//! What a text says where it is escaped or encoded, and where in the text each byte of that stands.
//!
//! Each layer is decoded whole, in time that is linear in the text: what an upstream sends must not decide how long it takes.

/// Encoded in different ways more often than this, a value is not followed.
const MIXED: usize = 2;

/// Encoded in one way more often than this, neither.
const PURE: usize = 4;

/// A text without one or more layers of escapes.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// Where in the text each byte begins, and where the last one ends.
    at: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Percent,
    /// Percent-encoded, and `+` for a space.
    Form,
    Json,
    Html,
}

const ALL: [Escape; 4] = [Escape::Percent, Escape::Form, Escape::Json, Escape::Html];

impl Layer {
    /// Where bytes of it stand in the text.
    pub(super) fn place(&self, start: usize, end: usize) -> (usize, usize) {
        (self.at[start] as usize, self.at[end] as usize)
    }
}

/// The text itself and what it says without its escapes, in whatever order they may have been made.
pub(super) fn of(text: &str) -> Vec<Layer> {
    let bytes = text.as_bytes().to_vec();
    // No answer is as large as 4 GiB.
    let at = (0..=u32::try_from(bytes.len()).unwrap_or(u32::MAX)).collect();
    let mut layers = vec![Layer { bytes, at }];
    let mut newest: Vec<(usize, Option<Escape>)> = vec![(0, None)];
    for depth in 1..=PURE {
        let mut next = Vec::new();
        for (index, made_by) in newest {
            for escape in ALL {
                if depth > MIXED && made_by != Some(escape) {
                    continue;
                }
                if let Some(layer) = decoded(&layers[index], escape) {
                    // From the third layer on only one kind all the way down is followed.
                    let is_pure = depth == 1 || made_by == Some(escape);
                    layers.push(layer);
                    next.push((layers.len() - 1, is_pure.then_some(escape)));
                }
            }
        }
        newest = next;
    }
    layers
}

/// The layer without this escape; none where there is nothing to decode.
fn decoded(layer: &Layer, escape: Escape) -> Option<Layer> {
    let sign = match escape {
        Escape::Percent | Escape::Form => b'%',
        Escape::Json => b'\\',
        Escape::Html => b'&',
    };
    let is_plus = |byte: u8| escape == Escape::Form && byte == b'+';
    let is_sign = |byte: &u8| *byte == sign || is_plus(*byte);
    let has_plus = layer.bytes.contains(&b'+');
    if !layer.bytes.iter().any(is_sign) || (escape == Escape::Form && !has_plus) {
        return None;
    }
    let mut bytes = Vec::with_capacity(layer.bytes.len());
    let mut at = Vec::with_capacity(layer.bytes.len() + 1);
    let (mut index, mut is_changed) = (0, false);
    while index < layer.bytes.len() {
        let rest = &layer.bytes[index..];
        let found = match rest[0] {
            b'+' if is_plus(b'+') => Some((1, vec![b' '])),
            byte if byte == sign => match escape {
                Escape::Percent | Escape::Form => percent(rest),
                Escape::Json => json(rest),
                Escape::Html => html(rest),
            },
            _ => None,
        };
        let (length, says) = found.map_or((1, None), |(length, says)| (length, Some(says)));
        is_changed |= says.is_some();
        let begins = layer.at[index];
        match says {
            Some(says) => {
                at.extend(std::iter::repeat_n(begins, says.len()));
                bytes.extend(says);
            }
            None => {
                at.push(begins);
                bytes.push(rest[0]);
            }
        }
        index += length;
    }
    at.push(layer.at[layer.bytes.len()]);
    is_changed.then_some(Layer { bytes, at })
}

/// How long an escape is, and what it says.
type Found = Option<(usize, Vec<u8>)>;

fn percent(rest: &[u8]) -> Found {
    Some((3, vec![u8::try_from(hex(rest.get(1..3)?)?).ok()?]))
}

fn json(rest: &[u8]) -> Found {
    let byte = match rest.get(1)? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        // As JavaScript and Python write it.
        b'x' => return Some((4, vec![u8::try_from(hex(rest.get(2..4)?)?).ok()?])),
        b'u' => return unicode(rest),
        byte @ (b'"' | b'\'' | b'\\' | b'/') => *byte,
        _ => return None,
    };
    Some((2, vec![byte]))
}

fn unicode(rest: &[u8]) -> Found {
    let unit = |at: usize| {
        let is_escape = rest.get(at..at + 2)? == b"\\u";
        is_escape.then(|| hex(rest.get(at + 2..at + 6)?)).flatten()
    };
    let first = unit(0)?;
    let (length, code) = match first {
        0xD800..=0xDBFF => {
            let second = unit(6).filter(|second| (0xDC00..=0xDFFF).contains(second))?;
            (12, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        }
        _ => (6, first),
    };
    Some((length, char::from_u32(code)?.to_string().into_bytes()))
}

fn html(rest: &[u8]) -> Found {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&rest[1..end]).ok()?.to_ascii_lowercase();
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix('x') {
            Some(number) => u32::from_str_radix(number, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => u32::from(match name.as_str() {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        }),
    };
    Some((end + 1, char::from_u32(code)?.to_string().into_bytes()))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    is_hex
        .then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        .flatten()
}
