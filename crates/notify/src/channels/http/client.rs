//! One address that messages are posted to, and what its answers mean before anybody reads their body.

use http::StatusCode;
use monitor_domain::{Finding, SharedClock};
use monitor_requests::{
    Client, ClientConfig, Error, Request, Response, Secret, SecretSource, Url, secret_segments,
};

use super::HttpSettings;
use crate::channels::{BuildError, Deps};
use crate::notifier::Failure;

/// The client of one channel.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    url: Url,
}

impl HttpClient {
    /// The client of the channel `name`, whose address is `url`. Opens no connection. `secrets` are masked in everything that is said of an answer,
    /// besides what a request sends.
    ///
    /// # Errors
    /// [`BuildError`] that names the key.
    pub fn new(
        name: &str,
        url: &SecretSource,
        settings: &HttpSettings,
        secrets: Vec<Secret>,
        deps: &Deps,
    ) -> Result<HttpClient, BuildError> {
        let setting = |finding| BuildError::setting(name, finding);
        let secret = BuildError::resolve(name, "url", url)?;
        let url = address(&secret).map_err(setting)?;
        // Some kinds send a part of the address in the body.
        let parts = secret_segments(&url);
        let config = ClientConfig {
            secrets: secrets.into_iter().chain(parts).collect(),
            ..settings.config(&ClientConfig::from(&deps.requests))
        };
        if let Some(finding) = config.check().into_iter().next() {
            return Err(setting(finding));
        }
        let client = Client::new(config, deps.clock.clone())
            .map_err(|error| setting(Finding::new("url", error.to_string())))?;
        Ok(HttpClient { client, url })
    }

    /// Where messages go.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// What time it is.
    pub fn clock(&self) -> &SharedClock {
        self.client.clock()
    }

    /// Posts a message once; the answer has a status of success.
    ///
    /// # Errors
    /// [`Failure`]: transient where the service cannot be reached, is overloaded or does not know who sends; permanent where it
    /// refuses what the message says.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        HttpClient::success(self.answer(request).await?)
    }

    /// The answer itself if its status is one of success.
    ///
    /// # Errors
    /// [`Failure`] as [`send`](HttpClient::send) has it.
    pub fn success(response: Response) -> Result<Response, Failure> {
        let (status, advice) = (response.status, advice(response.status));
        let refusal = match response.require_success() {
            Ok(response) => return Ok(response),
            Err(refusal) => refusal,
        };
        Err(match status {
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Failure::permanent(refusal.to_string())
            }
            _ => Failure::Transient {
                retry_after: refusal.retry_after(),
                reason: format!("{refusal}{advice}"),
            },
        })
    }

    /// Sends a request once, and gives the answer whatever its status.
    ///
    /// # Errors
    /// [`Failure`] where there is none.
    pub async fn answer(&self, request: Request) -> Result<Response, Failure> {
        // The pipeline leaves a service alone, not this client: it remembers for how long.
        let request = request.secret_url().retries(0).past_breaker();
        self.client.send(&request).await.map_err(|error| later(&error))
    }

    /// Whether the service can be reached: any answer says that it can.
    ///
    /// # Errors
    /// [`Failure`] where there is none.
    pub async fn reach(&self) -> Result<(), Failure> {
        let mut url = self.url();
        // The rest of the address is what posts are made to; nobody is bothered by a call without it.
        url.set_path("/");
        url.set_query(None);
        self.answer(Request::get(url)).await.map(drop)
    }
}

/// A wrong address gets repaired in the config, too: what waits for it must not be lost.
fn later(error: &Error) -> Failure {
    Failure::Transient {
        retry_after: error.retry_after(),
        reason: error.to_string(),
    }
}

/// What to do about a refusal that is not about the message.
fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "; use the address that it redirects to, if that is the service's",
        401 | 403 => {
            "; the service does not know this sender: see whether url and the secrets are still right"
        }
        404 | 405 | 410 => "; nothing takes messages there: see whether url is still right",
        _ => "",
    }
}

/// What is wrong with an address and these keys, as far as that can be known without reading a secret.
pub(in crate::channels) fn check(url: &SecretSource, settings: &HttpSettings) -> Vec<Finding> {
    let url = match url {
        SecretSource::Plain(url) => address(url).err(),
        _ => None,
    };
    url.into_iter().chain(settings.check()).collect()
}

/// The message does not quote the address.
fn address(text: &Secret) -> Result<Url, Finding> {
    let finding =
        |why: &str| Finding::new("url", format!("{why}; copy the whole address, such as https://…"));
    let url = Url::parse(text.expose().trim()).map_err(|error| finding(&format!("not a URL ({error})")))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(finding("not an address of a web server")),
    }
}
