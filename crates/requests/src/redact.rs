//! What may be printed of a URL: all but the secrets in it.

use std::fmt::Write;

use url::{Position, Url};

use crate::Secret;
use crate::mask::without_secrets;

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

/// More parts of the names of what says who is calling, where the name was chosen for a value and not for a field of a form.
const CALLER_PARTS: &[&str] = &["auth", "key", "sign", "ticket"];

/// Whether the name of a field, wherever it stands, says that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    has_part(name, SECRET_PARTS)
}

/// Whether the name of a header does.
pub(crate) fn is_secret_header(name: &str) -> bool {
    is_secret_name(name) || has_part(name, CALLER_PARTS)
}

fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    parts.iter().any(|part| name.contains(part))
}

/// The URL as it may be printed: no userinfo, no fragment, and of its query only the names of the keys: whether a value
/// is a secret its name does not say.
///
/// None of `secrets` is in it. With `secret_url` the path is a secret too, as in a chat robot's webhook: only scheme and host are left.
pub(crate) fn redact_url(url: &Url, secret_url: bool, secrets: &[Secret]) -> String {
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
    // A secret that stands in path and query is found before they are separated.
    let rest = without_secrets(&url[Position::BeforePath..], secrets);
    let (rest, has_fragment) = match rest.split_once('#') {
        Some((rest, _)) => (rest, true),
        None => (&*rest, false),
    };
    match rest.split_once('?') {
        Some((path, query)) => {
            out.push_str(path);
            out.push('?');
            push_query(&mut out, query);
        }
        None => out.push_str(rest),
    }
    if has_fragment {
        out.push_str("#…");
    }
    out
}

/// The path alone, as it may be printed.
pub(crate) fn redact_path(url: &Url, secrets: &[Secret]) -> String {
    let mut shown = without_secrets(&url[Position::BeforePath..], secrets);
    let end = shown.find(['?', '#']).unwrap_or(shown.len());
    shown.truncate(end);
    shown
}

fn push_query(out: &mut String, query: &str) {
    // Some servers still split at `;`, so a name may follow one.
    let names = query.split(['&', ';']).map(|pair| match pair.split_once('=') {
        Some((name, _)) => name,
        None if pair.is_empty() => "",
        // Without `=` it may be a value as well as a name.
        None => "…",
    });
    out.push_str(&names.collect::<Vec<_>>().join("&"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::form_urlencoded;

    fn shown(url: &str) -> String {
        redact_url(&Url::parse(url).unwrap(), false, &[])
    }

    #[test]
    fn urls_lose_their_secrets_and_keep_what_helps() {
        for (url, expected) in [
            (
                "https://a.example/api/orders?status=open&appkey=abc",
                "https://a.example/api/orders?status&appkey",
            ),
            ("http://user:pw@a.example:8080/p", "http://a.example:8080/p"),
            ("https://a.example/?a=1;ticket=abc", "https://a.example/?a&ticket"),
            ("https://a.example/?to%6ben=abc=def", "https://a.example/?to%6ben"),
            (
                "https://a.example/?next=https%3A%2F%2Fu%3Apw%40b.example%2F",
                "https://a.example/?next",
            ),
            ("https://a.example/#access_token=abc", "https://a.example/#…"),
            ("https://a.example/?abc&n=1", "https://a.example/?…&n"),
            ("https://a.example/?", "https://a.example/?"),
            ("https://[::1]:81/", "https://[::1]:81/"),
        ] {
            assert_eq!(shown(url), expected);
        }
        let robot = Url::parse("https://u:p@hooks.example:444/services/T0/B0/abc?token=x").unwrap();
        assert_eq!(redact_url(&robot, true, &[]), "https://hooks.example:444/…");
    }

    #[test]
    fn a_secret_is_hidden_wherever_in_path_query_and_fragment_it_stands() {
        let secrets = ["open/the?door=x#7".into(), "41".into(), "s3cr".into()];
        for (url, shown, path) in [
            (
                "https://a.example/x/open/the?door=x#7",
                "https://a.example/x/[redacted]",
                "/x/[redacted]",
            ),
            (
                "https://a.example/x/open%2Fthe%3Fdoor%3Dx%237/y?q=1",
                "https://a.example/x/[redacted]/y?q",
                "/x/[redacted]/y",
            ),
            (
                "https://s3cr.example/s3cr/41?s3cr=1",
                "https://s3cr.example/[redacted]/41?[redacted]",
                "/[redacted]/41",
            ),
            (
                "https://a.example/s3crets?s3cr",
                "https://a.example/s3crets?…",
                "/s3crets",
            ),
            ("https://a.example", "https://a.example/", "/"),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(redact_url(&url, false, &secrets), shown);
            assert_eq!(redact_path(&url, &secrets), path);
        }
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
                "appkey", "ticket", "ak", "q", "status",
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
            let shown = redact_url(&url, false, &[]);
            prop_assert!(!shown.to_uppercase().contains(&secret), "{shown}");
            prop_assert!(shown.starts_with("https://h.example/"));
            let request = crate::Request::get(url.clone());
            let printed = format!("{request:?}");
            prop_assert!(!printed.to_uppercase().contains(&secret), "{}", printed);
        }

        #[test]
        fn a_secret_url_shows_its_host_only(secret in secret(), segment in "[a-z]{1,9}") {
            let url = Url::parse(&format!("https://h.example/{segment}/{secret}?{secret}")).unwrap();
            prop_assert_eq!(redact_url(&url, true, &[]), "https://h.example/…");
        }
    }
}
