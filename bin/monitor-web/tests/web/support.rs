//! A web with a database of its own, and a small HTTP client that sends exactly what it is given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::{MetricKey, Severity};
use monitor_model::{
    AlertKind, Conn, Db, DbError, DbOptions, DeliveryStatus, Evaluation, IncidentKind, NewAlert, NewDelivery,
    NewIncident, NewRecord, NewSilence, Record, WorkerRow, alerts, audit, deliveries, evaluations, incidents,
    realtime, records, silences, stored, workers,
};
use monitor_testkit::ScriptedClock;
use monitor_testkit::postgres::{self, TestDatabase};
use monitor_web::{AlarmError, GlobalAlarm, MetricView, WebContext, listen, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where a test's tables are; gone with it.
pub(crate) enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase),
}

impl Database {
    pub(crate) fn sqlite() -> Database {
        Database::Sqlite(tempfile::tempdir().unwrap())
    }

    /// One on each backend there is.
    pub(crate) fn each() -> Vec<Database> {
        [
            Some(Database::sqlite()),
            postgres::database().map(Database::Postgres),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Database::Sqlite(folder) => format!("sqlite:{}", folder.path().join("monitor.db").display()),
            Database::Postgres(database) => database.url().to_owned(),
        }
    }

    pub(crate) async fn open(&self) -> Db {
        Db::open(&DbOptions::new(self.url())).await.unwrap()
    }
}

/// An alarm that notes what it sounded, and fails on demand.
#[derive(Default)]
pub(crate) struct TestAlarm {
    pub(crate) sounded: Mutex<Vec<String>>,
    pub(crate) broken: Mutex<bool>,
}

#[async_trait]
impl GlobalAlarm for TestAlarm {
    async fn sound(&self, kind: &str) -> Result<(), AlarmError> {
        self.sounded.lock().unwrap().push(kind.to_owned());
        if *self.broken.lock().unwrap() {
            Err("the alarm answered 503".into())
        } else {
            Ok(())
        }
    }
}

pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    pub(crate) db: Db,
    pub(crate) clock: Arc<ScriptedClock>,
    pub(crate) alarm: Arc<TestAlarm>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
    _database: Option<Database>,
}

impl Web {
    /// One on SQLite, with the metrics z, x, y in this order.
    pub(crate) async fn start() -> Web {
        Web::with(Database::sqlite(), |_| {}, |_| {}).await
    }

    pub(crate) async fn on(database: Database) -> Web {
        Web::with(database, |_| {}, |_| {}).await
    }

    pub(crate) async fn with(
        database: Database,
        change: impl FnOnce(&mut WebContext),
        extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Web {
        let db = database.open().await;
        db.migrate().await.unwrap();
        Web::on_db(db, change, extra).await.keeping(database)
    }

    /// The same, which keeps its database until it is dropped.
    pub(crate) fn keeping(mut self, database: Database) -> Web {
        self._database = Some(database);
        self
    }

    /// One on a handle as it is, migrated or not.
    pub(crate) async fn on_db(
        db: Db,
        change: impl FnOnce(&mut WebContext),
        extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Web {
        let clock = ScriptedClock::new(start());
        let alarm = Arc::new(TestAlarm::default());
        let mut ctx = WebContext::new(db.clone(), metrics(), clock.clone());
        ctx.alarm = Some(alarm.clone());
        ctx.channels = vec!["mail".to_owned(), "sms".to_owned()];
        ctx.bind = SocketAddr::from(([127, 0, 0, 1], 0));
        change(&mut ctx);
        let listener = listen(ctx.bind).unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listener, ctx, extra, shutdown.clone()));
        Web {
            address,
            db,
            clock,
            alarm,
            shutdown,
            task,
            _database: None,
        }
    }

    pub(crate) fn now(&self) -> NaiveDateTime {
        stored(monitor_domain::Clock::wall(self.clock.as_ref()))
    }

