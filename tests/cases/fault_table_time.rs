//! The fault table, clocks: a wall clock that is stepped, or a place that changes its time, moves no cycle and no alert.

use std::path::Path;
use std::time::Duration;

use monitor_model::Delivery;
use monitor_simulator::{SmtpFault, Stage, Times};
use monitor_tests::{Backend, Config, Process, Site, TestApp, both, eventually};

const TICK: Duration = Duration::from_secs(10);

fn config() -> Config {
    Config {
        interval: "10s".into(),
        ..Config::metrics(
            "[metrics.x]\nalert = { rise = 1, no_data = \"25s\" }\n[metrics.z]\nalert = { above = 100, for = \"25s\" }\n",
        )
    }
}

async fn wait_for_readings(app: &TestApp, n: usize) {
    eventually("the cycle", || async {
        let read = (app.samples("x").await.len(), app.samples("z").await.len());
        assert!(
            read.0 <= n && read.1 <= n,
            "a cycle was doubled: {read:?}, not {n}"
        );
        // A cycle that has stored its reading has still to end: a tick before that would be one too many.
        let have_ended = app.engine.counters().cycles() == 2 * n as u64;
        (read == (n, n) && have_ended).then_some(())
    })
    .await;
}

/// One interval passes: x and z are read once each, no more and no less, which makes so many readings.
async fn tick(app: &TestApp, readings: usize) {
    // A jump would be a timeout for what is being sent.
    eventually("nothing is on its way", || async {
        let waits = |d: &Delivery| d.status == "pending" && d.last_error.is_some();
        let all = app.deliveries().await;
        all.iter()
            .all(|d| d.finished_at.is_some() || waits(d))
            .then_some(())
    })
    .await;
    app.clock.jump(TICK);
    wait_for_readings(app, readings).await;
}

/// Ticks on both sides of a step of the wall clock, with a mail that waits for its next try over it.
async fn over_a_step(app: &TestApp, step: impl Fn(&TestApp)) {
    let ticks = 8;
    app.while_running(async {
        wait_for_readings(app, 1).await;
        for n in 1..=ticks {
            match n {
                2 => {
                    app.mail()
                        .script(SmtpFault::reply(Stage::MailFrom, 451, "later"), Times::Always);
                    app.a().set_total("x", 1.0);
                }
                3 => {
                    eventually("a mail that waits", || async {
                        let all = app.deliveries().await;
                        all.iter()
                            .any(|d| d.lane == "mail" && d.last_error.is_some())
                            .then_some(())
                    })
                    .await;
                    step(app);
                    app.mail().clear_script();
                }
                4 => {
                    // Two ticks after the step, seconds later for everybody but the wall clock.
                    eventually("the mail", || async {
                        (app.mail().mails().len() == 1).then_some(())
                    })
                    .await;
                    app.a().set_total("z", 101.0);
                }
                5 | 6 => assert!(
                    app.b().alarms() == ["x"],
                    "an hour on the wall is no 25 s: {:?}",
                    app.b().alarms()
                ),
                _ => {}
            }
            tick(app, n + 1).await;
        }
        eventually("z has been over for its time", || async {
            (app.mail().mails().len() == 2).then_some(())
        })
        .await;
    })
    .await;
    for key in ["x", "z"] {
        let samples = app.samples(key).await;
        assert_eq!(samples.len(), ticks + 1, "{key}: no cycle was missed or doubled");
        assert!(
            samples.iter().all(|sample| sample.error.is_none()),
            "{key}: {samples:?}"
        );
        assert_eq!(app.a().reads(key), ticks + 1, "{key}");
    }
    assert_eq!(app.engine.counters().late(), 0);
    let alerts: Vec<_> = app
        .alerts()
        .await
        .into_iter()
        .map(|alert| (alert.key, alert.kind))
        .collect();
    let expected = [("x", "event"), ("z", "level")];
    assert_eq!(
        alerts
            .iter()
            .map(|(key, kind)| (key.as_str(), kind.as_str()))
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(app.b().alarms(), ["x", "z"]);
    assert_eq!(app.messages().await.len(), 2);
}

both! {
    async fn a_clock_stepped_back_1_h(app: TestApp, config()) {
        over_a_step(&app, |app| app.clock.step_wall(chrono::Duration::hours(-1))).await;
        app.finish().await;
    }
}

both! {
    async fn a_clock_stepped_forward_1_h(app: TestApp, config()) {
        over_a_step(&app, |app| app.clock.step_wall(chrono::Duration::hours(1))).await;
        app.finish().await;
    }
}

/// Runs over the moment at which Central Europe changes its time, from seconds before it.
async fn over_a_change(app: &TestApp, change: &str) {
    let change: chrono::DateTime<chrono::Utc> = change.parse().unwrap();
    let before = change - chrono::Duration::seconds(25);
    app.clock
        .step_wall(before - monitor_domain::Clock::wall(&*app.clock));
    over_a_step(app, |_| {}).await;
    let samples = app.samples("x").await;
    let (first, last) = (samples[0].at.and_utc(), samples.last().unwrap().at.and_utc());
    assert!(first < change && change < last, "{first} {last}");
    let lasted = (last - first).num_seconds();
    assert!(
        (80..30 * 60).contains(&lasted),
        "UTC has no gap and no repetition: {first} {last}"
    );
}

both! {
    async fn a_dst_change_in_spring(app: TestApp, config()) {
        over_a_change(&app, "2026-03-29T01:00:00Z").await;
        app.finish().await;
    }
}

both! {
    async fn a_dst_change_in_autumn(app: TestApp, config()) {
        over_a_change(&app, "2026-10-25T01:00:00Z").await;
        app.finish().await;
    }
}

/// The same program in places that change their time, and in one that is half a day ahead: what is stored is UTC.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_zone_of_the_machine_changes_nothing() {
    for zone in ["Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"] {
        let site = Site::new(Backend::Sqlite).await.unwrap();
        site.world.a.set_total("x", 1.0);
        let before = chrono::Utc::now();
        let arguments = ["--config", site.config.to_str().unwrap(), "--once"];
        let mut worker = Process::start("monitor-worker", &arguments, &[("TZ", zone)]);
        assert!(
            worker.wait(Duration::from_secs(20)).success(),
            "{}",
            worker.output()
        );
        let after = chrono::Utc::now();
        let db = monitor_model::Db::open(&monitor_model::DbOptions::new(site.home.url()))
            .await
            .unwrap();
        let alert = db
            .read(|conn| monitor_model::alerts::recent(conn, 1))
            .await
            .unwrap()
            .pop()
            .unwrap();
        let at = alert.opened_at.and_utc();
        assert!(before <= at && at <= after, "{zone}: {before} {at} {after}");
        let mail = &site.world.mail.mails()[0];
        let date = chrono::DateTime::parse_from_rfc2822(mail.header("Date").unwrap().as_ref()).unwrap();
        let range = before - chrono::Duration::seconds(1)..=after;
        assert!(range.contains(&date.to_utc()), "{zone}: {date}");
        db.close().await;
    }
}

/// Nothing uses local time but the text of mails, which is for people and says the offset.
#[test]
fn nothing_depends_on_local_time() {
    fn search(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                if [
                    "chrono::Local",
                    "Local::now",
                    "offset::Local",
                    "with_timezone(&Local",
                ]
                .iter()
                .any(|word| text.contains(word))
                {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for part in ["crates", "bin"] {
        search(&root.join(part), &mut found);
    }
    found.retain(|path| !path.ends_with("notify/src/templates/view.rs"));
    assert_eq!(found, Vec::<String>::new());
}
