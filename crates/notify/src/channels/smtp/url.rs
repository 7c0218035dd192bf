//! Where mails go, read from a channel's `url`.

use std::fmt;
use std::path::PathBuf;

use monitor_domain::Finding;
use monitor_requests::Secret;
use url::Url;

use super::idn;

/// The forms of a URL, for messages about one that has none of them.
pub(super) const FORMS: &str =
    "smtp://HOST:25, smtps://USER@HOST:465, smtp+starttls://USER@HOST:587 or file:DIR";

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Not at all: a relay on the same machine or a trusted network.
    None,
    /// TLS from the first byte.
    Tls,
    /// TLS after a first exchange in clear; without it nothing is sent.
    StartTls,
}

/// A server and who to sign in as.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) security: Security,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
}

/// Where mails go.
#[derive(Clone)]
pub(super) enum MailUrl {
    /// A mail server.
    Server(Address),
    /// A folder, for development: one file a mail.
    Folder(PathBuf),
}

impl Address {
    /// Whether signing in shows the password to the network.
    pub(super) fn sends_password_in_clear(&self) -> bool {
        let is_local = self.host == "localhost"
            || self
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        self.security == Security::None && self.password.is_some() && !is_local
    }
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MailUrl::Server(one) => write!(f, "{:?} {}:{}", one.security, one.host, one.port),
            MailUrl::Folder(dir) => write!(f, "file:{}", dir.display()),
        }
    }
}

impl MailUrl {
    /// Reads a URL. The message never repeats it, for it may hold a password.
    pub(super) fn parse(text: &str) -> Result<MailUrl, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("file:") {
            // `file:///var/mails` and `file:mails` are both in use.
            let dir = rest.strip_prefix("//").unwrap_or(rest);
            return match dir {
                "" => Err("file: names no folder; such as file:data/mails".to_owned()),
                dir => Ok(MailUrl::Folder(PathBuf::from(dir))),
            };
        }
        let without_scheme =
            || format!("does not say by which protocol: put smtp:// or another before it; {FORMS}");
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => without_scheme(),
            error => format!("not a URL ({error}); {FORMS}"),
        })?;
        let (security, default_port) = match url.scheme() {
            "smtp" => (Security::None, 25),
            "smtps" => (Security::Tls, 465),
            "smtp+starttls" => (Security::StartTls, 587),
            // Of `localhost:25` the host could be a scheme.
            _ if url.cannot_be_a_base() => return Err(without_scheme()),
            scheme => return Err(format!("mails do not go over {scheme:?}; {FORMS}")),
        };
        let host = decode(url.host_str().unwrap_or_default().trim_matches(['[', ']']));
        let host = idn::ascii(&host).ok_or_else(|| format!("the host {host:?} is no name; {FORMS}"))?;
        if host.is_empty() {
            return Err(format!("names no host; {FORMS}"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "has something after the port, which means nothing here; {FORMS}"
            ));
        }
        let user = (!url.username().is_empty()).then(|| decode(url.username()));
        let password = url.password().map(|one| Secret::new(decode(one)));
        Ok(MailUrl::Server(Address {
            security,
            host,
            port: url.port().unwrap_or(default_port),
            user,
            password,
        }))
    }

    /// The password that stands in the URL, where one does.
    pub(super) fn password(&self) -> Option<&Secret> {
        match self {
            MailUrl::Server(address) => address.password.as_ref(),
            MailUrl::Folder(_) => None,
        }
    }

    /// Where the URL and the keys `username` and `password` do not go together.
    pub(super) fn conflicts(&self, username: Option<&str>, has_password: bool) -> Vec<Finding> {
        let MailUrl::Server(address) = self else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        match (address.user.as_deref(), username) {
            (Some(in_url), Some(key)) if in_url != key => {
                findings.push(Finding::new(
                    "username",
                    format!("is {key:?} and the url says {in_url:?}; give one of them"),
                ));
            }
            (None, None) if has_password => {
                findings.push(Finding::new(
                    "username",
                    "missing: there is a password and nobody to sign in as",
                ));
            }
            (Some(user), _) | (None, Some(user)) if !has_password && address.password.is_none() => {
                findings.push(Finding::new(
                    "password",
                    format!("missing for the user {user:?}; such as {{ env = \"SMTP_PASSWORD\" }}"),
                ));
            }
            _ => {}
        }
        if has_password && address.password.is_some() {
            findings.push(Finding::new("password", "is in the url too; take it out there"));
        }
        findings
    }
}

