//! `oauth2`: a token for a client's id and secret (RFC 6749, 4.4), or for an account's name and password (4.3).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::header::ACCEPT;
use monitor_domain::Finding;
use monitor_requests::{Client, HeaderValue, Request, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::exchange::{Body, Call, CallSettings, bad};
use super::token::TokenHeader;
use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{Credential, Login, SignedOutRules, SignedOutSettings};
use crate::template::Vars;
use crate::{BuildError, LoginError};

/// How much of what a server says of a refusal is quoted, in characters.
const EXCERPT: usize = 120;

/// The keys of `kind = "oauth2"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Settings {
    /// The account's name, where the server wants an account besides the client (grant type `password`). Default: none.
    pub username: Option<String>,
    /// That account's password. Default: none.
    pub password: Option<SecretSource>,
    /// Where the token is to be had, and for which client: `{ path = "/oauth/token", client_id = "monitor", client_secret = { env = "NAME" } }`.
    #[schemars(required)]
    pub login: Option<OAuth2Login>,
    /// The header that carries the token. Default `"Authorization"`.
    pub header: Option<String>,
    /// What stands before the token; `""` for nothing. Default `"Bearer"` in `Authorization`, and nothing in another header.
    pub scheme: Option<String>,
    /// What a lost session is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or a
    /// redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
}

/// `login = { … }` of `kind = "oauth2"`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OAuth2Login {
    /// The token endpoint's path below `base_url`, such as `"/oauth/token"`.
    pub path: Option<String>,
    /// Its whole address instead, where it is another host.
    pub url: Option<String>,
    /// The client's id.
    pub client_id: Option<String>,
    /// The client's secret. Default: none, for a public client with an account.
    pub client_secret: Option<SecretSource>,
    /// Where id and secret go: `"basic"` (the header) or `"body"`. Default `"basic"`, as every server takes it (RFC 6749, 2.3.1).
    pub auth: Option<ClientAuth>,
    /// What the token is for, such as `"read metrics"`. Default: none is sent.
    pub scope: Option<String>,
    /// More parameters, such as `{ audience = "https://api.example" }`. Default: none.
    pub params: BTreeMap<String, String>,
}

/// Where a client's id and secret go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `Authorization: Basic`, both form-encoded first.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

impl LoginKind for OAuth2Settings {
    const NAME: &'static str = "oauth2";
    const DOC: &'static str = r#"A token from an OAuth 2.0 server for the id and secret of a client (client credentials).

```toml
[systems.shop]
kind = "oauth2"
base_url = "https://shop.example"

[systems.shop.login]
url = "https://login.example/oauth2/token"
client_id = "monitor"
client_secret = { env = "SHOP_CLIENT_SECRET" }
scope = "read"
```

With `username` and `password` the token is that of an account (grant type `password`). A refresh token, where the server gives
one, renews it; where that is refused, id and secret do. `invalid_client`, `invalid_grant` and `unauthorized_client` are wrong
credentials; after them the next try comes 1, 3, 9, 27, 60 minutes later.
"#;
}

struct OAuth2 {
    call: Call,
    username: Option<String>,
    password: Secret,
    client_id: String,
    client_secret: Option<Secret>,
    auth: ClientAuth,
    scope: Option<String>,
    params: Vec<(String, String)>,
    header: TokenHeader,
    /// The refresh token that came with the last token.
    refresh: Mutex<Option<Secret>>,
    signed_out: SignedOutRules,
}

impl OAuth2Settings {
    fn compile(&self, findings: &mut Vec<Finding>) -> Option<(Call, TokenHeader)> {
        let login = self.login.as_ref()?;
        let none = BTreeMap::new();
        let target = CallSettings {
            path: login.path.as_deref(),
            url: login.url.as_deref(),
            method: Some("POST"),
            query: &none,
            headers: &none,
        };
        let call = Call::compile("login", &target, Body::None, &[], findings);
        let header = TokenHeader::new(self.header.as_deref(), self.scheme.as_deref());
        let header = header.map_err(|finding| findings.push(finding)).ok();
        Some((call?, header?))
    }
}

impl LoginSettings for OAuth2Settings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut missing =
            |key: &'static str, what: &str| findings.push(Finding::new(key, format!("missing; {what}")));
        match &self.login {
            None => missing(
                "login",
                "the token endpoint, such as { path = \"/oauth/token\", client_id = \"monitor\" }",
            ),
            Some(login) => {
                if login.client_id.as_deref().is_none_or(str::is_empty) {
                    missing("login.client_id", "the id of the client that the server knows");
                }
                if login.client_secret.is_none() && self.username.is_none() {
                    missing(
                        "login.client_secret",
                        "{ env = \"NAME\" } or { file = \"/run/secrets/name\" }",
                    );
                }
            }
        }
        if self.username.is_some() && self.password.is_none() {
            missing(
                "password",
                "{ env = \"NAME\" } or { file = \"/run/secrets/name\" }",
            );
        }
        if self.password.is_some() && self.username.is_none() {
            missing("username", "whose password this is");
        }
        self.compile(&mut findings);
        findings.extend(self.signed_out.iter().flat_map(SignedOutSettings::check));
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let secret = self.login.as_ref().and_then(|login| login.client_secret.as_ref());
        let secret = secret.map(|source| SecretKey {
            key: "login.client_secret",
            source,
            warn_if_plain: true,
        });
        account::secrets(self.password.as_ref())
            .into_iter()
            .chain(secret)
            .collect()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let missing = || BuildError::Setting(Finding::new("login", "missing"));
        let login = self.login.as_ref().ok_or_else(missing)?;
        let (call, header) = self.compile(&mut Vec::new()).ok_or_else(missing)?;
        let secret = login.client_secret.as_ref();
        Ok(Arc::new(OAuth2 {
            call,
            username: self.username.clone(),
            password: account::password(self.password.as_ref())?,
            client_id: login.client_id.clone().unwrap_or_default(),
            client_secret: secret
                .map(|source| BuildError::resolve("login.client_secret", source))
                .transpose()?,
            auth: login.auth.unwrap_or_default(),
            scope: login.scope.clone(),
            params: login.params.clone().into_iter().collect(),
            header,
            refresh: Mutex::default(),
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), "/login"),
        }))
    }
}

