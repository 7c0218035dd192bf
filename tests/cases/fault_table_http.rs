//! The fault table, upstreams: whatever System A does wrong is shown as what it is, reported in time, and nothing is lost.
//!
//! Each row is a system and a metric of its own, so that all of them go wrong at once beside one that works.

use std::time::Duration;

use monitor_simulator::http::Answer;
use monitor_simulator::{Certificate, Fault, SystemA, Times};
use monitor_tests::{Config, TestApp, Web, answering, both};
use tokio_util::sync::CancellationToken;

/// What is the matter with a system.
enum Incident {
    /// It answers so.
    Answers(Fault),
    /// It answers so, and the monitor has to stop waiting for it.
    Hangs(Fault),
    /// It does not run.
    Down,
    /// It has another password than the config.
    OtherPassword,
    /// The config is at fault: this instead of its `base_url` and what goes with it.
    Config(String),
}

struct Row {
    /// Names the row and its system; and its metric, unless that is a built-in one.
    name: &'static str,
    key: &'static str,
    a: SystemA,
    incident: Incident,
    /// The config's line of its address, and of whom to trust.
    address: String,
    /// What people read.
    shows: &'static str,
}

impl Row {
    async fn new(name: &'static str, incident: Incident, shows: &'static str) -> Row {
        let a = SystemA::start().await;
        let address = format!("base_url = \"{}\"", a.url());
        Row {
            name,
            key: name,
            a,
            incident,
            address,
            shows,
        }
    }

    fn path(&self) -> String {
        format!("/api/totals/{}", self.key)
    }

    fn hangs(&self) -> bool {
        matches!(self.incident, Incident::Hangs(_))
    }

    async fn begin(&self) {
        match &self.incident {
            Incident::Answers(fault) | Incident::Hangs(fault) => {
                self.a.fault(&self.path(), fault.clone(), Times::Always);
            }
            Incident::Down => self.a.stop().await,
            Incident::OtherPassword => {
                self.a.set_password("another");
                self.a.expire_sessions();
            }
            Incident::Config(_) => {}
        }
    }

    async fn end(&self) {
        self.a.clear_faults();
        self.a.set_password(self.a.password());
        self.a.start_again().await;
    }

    fn config(&self, in_incident: bool) -> String {
        let Row { name, key, a, .. } = self;
        let address = match &self.incident {
            Incident::Config(wrong) if in_incident => wrong,
            _ => &self.address,
        };
        format!(
            r#"
[systems.{name}]
kind = "system_a"
{address}
username = "{}"
password = "{}"
[metrics.{key}]
title = "row {name}."
fetch = {{ system = "{name}", path = "{}", value = "$.total" }}
alert = {{ rise = 1, initial = "learn", no_data = "1m" }}
"#,
            a.username(),
            a.password(),
            self.path()
        )
    }

    fn mails(&self, app: &TestApp) -> Vec<monitor_simulator::Mail> {
        let title = format!("row {}.", self.name);
        app.mail()
            .mails()
            .into_iter()
            .filter(|mail| mail.subject.contains(&title))
            .collect()
    }
}

/// All rows, and y of the System A that works.
fn config(rows: &[Row], in_incident: bool) -> Config {
    let rows: String = rows.iter().map(|row| row.config(in_incident)).collect();
    Config::metrics(&format!("[metrics.y]\n{rows}"))
}

