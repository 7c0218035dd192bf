//! A real worker that is killed again and again, at named points and at any time, while the metrics breach and four channels
//! are notified. In the end everybody has heard of everything, and of nothing else.

#![allow(clippy::print_stdout)] // the long form prints what it counted

mod channels;
mod driver;
mod oracle;
mod reached;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use monitor_model::{Db, deliveries};
use monitor_processor::fault::Point;
use monitor_simulator::Message;
use monitor_tests::{Backend, Config, Process, Site, eventually};

use channels::Sinks;

/// Recipients of each mail.
const TO: [&str; 2] = ["ops@example.com", "boss@example.com"];
/// Kills of the short form: one round.
const ROUND: usize = 24;
/// Kills of the long form, if `MONITOR_KILLS` does not say.
const LONG: usize = 300;
/// A worker that does not reach the point where it is to die in this time is stuck, and so is an outbox from which nothing
/// goes. Shorter than a lease.
const STUCK: Duration = Duration::from_secs(15);
/// A fault by chance may never come; then the worker is killed from outside.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a life ends.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// At a named point, when it is passed for the n-th time.
    At(Point, u32),
    /// At any point, by chance.
    Dice(u64),
    /// `kill -9`, so long after it was started: the migration check, the first claims.
    Early(Duration),
    /// `kill -9`, so long after it first polled.
    Later(Duration),
}

/// One round: each point once, one by chance, and as many from outside, in any order.
fn round(rng: &mut fastrand::Rng) -> Vec<Death> {
    let mut ends: Vec<Death> = Point::ALL
        .into_iter()
        .map(|point| {
            let most = match point {
                Point::AfterSample | Point::BeforeCommit | Point::AfterCommit => 4,
                // There is one in seconds.
                Point::BeforeEscalation | Point::AfterEscalation => 1,
                _ => 3,
            };
            Death::At(point, rng.u32(1..=most))
        })
        .collect();
    ends.push(Death::Dice(rng.u64(..)));
    while ends.len() < ROUND {
        ends.push(match rng.usize(..3) {
            0 => Death::Early(Duration::from_millis(rng.u64(..300))),
            _ => Death::Later(Duration::from_millis(rng.u64(..1500))),
        });
    }
    rng.shuffle(&mut ends);
    ends
}

/// Runs a worker to its end; says where that was.
async fn live(site: &Site, end: Death) -> String {
    let fault = match end {
        Death::At(point, n) => Some(format!("{}:{n}", point.as_str())),
        Death::Dice(seed) => Some(format!("random:0.02:{seed}")),
        Death::Early(_) | Death::Later(_) => None,
    };
    let reads = site.world.a.reads("x");
    let mut worker = start(site, fault.as_deref());
    let began = Instant::now();
    match end {
        Death::Early(after) => tokio::time::sleep(after).await,
        Death::Later(after) => {
            eventually("the first poll", || async {
                (site.world.a.reads("x") > reads).then_some(())
            })
            .await;
            tokio::time::sleep(after).await;
        }
        Death::Dice(_) => {
            return dead(&mut worker, began + PATIENCE)
                .await
                .unwrap_or_else(|| outside(worker));
        }
        Death::At(point, _) => {
            let at = dead(&mut worker, began + STUCK).await;
            assert_eq!(at.as_deref(), Some(point.as_str()), "{}", worker.output());
            return point.as_str().to_owned();
        }
    }
    assert!(
        worker.ended().is_none(),
        "it ended by itself: {}",
        worker.output()
    );
    outside(worker)
}

fn outside(mut worker: Process) -> String {
    worker.kill();
    "from outside".to_owned()
}