#[async_trait]
impl Login for OAuth2 {
    fn kind(&self) -> &'static str {
        OAuth2Settings::NAME
    }

    fn credentials(&self) -> &'static str {
        match self.username {
            Some(_) => "username and password, login.client_id and login.client_secret",
            None => "login.client_id and login.client_secret",
        }
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(token) = refresh {
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            if let Ok(credential) = self.request(client, base, &grant).await {
                let mut held = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
                // One that is not replaced stays good (RFC 6749, 6).
                held.get_or_insert(token);
                return Ok(credential);
            }
        }
        match &self.username {
            Some(name) => {
                let grant = [
                    ("grant_type", "password"),
                    ("username", name),
                    ("password", self.password.expose()),
                ];
                self.request(client, base, &grant).await
            }
            None => {
                self.request(client, base, &[("grant_type", "client_credentials")])
                    .await
            }
        }
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }
}

impl OAuth2 {
    async fn request(
        &self,
        client: &Client,
        base: &Url,
        grant: &[(&str, &str)],
    ) -> Result<Credential, LoginError> {
        let mut fields = grant.to_vec();
        fields.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        fields.extend(
            self.params
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let mut request = self.call.sign_in(base, &Vars::default(), &[])?;
        match (self.auth, &self.client_secret) {
            (ClientAuth::Basic, Some(secret)) => request = self.basic(request, secret),
            (ClientAuth::Body, Some(secret)) => {
                fields.push(("client_id", &self.client_id));
                fields.push(("client_secret", secret.expose()));
            }
            (_, None) => fields.push(("client_id", &self.client_id)),
        }
        let request = request
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .form(&fields);
        let response = client.send(&request).await.map_err(LoginError::Unreachable)?;
        if let Some(error) = self.refusal(&response, &request.shown_path()) {
            return Err(error);
        }
        let (token, life, refresh) = read(&response)?;
        if let Some(refresh) = refresh {
            *self.refresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(refresh);
        }
        self.header.credential(&token, life)
    }

    /// Both are form-encoded before they are joined (RFC 6749, 2.3.1).
    fn basic(&self, request: Request, secret: &Secret) -> Request {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request.basic(&encode(&self.client_id), &Secret::new(encode(secret.expose())))
    }

    /// What an answer without a token means (RFC 6749, 5.2).
    fn refusal(&self, response: &Response, path: &str) -> Option<LoginError> {
        let json: Option<Value> = serde_json::from_slice(&response.body).ok();
        let error = json
            .as_ref()
            .and_then(|json| json.get("error"))
            .and_then(Value::as_str);
        let Some(error) = error.filter(|_| !response.status.is_server_error()) else {
            // An answer that is no JSON at all is that of a proxy or of another page, not of a token endpoint.
            if response.status.as_u16() == 400 && json.is_none() {
                let what = "answered 400 Bad Request without JSON: no token endpoint";
                return Some(bad(format!("{path} {what}; check login.path and base_url")));
            }
            return account::refusal(response, path);
        };
        let about = json
            .as_ref()
            .and_then(|json| json.get("error_description"))
            .and_then(Value::as_str);
        let about = about.map(|about| format!(": {about}")).unwrap_or_default();
        let said = response.advised(response.excerpt(&format!("{error}{about}"), EXCERPT));
        Some(match error {
            "invalid_client" | "invalid_grant" | "unauthorized_client" | "access_denied" => {
                LoginError::refused(said)
            }
            _ => bad(format!(
                "the token endpoint answered {said}; check login.scope and login.params"
            )),
        })
    }
}

/// The token of an answer, its life, and the refresh token. Nothing of the answer is quoted.
fn read(response: &Response) -> Result<(Secret, Option<Duration>, Option<Secret>), LoginError> {
    let says = |what: &str| bad(format!("the answer of the token endpoint {what}"));
    if response.is_html() {
        return Err(says("is an HTML page, not JSON"));
    }
    let json: Value = serde_json::from_slice(&response.body).map_err(|_| says("is not JSON"))?;
    let text = |name: &str| {
        json.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let token = text("access_token").ok_or_else(|| says("has no \"access_token\""))?;
    let seconds = match json.get("expires_in") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let life = seconds.filter(|seconds| *seconds > 0.0);
    let life = life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok((Secret::new(token), life, text("refresh_token").map(Secret::from)))
}

impl fmt::Debug for OAuth2Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Login")
            .field("path", &self.path)
            .field("auth", &self.auth)
            .field("params", &self.params.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
