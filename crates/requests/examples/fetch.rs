//! Fetches a URL and says what came of it: `cargo run -p monitor-requests --example fetch -- https://a.example/`.

use std::process::ExitCode;

use monitor_domain::SystemClock;
use monitor_requests::{Client, ClientConfig, Request, Url};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match fetch().await {
        Ok(said) => {
            eprintln!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch() -> Result<String, Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("which URL?")?;
    let client = Client::new(ClientConfig::default(), SystemClock::shared())?;
    let response = client
        .send(&Request::get(Url::parse(&address)?))
        .await?
        .require_success()?;
    Ok(format!(
        "{} with {} bytes in {:?} ({} attempts)",
        response.status,
        response.body.len(),
        response.elapsed,
        response.attempts
    ))
}
