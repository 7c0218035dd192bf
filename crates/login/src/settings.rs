//! The section `[systems.NAME]` of the config: every key there is, for all kinds of login.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use monitor_requests::SecretSource;
use serde::Deserialize;

/// A system to sign in to: `[systems.NAME]`. Which keys are used depends on `kind`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemSettings {
    /// How one signs in: `system_a`, `system_b`, `none`…
    pub kind: String,
    /// Where the system is; a path in it is kept in front of every other path.
    pub base_url: Option<String>,
    /// The account's name.
    pub username: Option<String>,
    /// The account's password.
    pub password: Option<SecretSource>,
    /// A fixed token, for `bearer`.
    pub token: Option<SecretSource>,
    /// The header in which a token is sent; `Authorization` by default.
    pub header: Option<String>,
    /// What stands before the token in that header; `Bearer` by default.
    pub scheme: Option<String>,
    /// Headers for every call to the system.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Instead of `requests.timeout`.
    #[serde(default, with = "humantime_serde")]
    pub timeout: Option<Duration>,
    /// Instead of `requests.retries`.
    pub retries: Option<u32>,
    /// A CA to trust besides those of the platform (PEM).
    pub ca_file: Option<PathBuf>,
    /// The certificate that the monitor shows (PEM).
    pub client_cert: Option<PathBuf>,
    /// The key of `client_cert` (PEM).
    pub client_key: Option<PathBuf>,
    /// The proxy for all calls to the system.
    pub proxy: Option<String>,
    /// How a lost session looks.
    pub signed_out: Option<SignedOutSettings>,
    /// The login call.
    pub login: Option<LoginSettings>,
}

/// How a lost session looks, where it is not the usual: `signed_out = { … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOutSettings {
    /// These statuses; `[401]` by default.
    pub status: Option<Vec<u16>>,
    /// A redirect to a path with this end, or to an address with this beginning; the login path by default.
    pub redirect_to: Option<String>,
    /// A body that contains this text.
    pub body_contains: Option<String>,
}

/// The login call: `login = { … }`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginSettings {
    /// Its path below `base_url`.
    pub path: Option<String>,
    /// Its address, where it is on another host.
    pub url: Option<String>,
    /// Its method; POST by default.
    pub method: Option<String>,
    /// How its body is encoded: `json` or `form`.
    pub encode: Option<String>,
    /// The names of its fields.
    pub fields: Option<FieldSettings>,
    /// Constant fields.
    #[serde(default)]
    pub extra: BTreeMap<String, serde_json::Value>,
    /// Where the token is in the answer (JSONPath).
    pub token: Option<String>,
    /// The header of the answer that holds the token.
    pub token_header: Option<String>,
    /// Where the token's life is in the answer (JSONPath).
    pub expires_in: Option<String>,
    /// The unit of that life: `s` or `ms`.
    pub expires_unit: Option<String>,
    /// A form to fetch first.
    pub form_path: Option<String>,
    /// Where the token against forged requests is in that form.
    pub csrf: Option<CsrfSettings>,
    /// How a good sign-in is told.
    pub ok: Option<OkSettings>,
    /// The client's id, for `oauth2`.
    pub client_id: Option<String>,
    /// The client's secret, for `oauth2`.
    pub client_secret: Option<SecretSource>,
    /// How id and secret are sent, for `oauth2`: `basic` or `body`.
    pub auth: Option<String>,
    /// What is asked for, for `oauth2`.
    pub scope: Option<String>,
    /// More parameters, for `oauth2`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// The names of the login call's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSettings {
    /// The field of the account's name; without one none is sent.
    pub username: Option<String>,
    /// The field of the password.
    pub password: Option<String>,
}

/// Where the token against forged requests comes from, and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsrfSettings {
    /// A cookie of this name.
    pub cookie: Option<String>,
    /// A hidden input of this name.
    pub input: Option<String>,
    /// The field in which it is sent back.
    pub field: Option<String>,
}

/// How a good sign-in is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OkSettings {
    /// One of these statuses.
    pub status: Option<Vec<u16>>,
    /// Not a redirect to this path.
    pub not_redirect_to: Option<String>,
    /// A cookie of this name was set.
    pub cookie: Option<String>,
}

