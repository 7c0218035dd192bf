//! An engine over a database of its own, driven cycle by cycle.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use monitor_domain::Clock;
use monitor_model::deliveries::Filter;
use monitor_model::{
    Alert, Conn, Db, DbOptions, Delivery, DeliveryStatus, ProcessRole, Record, Sample, WorkerRow, alerts,
    deliveries, records, samples, workers,
};
use monitor_processor::Engine;
use monitor_settings::Settings;
use monitor_simulator::{SmtpSink, SystemA, SystemB};
use monitor_testkit::postgres::{self, TestDatabase};
use monitor_testkit::temp_dir;

use crate::clock::JumpClock;
use crate::config::{Config, Upstreams};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Where a test's data lives; gone with the test.
pub enum Home {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase),
}

impl Home {
    /// A fresh database, or nothing where there is no PostgreSQL.
    pub fn new(backend: Backend) -> Option<Home> {
        Some(match backend {
            Backend::Sqlite => Home::Sqlite(temp_dir()),
            Backend::Postgres => Home::Postgres(postgres::database()?),
        })
    }

    /// The same with the tables there: a copy of a database that was migrated once.
    pub fn migrated(backend: Backend) -> Option<Home> {
        Some(match backend {
            Backend::Sqlite => {
                static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
                let template = TEMPLATE.get_or_init(|| {
                    let home = Home::Sqlite(temp_dir());
                    migrate(home.url());
                    std::fs::read(home.url().trim_start_matches("sqlite:")).unwrap()
                });
                let home = Home::Sqlite(temp_dir());
                std::fs::write(home.url().trim_start_matches("sqlite:"), template).unwrap();
                home
            }
            Backend::Postgres => {
                // A cluster may outlive the build that made the template.
                let build = std::env::current_exe().unwrap();
                let mut hasher = DefaultHasher::new();
                (&build, build.metadata().unwrap().modified().unwrap()).hash(&mut hasher);
                let name = format!("{:016x}", hasher.finish());
                Home::Postgres(postgres::copy_of(&name, |url| migrate(url.to_owned()))?)
            }
        })
    }

    pub fn url(&self) -> String {
        match self {
            Home::Sqlite(dir) => format!("sqlite:{}", dir.path().join("monitor.db").display()),
            Home::Postgres(database) => database.url().to_owned(),
        }
    }
}

/// The chain, end to end: systems, engine, database, mail server. [`TestApp::finish`] checks that no work was left.
pub struct TestApp {
    pub world: Upstreams,
    pub db: Db,
    pub clock: Arc<JumpClock>,
    pub settings: Settings,
    pub engine: Engine,
    pub home: Home,
    config: Config,
    finished: bool,
}

impl TestApp {
    /// Starts all of it; nothing where the database is missing.
    pub async fn start(backend: Backend, config: Config) -> Option<TestApp> {
        Some(TestApp::start_in(Home::migrated(backend)?, config).await)
    }

    /// The same over a database that the test has made itself.
    pub async fn start_in(home: Home, config: Config) -> TestApp {
        let _ = env_logger::builder().is_test(true).try_init();
        monitor_requests::install_crypto();
        let world = Upstreams::start().await;
        let clock = JumpClock::shared();
        let settings = settings(&config, &home, &world);
        let db = Db::open(&DbOptions::new(home.url())).await.unwrap();
        db.migrate().await.unwrap();
        let engine = monitor_worker::Program::stock()
            .engine(&settings, db.clone(), clock.clone())
            .unwrap();
        TestApp {
            world,
            db,
            clock,
            settings,
            engine,
            home,
            config,
            finished: false,
        }
    }