    /// Sends a request with a proper `Host` and these further headers, and reads the whole answer.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = format!("{}", self.address);
        let mut all = vec![("Host", host.as_str())];
        all.extend_from_slice(headers);
        self.send_raw(method, path, &all).await
    }

    /// Sends a request with these headers only.
    pub(crate) async fn send_raw(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut stream = self.connect(method, path, headers, true).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::parse(&bytes)
    }

    /// Sends a body and reads the whole answer.
    pub(crate) async fn send_body(&self, method: &str, path: &str, body: &str) -> Answer {
        let (host, length) = (self.address.to_string(), body.len().to_string());
        let headers = [
            ("Host", host.as_str()),
            ("Content-Length", length.as_str()),
            ("Content-Type", "application/json"),
        ];
        let mut stream = self.connect(method, path, &headers, true).await;
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::parse(&bytes)
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send_body("POST", path, body).await
    }

    /// Fails where the answer is not this problem; gives its detail.
    pub(crate) async fn refused(
        &self,
        method: &str,
        path: &str,
        body: &str,
        status: u16,
        code: &str,
    ) -> String {
        let answer = self.send_body(method, path, body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, code),
            "{method} {path} {body}: {}",
            answer.body
        );
        answer.json()["detail"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[]).await
    }

    pub(crate) async fn connect(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        close: bool,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(if close {
            "Connection: close\r\n\r\n"
        } else {
            "\r\n"
        });
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Opens `/api/v1/events`.
    pub(crate) async fn events(&self) -> Events {
        let host = self.address.to_string();
        let stream = self
            .connect("GET", "/api/v1/events", &[("Host", &host)], false)
            .await;
        Events {
            stream,
            text: String::new(),
        }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Conn) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.db.write(f).await.unwrap()
    }

    pub(crate) async fn record(&self, key: &str, message: &str) -> Record {
        let new = new_record(key, message, self.now());
        self.write(move |c| records::insert(c, &new)).await.unwrap()
    }

    pub(crate) async fn value(&self, key: &'static str, value: f64) {
        let at = self.now();
        self.write(move |c| realtime::record_value(c, key, value, at))
            .await;
    }

    pub(crate) async fn heartbeat(&self) {
        let at = self.now();
        let row = WorkerRow {
            id: "w".into(),
            host: "h".into(),
            pid: 1,
            version: "0".into(),
            started_at: at,
            heartbeat_at: at,
            role: monitor_model::ProcessRole::Worker,
        };
        self.write(move |c| workers::heartbeat(c, &row)).await;
    }

    pub(crate) async fn alert(&self, key: &str) -> i64 {
        let new = NewAlert {
            key: MetricKey::stored(key),
            kind: AlertKind::Level,
            severity: Severity::Warning,
            reason: "131 is above 100".into(),
            value: Some(131.0),
            previous: None,
            opened_at: self.now(),
            muted: None,
        };
        self.write(move |c| alerts::open(c, &new)).await.id
    }

    pub(crate) async fn silence(&self, key: Option<&str>, reason: &str, minutes: i64) -> i64 {
        let now = self.now();
        let new = NewSilence {
            key: key.map(str::to_owned),
            severity: None,
            reason: reason.into(),
            created_by: "Anna".into(),
            created_at: now,
            starts_at: now,
            ends_at: now + chrono::TimeDelta::minutes(minutes),
        };
        self.write(move |c| silences::create(c, &new)).await.id
    }

    pub(crate) async fn incident(&self, kind: IncidentKind, subject: &str, reason: &str) -> i64 {
        let new = NewIncident {
            kind,
            subject: subject.into(),
            severity: Severity::Critical,
            reason: reason.into(),
            since: self.now(),
            opened_at: self.now(),
        };
        self.write(move |c| incidents::open(c, &new)).await.unwrap().id
    }

    pub(crate) async fn evaluation(
        &self,
        key: &'static str,
        version: i64,
        reason: &'static str,
        effects: &'static str,
    ) {
        let evaluation = Evaluation {
            key: MetricKey::stored(key),
            slot: 0,
            version,
            at: self.now(),
            value: Some(131.0),
            phase: "firing".into(),
            reason: reason.into(),
            effects: effects.into(),
        };
        self.write(move |c| evaluations::record(c, &evaluation)).await;
    }

    /// A delivery with this payload that was tried once and ended so.
    pub(crate) async fn unsent(
        &self,
        alert: Option<i64>,
        lane: &'static str,
        status: DeliveryStatus,
        payload: &str,
    ) -> i64 {
        let now = self.now();
        let known = self.db.read(|c| deliveries::recent(c, 1)).await.unwrap();
        let n = known.first().map_or(0, |d| d.id);
        let new = NewDelivery {
            alert_id: alert,
            record_id: None,
            incident_id: None,
            lane: lane.into(),
            event: "alert".into(),
            recipient: "ops@example.com".into(),
            dedupe_key: format!("unsent/{n}"),
            message_id: format!("{n}@secret.example"),
            payload: payload.to_owned(),
            next_at: now,
            created_at: now,
            urgency: 0,
        };
        self.write(move |c| {
            deliveries::enqueue(c, std::slice::from_ref(&new))?;
            let claim = deliveries::Claim {
                lane,
                worker: "w",
                now,
                lease_until: now + Duration::from_secs(30),
                limit: 10,
                in_flight: &[],
                turns: &monitor_model::deliveries::Turns::default(),
            };
            let mut last = 0;
            for d in deliveries::claim(c, &claim)? {
                deliveries::mark_final(c, d.id, d.attempt, status, now, "550 <b>no such user</b>")?;
                last = d.id;
            }
            Ok(last)
        })
        .await
    }

    pub(crate) async fn delivery(&self, record: i64, lane: &str) {
        let at = self.now();
        let new = NewDelivery {
            alert_id: None,
            record_id: Some(record),
            incident_id: None,
            lane: lane.into(),
            event: "alert".into(),
            recipient: "ops@example.com".into(),
            dedupe_key: format!("{record}/{lane}"),
            message_id: format!("{record}.{lane}"),
            payload: "{}".into(),
            next_at: at,
            created_at: at,
            urgency: 0,
        };
        self.write(move |c| deliveries::enqueue(c, std::slice::from_ref(&new)))
            .await;
    }

    /// The audit log as `actor action target detail`, oldest first.
    pub(crate) async fn audit(&self) -> Vec<String> {
        let rows = self.db.read(|c| audit::recent(c, 100)).await.unwrap();
        rows.iter()
            .rev()
            .map(|a| format!("{} {} {} {}", a.actor, a.action, a.target, a.detail))
            .collect()
    }

    /// Stops it, and fails where it does not.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        let stopped = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        stopped.expect("the web stops at the shutdown").unwrap().unwrap();
        self.db.close().await;
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (n, value) = line.split_once(": ")?;
            n.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The `code` of a problem, which it must be.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.head
        );
        let json = self.json();
        assert_eq!(json["status"], self.status);
        json["code"].as_str().unwrap().to_owned()
    }
}

