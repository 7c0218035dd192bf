//! What a person says of what is to be watched, and the config that follows from it: a short one, with the keys that are needed.

use std::fmt::Write;

use monitor_settings::{Kinds, load_str, variables};

/// The kinds of login that take no more than a few answers. Others are written by hand.
pub(super) const LOGINS: [&str; 6] = ["json_token", "form_cookie", "basic", "digest", "bearer", "none"];

/// What a person says. What is empty has not been said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) page: Option<String>,
    pub(super) system: String,
    pub(super) login: String,
    pub(super) user: String,
    pub(super) login_path: String,
    pub(super) token: String,
    pub(super) metric: String,
    pub(super) path: String,
    pub(super) value: String,
    pub(super) above: Option<String>,
    pub(super) mail_server: String,
    pub(super) mail_to: Vec<String>,
}

impl Answers {
    /// Nothing is said yet; each answer that is needed has one that a check passes.
    pub(super) fn new() -> Answers {
        Answers {
            page: None,
            system: "https://shop.example".to_owned(),
            login: "json_token".to_owned(),
            user: "monitor".to_owned(),
            login_path: "/login".to_owned(),
            token: "$.token".to_owned(),
            metric: "total".to_owned(),
            path: "/api/total".to_owned(),
            value: "$.total".to_owned(),
            above: None,
            mail_server: String::new(),
            mail_to: Vec::new(),
        }
    }

    pub(super) fn has_user(&self) -> bool {
        !matches!(self.login.as_str(), "bearer" | "none")
    }

    pub(super) fn has_login_path(&self) -> bool {
        matches!(self.login.as_str(), "json_token" | "form_cookie")
    }

    pub(super) fn has_token(&self) -> bool {
        self.login == "json_token"
    }

    /// The config. `database` is the URL of a file beside it.
    pub(super) fn config(&self, database: &str) -> String {
        let mut text = format!(
            "# Relative paths start at the folder of this file. Durations are written \"500ms\", \"30s\", \"5m\".\n\n\
             [database]\nurl = {}\n\n[web]\nbind = \"127.0.0.1:8080\"\n",
            quoted(database)
        );
        match &self.page {
            Some(url) => text.push_str(&format!("base_url = {}\n", quoted(url))),
            None => {
                text.push_str("#base_url = \"https://monitor.example\"       # how people reach the page\n");
            }
        }
        self.push_system(&mut text);
        self.push_channel(&mut text);
        self.push_metric(&mut text);
        text
    }

    fn push_system(&self, text: &mut String) {
        let name = self.system_name();
        let variable = name.to_uppercase().replace('-', "_");
        let mut add = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        add(format!("\n[systems.{name}]\nkind = {}", quoted(&self.login)));
        add(format!("base_url = {}", quoted(&self.system)));
        if self.has_user() {
            add(format!("username = {}", quoted(&self.user)));
            add(format!("password = {{ env = \"{variable}_PASSWORD\" }}"));
        }
        if self.login == "bearer" {
            add(format!("token = {{ env = \"{variable}_TOKEN\" }}"));
        }
        let path = quoted(&self.login_path);
        if self.has_token() {
            add(format!(
                "login = {{ path = {path}, token = {} }}",
                quoted(&self.token)
            ));
        } else if self.has_login_path() {
            add(format!("login = {{ path = {path} }}"));
        }
    }

    fn push_channel(&self, text: &mut String) {
        if self.mail_server.is_empty() {
            text.push_str("\n# Nobody is notified before there is a channel, such as [channels.mail].\n");
            return;
        }
        let to: Vec<String> = self.mail_to.iter().map(|to| quoted(to)).collect();
        let domain = self
            .mail_to
            .first()
            .and_then(|to| to.trim_end_matches('>').rsplit_once('@'));
        let domain = domain.map_or("example.com", |(_, domain)| domain);
        let mut channel = format!(
            "\n[channels.mail]\nkind = \"smtp\"\nurl = {}\n",
            quoted(&self.mail_server)
        );
        if self.mail_server.contains('@') {
            channel.push_str("password = { env = \"SMTP_PASSWORD\" }\n");
        }
        // Writing to a String does not fail.
        let _ = writeln!(
            channel,
            "from = {}",
            quoted(&format!("Monitor <monitor@{domain}>"))
        );
        let _ = writeln!(channel, "to = [{}]", to.join(", "));
        text.push_str(&channel);
    }