async fn metric_on_the_page(web: &Web, key: &str) -> serde_json::Value {
    let (status, body) = web.get("/api/v1/metrics").await;
    assert_eq!(status, 200, "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let metrics = body["metrics"].as_array().unwrap();
    metrics
        .iter()
        .find(|metric| metric["key"] == key)
        .unwrap()
        .clone()
}

/// One poll of all rows while the incident lasts.
async fn poll_in_incident(app: &TestApp, rows: &[Row]) {
    let mut before = Vec::new();
    for row in rows {
        before.push(app.samples(row.key).await.len());
    }
    let y = app.samples("y").await.len();
    let all_of = async |hanging: bool| {
        for (row, before) in rows.iter().zip(&before).filter(|(row, _)| row.hangs() == hanging) {
            if app.samples(row.key).await.len() == *before {
                return false;
            }
        }
        true
    };
    app.poll_past_hangs(
        async || app.samples("y").await.len() > y && all_of(false).await,
        async || all_of(true).await,
    )
    .await;
    let y_now = app.samples("y").await;
    assert_eq!(y_now.len(), y + 1, "a row held up y");
    assert!(y_now.last().unwrap().value.is_some(), "{y_now:?}");
}

/// The three assertions, for all rows at once.
async fn play(app: &mut TestApp, rows: Vec<Row>) {
    let by_config = rows.iter().any(|row| matches!(row.incident, Incident::Config(_)));
    for row in &rows {
        row.a.set_total(row.key, 5.0);
    }
    app.restart(config(&rows, false));
    app.poll().await;
    let web = Web::start(app).await;
    for row in &rows {
        let samples = app.samples(row.key).await;
        assert_eq!(
            samples.last().unwrap().value,
            Some(5.0),
            "{}: {samples:?}",
            row.name
        );
    }

    // It rises while nobody can see it.
    for row in &rows {
        row.begin().await;
        row.a.set_total(row.key, 7.0);
    }
    if by_config {
        app.restart(config(&rows, true));
    }
    poll_in_incident(app, &rows).await;
    for Row { name, key, shows, .. } in &rows {
        let sample = app.samples(key).await.pop().unwrap();
        assert_eq!(sample.value, None, "{name} read as a value");
        let error = sample.error.unwrap();
        assert!(error.contains(shows), "{name}: {error}");
        assert!(!error.contains("a-secret"), "{name}: {error}");
        let (phase, reason) = app.phase(key).await;
        assert_eq!(phase, "normal", "{name}: not read once is not an alert yet");
        assert!(
            reason.starts_with("has been unreadable since") && reason.contains(shows),
            "{name}: {reason}"
        );
        assert!(reason.contains("last read 5 at"), "{name}: {reason}");
        let shown = metric_on_the_page(&web, key).await;
        assert_eq!(shown["status"], "unreadable", "{name}: {shown}");
        assert_eq!(
            shown["value"], 5,
            "{name}: the last value that was read, with its age: {shown}"
        );
        assert!(
            shown["error"].as_str().unwrap().contains(shows),
            "{name}: {shown}"
        );
    }
    assert_eq!(
        app.mail().mails().len(),
        0,
        "not reported at the first failure: {:?}",
        app.subjects()
    );

    // Unreadable for longer than `no_data`: reported, once, by its reason, and not as a business alert.
    for _ in 0..3 {
        app.clock.jump(Duration::from_secs(70));
        poll_in_incident(app, &rows).await;
    }
    for row @ Row { name, key, shows, .. } in &rows {
        let (phase, reason) = app.phase(key).await;
        assert_eq!(phase, "no_data", "{name}: {reason}");
        assert!(reason.contains(shows), "{name}: {reason}");
        assert_eq!(metric_on_the_page(&web, key).await["status"], "no_data", "{name}");
        let mails = row.mails(app);
        assert_eq!(mails.len(), 1, "{name}: reported once: {:?}", app.subjects());
        assert!(mails[0].text.contains(shows), "{name}: {}", mails[0].text);
        assert!(!mails[0].text.contains("a-secret"), "{name}: {}", mails[0].text);
    }
    assert_eq!(
        app.b().alarms(),
        Vec::<String>::new(),
        "the monitor's own incident sounds no alarm"
    );
    assert_eq!(app.messages().await, [], "nor is it a business record");

    // It works again: the rise is there, once.
    for row in &rows {
        row.end().await;
    }
    if by_config {
        app.restart(config(&rows, false));
    }
    for _ in 0..15 {
        app.after(Duration::from_secs(60)).await; // sign-ins that were refused back off for minutes
    }
    for row @ Row { name, key, .. } in &rows {
        let sample = app.samples(key).await.pop().unwrap();
        assert_eq!(sample.value, Some(7.0), "{name}: {sample:?}");
        let alerts: Vec<_> = app
            .alerts()
            .await
            .into_iter()
            .filter(|alert| alert.key == *key)
            .collect();
        let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind.as_str()).collect();
        assert_eq!(kinds, ["no_data", "event"], "{name}");
        assert!(alerts[0].resolved_at.is_some(), "{name}: it has data again");
        assert_eq!(
            (alerts[1].previous, alerts[1].value),
            (Some(5.0), Some(7.0)),
            "{name}"
        );
        assert_eq!(
            app.b().alarms().iter().filter(|kind| kind == key).count(),
            1,
            "{name}"
        );
        let back: Vec<_> = app
            .messages()
            .await
            .into_iter()
            .filter(|(of, _)| of == key)
            .collect();
        assert_eq!(back.len(), 1, "{name}: {back:?}");
        assert_eq!(
            row.mails(app).len(),
            3,
            "{name}: no data, data, alert: {:?}",
            app.subjects()
        );
        assert_eq!(
            metric_on_the_page(&web, key).await["error"],
            serde_json::Value::Null,
            "{name}"
        );
    }
}

