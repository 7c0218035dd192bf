//! System B: sign-in with a form for a cookie, totals, alert messages, and the alarm.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::data::{Data, TOTALS, number};
use super::messages::{Message, Messages};
use super::sessions::Sessions;
use crate::http::{Answer, HttpServer, Request, SIGN_IN_PAGE};
use crate::net::{local, lock};

const USERNAME: &str = "monitor";
const PASSWORD: &str = "b-secret";

const LOGIN: &str = "/login";
const ALERTS: &str = "/api/alerts/";
const ALARM: &str = "/api/alarm";

/// The session cookie.
const COOKIE: &str = "sid";

/// Alarms kept; older ones go.
const KEEP_ALARMS: usize = 10_000;

/// How a wrong password is answered: systems differ, and a client must understand each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignInRefusal {
    /// 401 with the sign-in page.
    #[default]
    Status401,
    /// 302 back to `/login?error=1`.
    Redirect,
    /// 200 with the sign-in page again, and no cookie.
    SamePage,
}

/// System B of the design, as a real server: `POST /login` with a form, then with the cookie `GET /api/totals/{key}`,
/// `GET /api/alerts/{key}?total=N&previous=M` and `POST /api/alarm`. Signed out it redirects to `/login`, a page.
///
/// Everything of [`HttpServer`] (faults, the log of requests, stop and start) can be done to it. It stops when its last clone
/// is dropped.
#[derive(Clone, Debug)]
pub struct SystemB {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

struct State {
    password: String,
    refusal: SignInRefusal,
    sessions: Sessions,
    data: Data,
    messages: Messages,
    alarms: VecDeque<(String, Instant)>,
}

impl SystemB {
    /// Starts on a free port, with the totals of x, y and z at 0, no messages, and sessions of an hour.
    ///
    /// # Panics
    /// When 127.0.0.1 has no free port.
    pub async fn start() -> SystemB {
        Self::start_on(0).await.expect("127.0.0.1 has a free port")
    }

    /// Starts on this port; 0 for a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start_on(port: u16) -> io::Result<SystemB> {
        Self::start_at(local(port))
    }

    /// Starts on this address, which other machines may reach; port 0 for a free one.
    ///
    /// # Errors
    /// The address is none of this machine, or its port is taken.
    pub fn start_at(address: SocketAddr) -> io::Result<SystemB> {
        let (state, handler) = Self::parts();
        Ok(SystemB {
            server: HttpServer::start_at(address, handler)?,
            state,
        })
    }