    fn push_metric(&self, text: &mut String) {
        let alert = match &self.above {
            Some(above) => format!("{{ above = {above} }}"),
            // What is there already at the first reading is no news.
            None => "{ rise = 1, initial = \"learn\" }".to_owned(),
        };
        text.push_str(&format!(
            "\n[metrics.{}]\nfetch = {{ system = {}, path = {}, value = {} }}\nalert = {alert}\n",
            key(&self.metric),
            quoted(&self.system_name()),
            quoted(&self.path),
            quoted(&self.value)
        ));
    }

    /// The first word of its host.
    fn system_name(&self) -> String {
        let host = self.system.split("://").nth(1).unwrap_or_default();
        let label = host.split(['.', ':', '/', '@']).next().unwrap_or_default();
        let is_name = label.starts_with(|c: char| c.is_ascii_alphabetic())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && label.len() < 64;
        if is_name {
            label.to_owned()
        } else {
            "main".to_owned()
        }
    }

    /// What a check says of it, its variables set.
    pub(super) fn mistakes(&self, kinds: &Kinds) -> Vec<String> {
        let text = self.config("sqlite:monitor.db");
        let env: Vec<(String, String)> = variables(&text)
            .into_iter()
            .map(|name| (name, "stand-in".to_owned()))
            .collect();
        match load_str("config", &text, &env, kinds) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong
                .0
                .iter()
                .map(|one| format!("{}: {}", one.path, one.message))
                .collect(),
        }
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key of TOML; one that is none in quotes, so that what is wrong with it is said.
fn key(text: &str) -> String {
    let is_bare = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_bare { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_passes_what_is_said_of_each_kind_of_login() {
        let kinds = Kinds::stock();
        for login in LOGINS {
            for (server, to) in [
                ("", &[][..]),
                (
                    "smtp://mail.example:25",
                    &["ops@example.com", "Ann <ann@shop.example>"][..],
                ),
                ("smtps://user@mail.example:465", &["ops@example.com"]),
            ] {
                let answers = Answers {
                    login: login.to_owned(),
                    mail_server: server.to_owned(),
                    mail_to: to.iter().map(|to| (*to).to_owned()).collect(),
                    above: (login == "basic").then(|| "100".to_owned()),
                    page: Some("https://monitor.example".to_owned()),
                    ..Answers::new()
                };
                let mistakes = answers.mistakes(&kinds);
                assert!(
                    mistakes.is_empty(),
                    "{login}: {mistakes:?}\n{}",
                    answers.config("sqlite:m.db")
                );
                assert!(kinds.systems.iter().any(|kind| kind.name == login), "{login}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_key() {
        let kinds = Kinds::stock();
        let new = Answers::new;
        for (answers, why) in [
            (
                Answers {
                    system: "shop.example".to_owned(),
                    ..new()
                },
                "systems.main.base_url",
            ),
            (
                Answers {
                    login: "sso".to_owned(),
                    ..new()
                },
                "systems.shop.kind",
            ),
            (
                Answers {
                    token: "token".to_owned(),
                    ..new()
                },
                "systems.shop.login.token",
            ),
            (
                Answers {
                    metric: "Unpaid orders".to_owned(),
                    ..new()
                },
                "metrics.\"Unpaid orders\"",
            ),
            (
                Answers {
                    value: "total".to_owned(),
                    ..new()
                },
                "metrics.total.fetch.value",
            ),
            (
                Answers {
                    above: Some("many".to_owned()),
                    ..new()
                },
                "",
            ),
            (
                Answers {
                    mail_server: "smtp://mail".to_owned(),
                    mail_to: vec!["nobody".to_owned()],
                    ..new()
                },
                "channels.mail.to",
            ),
            (
                Answers {
                    mail_server: "smtp://mail".to_owned(),
                    ..new()
                },
                "channels.mail.to",
            ),
        ] {
            let mistakes = answers.mistakes(&kinds);
            assert!(
                mistakes.iter().any(|mistake| mistake.starts_with(why)),
                "{why}: {mistakes:?}"
            );
        }
    }

    #[test]
    fn texts_are_texts_of_toml_whatever_is_in_them() {
        for text in ["a\"b\\c", "订单", "tab\there", "\u{7f}", "line\nline"] {
            let line = format!("a = {{ env = {} }}", quoted(text));
            assert_eq!(variables(&line), [text], "{line}");
        }
        for (url, name) in [
            ("https://shop.example", "shop"),
            ("http://localhost:8080", "localhost"),
            ("http://10.0.0.7:80", "main"),
            ("https://订单.example", "main"),
            ("", "main"),
        ] {
            let answers = Answers {
                system: url.to_owned(),
                ..Answers::new()
            };
            assert_eq!(answers.system_name(), name, "{url}");
        }
    }
}