fn json(text: &'static str) -> Incident {
    Incident::Answers(Fault::Body("application/json".into(), text.as_bytes().into()))
}

both! {
    async fn a_wrong_answer_is_no_value(app: TestApp) {
        use Incident::{Answers, Down, Hangs, OtherPassword};
        let hour = Duration::from_secs(3600);
        let mut rows = Vec::new();
        for (name, incident, shows) in [
            ("refused", Down, "refused"),
            ("status_400", Answers(Fault::Status(400)), "answered 400 Bad Request"),
            ("status_403", Answers(Fault::Status(403)), "answered 403 Forbidden"),
            ("status_404", Answers(Fault::Status(404)), "answered 404 Not Found"),
            ("status_500", Answers(Fault::Status(500)), "answered 500 Internal Server Error"),
            ("status_503", Answers(Fault::Status(503)), "answered 503 Service Unavailable"),
            ("lost_answer", Answers(Fault::LoseAnswer), "ended before the answer was complete"),
            ("slow_first_byte", Hangs(Fault::DelayHead(hour)), "waiting for the first byte"),
            ("hanging", Hangs(Fault::Hang), "waiting for the first byte"),
            ("slow_body", Hangs(Fault::SlowBody(hour)), "while reading the body"),
            ("truncated", Answers(Fault::Truncate), "ended before the answer was complete"),
            ("too_large", Answers(Fault::Huge(4 << 20)), "larger than 1048576 bytes"),
            ("gzip_bomb", Answers(Fault::GzipBomb(64 << 20)), "larger than 1048576 bytes"),
            ("sign_in_page", Answers(Fault::Html), "HTML page where JSON was due"),
            ("redirected_to_login", Answers(Fault::Redirect("/login".into())), "redirected (302) to /login"),
            ("redirect_loop", Answers(Fault::Redirect("/api/totals/redirect_loop".into())), "answered 302"),
            ("not_json", json("total: 3"), "not JSON"),
            ("empty", json(""), "not JSON"),
            ("wrong_shape", json(r#"{"count":3}"#), "no $.total"),
            ("wrong_type", json(r#"{"total":"7"}"#), "is a string; wanted a number"),
            ("null", json(r#"{"total":null}"#), "is null; wanted a number"),
            ("nan", json(r#"{"total":NaN}"#), "not JSON"),
            (
                "charset",
                Answers(Fault::Body("application/json; charset=klingon".into(), r#"{"total":7}"#.into())),
                "the charset \"klingon\", which is not known",
            ),
            ("two_to_53_and_1", json(r#"{"total":9007199254740993}"#), "9007199254740993 is too large"),
            ("float_form", json(r#"{"total":9.007199254740993e15}"#), "9.007199254740993e15 is too large"),
            ("underflow", json(r#"{"total":1e-400}"#), "1e-400 is too close to 0"),
            ("two_to_63", json(r#"{"total":9223372036854775808}"#), "too large"),
            ("negative", json(r#"{"total":-1}"#), "negative"),
            ("login_refused", OtherPassword, "sign-in refused"),
        ] {
            let mut row = Row::new(name, incident, shows).await;
            if name == "negative" {
                row.key = "x"; // X, Y and Z count things; another metric may well be below zero
            }
            rows.push(row);
        }
        play(&mut app, rows).await;
        app.finish().await;
    }
}

both! {
    async fn a_system_that_cannot_be_found_or_trusted_is_told_as_such(app: TestApp) {
        let folder = tempfile::tempdir().unwrap();
        // RFC 6761, 6.4: .invalid never resolves.
        let nowhere = Incident::Config("base_url = \"http://no-such-host.invalid\"".into());
        let mut rows = vec![Row::new("no_address", nowhere, "no address found for the host (DNS)").await];
        for (name, certificate) in [
            ("unknown_authority", Certificate::new().unwrap()),
            ("other_name", Certificate::for_names(&["else.example"]).unwrap()),
        ] {
            let good = Certificate::new().unwrap();
            let trusted = |certificate: &Certificate, file: &str| {
                let path = folder.path().join(format!("{name}-{file}.pem"));
                std::fs::write(&path, certificate.ca_pem()).unwrap();
                format!("ca_file = {:?}", path.to_str().unwrap())
            };
            let a = SystemA::start_tls(&good).await.unwrap();
            let bad = SystemA::start_tls(&certificate).await.unwrap();
            let wrong = match name {
                "unknown_authority" => format!("base_url = \"{}\"", a.url()),
                _ => format!("base_url = \"{}\"\n{}", bad.url(), trusted(&certificate, "bad")),
            };
            let address = format!("base_url = \"{}\"\n{}", a.url(), trusted(&good, "good"));
            let mut row = Row::new(name, Incident::Config(wrong), "TLS failed: invalid peer certificate").await;
            (row.a, row.address) = (a, address);
            std::mem::forget(bad); // serves until the process ends
            rows.push(row);
        }
        play(&mut app, rows).await;
        app.finish().await;
    }
}

both! {
    async fn a_system_that_asks_to_be_left_alone_is(app: TestApp, Config::metrics(
        "[metrics.x]\nalert = { rise = 1, no_data = \"1m\" }\n[metrics.y]\nalert = { rise = 1, no_data = \"1m\" }\n"
    )) {
        app.poll().await;
        let header = vec![("Retry-After".to_owned(), "50".to_owned())];
        app.a().fault("/api/totals/x", Fault::StatusWith(429, header), Times::Always);
        app.read("x", 2.0).await;
        let reads = app.a().reads("x");
        assert_eq!(reads, 2, "not even read again at once");
        for _ in 0..4 {
            app.after(Duration::from_secs(10)).await;
            let (phase, reason) = app.phase("x").await;
            assert_eq!(phase, "normal");
            assert!(reason.contains("429"), "{reason}");
        }
        assert_eq!(app.a().reads("x"), reads, "it demands 50 s");
        assert_eq!(app.a().reads("y"), 6, "nobody demands that of y");
        for _ in 0..4 {
            app.after(Duration::from_secs(10)).await;
        }
        assert_eq!(app.a().reads("x"), reads + 1, "read again after them");
        assert_eq!(app.phase("x").await.0, "no_data");
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1, "{:?}", app.subjects());
        assert!(mails[0].text.contains("429"), "{}", mails[0].text);

        app.a().clear_faults();
        for _ in 0..6 {
            app.after(Duration::from_secs(10)).await;
        }
        assert_eq!(app.messages().await, [("x".to_owned(), "2 rose by 2 from 0".to_owned())]);
        assert_eq!(app.b().alarms(), ["x"]);
        assert_eq!(app.mail().mails().len(), 3, "no data, data, alert: {:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_login_that_flaps_loses_no_rise_and_is_not_told_as_blind(app: TestApp, Config::metrics(
        "[metrics.x]\nalert = { rise = 1, no_data = \"1m\" }\n[metrics.y]\nalert = { rise = 1, no_data = \"1m\" }\n"
    )) {
        app.poll().await;
        for total in 1..=10 {
            app.a().expire_sessions();
            app.a().set_total("x", f64::from(total));
            if total % 2 == 1 {
                app.a().fault("POST /api/login", Fault::Status(503), Times::Always);
            } else {
                app.a().clear_faults();
            }
            app.after(Duration::from_secs(15)).await;
            let (phase, reason) = app.phase("x").await;
            assert_ne!(phase, "no_data", "{reason}");
            assert_eq!(reason.starts_with("has been unreadable"), total % 2 == 1, "{phase} {reason}");
            if total % 2 == 1 {
                assert!(reason.contains("cannot sign in") && reason.contains("503"), "{reason}");
            }
        }
        let values: Vec<_> = app.alerts().await.iter().map(|alert| (alert.kind.as_str(), alert.value.unwrap())).collect();
        assert_eq!(values, [2.0, 4.0, 6.0, 8.0, 10.0].map(|value| ("event", value)));
        assert_eq!(app.b().alarms(), ["x"; 5]);
        assert_eq!(app.messages().await.len(), 5);
        assert_eq!(app.mail().mails().len(), 5, "{:?}", app.subjects());
        assert_eq!(app.a().logins(), 11, "one a try");
        app.finish().await;
    }
}

both! {
    async fn a_session_that_expires_in_mid_cycle_is_renewed(app: TestApp) {
        app.read("x", 1.0).await;
        app.a().expire_sessions();
        app.b().expire_sessions();
        app.read("x", 2.0).await;
        assert!(app.samples("x").await.iter().all(|sample| sample.error.is_none()), "nobody saw it");
        assert_eq!(app.alerts().await.len(), 2, "the reading was not lost");
        assert_eq!(app.b().alarms(), ["x", "x"], "nor the alarm");
        assert_eq!(app.mail().mails().len(), 2, "nor the mail");
        assert_eq!((app.a().logins(), app.b().logins()), (2, 2), "one new sign-in each, however many need it");
        app.finish().await;
    }
}

both! {
    async fn an_upstream_that_hangs_every_call_fills_no_memory(app: TestApp) {
        let hanging = SystemA::start().await;
        let keys: Vec<String> = (0..100).map(|n| format!("w{n}")).collect();
        let metrics: String = keys
            .iter()
            .map(|key| format!("[metrics.{key}]\nfetch = {{ system = \"h\", path = \"/api/totals/{key}\", value = \"$.total\" }}\nalert = {{ rise = 1, no_data = \"1h\" }}\n"))
            .collect();
        let (user, password) = (hanging.username(), hanging.password());
        let more = format!(
            "[systems.h]\nkind = \"system_a\"\nbase_url = \"{}\"\nusername = \"{user}\"\npassword = \"{password}\"\ntimeout = \"1h\"\n",
            hanging.url()
        );
        hanging.fault("/api/totals/", Fault::Hang, Times::Always);
        app.restart(Config { metrics, more, interval: "2s".into(), ..Config::default() });
        let counts = app.engine.counters();
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        app.while_running(async {
            // As many calls as `worker.concurrency` allows, and no more.
            monitor_tests::eventually("64 calls hang", || async {
                (hanging.requests().len() >= 65).then_some(())
            }).await;
            let before = tasks();
            for _ in 0..10 {
                app.clock.jump(Duration::from_secs(2));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            monitor_tests::eventually("the ticks are counted", || async {
                (counts.late() >= 100 * 9).then_some(())
            }).await;
            assert!(hanging.connections() <= 65, "{} connections", hanging.connections());
            assert_eq!(hanging.requests().len(), 65, "64 calls and the sign-in");
            assert!(tasks() <= before + 100, "one task a metric at most: {} after {before}", tasks());
            let waiting = app.db.read(monitor_model::deliveries::unfinished).await.unwrap();
            assert_eq!(waiting, 0, "nothing piles up in the outbox either");

            // Nothing is lost: when it answers again, all are read.
            hanging.clear_faults();
            for key in &keys {
                hanging.set_total(key, 1.0);
            }
            app.clock.jump(Duration::from_secs(31)); // the longest that a reading may take
            monitor_tests::eventually("each rise is reported", || async {
                (app.b().alarms().len() >= 100 && app.mail().mails().len() >= 100).then_some(())
            }).await;
        }).await;
        let mut alarms = app.b().alarms();
        alarms.sort();
        alarms.dedup();
        assert_eq!((alarms.len(), app.b().alarms().len(), app.mail().mails().len()), (100, 100, 100), "each once");
        app.deliver_all(Duration::from_secs(31), 5).await;
        app.finish().await;
    }
}

fn json_answer(body: &'static str) -> Answer {
    Answer::body(200, "application/json", body)
}

both! {
    async fn a_list_that_is_missing_is_no_zero(app: TestApp) {
        let (shop, given) = answering(json_answer(r#"{"items":[{"n":2},{"n":3},{"n":4}]}"#)).await;
        let metric = |key: &str, take: &str| format!(
            "[metrics.{key}]\nfetch = {{ system = \"shop\", path = \"/orders\", {take} }}\nalert = {{ above = 1, no_data = \"1h\" }}\n"
        );
        let keys = ["count", "sum", "min", "max"];
        let all: String = [
            metric("count", r#"count = "$.items[*]""#),
            metric("sum", r#"sum = "$.items[*].n""#),
            metric("min", r#"min = "$.items[*].n""#),
            metric("max", r#"max = "$.items[*].n""#),
            metric("lenient", r#"count = "$.items[*]", null_is_empty = true"#),
        ].concat();
        app.restart(Config::metrics(&format!("[systems.shop]\nkind = \"none\"\nbase_url = \"{}\"\n{all}", shop.url())));
        app.poll().await;
        let mails = app.mail().mails().len();
        assert_eq!(mails, 5, "all are high: {:?}", app.subjects());
        for (answer, why) in [
            (r#"{"error":"session expired"}"#, "the answer has no $.items"),
            (r#"{"items":null}"#, "$.items is no list but null"),
            (r#"{"items":{}}"#, "$.items is no list but an object"),
            (r#"{"items":"none"}"#, "$.items is no list but a string"),
        ] {
            *given.lock().unwrap() = json_answer(answer);
            app.after(Duration::from_secs(1)).await;
            for key in keys {
                let sample = app.samples(key).await.pop().unwrap();
                assert_eq!(sample.value, None, "{key}: {answer} read as a value");
                let error = sample.error.unwrap();
                assert!(error.contains(why), "{key}: {error}");
                assert_eq!(app.phase(key).await.0, "firing", "{key}: {answer} is no recovery");
            }
        }
        let lenient: Vec<_> = app.samples("lenient").await.into_iter().map(|sample| sample.value).collect();
        assert_eq!(lenient, [Some(3.0), None, Some(0.0), None, None], "null is empty where the config says so");
        assert_eq!(app.subjects().len(), mails + 1, "it alone recovered: {:?}", app.subjects());

        *given.lock().unwrap() = json_answer(r#"{"items":[]}"#);
        app.after(Duration::from_secs(1)).await;
        for (key, value) in [("count", Some(0.0)), ("sum", Some(0.0)), ("min", None), ("max", None)] {
            let sample = app.samples(key).await.pop().unwrap();
            assert_eq!(sample.value.map(f64::to_bits), value.map(f64::to_bits), "{key}: {sample:?}");
        }
        assert_eq!(app.phase("count").await.0, "normal");
        app.finish().await;
    }
}

both! {
    async fn an_error_in_the_body_is_no_value(app: TestApp) {
        let (shop, given) = answering(json_answer(r#"{"code":0,"total":3}"#)).await;
        let fetch = |key: &str, more: &str| format!(
            "[metrics.{key}]\nfetch = {{ system = \"shop\", path = \"/orders\", {more} }}\nalert = {{ above = 1, no_data = \"1h\" }}\n"
        );
        let all = [
            fetch("by_system", r#"value = "$.total""#),
            fetch("by_fetch", r#"value = "$.total", ok = { path = "$.code", equals = ["E"] }"#),
            fetch("as_text", r#"regex = "total.:([0-9]+)""#),
        ].concat();
        let system = format!(
            "[systems.shop]\nkind = \"none\"\nbase_url = \"{}\"\nok = {{ path = \"$.code\", equals = [0, \"0\"] }}\n",
            shop.url()
        );
        app.restart(Config::metrics(&format!("{system}{all}")));
        app.poll().await;
        for answer in [r#"{"code":401,"total":0}"#, r#"{"total":0}"#, r#"{"code":"E","total":4}"#] {
            *given.lock().unwrap() = json_answer(answer);
            app.after(Duration::from_secs(1)).await;
        }
        let read = async |key: &str| app.samples(key).await.into_iter().map(|sample| sample.value).collect::<Vec<_>>();
        assert_eq!(read("by_system").await, [Some(3.0), None, None, None]);
        assert_eq!(read("by_fetch").await, [None, None, None, Some(4.0)], "its own goes before the system's");
        assert_eq!(read("as_text").await, [Some(3.0), Some(0.0), Some(0.0), Some(4.0)], "a text has no JSON to say so");
        let errors: Vec<_> = app.samples("by_system").await.into_iter().filter_map(|sample| sample.error).collect();
        for (error, why) in errors.iter().zip(["$.code is 401, not 0 or \"0\"", "the answer has no $.code", "$.code is \"E\""]) {
            assert!(error.contains(why), "{error}");
        }
        assert_eq!(app.phase("by_system").await.0, "firing", "no recovery of it");
        app.finish().await;
    }
}

/// `{"total":7}`, packed.
const PACKED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 201, 47, 73, 204, 81, 178, 50, 175, 5, 0, 181, 143, 145,
    67, 11, 0, 0, 0,
];

both! {
    async fn gzip_is_read_by_each_name_and_another_encoding_is_named(app: TestApp) {
        let (shop, given) = answering(json_answer(r#"{"total":3}"#)).await;
        let system = format!("[systems.shop]\nkind = \"none\"\nbase_url = \"{}\"\n", shop.url());
        let metric = "[metrics.w]\nfetch = { system = \"shop\", path = \"/orders\", value = \"$.total\" }\n\
                      alert = { above = 100, no_data = \"1h\" }\n";
        app.restart(Config::metrics(&format!("{system}{metric}")));
        app.poll().await;
        let two = [PACKED, PACKED].concat();
        for (encoding, body, value, error) in [
            ("GZIP", PACKED, Some(7.0), ""),
            ("x-gzip", PACKED, Some(7.0), ""),
            ("gzip", &two[..], None, "not JSON"), // {"total":7}{"total":7}: both members were read
            ("br", PACKED, None, "in the content encoding \"br\"; only gzip is read"),
            ("gzip", b"{\"total\":7}", None, "not the gzip that it declares"),
            ("gzip", &PACKED[..20], None, "ended before the answer was complete"),
        ] {
            let answer = Answer::body(200, "application/json", body.to_vec());
            *given.lock().unwrap() = answer.header("Content-Encoding", encoding);
            app.after(Duration::from_secs(1)).await;
            let sample = app.samples("w").await.pop().unwrap();
            assert_eq!(sample.value, value, "{encoding}: {:?}", sample.error);
            assert!(sample.error.unwrap_or_default().contains(error), "{encoding}: {error}");
        }
        app.finish().await;
    }
}

/// A system of this kind beside the others, with one metric, that answers everything so.
async fn beside(app: &mut TestApp, kind: &str, answer: Answer) -> monitor_simulator::HttpServer {
    let (shop, _) = answering(answer).await;
    let system = format!(
        "[systems.shop]\n{kind}\nbase_url = \"{}\"\nusername = \"monitor\"\npassword = \"hunter2-and-more\"\n",
        shop.url()
    );
    let metric = "[metrics.w]\nfetch = { system = \"shop\", path = \"/orders\", value = \"$.total\" }\n\
                  alert = { above = 100, no_data = \"1h\" }\n";
    app.restart(Config::metrics(&format!("{system}{metric}")));
    app.poll().await;
    shop
}

both! {
    async fn a_sign_in_that_is_refused_in_its_body_is_no_session(app: TestApp) {
        for ok in ["login = { ok = { path = \"$.code\", equals = [0] } }", "ok = { path = \"$.code\", equals = [0] }"] {
            let kind = format!("kind = \"system_a\"\n{ok}");
            let refused = json_answer(r#"{"code":401,"msg":"bad password","token":"t"}"#);
            let shop = beside(&mut app, &kind, refused).await;
            let error = app.samples("w").await.pop().unwrap().error.unwrap();
            assert!(error.contains("sign-in refused: $.code is 401, not 0: bad password"), "{error}");
            app.after(Duration::from_secs(30)).await;
            assert_eq!(shop.requests().len(), 1, "no account is locked by trying, and nothing is called without a session");
        }
        app.finish().await;
    }
}

both! {
    async fn a_secure_cookie_over_plain_http_is_named(app: TestApp) {
        let kind = "kind = \"system_b\"\nsigned_out = { body_contains = \"please sign in\" }";
        let page = Answer::body(200, "text/plain", "please sign in".to_owned());
        beside(&mut app, kind, page.header("Set-Cookie", "sid=1; Path=/; Secure")).await;
        let error = app.samples("w").await.pop().unwrap().error.unwrap();
        assert!(error.contains("its cookie sid is Secure and so is not sent over plain http"), "{error}");
        app.finish().await;
    }
}

both! {
    async fn a_body_that_means_signed_out_renews_the_session(app: TestApp) {
        let rule = "kind = \"system_a\"\nsigned_out = { body = { path = \"$.code\", equals = [401] } }";
        let engine = app.engine_of(&app.config_text().replace("kind = \"system_a\"", rule));
        let poll = async || engine.run_once(CancellationToken::new()).await.unwrap();
        poll().await;
        let sign_ins = app.a().logins();
        let ended = Fault::Body("application/json".into(), r#"{"code":401,"msg":"token expired"}"#.into());
        app.a().fault("/api/totals/x", ended, Times::N(1));
        app.a().set_total("x", 2.0);
        app.clock.jump(Duration::from_secs(1));
        poll().await;
        assert_eq!(app.a().logins(), sign_ins + 1, "once more");
        assert_eq!(app.samples("x").await.last().unwrap().value, Some(2.0));
        for _ in 0..3 {
            app.clock.jump(Duration::from_secs(60));
            poll().await;
        }
        app.finish().await;
    }
}
