//! The system of a proposal: where it is, and how one signs in.

use crate::Evidence;
use crate::answers;
use crate::exchange::Exchange;
use crate::login::Login;
use crate::names;
use crate::obstacles;
use crate::proposal::{Line, Note, Proposal, System, Variable};
use crate::sign_in::{Carrier, SignIn, Token};
use crate::toml::Toml;

/// A system is called after the part of its host that says most.
pub(crate) fn name(origin: &str) -> String {
    let host = origin.split("://").nth(1).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_common = |part: &&str| {
        !matches!(
            *part,
            "www" | "api" | "admin" | "app" | "portal" | "web" | "m" | "console" | "sso" | "localhost" | ""
        )
    };
    let part = host.split('.').find(is_common).unwrap_or_default();
    let name: String = part
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .take(40)
        .collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        "site".to_owned()
    }
}

impl<'a> Evidence<'a> {
    /// The calls to the host that the metrics are read from.
    pub(crate) fn own(&self) -> impl Iterator<Item = &'a Exchange> {
        self.exchanges.iter().filter(|call| call.origin() == self.base)
    }

    /// Those after the sign-in.
    pub(crate) fn after(&self) -> impl Iterator<Item = &'a Exchange> {
        let begin = self.sign_in.map_or(0, |sign_in| sign_in.index + 1);
        self.exchanges[begin..]
            .iter()
            .filter(|call| call.origin() == self.base)
    }

    /// A name of the recording, for a note.
    pub(crate) fn shown(&self, name: &str) -> String {
        if self.secrets.may_show_name(name) && name.chars().count() <= 60 {
            format!("\"{name}\"")
        } else {
            "(not shown)".to_owned()
        }
    }

    /// The name of a variable of the environment: `SHOP_PASSWORD`.
    pub(crate) fn variable(&self, what: &str) -> String {
        let part = |text: &str| -> String {
            text.chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() {
                        c.to_ascii_uppercase()
                    } else {
                        '_'
                    }
                })
                .collect()
        };
        let name = part(self.name);
        let begin = if name.starts_with(|c: char| c.is_ascii_digit()) {
            "SYSTEM_"
        } else {
            ""
        };
        format!("{begin}{name}_{}", part(what))
    }
}

/// The system, without metrics.
pub(crate) fn propose(evidence: &Evidence<'_>) -> Proposal {
    let mut proposal = Proposal {
        system: System {
            name: evidence.name.to_owned(),
            kind: "none",
            lines: vec![Line::new("base_url", Toml::text(evidence.base))],
            login: Vec::new(),
            steps: Vec::new(),
        },
        metrics: Vec::new(),
        others: Vec::new(),
        notes: Vec::new(),
        variables: Vec::new(),
        host: evidence.base.split("://").nth(1).unwrap_or_default().to_owned(),
    };
    match evidence.sign_in {
        Some(sign_in) => signed_in(evidence, sign_in, &mut proposal),
        None => without_sign_in(evidence, &mut proposal),
    }
    let headers = common_headers(evidence);
    if !headers.is_empty() {
        let why = "Sent by the page with each of its calls:";
        proposal
            .system
            .lines
            .push(Line::because("headers", Toml::Table(headers), why));
    }
    if let Some((name, good)) = answers::ok(evidence) {
        let rule = [
            ("path", Toml::text(format!("$.{name}"))),
            ("equals", Toml::List(vec![good])),
        ];
        let why = "Each good answer in the recording says so; any other is an error:";
        proposal
            .system
            .lines
            .push(Line::because("ok", Toml::table(rule), why));
    }
    proposal
}

fn signed_in(evidence: &Evidence<'_>, sign_in: &SignIn<'_>, proposal: &mut Proposal) {
    let token = evidence
        .token
        .filter(|token| is_by_token(evidence, sign_in, token));
    proposal.system.kind = if token.is_some() {
        "json_token"
    } else {
        "form_cookie"
    };
    let mut login = Login::new(evidence, sign_in, token);
    login.describe();
    let expected = login.page_path();
    let Login {
        top,
        lines,
        steps,
        notes,
        variables,
        ..
    } = login;
    proposal.system.lines.extend(top);
    proposal.system.login = lines;
    proposal.system.steps = steps;
    proposal.notes.extend(notes);
    proposal.variables.extend(variables);
    let rules = answers::signed_out(evidence, &expected);
    if !rules.is_empty() {
        let why = "How a call without a session was answered:";
        proposal
            .system
            .lines
            .push(Line::because("signed_out", Toml::Table(rules), why));
    }
    proposal.notes.extend(obstacles::sanitized(evidence));
    if token.is_none() {
        proposal.notes.extend(obstacles::second_call(evidence, sign_in));
    }
    let is_elsewhere = sign_in.exchange.origin() != evidence.base;
    if is_elsewhere && token.is_none() {
        proposal.notes.extend(obstacles::single_sign_on(evidence));
        if obstacles::single_sign_on(evidence).is_none() {
            let text = "the form is on another host than the numbers; whether its cookies get there is to be tried \
                        (`--replay`, `monitor check --online`).";
            proposal.notes.push(Note::doubt(text));
        }
    }
}

