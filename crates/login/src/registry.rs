//! From the config to a system: the list of all kinds of login, and what is checked before one is made.

use std::sync::Arc;

use monitor_domain::SharedClock;
use monitor_requests::{Client, ClientConfig, RequestsSettings, Secret, Url};

use crate::system::join;
use crate::{BuildError, Login, LoginError, NoLogin, System, SystemA, SystemB, SystemSettings};

/// The kinds that [`login_for`] knows. Adding one: its file, its line there, its name here.
pub const KINDS: &[&str] = &["system_a", "system_b", "none"];

/// Kinds whose names are fixed and which are still to come.
const NOT_YET: &[&str] = &["json_token", "form_cookie", "basic", "bearer", "oauth2"];

/// The login of this kind.
///
/// # Errors
/// [`BuildError`] for an unknown kind, and for a key that is missing, wrong or not used by the kind.
pub fn login_for(settings: &SystemSettings) -> Result<Box<dyn Login>, BuildError> {
    Ok(match settings.kind.as_str() {
        "system_a" => Box::new(SystemA::from_settings(settings)?),
        "system_b" => Box::new(SystemB::from_settings(settings)?),
        "none" => {
            only_keys(settings, &[])?;
            Box::new(NoLogin)
        }
        kind if NOT_YET.contains(&kind) => {
            return Err(BuildError::NotBuiltYet {
                kind: kind.to_owned(),
            });
        }
        kind => {
            return Err(BuildError::UnknownKind {
                kind: kind.to_owned(),
            });
        }
    })
}

/// The system `[systems.NAME]` with its client and login. Secrets are read here; nothing is sent yet.
///
/// # Errors
/// [`BuildError`] that names the key that is wrong.
pub fn build(
    name: &str,
    settings: &SystemSettings,
    defaults: &RequestsSettings,
    clock: SharedClock,
) -> Result<Arc<System>, BuildError> {
    let login = login_for(settings)?;
    let base = base_url(settings)?;
    if settings.timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(BuildError::field(
            "timeout",
            "must be more than zero, like \"5s\"",
        ));
    }
    let config = ClientConfig {
        timeout: settings.timeout.unwrap_or(defaults.timeout),
        retries: settings.retries.unwrap_or(defaults.retries),
        ca_file: settings.ca_file.clone(),
        client_cert: settings.client_cert.clone(),
        client_key: settings.client_key.clone(),
        proxy: settings.proxy.clone(),
        headers: settings.headers.clone(),
        ..ClientConfig::from(defaults)
    };
    let client = Client::new(config, Arc::clone(&clock))?;
    Ok(System::new(name, base, login, client, clock))
}

fn base_url(settings: &SystemSettings) -> Result<Url, BuildError> {
    let wrong = |message: &str| BuildError::field("base_url", message);
    let text = settings
        .base_url
        .as_deref()
        .ok_or_else(|| wrong("is missing: where is the system?"))?;
    // The text is not quoted: it may hold a password.
    let url = Url::parse(text).map_err(|_| wrong("must be an address like \"https://a.example\""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("must begin with http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "must not hold a user or password: use the keys username and password",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not have a query (?…) or fragment (#…)"));
    }
    Ok(url)
}

/// Refuses keys that this kind would silently ignore.
pub(crate) fn only_keys(settings: &SystemSettings, used: &[&str]) -> Result<(), BuildError> {
    match settings.set_keys().into_iter().find(|key| !used.contains(key)) {
        Some(key) => Err(BuildError::field(
            key,
            format!("is not used by kind {:?}: remove it", settings.kind),
        )),
        None => Ok(()),
    }
}

/// Username and password of the config; the password is read from where it is.
pub(crate) fn account(settings: &SystemSettings) -> Result<(String, Secret), BuildError> {
    let username = settings.username.clone().filter(|name| !name.is_empty());
    let username = username.ok_or_else(|| BuildError::field("username", "is missing"))?;
    let Some(password) = &settings.password else {
        return Err(BuildError::field(
            "password",
            "is missing: { env = \"NAME\" } or { file = \"/path\" }",
        ));
    };
    let password = password.resolve().map_err(|source| BuildError::Secret {
        field: "password",
        source,
    })?;
    Ok((username, password))
}

/// The address of the login call.
pub(crate) fn login_url(base: &Url, path: &str) -> Result<Url, LoginError> {
    join(base, path).map_err(|why| LoginError::BadAnswer(format!("login.path {path:?}: {why}")))
}
