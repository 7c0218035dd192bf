//! The web in this process, over the database of a test.

use std::net::SocketAddr;

use monitor_web::WebContext;
use tokio_util::sync::CancellationToken;

use monitor_harness::TestApp;

/// A running web. Stops when dropped.
pub struct Web {
    pub address: SocketAddr,
    http: reqwest::Client,
    stop: CancellationToken,
}

impl Web {
    pub async fn start(app: &TestApp) -> Web {
        let mut settings = app.settings.clone();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        settings.web.bind = address;
        let context = WebContext::from_settings(&settings, app.db.clone(), app.clock.clone()).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(monitor_web::serve(listener, context, |_| {}, stop.clone()));
        Web {
            address,
            http: http(),
            stop,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        answer(self.http.get(self.url(path)).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str) -> (u16, String) {
        answer(self.http.post(self.url(path)).send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> (u16, String) {
        answer(self.http.delete(self.url(path)).send().await.unwrap()).await
    }

    /// The records of `POST /monitor`.
    pub async fn records(&self) -> Vec<serde_json::Value> {
        let (status, body) = self.post("/monitor").await;
        assert_eq!(status, 200, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["records"].as_array().unwrap().clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A plain client that follows nothing.
pub fn http() -> reqwest::Client {
    monitor_requests::install_crypto();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .build()
        .unwrap()
}

async fn answer(response: reqwest::Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}