    /// Plays `script` while the worker runs as the program does, by its own schedule.
    pub async fn while_running(&self, script: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let script = async {
            script.await;
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(self.engine.run(stop.clone()), script);
        ended.unwrap();
    }

    /// Polls although some answers never come: once `rest` is done, time passes until the hanging ones are `over`.
    pub async fn poll_past_hangs(&self, rest: impl AsyncFn() -> bool, over: impl AsyncFn() -> bool) {
        let passing = async {
            while !rest().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            while !over().await {
                self.clock.jump(Duration::from_millis(500));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::join!(self.poll(), passing);
    }

    /// Lets a long time pass at once, where nothing is being sent that it would cut off: only what hangs is cut off.
    pub async fn jump_over(&self, d: Duration) {
        let patience = Duration::from_secs(2);
        let (mut before, mut since) = (self.sending().await, std::time::Instant::now());
        while !before.is_empty() && since.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = self.sending().await;
            if now != before {
                (before, since) = (now, std::time::Instant::now());
            }
        }
        self.clock.jump(d);
    }

    /// What is being sent, with the attempt.
    pub async fn sending(&self) -> Vec<(i64, i32)> {
        let filter = Filter {
            statuses: vec![DeliveryStatus::Sending],
            ..Filter::default()
        };
        let page = move |conn: &mut Conn| deliveries::page(conn, &filter, i64::MAX);
        let all = self.db.read(page).await.unwrap().into_iter();
        all.map(|delivery| (delivery.id, delivery.attempt)).collect()
    }

    /// Lets time pass, step by step, until nothing waits in the outbox; it must be empty after so many steps.
    pub async fn deliver_all(&self, step: Duration, most: usize) {
        for _ in 0..most {
            if self.db.read(deliveries::unfinished).await.unwrap() == 0 {
                return;
            }
            self.after(step).await;
        }
        assert_eq!(
            self.db.read(deliveries::unfinished).await.unwrap(),
            0,
            "still waiting: {:?}",
            self.deliveries().await
        );
    }

    /// A series of the worker as `/metrics` has it: `monitor_cycles_total{metric="x",result="value"}`.
    pub fn series(&self, name: &str) -> f64 {
        let page = monitor_telemetry::expose(&self.engine.registry(), None)
            .unwrap()
            .body;
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(f64::NAN, |value| value.trim().parse().unwrap())
    }

    /// The config as it is written, for a test that changes a line of it.
    pub fn config_text(&self) -> String {
        self.config
            .text(&self.home.url(), "127.0.0.1:0".parse().unwrap(), &self.world)
    }

    /// A second worker over the same database, as after a restart: it remembers nothing.
    pub fn another_engine(&self) -> Engine {
        monitor_worker::Program::stock()
            .engine(&self.settings, self.db.clone(), self.clock.clone())
            .unwrap()
    }

    /// Another worker, on another machine, reports that it is alive.
    pub async fn hear_of_another_worker(&self) {
        let now = self.clock.wall().naive_utc();
        let row = WorkerRow {
            id: "another".to_owned(),
            host: "other".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            started_at: now,
            heartbeat_at: now,
            role: ProcessRole::Worker,
        };
        self.db.write(move |c| workers::heartbeat(c, &row)).await.unwrap();
    }

    /// A worker with a config of its own, as text, over the same database.
    pub fn engine_of(&self, text: &str) -> Engine {
        monitor_worker::Program::stock()
            .engine(&parse(text), self.db.clone(), self.clock.clone())
            .unwrap()
    }

    /// Forgets everything that is not in the database, and takes on `config`.
    pub fn restart(&mut self, config: Config) {
        self.settings = settings(&config, &self.home, &self.world);
        self.config = config;
        self.engine = self.another_engine();
    }

    pub fn a(&self) -> &SystemA {
        &self.world.a
    }

    pub fn b(&self) -> &SystemB {
        &self.world.b
    }

    pub fn mail(&self) -> &SmtpSink {
        &self.world.mail
    }

    /// One cycle of every metric, and the delivery of what is due.
    pub async fn poll(&self) {
        self.engine.run_once(CancellationToken::new()).await.unwrap();
    }

    /// Sets a total of System A and polls.
    pub async fn read(&self, key: &str, total: f64) {
        self.a().set_total(key, total);
        self.poll().await;
    }

    /// Lets time pass and polls.
    pub async fn after(&self, d: Duration) {
        self.clock.jump(d);
        self.poll().await;
    }

    /// Alert records, oldest first.
    pub async fn records(&self) -> Vec<Record> {
        let mut all = self.db.read(|conn| records::recent(conn, 1_000)).await.unwrap();
        all.reverse();
        all
    }

    /// All messages on record about a metric's alerts, oldest first, however many.
    pub async fn records_of(&self, key: &str) -> Vec<String> {
        let all = self
            .db
            .read(|conn| records::recent(conn, i64::MAX))
            .await
            .unwrap();
        let of_key = all
            .into_iter()
            .rev()
            .filter(|record| record.alert && record.key == *key);
        of_key.map(|record| record.alert_message).collect()
    }

    /// The messages of the alert records, oldest first, each with its metric's key.
    pub async fn messages(&self) -> Vec<(String, String)> {
        self.records()
            .await
            .into_iter()
            .filter(|r| r.alert)
            .map(|r| (r.key.into(), r.alert_message))
            .collect()
    }

    /// The subjects in the inbox, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        self.mail().mails().into_iter().map(|mail| mail.subject).collect()
    }

    pub async fn alerts(&self) -> Vec<Alert> {
        let mut all = self.db.read(|conn| alerts::recent(conn, 1_000)).await.unwrap();
        all.reverse();
        all
    }

    pub async fn deliveries(&self) -> Vec<Delivery> {
        let mut all = self
            .db
            .read(|conn| deliveries::recent(conn, 1_000))
            .await
            .unwrap();
        all.reverse();
        all
    }

    /// Those of one lane.
    pub async fn deliveries_of(&self, lane: &str) -> Vec<Delivery> {
        let all = self
            .db
            .read(|conn| deliveries::recent(conn, 10_000))
            .await
            .unwrap();
        all.into_iter()
            .rev()
            .filter(|delivery| delivery.lane == lane)
            .collect()
    }

    pub async fn samples(&self, key: &str) -> Vec<Sample> {
        let key = key.to_owned();
        let mut all = self
            .db
            .read(move |conn| samples::recent(conn, &key, 1_000))
            .await
            .unwrap();
        all.reverse();
        all
    }

    /// The metric's phase and why it is in it.
    pub async fn phase(&self, key: &str) -> (String, String) {
        let key = key.to_owned();
        let state = self
            .db
            .read(move |conn| monitor_model::states::load(conn, &key))
            .await
            .unwrap()
            .unwrap();
        (state.phase, state.reason)
    }

    /// The end: nothing may be left in the outbox.
    pub async fn finish(mut self) {
        self.finished = true;
        let left = self.db.read(deliveries::unfinished).await.unwrap();
        assert_eq!(left, 0, "work was left behind: {:?}", self.deliveries().await);
        self.db.close().await;
    }

    /// The end of a test that leaves work behind on purpose.
    pub fn abandon(mut self) {
        self.finished = true;
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !self.finished && !std::thread::panicking() {
            panic!("a test ends with `finish` (nothing is left) or `abandon` (something is, on purpose)");
        }
    }
}

/// Makes the tables, and leaves nothing open. On a thread of its own, since tests wait for it in the middle of their own
/// runtimes.
fn migrate(url: String) {
    let migrating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let db = Db::open(&DbOptions::new(url)).await.unwrap();
            db.migrate().await.unwrap();
            db.close().await;
        });
    });
    migrating.join().unwrap();
}

fn settings(config: &Config, home: &Home, world: &Upstreams) -> Settings {
    parse(&config.text(&home.url(), "127.0.0.1:0".parse().unwrap(), world))
}

fn parse(text: &str) -> Settings {
    match monitor_settings::load_str("test.toml", text, &[], &monitor_settings::Kinds::stock()) {
        Ok(loaded) => loaded.settings,
        Err(errors) => panic!("{errors}\n{text}"),
    }
}
