//! Signs in to a System A and reads a total:
//! `PASSWORD=… cargo run -p monitor-login --example sign_in -- https://a.example monitor /api/totals/x`.

use std::process::ExitCode;

use monitor_domain::SystemClock;
use monitor_login::{SystemASettings, SystemSettings};
use monitor_requests::{Request, RequestsSettings, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match read().await {
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

async fn read() -> Result<String, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what}?"));
    let base_url = next("base URL")?;
    let login = SystemASettings::new(next("user name")?, SecretSource::Env("PASSWORD".to_owned()));
    let settings = SystemSettings::new(base_url, login);
    let system = settings.build("a", &RequestsSettings::default(), SystemClock::shared())?;
    let request = Request::get(system.url(&next("path")?)?);
    Ok(system.call(request).await?.require_success()?.text())
}
