//! The log line of each attempt, and that no secret is in any line of this crate.

use std::sync::Mutex;

use log::kv::{Key, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};
use monitor_requests::{ClientConfig, Request};

use crate::server::{Server, answer, client, ok};
use crate::time::TestClock;

struct Collector(Mutex<Vec<(Level, String)>>);

static LINES: Collector = Collector(Mutex::new(Vec::new()));

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        struct Pairs(String);
        impl<'kvs> VisitSource<'kvs> for Pairs {
            fn visit_pair(
                &mut self,
                key: Key<'kvs>,
                value: log::kv::Value<'kvs>,
            ) -> Result<(), log::kv::Error> {
                self.0.push_str(&format!(" {key}={value}"));
                Ok(())
            }
        }
        if record.target().starts_with("monitor_requests") {
            let mut pairs = Pairs(String::new());
            record.key_values().visit(&mut pairs).unwrap();
            self.0
                .lock()
                .unwrap()
                .push((record.level(), format!("{}{}", record.args(), pairs.0)));
        }
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn each_attempt_is_one_line_without_secrets() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Server::start(|n| {
        if n == 0 {
            answer(503, &[], b"hunter2")
        } else {
            ok("hunter3")
        }
    })
    .await;
    let clock = TestClock::new(std::time::Duration::from_secs(4));
    let request = Request::get(server.url("/logged?token=hunter4")).bearer(&"hunter5".into());
    client(ClientConfig::default(), clock)
        .send(&request)
        .await
        .unwrap();
    // Other tests of this process log too: read ours only.
    let all = LINES.0.lock().unwrap().clone();
    let ours: Vec<_> = all.iter().filter(|(_, line)| line.contains("/logged?")).collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
    let url = format!("GET http://127.0.0.1:{}/logged?token", server.port);
    assert_eq!(
        *ours[0],
        (Level::Debug, format!("{url}: 503 status=503 ms=0 attempt=1"))
    );
    assert_eq!(ours[1].0, Level::Debug);
    assert!(
        ours[1].1.starts_with(&format!("{url}: 200 status=200 ms=")),
        "{}",
        ours[1].1
    );
    assert!(!all.iter().any(|(_, line)| line.contains("hunter")), "{all:?}");
}
