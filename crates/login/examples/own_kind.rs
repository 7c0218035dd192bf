//! A way to sign in that is not built in, used from outside of this crate:
//! `PASSWORD=… cargo run -p monitor-login --example own_kind -- https://t.example monitor /api/total`.

use std::process::ExitCode;

use async_trait::async_trait;
use monitor_domain::SystemClock;
use monitor_login::{Credential, Login, LoginError, System};
use monitor_requests::{Client, ClientConfig, HeaderName, Request, Secret, Url};

/// `POST /ticket` with a form is answered with a ticket in plain text; every call then carries it in `X-Ticket`.
struct Ticket {
    username: String,
    password: Secret,
}

#[async_trait]
impl Login for Ticket {
    fn kind(&self) -> &'static str {
        "ticket"
    }

    async fn sign_in(&self, client: &Client, base: &Url) -> Result<Credential, LoginError> {
        let url = base
            .join("/ticket")
            .map_err(|error| LoginError::BadAnswer(format!("/ticket: {error}")))?;
        let fields = [
            ("user", self.username.as_str()),
            ("password", self.password.expose()),
        ];
        let answer = client
            .send(&Request::post(url).form(&fields))
            .await
            .map_err(LoginError::Unreachable)?;
        // Only this means wrong credentials: after it the account is left alone for minutes.
        if matches!(answer.status.as_u16(), 401 | 403) {
            return Err(LoginError::refused(answer.status.to_string()));
        }
        let answer = answer.require_success().map_err(LoginError::Unreachable)?;
        if answer.is_html() {
            return Err(LoginError::BadAnswer("a page instead of a ticket".to_owned()));
        }
        let ticket = Secret::new(answer.text().trim());
        Credential::token(HeaderName::from_static("x-ticket"), "", &ticket, None)
    }
}

async fn ask() -> Result<String, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what}?"));
    let base = Url::parse(&next("base URL")?)?;
    let login = Ticket {
        username: next("user name")?,
        password: Secret::new(std::env::var("PASSWORD")?),
    };
    let clock = SystemClock::shared();
    let client = Client::new(ClientConfig::default(), clock.clone())?;
    let system = System::new("t", base, Box::new(login), client, clock);
    let request = Request::get(system.url(&next("path")?)?);
    Ok(system.call(request).await?.require_success()?.text())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match ask().await {
        Ok(answer) => {
            eprintln!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
