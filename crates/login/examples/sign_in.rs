//! Signs in to a System A and asks for a total:
//! `PASSWORD=… cargo run -p monitor-login --example sign_in -- https://a.example monitor /api/totals/x`.

use std::process::ExitCode;

use monitor_domain::SystemClock;
use monitor_login::{SystemSettings, build};
use monitor_requests::{Request, RequestsSettings, SecretSource};

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

async fn ask() -> Result<String, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what}?"));
    let settings = SystemSettings {
        kind: "system_a".to_owned(),
        base_url: Some(next("base URL")?),
        username: Some(next("user name")?),
        password: Some(SecretSource::Env("PASSWORD".to_owned())),
        ..SystemSettings::default()
    };
    let system = build(
        "a",
        &settings,
        &RequestsSettings::default(),
        SystemClock::shared(),
    )?;
    let request = Request::get(system.url(&next("path")?)?);
    Ok(system.call(request).await?.require_success()?.text())
}
