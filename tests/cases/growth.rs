//! What open rises cost: web and worker with 400,000 that nobody acknowledged, against as many that somebody did and against
//! none at all, and the time that a reset takes. A measurement, not a test: `cargo test -p monitor-tests --test e2e -- --ignored --nocapture growth`. What must hold, whatever
//! the machine, is in the model's `costs.rs` and `groups.rs`.

#![allow(clippy::print_stdout)] // figures for a person

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use futures_util::StreamExt;
use monitor_model::{Db, alerts};
use monitor_tests::{Backend, Config, Process, Site, eventually, http};

/// Ticks of a CPU a second in `/proc`: the same on every Linux that runs here.
const TICKS: f64 = 100.0;

/// A number from the environment, for a shorter or a longer measurement.
fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// As the worker leaves them: each with its record and a mail that was sent. In steps, since a statement has a deadline.
async fn seed(db: &Db, rises: u64) {
    // Of today, so that they do not age out.
    let now = format!("'{}'", chrono::Utc::now().format("%Y-%m-%d %H:%M:%S"));
    let now = match db.backend() {
        monitor_model::Backend::Sqlite => now,
        monitor_model::Backend::Postgres => format!("CAST({now} AS TIMESTAMP)"),
    };
    const STEP: u64 = 20_000;
    let group = format!(
        "INSERT INTO alert_group (key, muted, alerts, opened_at) VALUES ('x', FALSE, {rises}, {now})"
    );
    db.write(move |c| Ok(c.batch_execute(&group)?)).await.unwrap();
    for first in (1..=rises).step_by(STEP as usize) {
        let last = (first + STEP - 1).min(rises);
        let numbers = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})"
        );
        let sql = format!(
            "{numbers} INSERT INTO alert (key, kind, severity, reason, value, previous, opened_at, further_messages,
                     group_id)
                 SELECT 'x', 'event', 'warning', 'rose by 1 to ' || n, n, n - 1, {now}, 0, 1 FROM numbers;
             {numbers} INSERT INTO monitor_record (key, value, alert, alert_message, \"timestamp\", alert_id)
                 SELECT 'x', n, TRUE, 'rose by 1 to ' || n, {now}, n FROM numbers;
             {numbers} INSERT INTO delivery (alert_id, record_id, lane, event, recipient, dedupe_key, message_id, payload,
                     status, next_at, created_at, finished_at)
                 SELECT n, n, 'mail', 'alert', 'ops@example.com', 'alert/' || n, n || '@monitor', '{{}}', 'sent',
                     {now}, {now}, {now} FROM numbers"
        );
        db.write(move |c| Ok(c.batch_execute(&sql)?)).await.unwrap();
    }
}

/// The CPU time that a process has used, in seconds.
fn cpu(process: &Process) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
    // utime and stime.
    (ticks(11) + ticks(12)) / TICKS
}

/// A page that stays open, and somebody who scrapes and reads the list of alerts, until it is dropped.
fn readers(site: &Site) -> tokio::task::JoinHandle<()> {
    let base = format!("http://{}", site.web);
    tokio::spawn(async move {
        let stream = http().get(format!("{base}/api/v1/events")).send().await.unwrap();
        let mut events = stream.bytes_stream();
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                event = events.next() => drop(event.unwrap().unwrap()),
                _ = every.tick() => for path in ["/metrics", "/alerts?show=all", "/system"] {
                    let answer = http().get(format!("{base}{path}")).send().await.unwrap();
                    assert!(answer.status().is_success(), "{path}: {}", answer.status());
                    drop(answer.bytes().await.unwrap());
                },
            }
        }
    })
}

/// What the API says of X: how many alerts are open, and how many of these unacknowledged.
async fn counted(site: &Site) -> Option<(u64, u64)> {
    let body: serde_json::Value = serde_json::from_str(&site.get("/api/v1/metrics").await?).ok()?;
    let x = body["metrics"]
        .as_array()?
        .iter()
        .find(|metric| metric["key"] == "x")?;
    Some((x["open_alerts"].as_u64()?, x["unacknowledged"].as_u64()?))
}

