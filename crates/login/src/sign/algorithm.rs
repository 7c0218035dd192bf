//! How a signature is computed and written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use digest::{Digest, KeyInit, Mac};
use hmac::Hmac;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::template::hex;

/// What a signature is made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC with SHA-1.
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
    /// HMAC with SHA-512.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
    /// HMAC with MD5.
    #[serde(rename = "hmac-md5")]
    HmacMd5,
    /// HMAC with SM3 (GM/T 0004).
    #[serde(rename = "hmac-sm3")]
    HmacSm3,
    /// MD5 of a text that has the key in it.
    #[serde(rename = "md5")]
    Md5,
    /// SHA-1 of a text that has the key in it.
    #[serde(rename = "sha1")]
    Sha1,
    /// SHA-256 of a text that has the key in it.
    #[serde(rename = "sha256")]
    Sha256,
    /// SHA-512 of a text that has the key in it.
    #[serde(rename = "sha512")]
    Sha512,
    /// SM3 of a text that has the key in it.
    #[serde(rename = "sm3")]
    Sm3,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Encoding {
    /// Hexadecimal digits in small letters.
    #[default]
    #[serde(rename = "hex")]
    Hex,
    /// Hexadecimal digits in capitals.
    #[serde(rename = "HEX")]
    UpperHex,
    /// Base64 with padding.
    #[serde(rename = "base64")]
    Base64,
}

impl Algorithm {
    /// Whether it takes a key beside the text.
    pub(super) fn has_key(self) -> bool {
        use Algorithm::{HmacMd5, HmacSha1, HmacSha256, HmacSha512, HmacSm3};
        matches!(self, HmacSha256 | HmacSha1 | HmacSha512 | HmacMd5 | HmacSm3)
    }

    /// The signature of a text; one that takes no key does without it.
    pub(super) fn sign(self, key: &[u8], text: &[u8]) -> Vec<u8> {
        match self {
            Algorithm::HmacSha256 => hmac::<Hmac<sha2::Sha256>>(key, text),
            Algorithm::HmacSha1 => hmac::<Hmac<sha1::Sha1>>(key, text),
            Algorithm::HmacSha512 => hmac::<Hmac<sha2::Sha512>>(key, text),
            Algorithm::HmacMd5 => hmac::<Hmac<md5::Md5>>(key, text),
            Algorithm::HmacSm3 => hmac::<Hmac<sm3::Sm3>>(key, text),
            Algorithm::Md5 => md5::Md5::digest(text).to_vec(),
            Algorithm::Sha1 => sha1::Sha1::digest(text).to_vec(),
            Algorithm::Sha256 => sha2::Sha256::digest(text).to_vec(),
            Algorithm::Sha512 => sha2::Sha512::digest(text).to_vec(),
            Algorithm::Sm3 => sm3::Sm3::digest(text).to_vec(),
        }
    }
}

impl Encoding {
    pub(super) fn write(self, signature: &[u8]) -> String {
        match self {
            Encoding::Hex => hex(signature),
            Encoding::UpperHex => hex(signature).to_uppercase(),
            Encoding::Base64 => STANDARD.encode(signature),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    // An HMAC takes a key of any length (RFC 2104, 2).
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.chain_update(text).finalize().into_bytes().to_vec()
}
