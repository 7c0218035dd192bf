//! A system and the calls to it: signed in, kept signed in, and never anywhere else.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header::{ACCEPT, COOKIE};
use monitor_domain::SharedClock;
use monitor_requests::{Client, HeaderValue, Method, Request, Response, StatusCode, Url};

use super::fixed::Proof;
use super::live::Live;
use super::relogin_backoff::ReloginBackoff;
use super::sign_in::{Session, SignIns};
use super::{BodyRule, Login};
use crate::{CallError, LoginError};

/// One upstream system with its session, shared by all callers.
pub struct System {
    name: String,
    base: Url,
    client: Client,
    pub(super) clock: SharedClock,
    pub(super) session: Session,
    pub(super) relogin_backoff: ReloginBackoff,
    pub(super) proof: Proof,
    /// What a request accepts that does not say so itself.
    accept: HeaderValue,
    ok: Option<BodyRule>,
}

/// An answer as somebody gets who is not signed in.
pub(super) enum Lost {
    /// A 403, which may also mean what it says.
    Forbidden,
    /// Anything else, and what.
    SignedOut(String),
}

impl System {
    /// The system at `base`. Nothing is sent before the first call.
    pub fn new(
        name: &str,
        base: Url,
        login: Arc<dyn Login>,
        client: Client,
        clock: SharedClock,
    ) -> Arc<System> {
        System::expecting(None, name, base, login, client, clock)
    }

