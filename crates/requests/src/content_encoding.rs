//! The content encoding of an answer: gzip, by each of its names, once or twice, in any number of members.
//!
//! Own, because the HTTP library hands on as it is what is not labelled `gzip` in small letters.

use std::io::{ErrorKind as IoErrorKind, Read};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use monitor_domain::counted;

use crate::ErrorKind;

/// A proxy that packs what was packed already is met with; more is an attack.
const MAX_LAYERS: usize = 2;
/// The encodings there are (IANA, HTTP Content Coding Registry) besides gzip. Another name is not quoted: it is whatever the
/// server wrote there.
const NAMES: [&str; 9] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "x-compress",
    "zstd",
];
/// How a gzip member begins (RFC 1952, 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The body without its encodings, of which the headers say nothing any more; at most `limit` bytes.
///
/// # Errors
/// An encoding that is not read, with its name; what is not gzip though it says so; a body that ends too early, or is too
/// large.
pub(crate) fn decode(headers: &mut HeaderMap, body: Bytes, limit: u64) -> Result<Bytes, ErrorKind> {
    let encodings = declared(headers);
    if body.is_empty() || encodings.is_empty() {
        return Ok(body);
    }
    if encodings.len() > MAX_LAYERS {
        let why = format!("the answer is encoded {} over", counted(encodings.len(), "time"));
        return Err(ErrorKind::Decode(why));
    }
    // The last one was applied last.
    let plain = encodings
        .iter()
        .rev()
        .try_fold(body, |body, encoding| match encoding.as_str() {
            "gzip" | "x-gzip" => gunzip(&body, limit),
            other => Err(ErrorKind::Decode(if NAMES.contains(&other) {
                format!("the answer is in the content encoding \"{other}\"; only gzip is read")
            } else {
                "the answer is in a content encoding that nobody knows; only gzip is read".to_owned()
            })),
        })?;
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    Ok(plain)
}

/// What the headers say, in small letters and the order in which it was applied.
fn declared(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let words: Vec<String> = texts
        .flat_map(|text| {
            text.split(',')
                .map(|word| word.trim().to_owned())
                .collect::<Vec<String>>()
        })
        .collect();
    words
        .into_iter()
        .filter(|word| !word.is_empty() && word != "identity")
        .collect()
}

fn gunzip(packed: &[u8], limit: u64) -> Result<Bytes, ErrorKind> {
    let not_gzip =
        |why: &str| ErrorKind::Decode(format!("the answer is not the gzip that it declares: {why}"));
    let (mut plain, mut rest) = (Vec::new(), packed);
    while !rest.is_empty() {
        if !rest.starts_with(&MAGIC[..rest.len().min(MAGIC.len())]) {
            let is_first = rest.len() == packed.len();
            return Err(not_gzip(if is_first {
                "it begins with something else"
            } else {
                "something else follows it"
            }));
        }
        let mut member = GzDecoder::new(rest);
        // One byte more than may be shows that there is more.
        let left = limit.saturating_add(1).saturating_sub(plain.len() as u64);
        match member.by_ref().take(left).read_to_end(&mut plain) {
            Ok(_) if plain.len() as u64 > limit => return Err(ErrorKind::TooLarge { limit }),
            Ok(_) => rest = member.into_inner(),
            Err(error) if error.kind() == IoErrorKind::UnexpectedEof => return Err(ErrorKind::Truncated),
            Err(error) => return Err(not_gzip(&error.to_string())),
        }
    }
    Ok(plain.into())
}
