//! Headless Chromium through chromedriver.

use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use monitor_testkit::require;
use monitor_testkit::require::require_any;

/// A browser of its own; both programs end with it.
pub struct Browser {
    pub page: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Nothing where there is no Chromium or chromedriver; said loudly.
    pub async fn start() -> Option<Browser> {
        Browser::start_with(&serde_json::json!({})).await
    }

    /// One that keeps a log of what goes over the network.
    pub(crate) async fn start_logging() -> Option<Browser> {
        Browser::start_with(&serde_json::json!({ "performance": "ALL" })).await
    }

    async fn start_with(logs: &serde_json::Value) -> Option<Browser> {
        let chromium = require_any("chromium", &["chromium", "chromium-browser", "google-chrome"])?;
        let chromedriver = require("chromedriver")?;
        monitor_requests::install_crypto();
        let port = monitor_simulator::ports::free_port().unwrap();
        let driver = Command::new(chromedriver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let capabilities = serde_json::json!({
            "browserName": "chrome",
            "goog:loggingPrefs": logs,
            "goog:chromeOptions": {
                "binary": chromium,
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--window-size=1280,900", "--lang=en",
                    format!("--user-data-dir={}", profile.path().display()),
                ],
            },
        });
        let capabilities = capabilities.as_object().unwrap().clone();
        let page = crate::eventually("chromedriver answers", || {
            let capabilities = capabilities.clone();
            async move {
                let mut builder = ClientBuilder::new(HttpConnector::new());
                builder
                    .capabilities(capabilities)
                    .connect(&format!("http://127.0.0.1:{port}"))
                    .await
                    .ok()
            }
        })
        .await;
        Some(Browser {
            page,
            driver,
            _profile: profile,
        })
    }

    /// Closes it; without this Chromium would outlive the test.
    pub async fn close(mut self) {
        let _ = self.page.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