    /// Starts on a free port with TLS.
    ///
    /// # Errors
    /// 127.0.0.1 has no free port.
    #[cfg(feature = "tls")]
    pub async fn start_tls(certificate: &crate::Certificate) -> io::Result<SystemB> {
        let (state, handler) = Self::parts();
        Ok(SystemB {
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
            refusal: SignInRefusal::default(),
            sessions: Sessions::new(Duration::from_secs(3600)),
            data: Data::default(),
            messages: Messages::default(),
            alarms: VecDeque::new(),
        }));
        let answering = state.clone();
        (state, move |request: &Request| lock(&answering).answer(request))
    }

    /// The name that may sign in: `monitor`.
    pub fn username(&self) -> &'static str {
        USERNAME
    }

    /// Its password at the start: `b-secret`.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Changes the password that is accepted; sessions go on. [`password`](Self::password) still gives the first
    /// one, which is then wrong.
    pub fn set_password(&self, password: &str) {
        password.clone_into(&mut lock(&self.state).password);
    }

    /// How a wrong password is answered from now on.
    pub fn set_refusal(&self, refusal: SignInRefusal) {
        lock(&self.state).refusal = refusal;
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

    /// Adds a message to those that `/api/alerts/{key}` answers, to every request, whatever its numbers.
    pub fn add_message(&self, key: &str, id: &str, text: &str) {
        lock(&self.state).messages.add(key, Message::new(id, text));
    }

    /// Replaces the messages of a key; pairs of id and text will do.
    pub fn set_messages<M: Into<Message>>(&self, key: &str, messages: impl IntoIterator<Item = M>) {
        let messages = messages.into_iter().map(Into::into).collect();
        lock(&self.state).messages.set(key, messages);
    }

    /// Whether, for a key without messages, as many are invented as the total rose in the request (at least 1, at most 20),
    /// each time with new ids.
    pub fn set_auto_messages(&self, invent: bool) {
        lock(&self.state).messages.invent(invent);
    }

    /// At most so many messages are invented for one request; 20 unless set.
    pub fn set_most_auto_messages(&self, most: usize) {
        lock(&self.state).messages.set_most(most);
    }

    /// How invented messages read: given the key, which of how many it is (from 0), and the total in the request.
    pub fn set_message_writer(&self, writer: impl Fn(&str, usize, f64) -> String + Send + Sync + 'static) {
        lock(&self.state).messages.set_writer(Arc::new(writer));
    }

    /// The messages of keys that have none: made from the key, the total and the previous total of the request. The same
    /// request can so be answered the same each time, ids included.
    pub fn set_message_source(
        &self,
        source: impl Fn(&str, f64, f64) -> Vec<Message> + Send + Sync + 'static,
    ) {
        lock(&self.state).messages.set_source(Arc::new(source));
    }

    /// Ends all sessions: the next call with one is redirected to the sign-in page.
    pub fn expire_sessions(&self) {
        lock(&self.state).sessions.end_all();
    }

    /// How long sessions that begin from now on last, in real time. The cookie says nothing of it.
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

    /// How often messages of a key were requested, whatever the answer was.
    pub fn message_reads(&self, key: &str) -> usize {
        self.count("GET", &format!("{ALERTS}{key}"))
    }

    /// The kinds of the last 10,000 alarms that sounded, oldest first. A call that was signed out or met a fault sounded none.
    pub fn alarms(&self) -> Vec<String> {
        lock(&self.state)
            .alarms
            .iter()
            .map(|(kind, _)| kind.clone())
            .collect()
    }

    /// When each of [`alarms`](Self::alarms) sounded.
    pub fn alarm_times(&self) -> Vec<Instant> {
        lock(&self.state).alarms.iter().map(|(_, at)| *at).collect()
    }
}

impl Deref for SystemB {
    type Target = HttpServer;

    fn deref(&self) -> &HttpServer {
        &self.server
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", LOGIN) => Answer::html(200, SIGN_IN_PAGE),
            ("POST", LOGIN) => self.sign_in(request),
            _ if !self.is_signed_in(request) => Answer::redirect(LOGIN),
            ("POST", ALARM) => self.alarm(request),
            ("GET", "/") => Answer::html(200, "<!DOCTYPE html>\n<title>System B</title>\n<p>Welcome.</p>\n"),
            ("GET", path) => match path.strip_prefix(ALERTS) {
                Some(key) => self.messages.answer(key, request),
                None => self
                    .data
                    .get(request)
                    .unwrap_or_else(|| Answer::error(404, "not found")),
            },
            _ => Answer::error(405, "method not allowed"),
        }
    }

    fn sign_in(&mut self, request: &Request) -> Answer {
        let username = request.form_value("username").unwrap_or_default();
        let password = request.form_value("password").unwrap_or_default();
        if username != USERNAME || password != self.password {
            return match self.refusal {
                SignInRefusal::Status401 => Answer::html(401, SIGN_IN_PAGE),
                SignInRefusal::Redirect => Answer::redirect("/login?error=1"),
                SignInRefusal::SamePage => Answer::html(200, SIGN_IN_PAGE),
            };
        }
        let cookie = format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax",
            self.sessions.begin()
        );
        Answer::redirect("/").header("Set-Cookie", &cookie)
    }

    fn is_signed_in(&self, request: &Request) -> bool {
        request
            .cookie(COOKIE)
            .is_some_and(|id| self.sessions.is_valid(id))
    }

    fn alarm(&mut self, request: &Request) -> Answer {
        let body = request.json().unwrap_or_default();
        let Some(kind) = body["kind"].as_str() else {
            return Answer::error(400, "a kind was expected");
        };
        self.alarms.push_back((kind.to_owned(), Instant::now()));
        if self.alarms.len() > KEEP_ALARMS {
            self.alarms.pop_front();
        }
        Answer::status(204)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("alarms", &self.alarms)
            .finish_non_exhaustive()
    }
}
