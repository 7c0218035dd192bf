//! A kind of system that is not built in, and one call with it:
//! `PASSWORD=… cargo run -p monitor-login --example own_kind -- https://t.example monitor /api/total`.

mod ticket;

use std::process::ExitCode;

use monitor_domain::SystemClock;
use monitor_login::{SystemSettings, simple};
use monitor_requests::{Request, RequestsSettings, SecretSource};
use ticket::Ticket;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match call().await {
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

async fn call() -> Result<String, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what}?"));
    let base_url = next("base URL")?;
    let login = Ticket {
        user: next("user name")?,
        password: SecretSource::Env("PASSWORD".to_owned()),
    };
    let settings = SystemSettings::new(base_url, simple(login));
    let system = settings.build("t", &RequestsSettings::default(), SystemClock::shared())?;
    let request = Request::get(system.url(&next("path")?)?);
    Ok(system.call(request).await?.require_success()?.text())
}
