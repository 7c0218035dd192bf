//! What a config cannot do, by what the recording shows, and what to do about it.

use crate::Evidence;
use crate::exchange::{Exchange, Field};
use crate::json::walk;
use crate::names;
use crate::proposal::Note;
use crate::sign_in::SignIn;
use crate::target;
use crate::toml::comment;

/// What a field besides name and password is, where a person must fill it in.
pub(crate) fn of_field(evidence: &Evidence<'_>, sign_in: &SignIn<'_>, field: &Field) -> Option<Note> {
    let (name, value) = (field.name(), field.text());
    let shown = evidence.shown(name);
    if value.is_empty() {
        return None;
    }
    // A bare `code` is a captcha only where a picture was fetched; otherwise it may be the code of a company.
    let is_named = names::is_captcha(name) && !matches!(name, "code" | "verify");
    if names::is_one_time(name) || (name == "code" && sends_code(evidence, sign_in)) {
        return Some(Note::obstacle(format!(
            "the sign-in needs a code from a telephone or an authenticator (field {shown}), which nobody types at night. \
             Have an account without it for the monitor, or a fixed token (kind = \"bearer\"), from those who run the system."
        )));
    }
    let is_typed = value.chars().count() <= 8;
    if (is_named && is_typed)
        || (names::is_captcha(name) && fetches_picture(evidence, sign_in))
        || is_puzzle(name)
    {
        return Some(Note::obstacle(format!(
            "the sign-in needs a captcha (field {shown}), which only a person solves. Have those who run the system turn it \
             off for the monitor's account or address, or give a fixed token (kind = \"bearer\")."
        )));
    }
    None
}

fn is_puzzle(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "recaptcha",
        "hcaptcha",
        "h-captcha",
        "turnstile",
        "geetest",
        "slider",
        "randstr",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn fetches_picture(evidence: &Evidence<'_>, sign_in: &SignIn<'_>) -> bool {
    before(evidence, sign_in).any(|call| {
        let path = call.url.path().to_ascii_lowercase();
        [
            "captcha",
            "verifycode",
            "validcode",
            "validatecode",
            "vcode",
            "kaptcha",
            "checkcode",
            "randomimage",
            "geetest",
        ]
        .iter()
        .any(|word| path.contains(word))
    })
}

fn sends_code(evidence: &Evidence<'_>, sign_in: &SignIn<'_>) -> bool {
    before(evidence, sign_in).any(|call| {
        let path = call.url.path().to_ascii_lowercase();
        ["sms", "sendcode", "send-code", "otp"]
            .iter()
            .any(|word| path.contains(word))
    })
}

fn before<'a>(evidence: &Evidence<'a>, sign_in: &SignIn<'_>) -> impl Iterator<Item = &'a Exchange> {
    evidence.exchanges[..sign_in.index].iter()
}

/// A sign-in that goes through another host.
pub(crate) fn single_sign_on(evidence: &Evidence<'_>) -> Option<Note> {
    let is_protocol = |call: &&Exchange| {
        let has = |names: &[&str]| {
            let sent: Vec<_> = call
                .url
                .query_pairs()
                .map(|(name, _)| name.into_owned())
                .collect();
            names.iter().all(|name| sent.iter().any(|other| other == name))
        };
        has(&["client_id", "redirect_uri"])
            || has(&["SAMLRequest"])
            || call.url.path().contains("/protocol/openid-connect/")
    };
    let provider = evidence.exchanges.iter().find(is_protocol)?;
    let host = provider.url.host_str().unwrap_or_default();
    let host = evidence.shown(host);
    Some(Note::obstacle(format!(
        "people sign in through another service, {host} (single sign-on: OAuth, OpenID Connect or SAML), whose way through the \
         browser a config cannot go. Have a client for the monitor made there and use kind = \"oauth2\" with its \
         client_id and client_secret, or use an account of the system itself, or a fixed token (kind = \"bearer\")."
    )))
}

/// A token that a call after the sign-in brought, and not the sign-in itself.
pub(crate) fn second_call(evidence: &Evidence<'_>, sign_in: &SignIn<'_>) -> Option<Note> {
    let bare = |value: &str| value.split_once(' ').map_or(value, |(_, token)| token).to_owned();
    let token = evidence
        .after()
        .find_map(|call| call.header("authorization"))
        .map(bare)?;
    let mut after = evidence.exchanges[sign_in.index + 1..].iter();
    let brought = after.find(|call| {
        let mut has_it = false;
        if let Some(json) = &call.json {
            walk(json, |_, value| {
                has_it |= value.as_str().is_some_and(|text| text == token);
            });
        }
        has_it
    })?;
    let path = target::path(&brought.url);
    let path = if evidence.secrets.may_show_path(&path) {
        path
    } else {
        "(not shown)".to_owned()
    };
    Some(Note::obstacle(format!(
        "the token that calls carry is in the answer to a second call, {} {path}, not in that to the sign-in. Make that call \
         the login, and the sign-in one of login.steps, which takes what the second call needs (docs/configuration.md).",
        comment(&brought.method)
    )))
}

/// What the browser left out of the file.
pub(crate) fn sanitized(evidence: &Evidence<'_>) -> Option<Note> {
    let has_any = evidence.exchanges.iter().any(|call| {
        !call.cookies.is_empty() || !call.set_cookies.is_empty() || call.header("authorization").is_some()
    });
    if has_any {
        return None;
    }
    let is_chrome = evidence.creator == "WebInspector";
    let how = if is_chrome {
        "Chrome and Edge leave them out by default: in the developer tools open Settings (F1), Preferences, Network, tick \
         \"Allow to generate HAR with sensitive data\"; then hold the download button of the network tab and choose \"Export HAR \
         (with sensitive data)\""
    } else {
        "export it with sensitive data"
    };
    Some(Note::doubt(format!(
        "the recording has no cookie and no Authorization header, so how a session is carried is a guess. {how}."
    )))
}
