//! The calls of one sign-in, one after the other, with the cookies and values that they bring.

use http::header::{COOKIE, ORIGIN, REFERER};
use monitor_requests::{Client, HeaderValue, Request, Response, Url};

use super::{Step, bad};
use crate::LoginError;
use crate::cookies::CookieJar;
use crate::kinds::account::refusal;
use crate::template::Vars;

/// A browser follows 20; a sign-in that needs more than these goes in circles.
const MAX_REDIRECTS: usize = 10;

/// One sign-in under way.
pub(crate) struct Conversation<'a> {
    client: &'a Client,
    base: &'a Url,
    pub(crate) jar: CookieJar,
    pub(crate) vars: Vars,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(client: &'a Client, base: &'a Url) -> Conversation<'a> {
        Conversation {
            client,
            base,
            jar: CookieJar::new(),
            vars: Vars::at(client.clock().wall()),
        }
    }

    pub(crate) fn base(&self) -> &Url {
        self.base
    }

    /// Sends a request with the cookies so far, and takes those of the answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, LoginError> {
        // A redirect goes where an answer says, which may repeat what it was sent.
        let mut request = request.with_secrets(self.vars.secrets().iter().cloned());
        if let Some(cookies) = self.jar.header(&request.url, self.client.clock().monotonic()) {
            request.headers.insert(COOKIE, cookies);
        }
        let response = self
            .client
            .send(&request)
            .await
            .map_err(LoginError::Unreachable)?;
        self.jar
            .absorb(&request.url, &response.headers, &**self.client.clock());
        Ok(response)
    }

    /// Makes the calls before the sign-in, and keeps what each takes.
    pub(crate) async fn run(&mut self, steps: &[Step]) -> Result<(), LoginError> {
        for Step { key, call, ok, take } in steps {
            let request = call.sign_in(self.base, &self.vars, &[])?;
            let path = request.shown_path();
            let response = self.send(request).await?;
            if let Some(error) = refusal(&response, &path) {
                return Err(error);
            }
            if let Some(why) = ok.as_ref().and_then(|ok| ok.check(&response).err()) {
                return Err(LoginError::refused(format!("{key}: {why}")));
            }
            for (name, take) in take {
                let value = take
                    .from(&response, &self.jar)
                    .map_err(|why| bad(format!("{key}.take.{name}: {why}")))?;
                // Whatever it is good for, it belongs to a sign-in.
                self.vars.set_secret(name, &value);
            }
        }
        Ok(())
    }

    /// Says to a server that a request comes from its own page, as a browser does; some refuse it otherwise.
    pub(crate) fn from_page(request: Request, page: &Url) -> Request {
        let mut page = page.clone();
        page.set_query(None);
        page.set_fragment(None);
        let origin = page.origin().ascii_serialization();
        match (
            HeaderValue::from_str(page.as_str()),
            HeaderValue::from_str(&origin),
        ) {
            (Ok(page), Ok(origin)) => request.header(REFERER, page).header(ORIGIN, origin),
            _ => request,
        }
    }

    /// Goes where an answer to a sign-in redirects to, as a browser does, for the cookies on the way; not to other hosts than
    /// the system's and that of the sign-in.
    ///
    /// # Errors
    /// [`LoginError::BadAnswer`] for one that goes in circles.
    pub(crate) async fn follow(&self, mut response: Response) -> Result<Response, LoginError> {
        let first = response.url.origin();
        for _ in 0..MAX_REDIRECTS {
            // 307 and 308 would have the password sent again, to somewhere that the config does not name.
            let goes_on = matches!(response.status.as_u16(), 301..=303);
            let Some(to) = goes_on.then(|| response.location()).flatten() else {
                return Ok(response);
            };
            if to.origin() != self.base.origin() && to.origin() != first {
                return Ok(response);
            }
            response = self.send(Request::get(to).past_breaker()).await?;
        }
        let last = response.shown_url();
        Err(bad(format!(
            "goes in circles: redirect {MAX_REDIRECTS} came from {last}"
        )))
    }
}
