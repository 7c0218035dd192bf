//! The keys of `json_token`, and how they are checked.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderName;
use monitor_domain::Finding;
use monitor_requests::SecretSource;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::exchange::{
    Body, Call, CallSettings, Encode, Extra, FieldNames, Fields, OkRule, OkSettings, Step, StepSettings,
    account_body, names,
};
use super::super::token::TokenHeader;
use super::JsonTokenSettings;
use super::tokens::{TokenAt, Tokens};
use crate::JsonPath;
use crate::template::{JsonTemplate, Template, check_values};

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
    /// What makes a sign-in a good one: `{ path = "$.code", equals = [0] }`. Default: a 2xx status and a token.
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

/// What [`JsonToken`] is made of that needs no secret.
pub(super) struct Compiled {
    pub(super) steps: Vec<Step>,
    pub(super) call: Call,
    pub(super) ok: OkRule,
    pub(super) tokens: Tokens,
    pub(super) header: TokenHeader,
    pub(super) refresh: Option<(Call, JsonPath)>,
}

impl JsonTokenSettings {
    pub(super) fn compile(&self, findings: &mut Vec<Finding>) -> Option<Compiled> {
        let login = self.login.as_ref()?;
        let before = findings.len();
        findings.extend(check_values("login.values", &login.values));
        let names = names(self.username.is_some(), &login.values);
        let (steps, names) = StepSettings::compile_all("login.steps", &login.steps, names, findings);
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
        let token = Template::parse("{{ refresh_token }}", &["refresh_token"]).ok()?;
        let body = Body::Fields(encode, vec![(self.field.clone(), JsonTemplate::Text(token))]);
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
    crate::json_path(text).map_err(|why| Finding::new(key, why))
}

impl fmt::Debug for TokenLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenLogin")
            .field("path", &self.path)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
