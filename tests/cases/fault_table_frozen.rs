//! The fault table, a database that is connected and does not answer: a proxy before PostgreSQL acknowledges every packet
//! and passes nothing on. The real programs over it: they say so, connect again, lose nothing and can be stopped.

use std::time::{Duration, Instant};

use monitor_testkit::Proxy;
use monitor_tests::{Backend, Config, Home, Process, Site, eventually, http};

/// How long the proxy is frozen in the test of a minute.
const MINUTE: Duration = Duration::from_secs(60);
/// Within that the worker stores readings again.
const RECONNECTED: Duration = Duration::from_secs(15);
const SHUTDOWN: Duration = Duration::from_secs(4);

/// Metrics that are not taken for unreadable because the database is away.
fn config() -> Config {
    Config {
        interval: "200ms".into(),
        ..Config::metrics("[metrics.x]\nalert = { rise = 1, no_data = \"1h\" }\n")
    }
}

/// Programs that reach their database through proxies; the test reaches it directly.
struct Frozen {
    site: Site,
    proxies: Vec<Proxy>,
    url: String,
    health: u16,
}

impl Frozen {
    async fn new(proxies: usize) -> Option<Frozen> {
        let site = Site::with(Backend::Postgres, &config()).await?;
        let direct = site.home.url();
        let (user, after) = direct.rsplit_once('@').unwrap();
        let (server, database) = after.split_once('/').unwrap();
        let mut all = Vec::new();
        for _ in 0..proxies {
            all.push(Proxy::start(server.parse().unwrap()).await.unwrap());
        }
        let addresses: Vec<String> = all.iter().map(|proxy| proxy.address().to_string()).collect();
        Some(Frozen {
            url: format!("{user}@{}/{database}?connect_timeout=2", addresses.join(",")),
            site,
            proxies: all,
            health: monitor_simulator::ports::free_port().unwrap(),
        })
    }

    fn start(&self, program: &str) -> Process {
        let health = format!("127.0.0.1:{}", self.health);
        let shutdown = format!("{}s", SHUTDOWN.as_secs());
        let env = [
            ("MONITOR__DATABASE__URL", self.url.as_str()),
            ("MONITOR__DATABASE__STATEMENT_TIMEOUT", "2s"),
            ("MONITOR__WORKER__LISTEN", health.as_str()),
            ("MONITOR__WORKER__SHUTDOWN", shutdown.as_str()),
        ];
        self.site.program_with(program, &[], &env)
    }

    /// The status of a path of the web, or of the worker's health.
    async fn status(&self, path: &str) -> Option<u16> {
        let answer = http().get(format!("http://{}{path}", self.site.web)).send().await;
        Some(answer.ok()?.status().as_u16())
    }

    async fn worker_is_ready(&self) -> Option<bool> {
        let url = format!("http://127.0.0.1:{}/readyz", self.health);
        Some(http().get(url).send().await.ok()?.status().as_u16() == 200)
    }

    async fn until_all_is_well(&self) {
        self.site.wait_for_reads(3).await;
        eventually("worker and web are ready", async || {
            let is_well = self.worker_is_ready().await? && self.status("/readyz").await? == 200;
            is_well.then_some(())
        })
        .await;
        eventually("the first reading is stored", async || {
            let values = self.site.get("/get_current_values").await?;
            values.contains("\"x\":0").then_some(())
        })
        .await;
    }

    /// Freezes, lets x rise, and waits until both programs say so. No old value is answered with 200 from then on.
    async fn freeze_and_see(&self) {
        self.proxies[0].freeze();
        self.site.world.a.set_total("x", 3.0);
        eventually("the web says so", async || {
            for path in ["/api/v1/metrics", "/get_current_values", "/readyz", "/monitor"] {
                if self.status(path).await? != 503 {
                    return None;
                }
            }
            Some(())
        })
        .await;
        eventually("the worker says so", async || {
            (!self.worker_is_ready().await?).then_some(())
        })
        .await;
    }