/// An open event stream.
pub(crate) struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    /// The next thing sent: an event's name and data, or `comment` and its text.
    pub(crate) async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|l| l.trim_end().strip_prefix(name).map(str::to_owned))
                };
                if let (Some(event), Some(data)) = (field("event: "), field("data: ")) {
                    return Some((event, serde_json::from_str(&data).unwrap()));
                }
                if let Some(comment) = field(": ") {
                    return Some(("comment".into(), comment.into()));
                }
            }
            let mut some = [0; 16_384];
            let n = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut some))
                .await
                .ok()?
                .ok()?;
            if n == 0 {
                return None;
            }
            // The sizes of chunks stand between them on lines of their own, which is as good as nothing here.
            self.text
                .push_str(&String::from_utf8_lossy(&some[..n]).replace("\r\n", "\n"));
        }
    }

    /// Waits for a snapshot that fulfils `is`.
    pub(crate) async fn until(&mut self, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let (event, data) = self.next().await.expect("the stream goes on");
            if event == "snapshot" && is(&data) {
                return data;
            }
        }
    }
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-11-03T09:12:40.5Z".parse().unwrap()
}

pub(crate) fn new_record(key: &str, message: &str, at: NaiveDateTime) -> NewRecord {
    NewRecord {
        key: MetricKey::stored(key),
        value: Some(131.0),
        alert: true,
        alert_message: message.into(),
        timestamp: at,
        alert_id: None,
        source_id: None,
    }
}

fn metrics() -> Vec<MetricView> {
    ["z", "x", "y"]
        .map(|key| MetricView {
            key: MetricKey::stored(key),
            title: format!("Metric {key}"),
            unit: "orders".into(),
            severity: Severity::Warning,
            rule_text: "above 100".into(),
            depends_on: Vec::new(),
            interval: Duration::from_secs(10),
            item: None,
        })
        .to_vec()
}