/// Undoes `%40` and the like. What is no escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Address {
        match MailUrl::parse(text).unwrap() {
            MailUrl::Server(address) => address,
            MailUrl::Folder(dir) => panic!("{text} is a folder: {}", dir.display()),
        }
    }

    #[test]
    fn each_form_has_its_port_and_security() {
        for (text, security, host, port) in [
            ("smtp://localhost", Security::None, "localhost", 25),
            ("smtp://localhost:1025/", Security::None, "localhost", 1025),
            ("smtps://mail.example", Security::Tls, "mail.example", 465),
            ("smtp+starttls://127.0.0.1", Security::StartTls, "127.0.0.1", 587),
            ("smtp://[::1]:26", Security::None, "::1", 26),
            (
                "smtps://邮件.例子.中国",
                Security::Tls,
                "xn--5nq051n.xn--fsqu00a.xn--fiqs8s",
                465,
            ),
            (
                "smtp://b%C3%BCcher.example:26",
                Security::None,
                "xn--bcher-kva.example",
                26,
            ),
        ] {
            let address = server(text);
            assert_eq!(
                (address.security, address.host.as_str(), address.port),
                (security, host, port),
                "{text}"
            );
        }
    }

    #[test]
    fn users_are_decoded_and_passwords_never_shown() {
        let url = MailUrl::parse("smtps://ops%40example.com:p%25s+s@mail.example:465").unwrap();
        assert_eq!(url.password().unwrap().expose(), "p%s+s");
        assert_eq!(
            server("smtps://ops%40example.com@m").user.as_deref(),
            Some("ops@example.com")
        );
        assert!(!format!("{url:?}").contains("p%"));
        assert_eq!(decode("a%zz%4"), "a%zz%4");
    }

    #[test]
    fn folders_are_relative_or_absolute() {
        for (text, dir) in [
            ("file:data/mails", "data/mails"),
            ("file:///var/mails", "/var/mails"),
            ("file:/a", "/a"),
        ] {
            assert!(
                matches!(MailUrl::parse(text).unwrap(), MailUrl::Folder(one) if one.as_os_str() == dir),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_mail_url_says_what_is_and_keeps_the_password() {
        for text in [
            "",
            "localhost:25",
            "http://u:hunter2@a",
            "smtp://",
            "smtp://a/path",
            "smtp://u:hunter2@例子_1.cn",
            "file:",
            "smtp://u:hunter2@h:99999",
        ] {
            let message = MailUrl::parse(text).unwrap_err();
            let has_scheme = text.contains("://") || text.starts_with("file:");
            assert_eq!(
                message.contains("put smtp://"),
                !has_scheme,
                "{text:?}: {message}"
            );
            assert!(
                message.contains("file:") && !message.contains("hunter2"),
                "{text:?}: {message}"
            );
        }
    }

    #[test]
    fn a_password_in_clear_is_noticed_beyond_this_machine() {
        for (text, expected) in [
            ("smtp://u:p@mail.example", true),
            ("smtp://u:p@localhost", false),
            ("smtp://u:p@127.0.0.1", false),
            ("smtp://u:p@[::1]", false),
            ("smtp://mail.example", false),
            ("smtps://u:p@mail.example", false),
        ] {
            assert_eq!(server(text).sends_password_in_clear(), expected, "{text}");
        }
    }

    #[test]
    fn user_and_password_must_go_together() {
        let keys = |url: &str, username, has_password| -> Vec<String> {
            let url = MailUrl::parse(url).unwrap();
            url.conflicts(username, has_password)
                .into_iter()
                .map(|finding| finding.field.into_owned())
                .collect()
        };
        assert_eq!(keys("smtp://h", None, false), [""; 0]);
        assert_eq!(keys("smtps://u@h", None, true), [""; 0]);
        assert_eq!(keys("smtps://u@h", Some("u"), true), [""; 0]);
        assert_eq!(keys("smtps://u:p@h", None, false), [""; 0]);
        assert_eq!(keys("smtps://u@h", None, false), ["password"]);
        assert_eq!(keys("smtps://h", Some("u"), false), ["password"]);
        assert_eq!(keys("smtps://h", None, true), ["username"]);
        assert_eq!(keys("smtps://u@h", Some("v"), true), ["username"]);
        assert_eq!(keys("smtps://u:p@h", None, true), ["password"]);
    }
}