    /// The same where a good answer says so in its JSON.
    pub(crate) fn expecting(
        ok: Option<BodyRule>,
        name: &str,
        base: Url,
        login: Arc<dyn Login>,
        client: Client,
        clock: SharedClock,
    ) -> Arc<System> {
        let session = Session::new(name, base.clone(), login, client.clone(), Arc::clone(&clock));
        let headers = &client.config().headers;
        let configured = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(ACCEPT.as_str()));
        let accept = configured
            .and_then(|(_, value)| HeaderValue::from_str(value).ok())
            .unwrap_or(HeaderValue::from_static("application/json"));
        Arc::new(System {
            name: name.to_owned(),
            base,
            client,
            clock,
            session,
            relogin_backoff: ReloginBackoff::default(),
            proof: Proof::default(),
            accept,
            ok,
        })
    }

    /// The system's name in the config.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the JSON of its good answers says, where the config knows.
    pub fn ok(&self) -> Option<&BodyRule> {
        self.ok.as_ref()
    }

    /// The clock that it goes by.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// The kind of its login.
    pub fn kind(&self) -> &'static str {
        self.session.login().kind()
    }

    /// How the sign-ins so far went.
    pub fn sign_ins(&self) -> SignIns {
        self.session.sign_ins()
    }

    /// The address of a path (with or without a query) of this system; the base URL's own path stays in front.
    ///
    /// # Errors
    /// [`CallError::Path`] for what is no path below the base URL.
    pub fn url(&self, path_and_query: &str) -> Result<Url, CallError> {
        join(&self.base, path_and_query).map_err(|why| CallError::Path {
            system: self.name.clone(),
            // Without its query, which may hold a token.
            path: path_and_query
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            why: why.to_owned(),
        })
    }

    /// Sends a request with the session's credential and gives the answer, whatever its status.
    ///
    /// `Accept: application/json` (or that of the config) is added where the request accepts nothing in particular.
    /// What is answered as if signed out is sent once more after a new sign-in. A 403 that a new session gets too is an answer.
    ///
    /// # Errors
    /// [`CallError::OtherOrigin`] for a request to anywhere else, which is not sent; [`CallError::Login`] without a
    /// session; [`CallError::Request`] without an answer; [`CallError::SignedOut`] where signing in again did not
    /// help, now or lately.
    pub async fn call(&self, mut request: Request) -> Result<Response, CallError> {
        if request.url.origin() != self.base.origin() {
            let url = request.shown_url();
            return Err(CallError::OtherOrigin {
                system: self.name.clone(),
                url,
            });
        }
        request.headers.entry(ACCEPT).or_insert(self.accept.clone());
        // One that a new ticket is a part of is one path all the same: it stands here as it is shown.
        let path = format!("{} {}", request.method, request.shown_path());
        if !self.session.login().proves() {
            return self.call_fixed(request, &path).await;
        }

        let live = self.session.get().await?;
        let (response, lost) = self.send(&request, &live).await?;
        let now = self.clock.monotonic();
        let replaced = match lost {
            None => return Ok(self.worked(&path, &live, response)),
            Some(Lost::Forbidden) => {
                if self.relogin_backoff.is_forbidden(&path, &live, now) {
                    return Ok(response);
                }
                // The old session may well be good, so others go on with it meanwhile.
                self.session.renew(live.generation).await?
            }
            Some(Lost::SignedOut(why)) => {
                if self.relogin_backoff.is_blocked(&path, &live, now) {
                    return Err(self.signed_out(&request, &live, &why));
                }
                self.session.replace(live.generation).await?
            }
        };
        let (response, lost) = self.send(&request, &replaced).await?;
        let now = self.clock.monotonic();
        match lost {
            None => Ok(self.worked(&path, &replaced, response)),
            Some(Lost::Forbidden) => {
                self.relogin_backoff.note(&path, &replaced, true, now);
                Ok(response)
            }
            Some(Lost::SignedOut(why)) => {
                self.relogin_backoff.note(&path, &replaced, false, now);
                let name = self.name.as_str();
                log::warn!(system = name; "system {name}: {path}: {why}, also after signing in again");
                Err(self.signed_out(&request, &replaced, &why))
            }
        }
    }

    /// Signs in unless there is a session.
    ///
    /// # Errors
    /// [`LoginError`], at once while sign-ins are backing off.
    pub async fn sign_in(&self) -> Result<(), LoginError> {
        self.session.get().await.map(drop)
    }

    pub(super) async fn send(
        &self,
        request: &Request,
        live: &Live,
    ) -> Result<(Response, Option<Lost>), CallError> {
        let mut request = request.clone();
        request.headers.extend(live.credential.headers.clone());
        let jar = live.credential.cookies.as_ref();
        if let Some(cookies) = jar.and_then(|jar| jar.header(&request.url, self.clock.monotonic())) {
            request.headers.insert(COOKIE, cookies);
        }
        let mut response = self.exchange(&mut request, live).await?;
        let lost = self.judge(&request, &response);
        // A login page brings the cookie of a stranger, which must not replace a good one.
        if let Some(jar) = jar.filter(|_| lost.is_none()) {
            jar.absorb(&request.url, &response.headers, &*self.clock);
        }
        response.add_secrets(live.credential.secrets());
        Ok((response, lost))
    }

    /// Sends a request, and once more where the answer is a challenge that can be met.
    async fn exchange(&self, request: &mut Request, live: &Live) -> Result<Response, CallError> {
        let Some(authorizer) = &live.credential.authorizer else {
            return self.client.send(request).await.map_err(CallError::Request);
        };
        authorizer.authorize(request);
        let response = self.client.send(request).await.map_err(CallError::Request)?;
        if !authorizer.is_challenged(&response) {
            return Ok(response);
        }
        authorizer.authorize(request);
        self.client.send(request).await.map_err(CallError::Request)
    }

    fn worked(&self, path: &str, live: &Live, response: Response) -> Response {
        live.good.store(true, Ordering::Relaxed);
        self.relogin_backoff.forget(path);
        response
    }

    fn judge(&self, request: &Request, response: &Response) -> Option<Lost> {
        let login = self.session.login();
        if !login.is_renewable() {
            return None;
        }
        if let Some(why) = login.signed_out(response) {
            return Some(Lost::SignedOut(response.advised(why)));
        }
        if response.status == StatusCode::FORBIDDEN {
            return Some(Lost::Forbidden);
        }
        // A login page in place of what was requested. (An error page is one too, but says so by its status.)
        let accept = request
            .headers
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .unwrap_or_default();
        let wants_json = accept.contains("json") && !accept.contains("html");
        if wants_json && request.method != Method::HEAD && response.status.is_success() && response.is_html()
        {
            return Some(Lost::SignedOut(
                "answered with an HTML page where JSON was due".to_owned(),
            ));
        }
        None
    }

    pub(super) fn signed_out(&self, request: &Request, live: &Live, why: &str) -> CallError {
        let jar = live.credential.cookies.as_ref();
        let withheld = jar.map(|jar| jar.withheld(&request.url, self.clock.monotonic()));
        let advice = match withheld.filter(|names| !names.is_empty()) {
            Some(names) => format!(
                "its cookie {} is Secure and so is not sent over plain http: give base_url with https",
                names.join(", ")
            ),
            None => "check the path, and what the account may see".to_owned(),
        };
        CallError::SignedOut {
            system: self.name.clone(),
            why: format!("{} {}: {why}", request.method, request.shown_path()),
            advice,
        }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System")
            .field("name", &self.name)
            .field("kind", &self.kind())
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// A path (and query) below the base URL, whose own path stays in front.
pub(crate) fn join(base: &Url, path_and_query: &str) -> Result<Url, &'static str> {
    if path_and_query.contains('#') {
        return Err("a fragment (#…) is never sent: remove it, or write %23");
    }
    if path_and_query.chars().any(char::is_control) {
        return Err("has a line break or another control character");
    }
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    if path.contains("://") {
        return Err("must be a path of the system, not an address");
    }
    let prefix = base.path().trim_end_matches('/');
    let mut url = base.clone();
    url.set_path(&format!("{prefix}/{}", path.trim_start_matches('/')));
    url.set_query(query);
    // Dot segments are resolved by now.
    if !url
        .path()
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with('/'))
    {
        return Err("leads out of the base URL's path");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_below_the_base() {
        for (base, path, expected) in [
            ("https://a.example", "/api/x", "https://a.example/api/x"),
            (
                "https://a.example/",
                "api/x?n=1&m=%20",
                "https://a.example/api/x?n=1&m=%20",
            ),
            ("https://a.example/app", "/api/x", "https://a.example/app/api/x"),
            (
                "https://a.example:8443/app/v1/",
                "/api/x?q=a/../b",
                "https://a.example:8443/app/v1/api/x?q=a/../b",
            ),
            ("https://a.example/app", "", "https://a.example/app/"),
            (
                "https://a.example",
                "//evil.example/x",
                "https://a.example/evil.example/x",
            ),
            (
                "https://a.example",
                "\\\\evil.example/x",
                "https://a.example///evil.example/x",
            ),
            ("https://a.example", "/käse x", "https://a.example/k%C3%A4se%20x"),
            ("https://a.example", "/a%2Fb", "https://a.example/a%2Fb"),
        ] {
            let joined = join(&Url::parse(base).unwrap(), path).unwrap();
            assert_eq!(joined.as_str(), expected);
            assert_eq!(joined.origin(), Url::parse(base).unwrap().origin());
        }
    }

    #[test]
    fn what_is_no_path_of_the_system_is_refused() {
        let base = Url::parse("https://a.example/app").unwrap();
        for path in [
            "https://evil.example/",
            "/x#y",
            "/../admin",
            "/%2e%2e/admin",
            "/x\r\nHost: evil",
        ] {
            assert!(join(&base, path).is_err(), "{path}");
        }
    }
}
