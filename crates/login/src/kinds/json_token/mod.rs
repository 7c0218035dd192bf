//! `json_token`: a login call that answers with a token, however the two are written.

mod settings;
mod tokens;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use monitor_domain::Finding;
use monitor_requests::{Client, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::exchange::{Call, Conversation, OkRule, Step, put_values, resolve_values, secrets};
use super::token::TokenHeader;
use super::{LoginKind, LoginSettings, account, validate};
use crate::JsonPath;
use crate::session::{BodyRule, Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};
use settings::Compiled;
use tokens::Tokens;

pub use settings::{ExpiresUnit, RefreshSettings, TokenLogin};

/// The keys of `kind = "json_token"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonTokenSettings {
    /// The account's name. Default: none is sent.
    pub username: Option<String>,
    /// The account's password, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub password: Option<SecretSource>,
    /// The login call, and where the token is in its answer: `{ path = "/auth/login", token = "$.token" }`.
    #[schemars(required)]
    pub login: Option<TokenLogin>,
    /// The header that carries the token. Default `"Authorization"`.
    pub header: Option<String>,
    /// What stands before the token; `""` for nothing. Default `"Bearer"` in `Authorization`, and nothing in another header.
    pub scheme: Option<String>,
    /// What a lost session is answered with: `{ status = [401], redirect_to = "/login", body_contains = "sign in" }`. Default: 401, or a
    /// redirect to `/login`.
    pub signed_out: Option<SignedOutSettings>,
}

impl LoginKind for JsonTokenSettings {
    const NAME: &'static str = "json_token";
    const DOC: &'static str = r#"A login call, of JSON or a form, whose answer holds a token.

```toml
[systems.shop]
kind = "json_token"
base_url = "https://shop.example"
username = "monitor"
password = { env = "SHOP_PASSWORD" }

[systems.shop.login]
path = "/auth/login"
fields = { username = "email" }
token = "$.data.access_token"
expires_in = "$.data.expires"
expires_unit = "ms"
```

`POST /auth/login` sends `{"email","password"}` and what `extra` adds; calls then send `Authorization: Bearer …`. Texts in `extra`,
`body`, `query`, `headers` and `steps` are templates over `username`, `password`, `now` (seconds), `now_ms`, `now_iso`, `nonce`, the
names in `values` and what earlier steps `take`, with the filters `md5`, `sha1`, `sha256`, `sha512`, `sm3`, `hmac_md5`, `hmac_sha1`,
`hmac_sha256`, `hmac_sha512` and `hmac_sm3` (`(key = …)`, `encode = "base64"`), `base64`, `urlencode`, `upper` and those of Tera. Where
the password goes only in another form, `fields = { password = "" }` keeps it from being sent as it is:

```toml
[systems.portal]
kind = "json_token"
base_url = "https://portal.example"
username = "monitor"
password = { env = "PORTAL_PASSWORD" }

[systems.portal.login]
path = "/api/login"
fields = { username = "account", password = "" }
extra = { pwd = "{{ (password ~ salt) | md5 }}" }
ok = { path = "$.code", equals = [0] }
token = "$.data.token"

[[systems.portal.login.steps]]
path = "/api/salt?account={{ username | urlencode }}"
take = { salt = "$.data.salt" }
```

With `refresh = { path = "/auth/refresh" }` a token is renewed by the refresh token that came with it, and by the password
where that is refused.
"#;
}

/// The login, ready to sign in.
struct JsonToken {
    username: String,
    password: Secret,
    values: Vec<(String, Secret)>,
    steps: Vec<Step>,
    call: Call,
    ok: OkRule,
    tokens: Tokens,
    header: TokenHeader,
    refresh: Option<Refresh>,
    signed_out: SignedOutRules,
}

struct Refresh {
    call: Call,
    from: JsonPath,
    held: Mutex<Option<Secret>>,
}