impl LoginSettings {
    /// The keys that are set, as they are written in the config.
    pub fn set_keys(&self) -> Vec<&'static str> {
        [
            ("login.path", self.path.is_some()),
            ("login.url", self.url.is_some()),
            ("login.method", self.method.is_some()),
            ("login.encode", self.encode.is_some()),
            ("login.fields", self.fields.is_some()),
            ("login.extra", !self.extra.is_empty()),
            ("login.token", self.token.is_some()),
            ("login.token_header", self.token_header.is_some()),
            ("login.expires_in", self.expires_in.is_some()),
            ("login.expires_unit", self.expires_unit.is_some()),
            ("login.form_path", self.form_path.is_some()),
            ("login.csrf", self.csrf.is_some()),
            ("login.ok", self.ok.is_some()),
            ("login.client_id", self.client_id.is_some()),
            ("login.client_secret", self.client_secret.is_some()),
            ("login.auth", self.auth.is_some()),
            ("login.scope", self.scope.is_some()),
            ("login.params", !self.params.is_empty()),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect()
    }
}

impl SystemSettings {
    /// The keys that only some kinds of login use, and that are set, as they are written in the config.
    pub fn set_keys(&self) -> Vec<&'static str> {
        let own = [
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("token", self.token.is_some()),
            ("header", self.header.is_some()),
            ("scheme", self.scheme.is_some()),
            ("signed_out", self.signed_out.is_some()),
        ];
        let own = own.into_iter().filter_map(|(key, set)| set.then_some(key));
        own.chain(self.login.iter().flat_map(LoginSettings::set_keys))
            .collect()
    }
}

impl fmt::Debug for SystemSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers, proxy, constant fields and addresses may hold secrets: only what surely does not is shown.
        f.debug_struct("SystemSettings")
            .field("kind", &self.kind)
            .field("username", &self.username)
            .field("password", &self.password)
            .field("token", &self.token)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LoginSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginSettings")
            .field("path", &self.path)
            .field("set", &self.set_keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_design_is_read_and_none_printed() {
        let text = r#"
            kind = "json_token"
            base_url = "https://user:hunter2@shop.example/prefix"
            username = "monitor"
            password = "hunter3"
            token = "hunter4"
            header = "Authorization"
            scheme = "Bearer"
            headers = { Accept = "hunter5" }
            timeout = "7s"
            retries = 1
            ca_file = "/ca.pem"
            client_cert = "/cert.pem"
            client_key = "/key.pem"
            proxy = "http://u:hunter6@proxy.example"
            signed_out = { status = [401], redirect_to = "/login", body_contains = "sign in" }
            [login]
            path = "/auth/login"
            url = "https://sso.example/hunter7"
            method = "POST"
            encode = "json"
            fields = { username = "email", password = "password" }
            extra = { api_key = "hunter8", remember = true }
            token = "$.data.access_token"
            token_header = "X-Token"
            expires_in = "$.data.expires"
            expires_unit = "ms"
            form_path = "/login"
            csrf = { cookie = "_xsrf", input = "csrf", field = "csrf" }
            ok = { status = [200, 302], not_redirect_to = "/login", cookie = "sid" }
            client_id = "id"
            client_secret = "hunter9"
            auth = "basic"
            scope = "read"
            params = { audience = "hunter10" }
        "#;
        let settings: SystemSettings = toml::from_str(text).unwrap();
        assert_eq!(settings.timeout, Some(Duration::from_secs(7)));
        assert_eq!(settings.set_keys().len(), 6 + 18);
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn an_unknown_key_is_an_error_at_every_level() {
        for text in [
            "kind = 'none'\nbase = 'x'",
            "kind = 'none'\n[login]\npaht = '/x'",
            "kind = 'none'\n[login.fields]\nuser = 'x'",
            "kind = 'none'\n[signed_out]\nstatuses = [1]",
            "base_url = 'http://a.example'",
        ] {
            assert!(toml::from_str::<SystemSettings>(text).is_err(), "{text}");
        }
    }
}
