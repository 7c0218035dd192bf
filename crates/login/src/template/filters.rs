//! What upstreams want done to a value before it is sent: hashes, signatures, encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use digest::{Digest, KeyInit, Mac};
use hmac::Hmac;
use tera::{Kwargs, State, Tera, TeraResult};

/// An engine with these filters, besides those that it comes with.
pub(super) fn engine() -> Tera {
    let mut tera = Tera::new();
    // What is filled in is no markup.
    tera.autoescape_on(Vec::<&str>::new());
    tera.register_filter("md5", |text: &str, with: Kwargs, _: &State| {
        hash::<md5::Md5>(text, &with)
    });
    tera.register_filter("sha1", |text: &str, with: Kwargs, _: &State| {
        hash::<sha1::Sha1>(text, &with)
    });
    tera.register_filter("sha256", |text: &str, with: Kwargs, _: &State| {
        hash::<sha2::Sha256>(text, &with)
    });
    tera.register_filter("sha512", |text: &str, with: Kwargs, _: &State| {
        hash::<sha2::Sha512>(text, &with)
    });
    tera.register_filter("sm3", |text: &str, with: Kwargs, _: &State| {
        hash::<sm3::Sm3>(text, &with)
    });
    tera.register_filter("hmac_sha1", |text: &str, with: Kwargs, _: &State| {
        hmac::<Hmac<sha1::Sha1>>(text, &with)
    });
    tera.register_filter("hmac_sha256", |text: &str, with: Kwargs, _: &State| {
        hmac::<Hmac<sha2::Sha256>>(text, &with)
    });
    tera.register_filter("hmac_sha512", |text: &str, with: Kwargs, _: &State| {
        hmac::<Hmac<sha2::Sha512>>(text, &with)
    });
    tera.register_filter("hmac_md5", |text: &str, with: Kwargs, _: &State| {
        hmac::<Hmac<md5::Md5>>(text, &with)
    });
    tera.register_filter("hmac_sm3", |text: &str, with: Kwargs, _: &State| {
        hmac::<Hmac<sm3::Sm3>>(text, &with)
    });
    tera.register_filter("base64", |text: &str, _: Kwargs, _: &State| STANDARD.encode(text));
    tera.register_filter("urlencode", |text: &str, _: Kwargs, _: &State| {
        percent_encode(text)
    });
    super::dates::register(&mut tera);
    tera
}

/// A hash in lower-case hexadecimal (`| upper` makes capitals of it), or with `encode = "base64"` in that.
fn hash<D: Digest>(text: &str, with: &Kwargs) -> TeraResult<String> {
    encode(&D::digest(text), with)
}

fn encode(bytes: &[u8], with: &Kwargs) -> TeraResult<String> {
    match with.get::<&str>("encode")? {
        None | Some("hex") => Ok(hex(bytes)),
        Some("base64") => Ok(STANDARD.encode(bytes)),
        Some(_) => Err(tera::Error::message("encode must be \"hex\" or \"base64\"")),
    }
}

/// A keyed hash: `hmac_sha256(key = secret)` in hexadecimal, or with `encode = "base64"` in that.
fn hmac<M: Mac + KeyInit>(text: &str, with: &Kwargs) -> TeraResult<String> {
    let key: &str = with.must_get("key")?;
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes())
        .map_err(|_| tera::Error::message("the key has a length that this signature cannot have"))?;
    mac.update(text.as_bytes());
    let signature = mac.finalize().into_bytes();
    encode(&signature, with)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |bits: u8| DIGITS[usize::from(bits & 15)];
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// As RFC 3986 has it, which signatures of gateways are made over: a space is `%20`.
pub(crate) fn percent_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
        .replace('*', "%2A")
        .replace("%7E", "~")
}