/// Whether later calls carry the token, and not only cookies.
fn is_by_token(evidence: &Evidence<'_>, sign_in: &SignIn<'_>, token: &Token) -> bool {
    match &token.carrier {
        Some(Carrier::Header { .. }) => true,
        Some(Carrier::Cookie(_) | Carrier::Query(_)) => sign_in.exchange.set_cookies.is_empty(),
        None => {
            let has_cookies = evidence.after().any(|call| !call.cookies.is_empty());
            !has_cookies && sign_in.exchange.set_cookies.is_empty()
        }
    }
}

/// A recording in which nobody types a password.
fn without_sign_in(evidence: &Evidence<'_>, proposal: &mut Proposal) {
    let again =
        "To have the sign-in in it, sign out (or open a private window), start the recording, then sign in.";
    let authorization = evidence.own().find_map(|call| call.header("authorization"));
    let variable = |what: &str, secret: &str| Variable::new(evidence.variable(what), Some(secret.to_owned()));
    let (scheme, rest) = authorization
        .and_then(|value| value.split_once(' '))
        .unwrap_or_default();
    if scheme.eq_ignore_ascii_case("basic") || scheme.eq_ignore_ascii_case("digest") {
        let (username, password) = if scheme.eq_ignore_ascii_case("basic") {
            proposal.system.kind = "basic";
            account(rest)
        } else {
            proposal.system.kind = "digest";
            (digest_user(rest), None)
        };
        let variable = Variable::new(evidence.variable("password"), password);
        let username = username.filter(|name| evidence.secrets.may_show(name) || name.len() < 40);
        let username = username.unwrap_or_else(|| "monitor".to_owned());
        proposal
            .system
            .lines
            .push(Line::new("username", Toml::text(username)));
        proposal
            .system
            .lines
            .push(Line::new("password", Toml::env(&variable.name)));
        proposal.variables.push(variable);
        return;
    }
    if let Some((header, scheme, token)) = fixed_token(evidence) {
        proposal.system.kind = "bearer";
        let variable = variable("token", &token);
        proposal
            .system
            .lines
            .push(Line::new("token", Toml::env(&variable.name)));
        if header != "authorization" {
            proposal
                .system
                .lines
                .push(Line::new("header", Toml::text(header)));
        }
        if scheme != "Bearer" && !scheme.is_empty() {
            proposal
                .system
                .lines
                .push(Line::new("scheme", Toml::text(scheme)));
        }
        proposal.variables.push(variable);
        let text = format!(
            "the recording begins after the sign-in. Its token ends some day, and nothing renews it. {again}"
        );
        proposal.notes.push(Note::doubt(text));
        return;
    }
    let sends_cookies = evidence.own().any(|call| !call.cookies.is_empty());
    if let Some(note) = obstacles::single_sign_on(evidence) {
        proposal.notes.push(note);
    } else if sends_cookies {
        let text = format!(
            "no sign-in was found, and the page sends cookies: somebody was signed in already. {again}"
        );
        proposal.notes.push(Note::obstacle(text));
    } else if let Some(note) = obstacles::sanitized(evidence) {
        proposal
            .notes
            .push(Note::doubt(format!("no sign-in was found. {again}")));
        proposal.notes.push(note);
    }
}

/// Name and password of `Basic`.
fn account(encoded: &str) -> (Option<String>, Option<String>) {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded.trim())
        .ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = text.as_deref().and_then(|text| text.split_once(':'));
    (
        pair.map(|(name, _)| name.to_owned()),
        pair.map(|(_, password)| password.to_owned()),
    )
}

fn digest_user(rest: &str) -> Option<String> {
    let after = rest.split("username=\"").nth(1)?;
    Some(after.split('"').next()?.to_owned())
}

/// A token that calls carry from the first on: header, scheme, token.
fn fixed_token(evidence: &Evidence<'_>) -> Option<(String, String, String)> {
    evidence.own().find_map(|call| {
        let header = call.headers.iter().find(|(name, value)| {
            let is_token = name == "authorization" || (names::is_secret(name) && !names::is_csrf(name));
            is_token && value.len() >= 8 && evidence.secrets.may_show(name)
        })?;
        let (name, value) = header;
        let (scheme, token) = match value.split_once(' ') {
            Some((scheme, token)) if scheme.len() <= 20 => (scheme, token),
            _ => ("", value.as_str()),
        };
        evidence
            .secrets
            .may_show_value(scheme)
            .then(|| (name.clone(), scheme.to_owned(), token.to_owned()))
    })
}

/// Headers that a script adds to each call that is answered with JSON, such as that of a tenant.
fn common_headers(evidence: &Evidence<'_>) -> Vec<(String, Toml)> {
    let calls: Vec<&Exchange> = evidence.after().filter(|call| call.json.is_some()).collect();
    let Some(first) = calls.first() else {
        return Vec::new();
    };
    let is_common = |(name, value): &&(String, String)| {
        names::is_sent_by_script(name)
            && !names::is_secret(name)
            && evidence.secrets.may_show_value(value)
            && evidence.secrets.may_show_value(name)
            && value.is_ascii()
            && !value.contains(char::is_control)
            && calls.iter().all(|call| call.header(name) == Some(value))
    };
    let common = first.headers.iter().filter(is_common).take(10);
    let mut common: Vec<(String, Toml)> = common
        .map(|(name, value)| (name.clone(), Toml::text(value)))
        .collect();
    common.dedup_by(|a, b| a.0 == b.0);
    common
}
