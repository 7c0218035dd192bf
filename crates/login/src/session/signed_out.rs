//! What a lost session is answered with: a status, a redirect to the login page, a text.

use http::StatusCode;
use monitor_domain::Finding;
use monitor_requests::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BodyRule, BodySettings};

/// What a lost session is answered with, where the default does not fit: `signed_out = { … }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedOutSettings {
    /// These statuses. Default `[401]`.
    pub status: Option<Vec<u16>>,
    /// A redirect to a path with this end, or to an address with this beginning. Default: the path of the login page.
    pub redirect_to: Option<String>,
    /// A body that contains this text. Default: none.
    pub body_contains: Option<String>,
    /// JSON that says this, such as `{ path = "$.code", equals = [401] }`. Default: none.
    pub body: Option<BodySettings>,
}

impl SignedOutSettings {
    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<Finding> {
        let body = self.body.as_ref().map(|body| body.compile("signed_out.body"));
        body.and_then(Result::err).into_iter().collect()
    }
}

/// How an answer shows that it is meant for someone who is not signed in.
#[derive(Clone, Debug)]
pub struct SignedOutRules {
    statuses: Vec<u16>,
    redirect_to: String,
    body_contains: Option<String>,
    body: Option<BodyRule>,
}

impl Default for SignedOutRules {
    fn default() -> SignedOutRules {
        SignedOutRules::new(None, "/login")
    }
}

impl SignedOutRules {
    /// The rules of the config, and by default: 401, or a redirect to the login path.
    pub fn new(settings: Option<&SignedOutSettings>, login_path: &str) -> SignedOutRules {
        let SignedOutSettings {
            status,
            redirect_to,
            body_contains,
            body,
        } = settings.cloned().unwrap_or_default();
        SignedOutRules {
            statuses: status.unwrap_or_else(|| vec![StatusCode::UNAUTHORIZED.as_u16()]),
            redirect_to: redirect_to.unwrap_or_else(|| login_path.to_owned()),
            body_contains,
            // What is wrong with it was said when the config was checked.
            body: body.and_then(|body| body.compile("signed_out.body").ok()),
        }
    }

    /// Why the answer means signed out, if it does.
    pub fn judge(&self, response: &Response) -> Option<String> {
        let status = response.status.as_u16();
        if self.statuses.contains(&status) {
            return Some(format!("answered {status}"));
        }
        if self.is_redirect_to_login(response) {
            return Some(format!("redirected ({status}) to {}", self.redirect_to));
        }
        // A server that fails may well write "sign in" on its error page.
        match &self.body_contains {
            Some(text) if !response.status.is_server_error() && response.text().contains(text.as_str()) => {
                return Some(format!("answered {status} with {text:?}"));
            }
            _ => {}
        }
        let says_so = |body: &BodyRule| !response.status.is_server_error() && body.check(response).is_ok();
        let says_so = self.body.as_ref().is_some_and(says_so);
        says_so.then(|| format!("answered {status} with a body that means signed out"))
    }

    /// Whether the answer is a redirect to the login page.
    pub(crate) fn is_redirect_to_login(&self, response: &Response) -> bool {
        let Some(to) = response
            .status
            .is_redirection()
            .then(|| response.location())
            .flatten()
        else {
            return false;
        };
        if self.redirect_to.contains("://") {
            return to.as_str().starts_with(&self.redirect_to);
        }
        // The end, because the system may live below a path that only its redirects know.
        let wanted = self.redirect_to.trim_end_matches('/');
        !wanted.is_empty() && format!("/{}", to.path().trim_matches('/')).ends_with(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_requests::{Bytes, HeaderMap, HeaderValue, Method, Url};

    fn response(status: u16, location: Option<&str>, body: &str) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(http::header::LOCATION, HeaderValue::from_str(location).unwrap());
        }
        let url = Url::parse("https://b.example/app/api").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        Response::new(
            Method::GET,
            url,
            status,
            headers,
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn by_default_401_and_a_redirect_to_the_login_path() {
        let rules = SignedOutRules::default();
        for (status, location, lost) in [
            (401, None, true),
            (403, None, false),
            (200, None, false),
            (200, Some("/login"), false),
            (302, Some("/login"), true),
            (302, Some("/login/"), true),
            (303, Some("https://b.example/app/login?next=%2F"), true),
            (302, Some("/login-history"), false),
            (302, Some("/"), false),
            (302, None, false),
        ] {
            assert_eq!(
                rules.judge(&response(status, location, "")).is_some(),
                lost,
                "{status} {location:?}"
            );
        }
        assert_eq!(
            rules.judge(&response(302, Some("/login"), "")).unwrap(),
            "redirected (302) to /login"
        );
    }

    #[test]
    fn the_config_replaces_them() {
        let settings = SignedOutSettings {
            status: Some(vec![419, 440]),
            redirect_to: Some("https://sso.example/".to_owned()),
            body_contains: Some("sign in".to_owned()),
            body: Some(BodySettings {
                path: Some("$.code".to_owned()),
                equals: Some(vec![401.into()]),
                ..BodySettings::default()
            }),
        };
        let rules = SignedOutRules::new(Some(&settings), "/login");
        for (response, lost) in [
            (response(401, None, ""), false),
            (response(419, None, ""), true),
            (response(302, Some("/login"), ""), false),
            (response(302, Some("https://sso.example/start?x"), ""), true),
            (response(200, None, "please sign in"), true),
            (response(502, None, "please sign in"), false),
            (response(200, None, "{}"), false),
            (response(200, None, r#"{"code":401}"#), true),
            (response(200, None, r#"{"code":"401"}"#), false),
            (response(200, None, r#"{"code":0}"#), false),
            (response(503, None, r#"{"code":401}"#), false),
        ] {
            assert_eq!(rules.judge(&response).is_some(), lost, "{response:?}");
        }
    }
}
