//! System A: sign-in with JSON for a bearer token, and totals.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::data::{Data, TOTALS, number};
use super::sessions::Sessions;
use crate::http::{Answer, HttpServer, Request};
use crate::net::{local, lock};

const USERNAME: &str = "monitor";
const PASSWORD: &str = "a-secret";

/// The path of the sign-in.
const LOGIN: &str = "/api/login";

/// System A of the design, as a real server: `POST /api/login` with JSON, then `GET /api/totals/{key}` with the bearer token.
/// Signed out it answers 401 and JSON.
///
/// Everything of [`HttpServer`] (faults, the log of requests, stop and start) can be done to it. It stops when its last clone
/// is dropped.
#[derive(Clone, Debug)]
pub struct SystemA {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    password: String,
    sessions: Sessions,
    data: Data,
}

impl SystemA {
    /// Starts on a free port, with the totals of x, y and z at 0 and sessions of an hour.
    ///
    /// # Panics
    /// When 127.0.0.1 has no free port.
    pub async fn start() -> SystemA {
        Self::start_on(0).await.expect("127.0.0.1 has a free port")
    }

    /// Starts on this port; 0 for a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start_on(port: u16) -> io::Result<SystemA> {
        Self::start_at(local(port))
    }

    /// Starts on this address, which other machines may reach; port 0 for a free one.
    ///
    /// # Errors
    /// The address is none of this machine, or its port is taken.
    pub fn start_at(address: SocketAddr) -> io::Result<SystemA> {
        let (state, handler) = Self::parts();
        Ok(SystemA {
            server: HttpServer::start_at(address, handler)?,
            state,
        })
    }

    /// Starts on a free port with TLS.
    ///
    /// # Errors
    /// 127.0.0.1 has no free port.
    #[cfg(feature = "tls")]
    pub async fn start_tls(certificate: &crate::Certificate) -> io::Result<SystemA> {
        let (state, handler) = Self::parts();
        Ok(SystemA {
            server: HttpServer::start_tls(certificate, handler).await?,
            state,
        })
    }

    fn parts() -> (
        Arc<Mutex<State>>,
        impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) {
        let state = Arc::new(Mutex::new(State {
            password: PASSWORD.to_owned(),
            sessions: Sessions::new(Duration::from_secs(3600)),
            data: Data::default(),
        }));
        let answering = state.clone();
        (state, move |request: &Request| lock(&answering).answer(request))
    }

    /// The name that may sign in: `monitor`.
    pub fn username(&self) -> &'static str {
        USERNAME
    }

    /// Its password at the start: `a-secret`.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Changes the password that is accepted; sessions go on. [`password`](Self::password) still gives the first
    /// one, which is then wrong.
    pub fn set_password(&self, password: &str) {
        password.clone_into(&mut lock(&self.state).password);
    }

    /// Sets what `/api/totals/{key}` answers; any key may be set. Whole numbers are written without a point; NaN and infinity,
    /// which JSON does not have, as `null`.
    pub fn set_total(&self, key: &str, total: f64) {
        self.set_total_json(key, number(total));
    }

    /// Sets the value of `total` to any JSON.
    pub fn set_total_json(&self, key: &str, total: Value) {
        lock(&self.state).data.set_total(key, total);
    }

    /// Sets a document that a signed-in `GET` of this path is answered with; a path with a query fits that query only.
    pub fn set_document(&self, path: &str, document: Value) {
        lock(&self.state).data.set_document(path, document);
    }

    /// Ends all sessions: the next call with one is answered as signed out.
    pub fn expire_sessions(&self) {
        lock(&self.state).sessions.end_all();
    }

    /// How long sessions that begin from now on last, in real time. Sent as `expires_in`, in seconds rounded up.
    pub fn set_session_life(&self, life: Duration) {
        lock(&self.state).sessions.set_life(life);
    }

    /// How often a client tried to sign in, refused and faulty tries included.
    pub fn logins(&self) -> usize {
        self.count("POST", LOGIN)
    }

    /// How often a total was requested, whatever the answer was.
    pub fn reads(&self, key: &str) -> usize {
        self.count("GET", &format!("{TOTALS}{key}"))
    }
}

impl Deref for SystemA {
    type Target = HttpServer;

    fn deref(&self) -> &HttpServer {
        &self.server
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", LOGIN) => self.sign_in(request),
            _ if !self.is_signed_in(request) => {
                Answer::error(401, "not signed in").header("WWW-Authenticate", "Bearer")
            }
            ("GET", _) => self
                .data
                .get(request)
                .unwrap_or_else(|| Answer::error(404, "not found")),
            _ => Answer::error(405, "method not allowed"),
        }
    }

    fn sign_in(&mut self, request: &Request) -> Answer {
        let Some(body) = request.json() else {
            return Answer::error(400, "JSON was expected");
        };
        if body["username"] != USERNAME || body["password"] != self.password.as_str() {
            return Answer::error(401, "wrong user name or password");
        }
        let expires_in = self.sessions.life_seconds();
        Answer::json(
            200,
            &json!({ "token": self.sessions.begin(), "expires_in": expires_in }),
        )
    }

    fn is_signed_in(&self, request: &Request) -> bool {
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| self.sessions.is_valid(token))
    }
}
