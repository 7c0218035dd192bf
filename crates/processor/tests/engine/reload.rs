//! A config that changes while the engine runs: no tick is lost, and no alert is lost or doubled.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, ConfigFiles, TestApp, both, eventually};
use monitor_model::{Alert, deliveries};
use monitor_simulator::{SmtpFault, Stage, Times};

const TICK: Duration = Duration::from_secs(10);
const REMOVED: &str = "metric removed from the config";

/// A metric of System A with this rule.
fn metric(key: &str, alert: &str) -> String {
    format!(
        "[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/api/totals/{key}\", value = \"$.total\" }}\nalert = {{ {alert} }}\n"
    )
}

fn with(metrics: &[(&str, &str)]) -> Config {
    let metrics: Vec<String> = metrics.iter().map(|(key, alert)| metric(key, alert)).collect();
    Config {
        interval: "10s".into(),
        ..Config::metrics(&metrics.join("\n"))
    }
}

async fn alerts_of(app: &TestApp, key: &str) -> Vec<Alert> {
    let key = key.to_owned();
    let all = app
        .db
        .read(|c| monitor_model::alerts::recent(c, 10_000))
        .await
        .unwrap();
    all.into_iter()
        .rev()
        .filter(|alert| alert.key.as_str() == key)
        .collect()
}

/// Readings of a metric that were stored, and ticks that were left out because the machine was busy.
fn ticks(app: &TestApp, key: &str) -> f64 {
    let late = app.series(&format!("monitor_cycles_late_total{{metric=\"{key}\"}}"));
    let read = |result: &str| {
        app.series(&format!(
            "monitor_cycles_total{{metric=\"{key}\",result=\"{result}\"}}"
        ))
    };
    late + ["value", "unreadable", "conflict", "unsaved"]
        .map(read)
        .iter()
        .sum::<f64>()
}

/// One tick of every metric passes, and that of `key` is stored.
async fn tick(app: &TestApp, key: &str) {
    let before = ticks(app, key);
    app.clock.jump(TICK);
    eventually("the reading of this tick", || async {
        (ticks(app, key) > before).then_some(())
    })
    .await;
}

