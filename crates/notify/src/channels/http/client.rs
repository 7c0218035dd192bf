//! One address that messages are posted to, and what its answers mean before anybody reads their body.

use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use monitor_domain::{Finding, SharedClock};
use monitor_requests::{Client, ClientConfig, Error, Request, Response, Secret, SecretSource, Url};

use crate::channels::{BuildError, Deps};
use crate::notifier::Failure;

/// The keys that channels over HTTP have; each kind has them among its own.
#[derive(Clone, Copy, Debug)]
pub struct HttpKeys<'a> {
    /// The address, with everything in it that is a secret.
    pub url: &'a SecretSource,
    /// A PEM file of certificate authorities to trust besides the machine's.
    pub ca_file: Option<&'a Path>,
    /// The proxy, such as `http://proxy.example:3128`.
    pub proxy: Option<&'a str>,
    /// How long a call may take.
    pub timeout: Option<Duration>,
}

/// The client of one channel.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    url: Url,
}

impl<'a> HttpKeys<'a> {
    /// All of them.
    pub fn new(
        url: &'a SecretSource,
        ca_file: Option<&'a Path>,
        proxy: Option<&'a str>,
        timeout: Option<Duration>,
    ) -> HttpKeys<'a> {
        HttpKeys {
            url,
            ca_file,
            proxy,
            timeout,
        }
    }

    /// What is wrong with them, as far as that can be known without reading a secret.
    pub fn check(&self) -> Vec<Finding> {
        let url = match self.url {
            SecretSource::Plain(url) => address(url).err(),
            _ => None,
        };
        let timeout = self
            .timeout
            .filter(Duration::is_zero)
            .map(|_| Finding::new("timeout", "must be longer than nothing, such as \"5s\""));
        let client = self.config(&ClientConfig::default()).check();
        url.into_iter().chain(timeout).chain(client).collect()
    }

    fn config(&self, defaults: &ClientConfig) -> ClientConfig {
        ClientConfig {
            timeout: self.timeout.unwrap_or(defaults.timeout),
            ca_file: self.ca_file.map(Path::to_owned),
            proxy: self.proxy.map(str::to_owned),
            // The pipeline tries again, remembers that across restarts, and has a breaker of its own.
            retries: 0,
            breaker_failures: 0,
            ..defaults.clone()
        }
    }
}

impl HttpClient {
    /// The client of the channel `name`. Opens no connection. `secrets` are masked in everything that is said of an answer,
    /// besides what a request sends.
    ///
    /// # Errors
    /// [`BuildError`] that names the key.
    pub fn new(
        name: &str,
        keys: HttpKeys<'_>,
        secrets: Vec<Secret>,
        deps: &Deps,
    ) -> Result<HttpClient, BuildError> {
        let setting = |finding| BuildError::setting(name, finding);
        let secret = BuildError::resolve(name, "url", keys.url)?;
        let url = address(&secret).map_err(setting)?;
        // Some kinds send a part of the address in the body.
        let parts = url.path_segments().into_iter().flatten().map(Secret::from);
        let config = ClientConfig {
            secrets: secrets.into_iter().chain(parts).collect(),
            ..keys.config(&ClientConfig::from(&deps.requests))
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