impl LoginSettings for JsonTokenSettings {
    fn kind(&self) -> &'static str {
        Self::NAME
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = account::check_password(self.password.as_ref());
        if self.login.is_none() {
            let message = "missing; the login call, such as { path = \"/auth/login\", token = \"$.token\" }";
            findings.push(Finding::new("login", message));
        }
        self.compile(&mut findings);
        findings.extend(self.signed_out.iter().flat_map(SignedOutSettings::check));
        findings
    }

    fn secrets(&self) -> Vec<SecretKey<'_>> {
        let login = self.login.iter();
        let more = login.flat_map(|login| secrets(&login.extra, &login.values));
        account::secrets(self.password.as_ref())
            .into_iter()
            .chain(more)
            .collect()
    }

    fn login(&self) -> Result<Arc<dyn Login>, BuildError> {
        self.login_with(None)
    }

    fn login_with(&self, systems: Option<&BodyRule>) -> Result<Arc<dyn Login>, BuildError> {
        validate(self)?;
        let missing = || BuildError::Setting(Finding::new("login", "missing"));
        let login = self.login.as_ref().ok_or_else(missing)?;
        let compiled = self.compile(&mut Vec::new()).ok_or_else(missing)?;
        let Compiled {
            steps,
            call,
            ok,
            tokens,
            header,
            refresh,
        } = compiled;
        Ok(Arc::new(JsonToken {
            username: self.username.clone().unwrap_or_default(),
            password: account::password(self.password.as_ref())?,
            values: resolve_values(&login.extra, &login.values)?,
            steps,
            call,
            ok: ok.or(systems),
            tokens,
            header,
            refresh: refresh.map(|(call, from)| Refresh {
                call,
                from,
                held: Mutex::default(),
            }),
            signed_out: SignedOutRules::new(self.signed_out.as_ref(), "/login"),
        }))
    }
}

#[async_trait]
impl Login for JsonToken {
    fn kind(&self) -> &'static str {
        JsonTokenSettings::NAME
    }

    fn credentials(&self) -> &'static str {
        account::credentials(&self.username)
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        if let Some(refresh) = &self.refresh
            && let Some(token) = refresh.take()
            && let Some(credential) = self.renew(refresh, &token, client, base).await
        {
            return Ok(credential);
        }
        let mut talk = Conversation::new(client, base);
        talk.vars.set("username", &self.username);
        talk.vars.set_secret("password", self.password.expose());
        put_values(&mut talk.vars, &self.values);
        talk.run(&self.steps).await?;
        let request = self.call.sign_in(base, &talk.vars, &[])?;
        let path = request.shown_path();
        let response = talk.send(request).await?;
        self.ok.judge(&response, &path)?;
        let has_token = self.tokens.read(&response).is_ok();
        self.ok.judge_as_any_answer(&response, has_token)?;
        if self.ok.judge_cookies(&talk.jar).is_err() {
            return Err(LoginError::refused("the cookie that login.ok names was not set"));
        }
        let mut credential = self.read(&response)?;
        // Some gateways want their cookie besides the token.
        if !talk.jar.is_empty() {
            credential.cookies = Some(Arc::new(talk.jar));
        }
        Ok(credential)
    }

    fn signed_out(&self, response: &Response) -> Option<String> {
        self.signed_out.judge(response)
    }
}

impl JsonToken {
    /// A new token for a refresh token; none where the system wants the password again.
    async fn renew(
        &self,
        refresh: &Refresh,
        token: &Secret,
        client: &Client,
        base: &Url,
    ) -> Option<Credential> {
        let mut talk = Conversation::new(client, base);
        talk.vars.set_secret("refresh_token", token.expose());
        let request = refresh.call.sign_in(base, &talk.vars, &[]).ok()?;
        let response = talk.send(request).await.ok()?;
        if !response.status.is_success() {
            return None;
        }
        let credential = self.read(&response).ok()?;
        // One that is not replaced stays good.
        if refresh.is_empty() {
            refresh.keep(token.clone());
        }
        Some(credential)
    }

    fn read(&self, response: &Response) -> Result<Credential, LoginError> {
        let (token, life) = self.tokens.read(response)?;
        if let Some(refresh) = &self.refresh
            && let Ok(json) = response.json::<Value>()
            && let Some(Value::String(token)) = refresh.from.query(&json).first()
        {
            refresh.keep(Secret::new(token.as_str()));
        }
        self.header.credential(&token, life)
    }
}

impl Refresh {
    fn take(&self) -> Option<Secret> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, token: Secret) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }

    fn is_empty(&self) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}