async fn delivered(app: &TestApp) {
    eventually("everything is delivered", || async {
        app.clock.jump(Duration::from_secs(1));
        let left = app.db.read(deliveries::unfinished).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
}

async fn resolved(app: &TestApp, key: &str) {
    eventually("its alert is over", || async {
        app.clock.jump(Duration::from_secs(1));
        let alerts = alerts_of(app, key).await;
        (!alerts.is_empty() && alerts.iter().all(|alert| alert.resolved_at.is_some())).then_some(())
    })
    .await;
}

/// The rise to `n` is alerted on. Where the jump fell into the end of the cycle before, which leaves a tick out, the next one
/// reads it.
async fn rise_is_alerted(app: &TestApp, n: usize) {
    let late = || app.series("monitor_cycles_late_total{metric=\"s\"}");
    let mut before = late();
    eventually("the alert of this rise", || {
        if late() > before {
            before = late();
            app.clock.jump(TICK);
        }
        let alerted = app.series("monitor_alerts_total{metric=\"s\",kind=\"event\"}");
        async move { (alerted >= n as f64).then_some(()) }
    })
    .await;
}

/// What the round number `n` changes in the files.
fn change(files: &ConfigFiles, n: usize) {
    let write = |name: &str, text: &str| std::fs::write(files.beside(name), text).unwrap();
    match n % 5 {
        // A metric comes, which alerts at its first reading, and goes.
        0 => write("team.toml", &metric(&format!("t{n}"), "above = 10")),
        1 => std::fs::remove_file(files.beside("team.toml")).unwrap(),
        // The rule of a metric changes while it fires, and holds by both.
        2 => match n % 10 {
            2 => files.edit("alert = { above = 100 }", "alert = { above = 120 }"),
            _ => files.edit("alert = { above = 120 }", "alert = { above = 100 }"),
        },
        // Titles, intervals of others, channels.
        3 => match n % 10 {
            3 => write(
                "more.toml",
                &format!("{}interval = \"{}s\"\n", metric("m", "above = 10"), 20 + n % 7),
            ),
            _ => write(
                "more.toml",
                "[channels.post]\nkind = \"smtp\"\nurl = \"file:post\"\nfrom = \"m@example.com\"\nto = [\"p@example.com\"]\n",
            ),
        },
        // What is no config at all.
        _ => write(
            "bad.toml",
            ["[metrics.s]\n", "not TOML", "[metrics.q]\nalert = { abov = 1 }\n"][n / 5 % 3],
        ),
    }
}

both! {
    async fn two_hundred_changes_lose_no_tick_and_no_alert(app: TestApp, with(&[("s", "rise = 1"), ("l", "above = 100")])) {
        const CHANGES: usize = 200;
        let files = ConfigFiles::of(&app);
        let alone = "notify = [\"mail\"]\n";
        let text = std::fs::read_to_string(files.main()).unwrap();
        std::fs::write(files.main(), text.replace("alert = { rise", &format!("{alone}alert = {{ rise"))).unwrap();
        app.a().set_total("l", 131.0);
        app.a().set_total("m", 1.0);
        for n in (0..CHANGES).step_by(5) {
            app.a().set_total(&format!("t{n}"), 50.0);
        }
        let begun = app.clock.monotonic();
        app.while_running(async {
            eventually("the first readings", || async { (ticks(&app, "s") > 0.0 && ticks(&app, "l") > 0.0).then_some(()) }).await;
            let (from, first) = (app.clock.monotonic(), ticks(&app, "s"));
            for n in 0..CHANGES {
                app.a().set_total("s", (n + 1) as f64);
                change(&files, n);
                // The change comes in the middle of a cycle.
                app.clock.jump(TICK);
                tokio::task::yield_now().await;
                let taken = files.reload();
                assert_eq!(taken.is_err(), n % 5 == 4, "{n}: {taken:?}");
                let failed = app.series("monitor_config_reload_failed");
                assert_eq!(failed, f64::from(u8::from(n % 5 == 4)), "{n}");
                if n % 5 == 4 {
                    std::fs::remove_file(files.beside("bad.toml")).unwrap();
                }
                rise_is_alerted(&app, n + 1).await;
                if n % 5 == 0 {
                    let key = format!("t{n}");
                    eventually("the alert of the new metric", || async {
                        (!alerts_of(&app, &key).await.is_empty()).then_some(())
                    }).await;
                }
            }
            let passed = (app.clock.monotonic() - from).as_secs_f64() / TICK.as_secs_f64();
            let taken = ticks(&app, "s") - first;
            assert!((taken - passed).abs() <= 1.0, "{taken} of {passed} ticks");
            delivered(&app).await;
            resolved(&app, "t195").await;
            delivered(&app).await;
        }).await;
        // Each rise alerted once, in its order, with one mail and one call of the alarm.
        let values: Vec<f64> = alerts_of(&app, "s").await.iter().filter_map(|alert| alert.value).collect();
        let wanted: Vec<f64> = (1..=CHANGES).map(|n| n as f64).collect();
        assert_eq!(values, wanted);
        let subjects = app.subjects();
        let mails = |what: &str| subjects.iter().filter(|subject| subject.contains(what)).count();
        let alarms = app.deliveries_of("@alarm").await;
        let sounded = alarms.iter().filter(|one| one.payload.contains("\"key\":\"s\"") && one.status == "sent").count();
        assert_eq!(sounded, CHANGES);
        let to_mail = app.deliveries_of("mail").await;
        let about = |key: &str| to_mail.iter().filter(|one| one.event == "alert" && one.payload.contains(&format!("\"key\":\"{key}\""))).count();
        assert_eq!(about("s"), CHANGES);
        // The one that fires under both rules is one alert.
        let firing = alerts_of(&app, "l").await;
        assert!(firing.len() == 1 && firing[0].resolved_at.is_none(), "{firing:?}");
        // Each that came alerted once, and was closed with a word when it went.
        for n in (0..CHANGES).step_by(5) {
            let alerts = alerts_of(&app, &format!("t{n}")).await;
            assert!(alerts.len() == 1 && alerts[0].resolved_at.is_some(), "t{n}: {alerts:?}");
        }
        // A mail whose answer a jump cut off is sent again, under the same Message-ID.
        assert!(mails(&format!("[closed] t{}: {REMOVED}", 195)) >= 1, "{subjects:?}");
        let closed = to_mail.iter().filter(|one| one.event == "closed").count();
        assert_eq!(closed, CHANGES / 5, "{subjects:#?}");
        assert!(to_mail.iter().all(|one| one.status == "sent"), "each went out");
        assert_eq!(app.a().logins(), 1, "unchanged systems keep their sessions");
        assert!(app.clock.monotonic() > begun);
        app.finish().await;
    }
}

both! {
    async fn an_alert_is_judged_anew_by_a_changed_rule(app: TestApp, with(&[("l", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        app.a().set_total("l", 131.0);
        app.while_running(async {
            eventually("the alert", || async { (alerts_of(&app, "l").await.len() == 1).then_some(()) }).await;
            // It holds by the new one too: the same alert goes on.
            files.edit("above = 100", "above = 130");
            assert_eq!(files.reload().unwrap(), "metrics: changed l");
            tick(&app, "l").await;
            assert!(alerts_of(&app, "l").await[0].resolved_at.is_none());
            // It does not hold any more: it ends, with a word.
            files.edit("above = 130", "above = 200");
            files.reload().unwrap();
            tick(&app, "l").await;
            resolved(&app, "l").await;
            // Another kind of rule, by which it does not alert; and back: another alert.
            files.edit("above = 200", "rise = 5");
            files.reload().unwrap();
            tick(&app, "l").await;
            files.edit("rise = 5", "above = 100");
            files.reload().unwrap();
            tick(&app, "l").await;
            assert_eq!(alerts_of(&app, "l").await.len(), 2);
            // From a level that fires to a change: the level is over.
            files.edit("above = 100", "rise = 5");
            files.reload().unwrap();
            tick(&app, "l").await;
            resolved(&app, "l").await;
            delivered(&app).await;
        }).await;
        assert_eq!(app.subjects().len(), 4, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_bad_config_is_refused_whole_and_says_why(app: TestApp, with(&[("l", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        app.a().set_total("good", 50.0);
        app.while_running(async {
            eventually("the first reading", || async { (ticks(&app, "l") > 0.0).then_some(()) }).await;
            std::fs::write(files.beside("a.toml"), metric("good", "above = 10")).unwrap();
            std::fs::write(files.beside("b.toml"), "[metrics.bad]\nalert = { above = 1 }\n").unwrap();
            let why = files.reload().unwrap_err().to_string();
            assert!(why.contains("conf.d/b.toml:1:10: metrics.bad.fetch: missing"), "{why}");
            assert_eq!(app.engine.counters().config_refusal(), Some(why));
            assert_eq!(app.series("monitor_config_reload_failed"), 1.0);
            tick(&app, "l").await;
            assert_eq!(app.a().reads("good"), 0, "nothing of it is taken");
            // A folder that cannot be read, a certificate that is none: the same.
            std::fs::remove_file(files.beside("b.toml")).unwrap();
            std::os::unix::fs::symlink("nowhere", files.beside("c.toml")).unwrap();
            assert!(files.reload().unwrap_err().to_string().contains("c.toml: is a link to what is not there"));
            std::fs::remove_file(files.beside("c.toml")).unwrap();
            files.edit("kind = \"system_b\"", "kind = \"system_b\"\nca_file = \"monitor.toml\"");
            let why = files.reload().unwrap_err().to_string();
            assert!(why.contains("systems.b"), "{why}");
            files.edit("\nca_file = \"monitor.toml\"", "");
            assert_eq!(files.reload().unwrap(), "metrics: added good");
            assert_eq!((app.series("monitor_config_reload_failed"), app.engine.counters().config_refusal()), (0.0, None));
            eventually("its alert", || async { (alerts_of(&app, "good").await.len() == 1).then_some(()) }).await;
            delivered(&app).await;
        }).await;
        app.finish().await;
    }
}

both! {
    async fn a_secret_in_a_file_is_read_again(app: TestApp, with(&[("l", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        let secret = files.beside("../password");
        std::fs::write(&secret, app.a().password()).unwrap();
        let plain = format!("password = \"{}\"", app.a().password());
        let text = std::fs::read_to_string(files.main()).unwrap();
        std::fs::write(files.main(), text.replacen(&plain, "password = { file = \"password\" }", 1)).unwrap();
        app.while_running(async {
            eventually("the first reading", || async { (ticks(&app, "l") > 0.0).then_some(()) }).await;
            assert_eq!(files.reload().unwrap(), "systems: changed a");
            tick(&app, "l").await;
            assert_eq!(app.a().logins(), 2);
            assert_eq!(files.reload().unwrap(), "1 metric, nothing changed");
            tick(&app, "l").await;
            assert_eq!(app.a().logins(), 2, "the same session");
            std::fs::write(&secret, format!("{}\n", app.a().password())).unwrap();
            assert_eq!(files.reload().unwrap(), "systems: changed a", "what the file holds is another text");
        }).await;
        app.finish().await;
    }
}

both! {
    async fn what_has_another_key_goes_on_under_it(app: TestApp, with(&[("old", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        app.a().set_total("old", 131.0);
        app.while_running(async {
            eventually("the alert", || async { (alerts_of(&app, "old").await.len() == 1).then_some(()) }).await;
            files.edit("[metrics.old]\n", "[metrics.new]\nwas = \"old\"\n");
            assert_eq!(files.reload().unwrap(), "metrics: added new, removed old");
            tick(&app, "new").await;
            tick(&app, "new").await;
            delivered(&app).await;
        }).await;
        assert_eq!(alerts_of(&app, "old").await.len(), 0);
        let alerts = alerts_of(&app, "new").await;
        assert!(alerts.len() == 1 && alerts[0].resolved_at.is_none(), "{alerts:?}");
        assert_eq!(app.subjects().len(), 1, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_channel_that_is_mended_is_tried_at_once_and_others_go_on(app: TestApp, with(&[("l", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        app.mail().script(SmtpFault::HangAt(Stage::RcptTo(Some("ops@example.com".to_owned()))), Times::Once);
        app.a().set_total("l", 131.0);
        app.while_running(async {
            eventually("the mail is on its way", || async {
                app.deliveries_of("mail").await.iter().any(|one| one.status == "sending").then_some(())
            }).await;
            // What is in flight goes on by the old one; the channel has another recipient now, who gets what comes.
            files.edit("to = [\"ops@example.com\"]", "to = [\"night@example.com\"]");
            assert_eq!(files.reload().unwrap(), "channels: changed mail");
            delivered(&app).await;
            app.a().set_total("l", 10.0);
            tick(&app, "l").await;
            delivered(&app).await;
        }).await;
        let all = app.deliveries_of("mail").await;
        assert!(all.iter().all(|one| one.status == "sent"), "{all:?}");
        assert!(all.iter().all(|one| one.recipient == "ops@example.com"), "the end goes to those who know of it: {all:?}");
        app.finish().await;
    }
}

both! {
    async fn what_only_a_start_takes_is_named(app: TestApp, with(&[("l", "above = 100")])) {
        let files = ConfigFiles::of(&app);
        files.edit("lang = \"en\"", "lang = \"en\"\ncors_origins = [\"https://board.example\"]");
        files.edit("shutdown = \"2s\"", "shutdown = \"3s\"");
        let said = files.reload().unwrap();
        assert_eq!(said, "worker: changed shutdown; web.cors_origins changed: restart to take it");
        let said = files.reload().unwrap();
        assert_eq!(said, "1 metric, nothing changed; web.cors_origins changed: restart to take it", "as long as it is so");
        files.edit("\ncors_origins = [\"https://board.example\"]", "");
        assert_eq!(files.reload().unwrap(), "1 metric, nothing changed");
        app.finish().await;
    }
}