    /// People were notified of the rise once, and is on record once.
    async fn the_rise_was_reported_once(&self) {
        let world = &self.site.world;
        eventually("the alarm and the mail", async || {
            (world.b.alarms().len() == 1 && world.mail.mails().len() == 1).then_some(())
        })
        .await;
        self.site.wait_for_reads(5).await;
        assert_eq!(world.b.alarms(), ["x"]);
        assert_eq!(world.mail.mails().len(), 1);
        let db = self.site.db().await;
        let alerts = db.read(|c| monitor_model::alerts::recent(c, 10)).await.unwrap();
        assert_eq!(
            alerts.iter().map(|alert| alert.value).collect::<Vec<_>>(),
            [Some(3.0)]
        );
        db.close().await;
        eventually("the web shows it", async || {
            let values = self.site.get("/get_current_values").await?;
            values.contains("\"x\":3").then_some(())
        })
        .await;
    }
}

fn in_time((ended, took): (std::process::ExitStatus, Duration), program: &Process) {
    assert!(ended.success(), "{}", program.output());
    assert!(
        took <= SHUTDOWN + Duration::from_secs(1),
        "{took:?}: {}",
        program.output()
    );
}

/// A freeze of `freeze` at least.
async fn thaws(freeze: Duration) {
    let Some(frozen) = Frozen::new(1).await else {
        return;
    };
    let (worker, web) = (frozen.start("monitor-worker"), frozen.start("monitor-web"));
    frozen.until_all_is_well().await;
    let since = Instant::now();
    frozen.freeze_and_see().await;
    assert_eq!(
        frozen.site.world.b.alarms(),
        Vec::<String>::new(),
        "what is not stored is not sent"
    );
    // It stays so.
    while since.elapsed() < freeze {
        assert_eq!(frozen.status("/get_current_values").await, Some(503));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let said = worker.output();
    assert!(said.contains("the database did not answer for"), "{said}");

    frozen.proxies[0].thaw();
    let thawed = Instant::now();
    eventually("readings are stored again", async || {
        frozen.worker_is_ready().await?.then_some(())
    })
    .await;
    let took = thawed.elapsed();
    eprintln!("the worker was ready {took:?} after the thaw");
    assert!(took <= RECONNECTED, "{took:?}");
    frozen.the_rise_was_reported_once().await;
    drop((worker, web));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_postgres_is_noticed_and_nothing_is_lost() {
    thaws(Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute of real time; the same with less is in the suite"]
async fn long_a_postgres_that_is_frozen_for_a_minute() {
    thaws(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_address_takes_over_from_a_frozen_postgres() {
    let Some(frozen) = Frozen::new(2).await else {
        return;
    };
    let (worker, web) = (frozen.start("monitor-worker"), frozen.start("monitor-web"));
    frozen.until_all_is_well().await;
    frozen.proxies[0].freeze();
    frozen.site.world.a.set_total("x", 3.0);
    frozen.the_rise_was_reported_once().await;
    eventually("both are well", async || {
        let is_well = frozen.worker_is_ready().await? && frozen.status("/readyz").await? == 200;
        is_well.then_some(())
    })
    .await;
    drop((worker, web));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_programs_stop_in_time_while_postgres_is_frozen() {
    let Some(frozen) = Frozen::new(1).await else {
        return;
    };
    let mut programs = [frozen.start("monitor-worker"), frozen.start("monitor-web")];
    frozen.until_all_is_well().await;
    frozen.freeze_and_see().await;
    for program in &mut programs {
        in_time(program.terminate(), program);
    }
    // As they begin, too.
    for name in ["monitor-worker", "monitor-web"] {
        let mut program = frozen.start(name);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(program.ended().is_none(), "{}", program.output());
        in_time(program.terminate(), &program);
    }
    frozen.proxies[0].thaw();
    // Those who come after notify of what was not stored.
    let worker = frozen.start("monitor-worker");
    let web = frozen.start("monitor-web");
    frozen.the_rise_was_reported_once().await;
    drop((worker, web));
    assert!(matches!(frozen.site.home, Home::Postgres(_)));
}
