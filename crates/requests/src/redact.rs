//! What may be printed of a URL: all but the secrets in it.

use std::borrow::Cow;
use std::fmt::Write;

use url::{Url, form_urlencoded};

/// Stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Parts of a name that make its value a secret wherever it stands.
pub(crate) const SECRET_PARTS: &[&str] = &[
    "token",
    "secret",
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "credential",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "privatekey",
    "private_key",
    "private-key",
    "authorization",
    "cookie",
    "signature",
    "session",
    "jwt",
];

/// Names (or the last word of a name, as in `webhook_key`) that make a query value a secret.
const SECRET_WORDS: &[&str] = &[
    "key", "sign", "sig", "code", "auth", "pass", "sid", "pin", "otp", "hmac", "mac",
];

/// The URL as it may be printed: no userinfo, no fragment, and `[redacted]` for the values of query keys that hold
/// secrets (`key`, `token`, `secret`, `sign`, `password`, `code`… in any case).
///
/// With `secret_url` the path is a secret too, as in a chat robot's webhook: only scheme and host are left.
pub fn redact_url(url: &Url, secret_url: bool) -> String {
    let mut out = format!("{}://", url.scheme());
    if let Some(host) = url.host_str() {
        out.push_str(host);
    }
    if let Some(port) = url.port() {
        // Writing to a string cannot fail.
        let _ = write!(out, ":{port}");
    }
    if secret_url {
        out.push_str("/…");
        return out;
    }
    out.push_str(url.path());
    if let Some(query) = url.query() {
        out.push('?');
        push_query(&mut out, query);
    }
    if url.fragment().is_some() {
        out.push_str("#…");
    }
    out
}

fn push_query(out: &mut String, query: &str) {
    let mut rest = query;
    loop {
        // Some servers still split at `;`, so a secret may follow one.
        let end = rest.find(['&', ';']).unwrap_or(rest.len());
        let pair = &rest[..end];
        match pair.split_once('=') {
            Some((key, value)) if is_secret_query_key(key) || hides_secret(value) => {
                out.push_str(key);
                out.push('=');
                out.push_str(REDACTED);
            }
            Some(_) => out.push_str(pair),
            // Without `=` the whole may be the secret, but mostly it is a flag: only what resembles one is shown.
            None if pair.len() <= 16 => out.push_str(pair),
            None => out.push_str(REDACTED),
        }
        match rest[end..].chars().next() {
            Some(separator) => {
                out.push(separator);
                rest = &rest[end + 1..];
            }
            None => return,
        }
    }
}

fn is_secret_query_key(key: &str) -> bool {
    let key = decode(key).to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| key.contains(part))
        || key
            .rsplit(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| SECRET_WORDS.contains(&word))
}

/// Whether a query value has a query of its own with a secret, as a `return_to=https%3A%2F%2F…%3Ftoken%3D…` has.
fn hides_secret(value: &str) -> bool {
    let mut value = decode(value).into_owned();
    // Encoded twice occurs in practice; more is not worth following.
    for _ in 0..2 {
        let inner = value
            .split(['?', '&', ';', '#'])
            .filter_map(|pair| pair.split_once('='));
        if inner.into_iter().any(|(key, _)| is_secret_query_key(key)) || has_userinfo(&value) {
            return true;
        }
        value = decode(&value).into_owned();
    }
    false
}

fn has_userinfo(value: &str) -> bool {
    Url::parse(value).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

fn decode(part: &str) -> Cow<'_, str> {
    // `parse` would split at `&` and `=`: neither is in a part that is to be decoded as one.
    if !part.contains(['%', '+']) {
        return Cow::Borrowed(part);
    }
    let safe = part.replace('&', "%26").replace('=', "%3D");
    Cow::Owned(
        form_urlencoded::parse(safe.as_bytes())
            .map(|(key, _)| key.into_owned())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(url: &str) -> String {
        redact_url(&Url::parse(url).unwrap(), false)
    }

    #[test]
    fn urls_lose_their_secrets_and_keep_what_helps() {
        for (url, expected) in [
            (
                "https://a.example/api/totals/x?total=3",
                "https://a.example/api/totals/x?total=3",
            ),
            ("http://user:pw@a.example:8080/p", "http://a.example:8080/p"),
            (
                "https://a.example/send?key=abc&n=1",
                "https://a.example/send?key=[redacted]&n=1",
            ),
            (
                "https://a.example/?Access_Token=abc",
                "https://a.example/?Access_Token=[redacted]",
            ),
            (
                "https://a.example/?a=1;token=abc",
                "https://a.example/?a=1;token=[redacted]",
            ),
            (
                "https://a.example/?to%6ben=abc",
                "https://a.example/?to%6ben=[redacted]",
            ),
            (
                "https://a.example/?X-Amz-Signature=abc",
                "https://a.example/?X-Amz-Signature=[redacted]",
            ),
            (
                "https://a.example/?next=%2Fcb%3Fcode%3Dabc",
                "https://a.example/?next=[redacted]",
            ),
            (
                "https://a.example/?next=https%3A%2F%2Fu%3Apw%40b.example%2F",
                "https://a.example/?next=[redacted]",
            ),
            ("https://a.example/#access_token=abc", "https://a.example/#…"),
            (
                "https://a.example/?0123456789abcdef0",
                "https://a.example/?[redacted]",
            ),
            (
                "https://a.example/?verbose&design=4&zipcode=9",
                "https://a.example/?verbose&design=4&zipcode=9",
            ),
            ("https://[::1]:81/", "https://[::1]:81/"),
        ] {
            assert_eq!(shown(url), expected);
        }
        let robot = Url::parse("https://u:p@hooks.example:444/services/T0/B0/abc?token=x").unwrap();
        assert_eq!(redact_url(&robot, true), "https://hooks.example:444/…");
    }

    /// Long enough and of an alphabet that no key, host or mask contains by chance.
    fn secret() -> impl Strategy<Value = String> {
        "Z[0-9ZQ]{11,30}"
    }

    proptest! {
        #[test]
        fn no_secret_survives_in_a_printed_url(
            secret in secret(),
            key in prop::sample::select(vec![
                "key", "KEY", "token", "Token", "access_token", "secret", "client_secret", "sign", "signature",
                "password", "Passwd", "code", "api_key", "apikey", "x-api-key", "webhook.key", "auth", "sid",
            ]),
            before in "[a-z%0-9&;=?+]{0,20}",
            after in "[a-z%0-9&;=?+]{0,20}",
            path in "[a-zA-Z0-9/%._-]{0,30}",
            nested in any::<bool>(),
        ) {
            let pair = if nested {
                let inner: String = form_urlencoded::byte_serialize(format!("/p?{key}={secret}").as_bytes()).collect();
                format!("next={inner}")
            } else {
                format!("{key}={secret}")
            };
            let text = format!("https://{secret}:{secret}@h.example/{path}?{before}&{pair}&{after}#{secret}");
            let url = Url::parse(&text).unwrap();
            let shown = redact_url(&url, false);
            prop_assert!(!shown.to_uppercase().contains(&secret), "{shown}");
            prop_assert!(shown.starts_with("https://h.example/"));
            let request = crate::Request::get(url.clone());
            let printed = format!("{request:?}");
            prop_assert!(!printed.to_uppercase().contains(&secret), "{}", printed);
        }

        #[test]
        fn a_secret_url_shows_its_host_only(secret in secret(), segment in "[a-z]{1,9}") {
            let url = Url::parse(&format!("https://h.example/{segment}/{secret}?{secret}")).unwrap();
            prop_assert_eq!(redact_url(&url, true), "https://h.example/…");
        }
    }
}
