//! What kinds with an account and a login call have in common.

use monitor_domain::Finding;
use monitor_requests::{Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::error::CREDENTIALS;
use crate::session::{BodyRule, BodySettings, SignedOutSettings, join};
use crate::{BuildError, LoginError};

/// How much of a refusal is quoted, in characters.
const EXCERPT: usize = 120;

/// Where APIs say in words what went wrong.
const MESSAGES: [&str; 6] = ["msg", "message", "errmsg", "error_description", "error", "detail"];

/// The login call: `login = { … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginCall {
    /// Its path below `base_url`. Default: that of the kind.
    pub path: Option<String>,
    /// What the JSON of the answer to a good sign-in says, such as `{ path = "$.code", equals = [0] }`; any other is a refusal. Default:
    /// the `ok` of the system, where the answer is JSON that has what it names.
    pub ok: Option<BodySettings>,
}

/// What the JSON of the answer to a good sign-in says.
#[derive(Clone, Debug)]
pub(super) struct SignInOk {
    rule: BodyRule,
    /// It is that of all the system's answers: one that is no JSON is judged by other signs.
    is_systems: bool,
}

impl SignInOk {
    /// That of all the system's answers.
    pub(super) fn of_system(rule: &BodyRule) -> SignInOk {
        SignInOk {
            rule: rule.clone(),
            is_systems: true,
        }
    }
}

/// Everything that is wrong with an account, a login call and the sign of a lost session.
pub(super) fn check(
    username: Option<&str>,
    password: Option<&SecretSource>,
    login: Option<&LoginCall>,
    signed_out: Option<&SignedOutSettings>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if username.is_none_or(str::is_empty) {
        findings.push(Finding::new(
            "username",
            "missing; the name of the account to sign in with",
        ));
    }
    findings.extend(check_password(password));
    let path = login.and_then(|login| login.path.as_ref());
    if path.is_some_and(|path| !path.starts_with('/')) {
        findings.push(Finding::new(
            "login.path",
            "must begin with \"/\"; the host comes from base_url",
        ));
    }
    let ok = login.and_then(|login| login.ok.as_ref());
    findings.extend(ok.and_then(|ok| ok.compile("login.ok").err()));
    findings.extend(signed_out.into_iter().flat_map(SignedOutSettings::check));
    findings
}

/// What is wrong with the password alone.
pub(super) fn check_password(password: Option<&SecretSource>) -> Vec<Finding> {
    let missing = password.is_none().then(|| {
        Finding::new(
            "password",
            "missing; { env = \"NAME\" } or { file = \"/run/secrets/name\" }",
        )
    });
    missing.into_iter().collect()
}

/// The password among the secrets.
pub(super) fn secrets(password: Option<&SecretSource>) -> Vec<SecretKey<'_>> {
    let key = password.map(|source| SecretKey {
        key: "password",
        source,
        warn_if_plain: true,
    });
    key.into_iter().collect()
}

/// The password, read from where it is.
pub(super) fn password(source: Option<&SecretSource>) -> Result<Secret, BuildError> {
    source.map_or_else(
        || Ok(Secret::new("")),
        |source| BuildError::resolve("password", source),
    )
}

/// What an account shows that may have no name.
pub(super) fn credentials(username: &str) -> &'static str {
    match username {
        "" => "password",
        _ => CREDENTIALS,
    }
}

/// The path of the login call, or this one.
pub(super) fn path(login: Option<&LoginCall>, default: &str) -> String {
    let path = login.and_then(|login| login.path.clone());
    path.unwrap_or_else(|| default.to_owned())
}

/// What the answer to a good sign-in says: as the login call has it, or else the system.
pub(super) fn ok(
    login: Option<&LoginCall>,
    systems: Option<&BodyRule>,
) -> Result<Option<SignInOk>, BuildError> {
    let Some(own) = login.and_then(|login| login.ok.as_ref()) else {
        return Ok(systems.map(SignInOk::of_system));
    };
    let rule = own.compile("login.ok").map_err(BuildError::Setting)?;
    Ok(Some(SignInOk {
        rule,
        is_systems: false,
    }))
}

/// The refusal in the JSON of an answer with a good status, if there is one: a wrong password is answered so by many. An answer
/// with a proof in it that says nothing of what the system's other answers say is good.
pub(super) fn refusal_in_body(
    response: &Response,
    has_proof: bool,
    ok: Option<&SignInOk>,
) -> Option<LoginError> {
    let SignInOk { rule, is_systems } = ok?;
    if *is_systems && has_proof && rule.is_silent(response) {
        return None;
    }
    let why = rule.check(response).err()?;
    if response.json::<Value>().is_err() {
        let why = format!("sign-in: {why}");
        return (!is_systems).then_some(LoginError::BadAnswer(why));
    }
    Some(LoginError::refused(
        response.advised(with_its_words(why, response)),
    ))
}

/// Why an answer is a refusal, with what its JSON says of it.
pub(super) fn with_its_words(why: String, response: &Response) -> String {
    let json = response.json::<Value>().unwrap_or_default();
    let said = MESSAGES.iter().find_map(|name| json.get(name)?.as_str());
    match said {
        Some(said) if !said.trim().is_empty() => format!("{why}: {}", response.excerpt(said, EXCERPT)),
        _ => why,
    }
}

/// The address of a login call: this path of the system at `base`, whose own path stays in front.
///
/// # Errors
/// [`LoginError::BadAnswer`] for what is no path of it.
pub fn login_url(base: &Url, path: &str) -> Result<Url, LoginError> {
    join(base, path).map_err(|why| LoginError::BadAnswer(format!("login.path {path:?}: {why}")))
}

/// What the status of an answer to a sign-in means, unless it is success.
pub(super) fn refusal(response: &Response, path: &str) -> Option<LoginError> {
    let status = response.status;
    match status.as_u16() {
        // Bad request, forbidden, unprocessable and locked are what APIs answer to a wrong password besides 401.
        400 | 401 | 403 | 422 | 423 => {
            let said = match response.is_html() {
                true => String::new(),
                false => response.excerpt(&response.text(), EXCERPT),
            };
            let reason = if said.is_empty() {
                status.to_string()
            } else {
                format!("{status}: {said}")
            };
            Some(LoginError::refused(response.advised(reason)))
        }
        404 | 405 => Some(LoginError::BadAnswer(format!(
            "answered {status} for {path}; check login.path and base_url"
        ))),
        408 | 425 | 429 | 500.. => {
            let refused = response.clone().require_success();
            refused.err().map(LoginError::Unreachable)
        }
        406.. => Some(LoginError::BadAnswer(format!("answered {status} for {path}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_found_with_its_key() {
        let secret = SecretSource::Plain("hunter2".into());
        let call = |path: &str| LoginCall {
            path: Some(path.to_owned()),
            ..LoginCall::default()
        };
        assert_eq!(
            check(Some("monitor"), Some(&secret), Some(&call("/auth/in")), None),
            []
        );
        let findings = check(Some(""), None, Some(&call("https://evil.example/")), None);
        let keys: Vec<&str> = findings.iter().map(|finding| &*finding.field).collect();
        assert_eq!(keys, ["username", "password", "login.path"]);
        assert_eq!(
            findings[0].to_string(),
            "username: missing; the name of the account to sign in with"
        );
    }
}
