//! What a real Chromium sends and is answered, as the HAR file that its developer tools would export with sensitive data.

use std::collections::{BTreeMap, BTreeSet};

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Browser;

/// A browser that is recorded.
pub struct RecordedBrowser {
    pub browser: Browser,
    /// The hops of each request, by its id; a redirect is a hop of its own.
    requests: BTreeMap<String, Vec<Hop>>,
    /// What came by itself of a hop: the headers as they were on the wire.
    sent: BTreeMap<String, Vec<Value>>,
    received: BTreeMap<String, Vec<Value>>,
    bodies: BTreeSet<String>,
}

#[derive(Default)]
struct Hop {
    at: f64,
    kind: String,
    request: Value,
    response: Value,
    body: Value,
}

impl RecordedBrowser {
    /// Nothing where there is no Chromium or chromedriver; said loudly.
    pub async fn start() -> Option<RecordedBrowser> {
        Some(RecordedBrowser {
            browser: Browser::start_logging().await?,
            requests: BTreeMap::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            bodies: BTreeSet::new(),
        })
    }

    /// Goes to an address and keeps what that brought.
    pub async fn goto(&mut self, url: &str) {
        self.browser.page.goto(url).await.unwrap();
        self.keep().await;
    }

    /// Fills in the fields of a form by their selectors and sends it, or presses a button, by the last selector.
    pub async fn fill(&mut self, fields: &[(&str, &str)], button: &str) {
        use fantoccini::Locator;
        for (css, text) in fields {
            let field = self
                .browser
                .page
                .wait()
                .for_element(Locator::Css(css))
                .await
                .unwrap();
            field.send_keys(text).await.unwrap();
        }
        let button = self.browser.page.find(Locator::Css(button)).await.unwrap();
        button.click().await.unwrap();
        self.keep().await;
    }

    /// Runs a script that returns when its promise is fulfilled.
    pub async fn run(&mut self, script: &str) {
        let script = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(done, done);"
        );
        self.browser.page.execute_async(&script, vec![]).await.unwrap();
        self.keep().await;
    }

    /// Reads the log, and the bodies of answers while the browser still has them.
    pub async fn keep(&mut self) {
        let log = command(&self.browser.page, "se/log", json!({ "type": "performance" })).await;
        for line in log.as_array().into_iter().flatten() {
            let event: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
            self.note(&event["message"]);
        }
        let waiting = self
            .requests
            .iter_mut()
            .filter(|(id, _)| !self.bodies.contains(*id));
        let mut had = Vec::new();
        for (id, hops) in waiting {
            let get = json!({ "cmd": "Network.getResponseBody", "params": { "requestId": id } });
            let body = command(&self.browser.page, "goog/cdp/execute", get).await;
            if let (true, Some(last)) = (body["body"].is_string(), hops.last_mut()) {
                last.body = body;
                had.push(id.clone());
            }
        }
        self.bodies.extend(had);
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        let id = params["requestId"].as_str().unwrap_or_default().to_owned();
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let hops = self.requests.entry(id).or_default();
                if let (Some(last), true) = (hops.last_mut(), params["redirectResponse"].is_object()) {
                    last.response = params["redirectResponse"].clone();
                }
                hops.push(Hop {
                    at: params["wallTime"].as_f64().unwrap_or_default(),
                    kind: params["type"].as_str().unwrap_or_default().to_lowercase(),
                    request: params["request"].clone(),
                    ..Hop::default()
                });
            }
            "Network.responseReceived" => {
                if let Some(last) = self.requests.get_mut(&id).and_then(|hops| hops.last_mut()) {
                    last.response = params["response"].clone();
                }
            }
            "Network.requestWillBeSentExtraInfo" => {
                self.sent.entry(id).or_default().push(params["headers"].clone());
            }
            "Network.responseReceivedExtraInfo" => {
                self.received
                    .entry(id)
                    .or_default()
                    .push(params["headers"].clone());
            }
            _ => {}
        }
    }

    /// The file, and the end of the browser.
    pub async fn close(self) -> Value {
        let mut entries = Vec::new();
        for (id, hops) in &self.requests {
            let of = |list: &BTreeMap<String, Vec<Value>>, at: usize| {
                list.get(id).and_then(|list| list.get(at)).cloned()
            };
            for (at, hop) in hops.iter().enumerate() {
                let sent = of(&self.sent, at).unwrap_or_else(|| hop.request["headers"].clone());
                let received = of(&self.received, at).unwrap_or_else(|| hop.response["headers"].clone());
                entries.push((hop.at, hop.entry(&sent, &received)));
            }
        }
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
        self.browser.close().await;
        json!({ "log": { "version": "1.2", "creator": { "name": "WebInspector", "version": "537.36" }, "pages": [], "entries": entries } })
    }
}

impl Hop {
    fn entry(&self, sent: &Value, received: &Value) -> Value {
        let at = chrono::DateTime::from_timestamp_millis((self.at * 1_000.0) as i64).unwrap();
        let mut request = json!({
            "method": self.request["method"], "url": self.request["url"], "httpVersion": "HTTP/1.1",
            "headers": list(sent), "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
        });
        if let Some(text) = self.request["postData"].as_str() {
            let mime = self.request["headers"]["Content-Type"]
                .as_str()
                .unwrap_or_default();
            request["postData"] = json!({ "mimeType": mime, "text": text });
        }
        let mut content = json!({ "mimeType": self.response["mimeType"], "text": self.body["body"] });
        if self.body["base64Encoded"] == true {
            content["encoding"] = "base64".into();
        }
        json!({
            "startedDateTime": at.to_rfc3339(), "time": 1, "_resourceType": self.kind, "request": request,
            "response": {
                "status": self.response["status"], "statusText": "", "httpVersion": "HTTP/1.1", "headers": list(received),
                "cookies": [], "content": content, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": {},
        })
    }
}

/// Headers as a HAR file has them; several cookies are lines of one value here.
fn list(headers: &Value) -> Value {
    let pairs = headers.as_object().into_iter().flatten();
    let pairs = pairs.flat_map(|(name, value)| {
        let lines = value
            .as_str()
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        lines
            .into_iter()
            .map(move |line| json!({ "name": name, "value": line }))
    });
    pairs.collect()
}

/// A command of chromedriver that WebDriver does not have.
#[derive(Debug)]
struct Command(&'static str, Value);

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

/// Its answer; null where it has none, such as the body of a redirect.
async fn command(page: &Client, name: &'static str, body: Value) -> Value {
    page.issue_cmd(Command(name, body)).await.unwrap_or_default()
}
