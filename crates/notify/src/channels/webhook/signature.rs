//! What a receiver knows a request by: its signature, and the key of its message.

use hmac::{Hmac, KeyInit, Mac};
use monitor_requests::Secret;
use sha2::Sha256;

/// `t=…,v1=…`: the seconds since 1970 and, in small hexadecimal digits, the HMAC-SHA256 of them, a dot and the body.
pub(super) fn sign(secret: &Secret, seconds: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("a key of any length is one");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={digits}")
}

/// A key as a header takes it: what is no visible ASCII is written percent-encoded.
pub(super) fn key(id: &str) -> String {
    let mut key = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'%' | b'"' | b'\\' => key.push_str(&format!("%{byte:02X}")),
            b'!'..=b'~' => key.push(char::from(byte)),
            other => key.push_str(&format!("%{other:02X}")),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_time_and_body() {
        // printf '1795425160.{"a":1}' | openssl dgst -sha256 -hmac whsec
        let signed = sign(&"whsec".into(), 1_795_425_160, "{\"a\":1}");
        assert_eq!(
            signed,
            "t=1795425160,v1=44538d0d5fd7847c4df84d8460b7965203523551f2d2bc2d26ad3791d44602f9"
        );
        for (secret, seconds, body) in [
            ("whsec2", 1_795_425_160, "{\"a\":1}"),
            ("whsec", 1_795_425_161, "{\"a\":1}"),
            ("whsec", 1_795_425_160, "{\"a\":2}"),
        ] {
            assert_ne!(
                sign(&secret.into(), seconds, body).rsplit('=').next(),
                signed.rsplit('=').next()
            );
        }
    }

    #[test]
    fn a_key_is_a_header() {
        assert_eq!(key("alert/7/42/hook/"), "alert/7/42/hook/");
        assert_eq!(key("告 \"%\\\n"), "%E5%91%8A%20%22%25%5C%0A");
    }
}
