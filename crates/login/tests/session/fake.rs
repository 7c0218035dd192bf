//! A System A or B over a real socket, which counts, refuses, forgets and stalls as a test wants it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monitor_login::{
    CallError, LoginCall, SignedOutSettings, System, SystemASettings, SystemBSettings, SystemSettings,
};
use monitor_requests::{Request, RequestsSettings, Response, Secret, SecretSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::time::TestClock;

pub(crate) const PASSWORD: &str = "hunter2 & co";

/// What is answered: status, headers, body.
#[derive(Clone)]
pub(crate) struct Answer(pub(crate) u16, pub(crate) &'static str, pub(crate) &'static str);

pub(crate) const HTML: Answer = Answer(
    200,
    "Content-Type: text/html\r\n",
    "<!doctype html><p>Please sign in",
);

/// What a system does; tests change it as they go.
#[derive(Default)]
pub(crate) struct Rules {
    /// Of a token or cookie, in seconds.
    pub(crate) life: Option<u64>,
    /// Instead of a good answer to sign-ins.
    pub(crate) login: Option<Answer>,
    /// Instead of a good answer to calls of these paths, signed in.
    pub(crate) paths: HashMap<String, Answer>,
    /// Instead of 401 or a redirect, for calls without a good session.
    pub(crate) lost: Option<Answer>,
    /// Cookies are set anew with every answer.
    pub(crate) sliding: bool,
    valid: HashSet<String>,
    issued: usize,
}

#[derive(Clone)]
pub(crate) struct Fake {
    kind: &'static str,
    port: u16,
    rules: Arc<Mutex<Rules>>,
    received: Arc<Mutex<Vec<String>>>,
    hold: watch::Sender<bool>,
}

impl Fake {
    /// `system_a` or `system_b`.
    pub(crate) async fn start(kind: &'static str) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hold = watch::Sender::new(false);
        let fake = Fake {
            kind,
            port,
            rules: Arc::default(),
            received: Arc::default(),
            hold,
        };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.converse(stream).await });
            }
        });
        fake
    }

    pub(crate) fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap()
    }

    /// All sessions are forgotten.
    pub(crate) fn expire(&self) {
        self.rules().valid.clear();
    }

    /// From now on sign-ins are not answered, or are again.
    pub(crate) fn hold_logins(&self, hold: bool) {
        self.hold.send_replace(hold);
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn logins(&self) -> usize {
        self.received()
            .iter()
            .filter(|request| request.starts_with(self.login_line()))
            .count()
    }

    /// Calls that were not sign-ins.
    pub(crate) fn calls(&self) -> usize {
        self.received().len() - self.logins()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn settings(&self) -> SystemSettings {
        self.settings_with(None, None)
    }

    pub(crate) fn settings_with(
        &self,
        signed_out: Option<SignedOutSettings>,
        login: Option<LoginCall>,
    ) -> SystemSettings {
        let password = SecretSource::Plain(Secret::new(PASSWORD));
        let mut settings = if self.kind == "system_a" {
            let mut own = SystemASettings::new("monitor", password);
            (own.signed_out, own.login) = (signed_out, login);
            SystemSettings::new(self.url(), own)
        } else {
            let mut own = SystemBSettings::new("monitor", password);
            (own.signed_out, own.login) = (signed_out, login);
            SystemSettings::new(self.url(), own)
        };
        settings.common.retries = Some(0);
        settings
    }

    pub(crate) fn system(&self, clock: &Arc<TestClock>) -> Arc<System> {
        system(&self.settings(), clock)
    }

    fn login_line(&self) -> &'static str {
        if self.kind == "system_a" {
            "POST /api/login "
        } else {
            "POST /login "
        }
    }

    async fn converse(&self, mut stream: TcpStream) {
        let Some(request) = read_request(&mut stream).await else {
            return;
        };
        let is_login = request.starts_with(self.login_line());
        self.received.lock().unwrap().push(request.clone());
        if is_login {
            self.hold.subscribe().wait_for(|hold| !hold).await.unwrap();
        }
        let (Answer(status, headers, body), cookie) = if is_login {
            self.login()
        } else {
            self.answer(&request)
        };
        let cookie = cookie.unwrap_or_default();
        let body = body.replace("TOKEN", &cookie);
        let cookie = if self.kind == "system_b" && !cookie.is_empty() {
            let life = self
                .rules()
                .life
                .map(|life| format!("; Max-Age={life}"))
                .unwrap_or_default();
            format!("Set-Cookie: sid={cookie}; Path=/; HttpOnly{life}\r\n")
        } else {
            String::new()
        };
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}{cookie}\r\n{body}"
        );
        // The client may have hung up, which is what some tests are about.
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    fn login(&self) -> (Answer, Option<String>) {
        let mut rules = self.rules();
        if let Some(answer) = &rules.login {
            return (answer.clone(), None);
        }
        rules.issued += 1;
        let token = format!("hunter3-{}", rules.issued);
        rules.valid.insert(token.clone());
        let answer = match (self.kind, rules.life) {
            ("system_a", None) => Answer(200, "", r#"{"token":"TOKEN"}"#),
            ("system_a", Some(100)) => Answer(200, "", r#"{"token":"TOKEN","expires_in":100}"#),
            ("system_a", Some(_)) => Answer(200, "", r#"{"token":"TOKEN","expires_in":4}"#),
            _ => Answer(302, "Location: /\r\n", ""),
        };
        (answer, Some(token))
    }

    fn answer(&self, request: &str) -> (Answer, Option<String>) {
        let rules = self.rules();
        let proof = |line: &str| {
            let proof = line
                .strip_prefix("authorization: Bearer ")
                .or_else(|| line.strip_prefix("cookie: sid="))?;
            rules.valid.get(proof).cloned()
        };
        let Some(proof) = request.lines().find_map(proof) else {
            let lost = match self.kind {
                "system_a" => Answer(401, "", r#"{"error":"sign in"}"#),
                _ => Answer(302, "Location: /login?next=x\r\n", ""),
            };
            return (rules.lost.clone().unwrap_or(lost), None);
        };
        let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap();
        let answer = rules
            .paths
            .get(path)
            .cloned()
            .unwrap_or(Answer(200, "", r#"{"total":7}"#));
        (answer, rules.sliding.then_some(proof))
    }
}

pub(crate) fn system(settings: &SystemSettings, clock: &Arc<TestClock>) -> Arc<System> {
    settings
        .build("a", &RequestsSettings::default(), clock.clone())
        .unwrap()
}

pub(crate) async fn get(system: &System, path: &str) -> Result<Response, CallError> {
    system.call(Request::get(system.url(path).unwrap())).await
}

/// The total at the path, which must be there.
pub(crate) async fn total(system: &System, path: &str) -> i64 {
    let answer = get(system, path).await.unwrap().require_success().unwrap();
    answer.json::<serde_json::Value>().unwrap()["total"]
        .as_i64()
        .unwrap()
}

/// Lets everything else run until the condition holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
