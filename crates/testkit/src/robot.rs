//! A chat robot's webhook: keeps what is posted, and answers as scripted.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use monitor_simulator::http::{Answer, HttpServer, Request};
use serde_json::{Value, json};

/// A webhook sink. It answers `200 {"errcode":0,"errmsg":"ok"}` until a test sets another answer. It is an
/// [`HttpServer`]: a test can script faults, read the log of requests, stop it and start it again.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_testkit::robot::Robot;
///
/// let robot = Robot::start().await;
/// // A robot that says 200 and means no.
/// robot.answer_json(200, &serde_json::json!({ "errcode": 310000, "errmsg": "sign not match" }));
/// assert!(robot.bodies().is_empty());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Robot {
    server: HttpServer,
    answer: Arc<Mutex<Answer>>,
}

impl Robot {
    /// Starts on a free port.
    ///
    /// # Panics
    /// When 127.0.0.1 has no free port.
    pub async fn start() -> Robot {
        Self::start_on(0).await.expect("127.0.0.1 has a free port")
    }

    /// Starts on this port; 0 for a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start_on(port: u16) -> io::Result<Robot> {
        let answer = Arc::new(Mutex::new(Answer::json(
            200,
            &json!({ "errcode": 0, "errmsg": "ok" }),
        )));
        let answering = answer.clone();
        let server = HttpServer::start_on(port, move |request: &Request| match request.method.as_str() {
            "POST" => answering.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => Answer::error(405, "method not allowed"),
        });
        Ok(Robot {
            server: server.await?,
            answer,
        })
    }

    /// What every post is answered from now on: any status, content type and body.
    pub fn answer(&self, status: u16, content_type: &str, body: &str) {
        self.set(Answer::body(status, content_type, body.to_owned()));
    }

    /// What every post is answered from now on, as JSON.
    pub fn answer_json(&self, status: u16, body: &Value) {
        self.set(Answer::json(status, body));
    }

    /// The bodies that were posted, oldest first, faulty posts included; `null` for one that is not JSON.
    pub fn bodies(&self) -> Vec<Value> {
        self.requests()
            .iter()
            .filter(|request| request.method == "POST")
            .map(|request| request.json().unwrap_or_default())
            .collect()
    }

    /// Waits until at least `n` were posted to any path, or `limit` (real time) is over, and gives what there is then.
    pub async fn wait_for_bodies(&self, n: usize, limit: Duration) -> Vec<Value> {
        self.server.wait_for_total(n, limit).await;
        self.bodies()
    }

    fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

impl Deref for Robot {
    type Target = HttpServer;

    fn deref(&self) -> &HttpServer {
        &self.server
    }
}
