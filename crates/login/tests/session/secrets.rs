//! No password, token or cookie is in any log line, error or Debug output.

use std::sync::Mutex;
use std::time::Duration;

use log::kv::{Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use monitor_requests::{Client, ClientConfig};

use crate::fake::{Answer, Fake, HTML, PASSWORD, get, system, total};
use crate::time::TestClock;

struct Collector(Mutex<String>);

static LINES: Collector = Collector(Mutex::new(String::new()));

struct Pairs(String);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        self.0.push_str(&format!(" {key}={value}"));
        Ok(())
    }
}

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut pairs = Pairs(String::new());
        record.key_values().visit(&mut pairs).unwrap();
        let line = format!(
            "{} {}: {}{}\n",
            record.level(),
            record.target(),
            record.args(),
            pairs.0
        );
        self.0.lock().unwrap().push_str(&line);
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn whatever_happens_no_secret_is_shown() {
    log::set_logger(&LINES).unwrap();
    // Of all libraries in use, and all but raw bytes of the wire.
    log::set_max_level(LevelFilter::Debug);
    let mut shown = String::new();
    let mut show = |text: String| shown.push_str(&text);
    for kind in ["system_a", "system_b"] {
        let fake = Fake::start(kind).await;
        fake.rules().life = Some(100);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        show(format!("{:?} {system:?}", fake.settings()));
        total(&system, "/api/totals/x").await;
        // A system that repeats what it was sent, in every kind of answer.
        let echo = r#"{"error":"no","password":"hunter2 & co","echo":"hunter2 & co","token":"hunter3-1"}"#;
        for status in [200, 302, 400, 401, 403, 404, 418, 429, 500] {
            fake.rules().login = Some(Answer(status, "", echo));
            fake.expire();
            let error = get(&system, "/api/totals/x").await.map(|_| ());
            if let Err(error) = error {
                show(format!("{error} {error:?}"));
            }
            show(format!("{:?}", system.sign_in().await));
            clock.advance(Duration::from_secs(3_600));
        }
        fake.rules().login = None;
        fake.rules().paths.insert("/lost".to_owned(), HTML);
        for path in ["/lost?token=hunter4", "/lost", "/api/totals/x"] {
            match get(&system, path).await {
                Ok(response) => show(format!("{response:?}")),
                Err(error) => show(format!("{error} {error:?}")),
            }
        }
        // One that repeats the credential.
        fake.rules().sliding = true;
        for (path, status) in [("/echo/500", 500), ("/echo/404", 404), ("/echo/403", 403)] {
            fake.rules()
                .paths
                .insert(path.to_owned(), Answer(status, "", r#"{"echo":"x TOKEN x"}"#));
            let error = get(&system, path).await.unwrap().require_success().unwrap_err();
            assert!(error.to_string().contains("x [redacted] x"), "{error}");
            show(format!("{error} {error:?}"));
        }
        // A credential as such.
        let client = Client::new(ClientConfig::default(), clock.clone()).unwrap();
        let login = fake.settings().login.login().unwrap();
        let credential = login.sign_in(&client, &system.url("/").unwrap()).await.unwrap();
        show(format!("{credential:?} {client:?}"));
    }
    let mut settings = Fake::start("system_a").await.settings();
    settings.login = Fake::start("system_b").await.settings().login;
    show(format!(
        "{:?}",
        system(&settings, &TestClock::new()).sign_in().await
    ));

    // Other tests of this process log too, with the same secrets.
    let logged = LINES.0.lock().unwrap().clone();
    assert!(
        logged.contains("signed in") && shown.contains("refused"),
        "{logged}\n{shown}"
    );
    for secret in [PASSWORD, "hunter2", "hunter2+%26", "hunter3", "hunter4"] {
        for text in [&shown, &logged] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
