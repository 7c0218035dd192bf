//! Damage that is the same at each run.

/// Pieces of what the targets read, and of what breaks readers.
const PIECES: [&[u8]; 44] = [
    b"\"",
    b"'",
    b"\"\"\"",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b"{{",
    b"}}",
    b"{%",
    b"%}",
    b"|",
    b"(",
    b")",
    b"=",
    b".",
    b"..",
    b"*",
    b"?@",
    b"$",
    b",",
    b";",
    b"#",
    b"--",
    b"/*",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x94\xa5",
    b"\r\n",
    b"-",
    b"e",
    b"1e400",
    b"-1e-400",
    b"99999999999999999999",
    b"null",
    b"true",
    b"9007199254740993",
    b"1970-01-01T00:00:00+99:99",
];

/// Numbers as by chance that are the same each time (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap_or_default()
    }
}

/// Damages it once; `others` are what pieces may be taken from.
pub(crate) fn damage(bytes: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
    let (from, to) = span(bytes.len(), chance);
    let (at, piece) = (chance.below(bytes.len() + 1), PIECES[chance.below(PIECES.len())]);
    match chance.below(10) {
        0 => bytes.truncate(from),
        1 => drop(bytes.drain(from..to)),
        2 => bytes.splice(at..at, piece.iter().copied()).for_each(drop),
        3 => bytes.splice(from..to, piece.iter().copied()).for_each(drop),
        4 if !bytes.is_empty() => {
            let at = chance.below(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
        }
        5 => {
            let double = bytes[from..to].to_vec();
            bytes.splice(at..at, double).for_each(drop);
        }
        6 => {
            let other = &others[chance.below(others.len())];
            let (from, to) = span(other.len(), chance);
            bytes
                .splice(at..at, other[from..to].iter().copied())
                .for_each(drop);
        }
        // Deep nesting and long texts.
        7 => {
            let many = piece.repeat(1 + chance.below(2_000));
            bytes.splice(at..at, many).for_each(drop);
        }
        8 => {
            let digit = bytes.iter().position(u8::is_ascii_digit);
            if let Some(at) = digit {
                bytes[at] = b'0' + u8::try_from(chance.below(10)).unwrap_or_default();
            }
        }
        _ => {
            let other = (at + 1).min(bytes.len());
            bytes.splice(at..other, piece.iter().copied()).for_each(drop);
        }
    }
}

fn span(length: usize, chance: &mut Chance) -> (usize, usize) {
    let from = chance.below(length + 1);
    // Mostly short: what is left is still like what is read.
    let most = if chance.below(4) == 0 {
        length - from
    } else {
        (length - from).min(16)
    };
    (from, from + chance.below(most + 1))
}
