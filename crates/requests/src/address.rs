//! The address of another server, as somebody wrote it, and what to do where it is none.

use url::{ParseError, Url};

/// Begins every address of this program but those of mails and databases.
const HTTP: &str = "http:// or https://";

/// The `http(s)://…` address that a text holds. `example` is shown where it is none.
///
/// # Errors
/// What is wrong with it, and what to do. The text itself is not repeated: it may hold a password.
pub fn http_address(text: &str, example: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        // Of `shop.example:8080` and `localhost:8080` the host could be a scheme.
        Ok(url) if is_host(text, url.scheme()) => Err(without_scheme(example)),
        Ok(_) => Err(format!("must begin with {HTTP}, such as \"{example}\"")),
        Err(ParseError::RelativeUrlWithoutBase) => Err(without_scheme(example)),
        Err(error) => Err(format!("not a URL ({error}); give one such as \"{example}\"")),
    }
}

/// The `http(s)://host` of a server, maybe with a path; nothing that could hold a secret.
///
/// # Errors
/// As [`http_address`], and what else it holds that has another place.
pub fn server_address(text: &str) -> Result<Url, String> {
    let example = "https://a.example";
    let url = http_address(text, example)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or password; they have keys of their own".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "must not hold a query or fragment; only scheme, host and maybe a path, such as \"{example}\""
        ));
    }
    Ok(url)
}

fn without_scheme(example: &str) -> String {
    format!("not a URL: put {HTTP} before it, such as \"{example}\"")
}

/// Whether what was taken for the scheme is the host, with its port behind it.
fn is_host(text: &str, scheme: &str) -> bool {
    let rest = text.trim().get(scheme.len() + 1..).unwrap_or_default();
    let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_says_what_to_do() {
        for (text, said) in [
            ("127.0.0.1:1", "put http:// or https:// before it"),
            ("a.example", "put http:// or https:// before it"),
            ("/path", "put http:// or https:// before it"),
            ("", "put http:// or https:// before it"),
            ("localhost:8080", "put http:// or https:// before it"),
            ("shop.example:8080/api?x=1", "put http:// or https:// before it"),
            (
                "ftp://a.example",
                "must begin with http:// or https://, such as \"https://e.example\"",
            ),
            ("hunter2:a@a.example", "must begin with http:// or https://, such"),
            (
                "https://",
                "not a URL (empty host); give one such as \"https://e.example\"",
            ),
            ("http://a:99999", "not a URL (invalid port number); give one"),
        ] {
            let error = http_address(text, "https://e.example").unwrap_err();
            assert!(
                error.contains(said) && !error.contains("hunter2"),
                "{text}: {error}"
            );
        }
        assert!(http_address("HTTPS://a.example/p?q=1", "").is_ok());
    }

    #[test]
    fn a_server_has_no_secret_in_its_address() {
        for (text, said) in [
            ("http://u:hunter2@a", "must not hold a user or password"),
            ("http://a/?token=hunter2", "must not hold a query"),
            ("http://a/#hunter2", "must not hold a query or fragment"),
            (
                "hunter2",
                "put http:// or https:// before it, such as \"https://a.example\"",
            ),
        ] {
            let error = server_address(text).unwrap_err();
            assert!(
                error.contains(said) && !error.contains("hunter2"),
                "{text}: {error}"
            );
        }
        assert!(server_address("https://a.example:8443/monitor/").is_ok());
    }
}
