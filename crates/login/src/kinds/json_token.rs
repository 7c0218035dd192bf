//! `json_token`: a login call that answers with a token, however the two are written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderName;
use monitor_domain::Finding;
use monitor_requests::{Client, Response, Secret, SecretKey, SecretSource, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::exchange::{
    Body, Call, CallSettings, Conversation, Encode, Extra, FieldNames, Fields, OkRule, OkSettings, Step,
    StepSettings, account_body, bad, check_values, put_values, resolve_values, secrets,
};
use super::token::TokenHeader;
use super::{LoginKind, LoginSettings, account, validate};
use crate::session::{Credential, Login, SignedOutRules, SignedOutSettings};
use crate::{BuildError, LoginError};

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

/// `login = { … }` of `kind = "json_token"`.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenLogin {
    /// Its path below `base_url`, such as `"/auth/login"`.
    pub path: Option<String>,
    /// The whole address instead, where it is another host.
    pub url: Option<String>,
    /// HTTP method. Default `"POST"`.
    pub method: Option<String>,
    /// How the fields are written, `"json"` or `"form"`. Default `"json"`.
    pub encode: Option<Encode>,
    /// The names of the fields that carry the account: `{ username = "email", password = "pwd" }`; `""` sends none.
    pub fields: FieldNames,
    /// Constant fields beside them: `{ tenant = "t1", pwd = "{{ password | md5 }}" }`. Default: none.
    pub extra: BTreeMap<String, Extra>,
    /// The body instead of `fields` and `extra`, sent as JSON; its texts are templates.
    pub body: Option<Value>,
    /// More query parameters; the values are templates. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers; the values are templates. Default: none.
    pub headers: BTreeMap<String, String>,
    /// More secrets that templates may use, by name: `{ app_key = { env = "APP_KEY" } }`. Default: none.
    pub values: BTreeMap<String, SecretSource>,
    /// Calls before this one, whose answers bring what it needs. Default: none.
    pub steps: Vec<StepSettings>,
    /// How a good sign-in is told: `{ path = "$.code", equals = [0] }`. Default: a 2xx status and a token.
    pub ok: Option<OkSettings>,
    /// JSONPath of the token. Default: `"$.token"`, or where that is missing `"$.access_token"`.
    pub token: Option<String>,
    /// The header of the answer that holds the token, instead of `token`.
    pub token_header: Option<String>,
    /// JSONPath of its life. Default `"$.expires_in"`, where there is one.
    pub expires_in: Option<String>,
    /// The unit of that, `"s"` or `"ms"`. Default `"s"`.
    pub expires_unit: Option<ExpiresUnit>,
    /// How the token is renewed without the password. Default: it is not.
    pub refresh: Option<RefreshSettings>,
}

/// The unit of a token's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ExpiresUnit {
    /// Seconds.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// `login.refresh = { … }`: a call that brings a new token for a refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshSettings {
    /// Its path below `base_url`.
    pub path: String,
    /// JSONPath of the refresh token in the answer to the sign-in. Default `"$.refresh_token"`.
    #[serde(default = "refresh_token_path")]
    pub from: String,
    /// The field that sends it. Default `"refresh_token"`.
    #[serde(default = "refresh_token_field")]
    pub field: String,
}

fn refresh_token_path() -> String {
    "$.refresh_token".to_owned()
}