/// Ids and acknowledgements of a page of alerts.
async fn listed(site: &Site, query: &str) -> Vec<(i64, Option<String>)> {
    let body = site.get(&format!("/api/v1/alerts?{query}")).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let all = body["alerts"].as_array().unwrap().iter();
    let by = |alert: &serde_json::Value| alert["acknowledged_by"].as_str().map(str::to_owned);
    all.map(|alert| (alert["id"].as_i64().unwrap(), by(alert)))
        .collect()
}

/// What there is before it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    Acknowledged,
    Open,
}

async fn measure(backend: Backend, before: Before, rises: u64, seconds: u64) {
    let config = Config {
        interval: "1s".into(),
        ..Config::default()
    };
    let Some(site) = Site::with(backend, &config).await else {
        return;
    };
    let db = site.db().await;
    db.migrate().await.unwrap();
    if before != Before::Nothing {
        seed(&db, rises).await;
    }
    if before == Before::Acknowledged {
        let at = chrono::Utc::now().naive_utc();
        db.write(move |c| alerts::acknowledge_all(c, "ann", at))
            .await
            .unwrap();
    }
    let open = if before == Before::Open { rises } else { 0 };
    let web = site.program("monitor-web", &[]);
    let worker = site.program("monitor-worker", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    site.wait_for_reads(2).await;
    eventually("the page counts them", || async {
        (counted(&site).await? == (open, open)).then_some(())
    })
    .await;

    let newest = i64::try_from(open).unwrap();
    let page: Vec<i64> = listed(&site, "open=true&limit=3")
        .await
        .into_iter()
        .map(|alert| alert.0)
        .collect();
    assert_eq!(page, (1..=newest).rev().take(3).collect::<Vec<_>>());
    let reading = readers(&site);
    let used_before = (cpu(&web), cpu(&worker));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let of = |process: &Process, before: f64| (cpu(process) - before) * 100.0 / given_seconds(seconds);
    let used = (of(&web, used_before.0), of(&worker, used_before.1));
    assert!(!reading.is_finished());
    reading.abort();

    let requested = Instant::now();
    let answer = http()
        .post(format!("http://{}/reset", site.web))
        .send()
        .await
        .unwrap();
    let body = answer.text().await.unwrap();
    let reset = requested.elapsed();
    assert_eq!(body, r#"{"success":true}"#);
    assert_eq!(counted(&site).await, Some((0, 0)));
    assert_eq!(listed(&site, "open=true").await, []);
    assert_eq!(listed(&site, "unacknowledged=true").await, []);
    let by = match before {
        Before::Acknowledged => "ann",
        Before::Nothing | Before::Open => "local",
    };
    let latest = listed(&site, "limit=3").await;
    assert_eq!(latest.is_empty(), before == Before::Nothing);
    assert!(
        latest.iter().all(|alert| alert.1.as_deref() == Some(by)),
        "{latest:?}"
    );
    // What was answered is stored, whatever becomes of the processes.
    drop((web, worker));
    let left = db.read(alerts::open_counts).await.unwrap();
    assert_eq!(left.values().map(|open| open.all).sum::<i64>(), 0);
    println!(
        "{backend:?}, {before:?}: web {:.1} %, worker {:.1} % of a core over {seconds} s; reset {} ms",
        used.0,
        used.1,
        reset.as_millis()
    );
}

#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn given_seconds(seconds: u64) -> f64 {
    seconds as f64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn growth() {
    let rises = given("MONITOR_GROWTH_RISES", 400_000);
    let seconds = given("MONITOR_GROWTH_SECONDS", 60);
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for before in [Before::Nothing, Before::Acknowledged, Before::Open] {
            measure(backend, before, rises, seconds).await;
        }
    }
}