/// Where the worker killed itself, if it did before `limit`.
async fn dead(worker: &mut Process, limit: Instant) -> Option<String> {
    while Instant::now() < limit {
        if let Some(status) = worker.ended() {
            assert_eq!(
                status.signal(),
                Some(6),
                "it ended by itself: {}",
                worker.output()
            );
            let worker = &worker;
            return Some(
                eventually("the last words", || async {
                    let output = worker.output();
                    let (_, words) = output.split_once("fault point ")?;
                    Some(words.split_once(": dies here")?.0.to_owned())
                })
                .await,
            );
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    None
}

fn start(site: &Site, fault: Option<&str>) -> Process {
    let mut env = vec![
        // A slow machine repeats nothing either.
        ("MONITOR__REQUESTS__TIMEOUT", "10s"),
        // What is in flight when the worker dies is repeated: with one mail at a time that is one a kill.
        ("MONITOR__CHANNELS__MAIL__CONCURRENCY", "1"),
    ];
    env.extend(fault.map(|fault| ("MONITOR_FAULT", fault)));
    site.program_with("monitor-worker", &[], &env)
}

/// What System B says of a rise: one message a unit, the same each time it is requested. Of z and w, one an excursion.
fn explained(key: &str, total: f64, previous: f64) -> Vec<Message> {
    let (total, previous) = (total as u64, previous as u64);
    let units = match key {
        "z" | "w" => total..=total,
        _ => previous + 1..=total,
    };
    units
        .map(|n| Message::new(format!("{key}-{n}"), format!("Order {key}-{n} is unpaid")))
        .collect()
}

/// The feature must be there, or the points would be passed unharmed.
async fn require_fault_points() {
    let mut worker = Process::start(
        "monitor-worker",
        &["--config", "/nowhere"],
        &[("MONITOR_FAULT", "?")],
    );
    worker.wait(Duration::from_secs(20));
    let output = eventually("it says what is wrong", || async {
        Some(worker.output()).filter(|output| !output.is_empty())
    })
    .await;
    assert!(
        output.contains("MONITOR_FAULT"),
        "monitor-worker was built without fault points; run `cargo test --workspace --no-run` first: {output}"
    );
}

async fn kill_test(backend: Backend, kills: usize) {
    require_fault_points().await;
    let sinks = Sinks::start().await;
    let config = Config {
        interval: "100ms".into(),
        to: TO.map(Into::into).into(),
        more: sinks.config(),
        ..Config::default()
    };
    let Some(site) = Site::with(backend, &config).await else {
        return;
    };
    let seed = std::env::var("MONITOR_KILL_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("kill test on {backend:?}: MONITOR_KILL_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    site.world.b.set_message_source(explained);

    let (began, lives) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let driver = driver::start(&site.world.a, &lives, &mut rng, &sinks);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for end in std::iter::from_fn(|| Some(round(&mut rng))).flatten().take(kills) {
        let place = live(&site, end).await;
        *ends.entry(place).or_default() += 1;
        lives.fetch_add(1, Ordering::SeqCst);
    }
    let mut worker = start(&site, None);
    let happened = driver.stop().await;
    let db = site.db().await;
    let settling = Instant::now();
    emptied(&db).await;
    let settling = settling.elapsed();
    assert!(worker.terminate().0.success(), "{}", worker.output());

    let points = ends.iter().filter(|(place, _)| *place != "from outside");
    assert!(kills < ROUND || points.count() == Point::ALL.len(), "{ends:?}");
    let counted = oracle::check((&site, &sinks), &db, &happened, kills).await;
    db.close().await;
    println!(
        "{backend:?}: {kills} kills in {:.0?}, the outbox empty {settling:.1?} after the last",
        began.elapsed()
    );
    for (place, times) in &ends {
        println!("  {place}: {times}");
    }
    println!("{counted}");
}

/// Waits until nothing is left to deliver. A slow machine may take its time, but what a dead worker claimed must not wait
/// until its lease is over.
async fn emptied(db: &Db) {
    let (mut least, mut since) = (i64::MAX, Instant::now());
    loop {
        let left = db.read(deliveries::unfinished).await.unwrap();
        if left == 0 {
            return;
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        assert!(since.elapsed() < STUCK, "{left} deliveries are stuck");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_sqlite() {
    kill_test(Backend::Sqlite, ROUND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_postgres() {
    kill_test(Backend::Postgres, ROUND).await;
}

fn long() -> usize {
    let given = std::env::var("MONITOR_KILLS").ok();
    given.map_or(LONG, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes"]
async fn long_sqlite() {
    kill_test(Backend::Sqlite, long()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes"]
async fn long_postgres() {
    kill_test(Backend::Postgres, long()).await;
}