fn refresh_token_field() -> String {
    "refresh_token".to_owned()
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
login = { path = "/auth/login", fields = { username = "email" }, token = "$.data.access_token", expires_in = "$.data.expires", expires_unit = "ms" }
```

`POST /auth/login` sends `{"email","password"}` and what `extra` adds; calls then send `Authorization: Bearer …`. Texts in `extra`,
`body`, `query`, `headers` and `steps` are templates over `username`, `password`, `now` (seconds), `now_ms`, `now_iso`, `nonce`, the
names in `values` and what earlier steps took, with the filters `md5`, `sha1`, `sha256`, `sha512`, `sm3`, `hmac_md5`, `hmac_sha1`,
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

/// Where token and life are in an answer.
#[derive(Clone)]
struct Tokens {
    at: TokenAt,
    expires_in: JsonPath,
    unit: ExpiresUnit,
}

#[derive(Clone)]
enum TokenAt {
    /// The first of these that there is.
    Json(Vec<JsonPath>),
    Header(HeaderName),
}

struct Refresh {
    call: Call,
    from: JsonPath,
    held: Mutex<Option<Secret>>,
}

/// What [`JsonToken`] is made of that needs no secret.
struct Compiled {
    steps: Vec<Step>,
    call: Call,
    ok: OkRule,
    tokens: Tokens,
    header: TokenHeader,
    refresh: Option<(Call, JsonPath)>,
}

impl JsonTokenSettings {
    fn compile(&self, findings: &mut Vec<Finding>) -> Option<Compiled> {
        let login = self.login.as_ref()?;
        let before = findings.len();
        findings.extend(check_values(&login.values));
        let names = super::exchange::names(self.username.is_some(), &login.values);
        let (steps, names) = StepSettings::compile_all(&login.steps, names, findings);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let encode = login.encode.unwrap_or_default();
        let fields = Fields {
            has_username: self.username.is_some(),
            names: &login.fields,
            extra: &login.extra,
            body: login.body.as_ref(),
        };
        let body = account_body(encode, fields, &names, findings);
        let settings = CallSettings {
            path: login.path.as_deref(),
            url: login.url.as_deref(),
            method: login.method.as_deref().or(Some("POST")),
            query: &login.query,
            headers: &login.headers,
        };
        let call = Call::compile("login", &settings, body, &names, findings);
        let mut keep = |finding| findings.push(finding);
        let ok = OkSettings::compile(login.ok.as_ref(), &["/login"])
            .map_err(&mut keep)
            .ok();
        let tokens = login.tokens().map_err(&mut keep).ok();
        let header = TokenHeader::new(self.header.as_deref(), self.scheme.as_deref())
            .map_err(&mut keep)
            .ok();
        let refresh = login
            .refresh
            .as_ref()
            .map(|refresh| refresh.compile(encode, findings));
        if findings.len() > before {
            return None;
        }
        let refresh = refresh.flatten();
        Some(Compiled {
            steps,
            call: call?,
            ok: ok?,
            tokens: tokens?,
            header: header?,
            refresh,
        })
    }
}

impl TokenLogin {
    fn tokens(&self) -> Result<Tokens, Finding> {
        let at = match (&self.token, &self.token_header) {
            (Some(_), Some(_)) => {
                return Err(Finding::new(
                    "login.token_header",
                    "give either token or token_header",
                ));
            }
            (_, Some(name)) => HeaderName::from_bytes(name.as_bytes())
                .map(TokenAt::Header)
                .map_err(|_| Finding::new("login.token_header", "not the name of a header"))?,
            (Some(path), None) => TokenAt::Json(vec![json_path("login.token", path)?]),
            (None, None) => TokenAt::Json(vec![
                json_path("login.token", "$.token")?,
                json_path("login.token", "$.access_token")?,
            ]),
        };
        let expires_in = json_path(
            "login.expires_in",
            self.expires_in.as_deref().unwrap_or("$.expires_in"),
        )?;
        Ok(Tokens {
            at,
            expires_in,
            unit: self.expires_unit.unwrap_or_default(),
        })
    }
}

impl RefreshSettings {
    fn compile(&self, encode: Encode, findings: &mut Vec<Finding>) -> Option<(Call, JsonPath)> {
        let from = json_path("login.refresh.from", &self.from)
            .map_err(|finding| findings.push(finding))
            .ok();
        let token = crate::template::Template::parse("{{ refresh_token }}", &["refresh_token"]).ok()?;
        let body = Body::Fields(
            encode,
            vec![(self.field.clone(), crate::template::JsonTemplate::Text(token))],
        );
        let none = BTreeMap::new();
        let settings = CallSettings {
            path: Some(&self.path),
            url: None,
            method: Some("POST"),
            query: &none,
            headers: &none,
        };
        let call = Call::compile("login.refresh", &settings, body, &["refresh_token"], findings);
        Some((call?, from?))
    }
}

fn json_path(key: &'static str, text: &str) -> Result<JsonPath, Finding> {
    JsonPath::parse(text).map_err(|error| Finding::new(key, format!("not a JSONPath (RFC 9535): {error}")))
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
            ok,
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

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        if let Some(refresh) = &self.refresh
            && let Some(token) = refresh.take()
            && let Some(credential) = self.renew(refresh, &token, client, base).await
        {
            return Ok(credential);
        }
        let mut talk = Conversation::new(client, base);
        talk.vars.set("username", &self.username);
        talk.vars.set("password", self.password.expose());
        put_values(&mut talk.vars, &self.values);
        talk.run(&self.steps).await?;
        let request = self.call.request(base, &talk.vars, &[])?;
        let path = request.url.path().to_owned();
        let response = talk.send(request).await?;
        self.ok.judge(&response, &path)?;
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
        talk.vars.set("refresh_token", token.expose());
        let request = refresh.call.request(base, &talk.vars, &[]).ok()?;
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

impl Tokens {
    /// The token of an answer and its life. Nothing of the answer is quoted: one of its values is the token.
    fn read(&self, response: &Response) -> Result<(Secret, Option<Duration>), LoginError> {
        let says = |what: &str| bad(format!("the answer to the sign-in {what}"));
        let json = || -> Result<Value, LoginError> {
            if response.is_html() {
                return Err(says("is an HTML page, not JSON"));
            }
            let text = response
                .utf8()
                .map_err(|why| says(&format!("cannot be read: {why}")))?;
            serde_json::from_slice(&text).map_err(|_| says("is not JSON"))
        };
        let (token, json) = match &self.at {
            TokenAt::Header(name) => {
                let token = response.headers.get(name).and_then(|value| value.to_str().ok());
                let token = token.filter(|token| !token.is_empty());
                let token = token.ok_or_else(|| says(&format!("has no header {name}")))?;
                (token.to_owned(), json().unwrap_or_default())
            }
            TokenAt::Json(paths) => {
                let json = json()?;
                (find(paths, &json).map_err(|why| says(&why))?, json)
            }
        };
        // What follows a scheme that the answer itself writes.
        let token = token.strip_prefix("Bearer ").unwrap_or(&token);
        Ok((Secret::new(token), self.life(&json)))
    }

    /// The life, if it is given in a way that is understood.
    fn life(&self, json: &Value) -> Option<Duration> {
        let number = match self.expires_in.query(json).first()? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let seconds = match self.unit {
            ExpiresUnit::Seconds => number,
            ExpiresUnit::Milliseconds => number / 1_000.0,
        };
        // Zero and less is how some say "it does not end"; what is too large to express does not end either.
        (seconds > 0.0)
            .then(|| Duration::try_from_secs_f64(seconds).ok())
            .flatten()
    }
}

fn find(paths: &[JsonPath], json: &Value) -> Result<String, String> {
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let nodes: Vec<&Value> = paths
        .iter()
        .map(|path| path.query(json).all())
        .find(|nodes| !nodes.is_empty())
        .unwrap_or_default();
    match nodes.as_slice() {
        [Value::String(token)] if !token.is_empty() => Ok(token.clone()),
        [_] => Err(format!("has a {} that is not a text", names[0])),
        [] => Err(format!("has no {}", names.join(" and no "))),
        several => Err(format!(
            "has {} values at {}; it must be one",
            several.len(),
            names[0]
        )),
    }
}

impl fmt::Debug for TokenLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenLogin")
            .field("path", &self.path)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
