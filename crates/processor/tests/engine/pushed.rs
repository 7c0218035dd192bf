//! Metrics whose values a business system sends: each is judged once, in its order, at the time at which it came; and who falls
//! silent has no data.

use std::time::Duration;

use crate::upkeep::cleaned;
use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::{Clock, MetricKey};
use monitor_harness::{Config, ConfigFiles, TestApp, both, eventually};
use monitor_model::{NewPushedValue, NewSilence, Presence, ProcessRole, Received, pushed_values, silences};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The metric w with this alert and these keys besides, checked every 10 s.
fn metric(alert: &str, more: &str) -> Config {
    Config {
        interval: "10s".into(),
        ..Config::metrics(&format!(
            "[metrics.w]\ntitle = \"Returns\"\npush = {{ token = \"w-0123456789abcdef\" }}\nalert = {{ {alert} }}\n{more}\n"
        ))
    }
}

/// A web that accepts values: it says that it is alive, by which it is known what its clock reads.
struct Sender(Presence);

impl Sender {
    fn new(app: &TestApp) -> Sender {
        Sender(Presence::new(ProcessRole::Web, "0", app.clock.wall()))
    }

    async fn send(&self, app: &TestApp, id: &str, value: f64, messages: &Value) -> DateTime<Utc> {
        self.0.beat(&app.db, &*app.clock).await.unwrap();
        let at = app.clock.wall();
        let messages = match messages {
            Value::Null => String::new(),
            some => some.to_string(),
        };
        let new = NewPushedValue {
            key: MetricKey::stored("w"),
            push_id: id.to_owned(),
            value,
            messages,
            received_at: at.naive_utc(),
        };
        let received = app
            .db
            .write(move |c| pushed_values::receive(c, &new, 1_000))
            .await
            .unwrap();
        assert_eq!(received, Received::Stored);
        at
    }
}

async fn send(app: &TestApp, id: &str, value: f64) {
    Sender::new(app).send(app, id, value, &Value::Null).await;
}

async fn waiting(app: &TestApp) -> i64 {
    app.db.read(|c| pushed_values::waiting_of(c, "w")).await.unwrap()
}

async fn values(app: &TestApp) -> Vec<Option<f64>> {
    app.samples("w")
        .await
        .into_iter()
        .map(|sample| sample.value)
        .collect()
}

async fn alerted(app: &TestApp) -> Vec<f64> {
    let alerts = app.alerts().await;
    alerts.into_iter().filter_map(|alert| alert.value).collect()
}

both! {
    async fn a_rise_is_explained_by_what_was_sent_with_it(app: TestApp, metric("rise = 1, initial = \"learn\"",
        "details = { system = \"b\", path = \"/api/alerts/w?total={{ total }}&previous={{ previous }}\", messages = \"$.messages[*]\" }"
    )) {
        let web = Sender::new(&app);
        web.send(&app, "p1", 2.0, &json!([{ "id": "r1", "text": "not an alert" }])).await;
        app.poll().await;
        assert!(app.alerts().await.is_empty(), "it is learnt");
        let came = web.send(&app, "p2", 4.0, &json!([
            { "id": "r1", "text": "Return 1: <b>broken</b>", "occurred_at": "2026-11-23T09:12:40+08:00" },
            { "id": null, "text": "Return 2: \u{0} 坏了", "occurred_at": null },
        ])).await;
        app.poll().await;
        let said: Vec<String> = app.messages().await.into_iter().map(|(_, said)| said).collect();
        assert_eq!(said, ["Return 1: <b>broken</b>", "Return 2: \u{FFFD} 坏了"]);
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        let first = &mails[0];
        assert!(first.text.contains("· Return 1: <b>broken</b>\n· Return 2: \u{FFFD} 坏了\n"), "{}", first.text);
        assert!(first.html.contains("&lt;b&gt;broken") && !first.html.contains("<b>broken"), "{}", first.html);
        assert_eq!(app.b().alarms(), ["w"]);
        assert!(app.b().requests().iter().all(|request| request.path != "/api/alerts/w"), "nothing is requested");
        let alert = app.alerts().await.remove(0);
        assert_eq!((alert.value, alert.previous, alert.opened_at), (Some(4.0), Some(2.0), came.naive_utc()));
        // Without messages the system of details explains it, and what is known is not repeated.
        app.b().add_message("w", "r1", "Return 1 again");
        app.b().add_message("w", "r3", "Return 3");
        web.send(&app, "p3", 5.0, &json!([])).await;
        app.poll().await;
        assert_eq!(app.records_of("w").await[2..], ["Return 3"]);
        assert_eq!(app.mail().mails().len(), 2);
        app.finish().await;
    }
}

both! {
    async fn a_backlog_is_judged_in_its_order_at_its_times(app: TestApp, metric("rise = 1", "")) {
        let web = Sender::new(&app);
        let mut came = Vec::new();
        for (id, value) in [("a", 0.0), ("b", 5.0), ("c", 3.0), ("d", 4.0)] {
            came.push(web.send(&app, id, value, &Value::Null).await.naive_utc());
            app.clock.jump(MINUTE);
        }
        app.poll().await;
        let samples = app.samples("w").await;
        let read: Vec<_> = samples.iter().map(|sample| (sample.value, sample.at)).collect();
        assert_eq!(read, [0.0, 5.0, 3.0, 4.0].map(Some).into_iter().zip(came.clone()).collect::<Vec<_>>());
        let alerts = app.alerts().await;
        let opened: Vec<_> = alerts.iter().map(|alert| (alert.value, alert.previous, alert.opened_at)).collect();
        assert_eq!(opened, [(Some(5.0), Some(0.0), came[1]), (Some(4.0), Some(3.0), came[3])]);
        assert_eq!(app.subjects().len(), 2);
        let now = app.db.read(|c| monitor_model::realtime::get(c, "w")).await.unwrap().unwrap();
        assert_eq!((now.value, now.value_at), (Some(4.0), Some(came[3])));
        assert!(now.checked_at > came[3], "it was checked just now");
        assert_eq!(waiting(&app).await, 0);
        app.finish().await;
    }
}

both! {
    /// A worker that was down for a day: nobody is notified less of what it finds, although it is older than messages may become.
    async fn what_was_sent_while_no_worker_ran_is_judged_and_notified(app: TestApp, metric("above = 10, for = \"2m\"", "")) {
        app.poll().await;
        let web = Sender::new(&app);
        for (id, value) in [("a", 11.0), ("b", 12.0), ("c", 13.0), ("d", 5.0)] {
            web.send(&app, id, value, &Value::Null).await;
            app.clock.jump(MINUTE + SECOND);
        }
        app.clock.jump(30 * 60 * MINUTE);
        web.0.beat(&app.db, &*app.clock).await.unwrap();
        app.restart(metric("above = 10, for = \"2m\"", ""));
        app.poll().await;
        assert_eq!(alerted(&app).await, [13.0], "it held for two minutes of arrivals, though judged at once");
        let subjects = app.subjects();
        assert!(subjects.len() == 2 && subjects[1].contains("recovered"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_stepped_clock_makes_nothing_last(app: TestApp, metric("above = 10, for = \"10m\"", "")) {
        let web = Sender::new(&app);
        web.send(&app, "a", 11.0, &Value::Null).await;
        app.poll().await;
        for (n, hours) in [2, -3, 5, -4].into_iter().enumerate() {
            app.clock.step_wall(TimeDelta::hours(hours));
            web.send(&app, &n.to_string(), 11.0, &Value::Null).await;
            app.poll().await;
        }
        assert_eq!(app.phase("w").await.0, "pending");
        for n in 5..=8 {
            app.clock.jump(3 * MINUTE);
            web.send(&app, &n.to_string(), 11.0, &Value::Null).await;
            app.poll().await;
        }
        assert_eq!(alerted(&app).await, [11.0], "until it really has");
        app.finish().await;
    }
}

both! {
    async fn two_workers_judge_each_value_once(app: TestApp, metric("rise = 1, initial = \"learn\"", "")) {
        let web = Sender::new(&app);
        web.send(&app, "first", 0.0, &Value::Null).await;
        app.poll().await;
        let other = app.another_engine();
        let mut total = 0.0;
        for round in 0..5 {
            for n in 0..4 {
                total += 1.0;
                let message = json!([{ "text": format!("return {total}") }]);
                web.send(&app, &format!("{round}-{n}"), total, &message).await;
            }
            let (one, two) = tokio::join!(
                app.engine.run_once(CancellationToken::new()),
                other.run_once(CancellationToken::new())
            );
            one.unwrap();
            two.unwrap();
        }
        app.poll().await;
        assert_eq!(alerted(&app).await, (1..=20).map(f64::from).collect::<Vec<_>>(), "each rise once, in its order");
        assert_eq!(values(&app).await.len(), 21);
        assert_eq!(app.records_of("w").await.len(), 20);
        assert_eq!(app.mail().mails().len(), 20);
        assert_eq!(waiting(&app).await, 0);
        app.finish().await;
    }
}

both! {
    /// A worker is torn off at any point of its work; the next one goes on with what is stored.
    async fn a_worker_that_dies_in_between_loses_and_doubles_nothing(app: TestApp, metric("rise = 1, initial = \"learn\"", "")) {
        let web = Sender::new(&app);
        web.send(&app, "first", 0.0, &Value::Null).await;
        app.poll().await;
        for n in 1..=40 {
            web.send(&app, &n.to_string(), f64::from(n), &json!([{ "id": format!("r{n}"), "text": "a return" }])).await;
        }
        let mut torn = 0;
        for micros in (0..400).map(|n| n * 250) {
            if waiting(&app).await == 0 {
                break;
            }
            let engine = app.another_engine();
            let life = engine.run_once(CancellationToken::new());
            if tokio::time::timeout(Duration::from_micros(micros), life).await.is_err() {
                torn += 1;
            }
        }
        assert!(torn > 0, "none died");
        app.poll().await;
        assert_eq!(alerted(&app).await, (1..=40).map(f64::from).collect::<Vec<_>>());
        assert_eq!(values(&app).await.len(), 41);
        assert_eq!(app.records_of("w").await.len(), 40);
        assert_eq!(waiting(&app).await, 0);
        app.abandon();
    }
}

both! {
    async fn silence_is_no_data_and_a_value_ends_it(app: TestApp, metric("above = 100", "")) {
        send(&app, "a", 131.0).await;
        app.poll().await;
        let last = app.samples("w").await[0].at;
        // Between values nothing is wrong: the metric is checked, and stays as it is.
        for _ in 0..5 {
            app.after(11 * SECOND).await;
        }
        assert_eq!(app.phase("w").await.0, "firing");
        let now = app.db.read(|c| monitor_model::realtime::get(c, "w")).await.unwrap().unwrap();
        assert!(now.error.is_none() && now.checked_at > last + TimeDelta::seconds(54) && now.value_at == Some(last), "{now:?}");
        assert_eq!(values(&app).await, [Some(131.0)], "silence is no reading");
        assert_eq!(app.subjects().len(), 1);
        // 60 s, six intervals.
        app.after(6 * SECOND).await;
        let (phase, reason) = app.phase("w").await;
        let expected = format!("nothing was sent since {}", last.format("%H:%M:%S UTC"));
        assert!(phase == "no_data" && reason.starts_with("no data for 1m") && reason.contains(&expected), "{phase}: {reason}");
        assert_eq!(values(&app).await, [Some(131.0), None]);
        let subjects = app.subjects();
        assert!(subjects.len() == 2 && subjects[1].contains("no data"), "{subjects:?}");
        assert!(app.mail().mails()[1].text.contains(&expected), "{}", app.mail().mails()[1].text);
        assert_eq!(app.b().alarms(), ["w"], "no alarm for silence");
        app.after(20 * SECOND).await;
        let now = app.db.read(|c| monitor_model::realtime::get(c, "w")).await.unwrap().unwrap();
        assert!(now.error.unwrap().contains(&expected));
        assert_eq!(app.subjects().len(), 2, "once");
        send(&app, "b", 130.0).await;
        app.poll().await;
        assert_eq!(app.phase("w").await.0, "firing", "what was open stayed open");
        assert_eq!(app.subjects().len(), 3);
        assert_eq!(alerted(&app).await, [131.0]);
        app.finish().await;
    }
}

both! {
    async fn what_was_never_sent_has_no_data_from_the_start_on(app: TestApp, Config {
        lang: "zh".into(),
        ..metric("rise = 1, no_data = \"2m\"", "")
    }) {
        app.poll().await;
        app.after(MINUTE).await;
        assert!(app.samples("w").await.is_empty());
        // Whatever the clock is set to, and however often it starts anew, that is no time without values.
        app.clock.step_wall(TimeDelta::days(3));
        app.after(SECOND).await;
        app.restart(metric("rise = 1, no_data = \"2m\"", ""));
        app.after(MINUTE).await;
        assert!(app.samples("w").await.is_empty());
        app.after(2 * MINUTE).await;
        let (phase, reason) = app.phase("w").await;
        assert!(phase == "no_data" && reason.contains("nothing was ever sent"), "{phase}: {reason}");
        // A restart in it changes nothing.
        app.restart(Config { lang: "zh".into(), ..metric("rise = 1, no_data = \"2m\"", "") });
        app.after(SECOND).await;
        let (phase, reason) = app.phase("w").await;
        assert!(phase == "no_data" && reason.contains("从未收到推送"), "{phase}: {reason}");
        send(&app, "a", 0.0).await;
        app.poll().await;
        assert_eq!(app.phase("w").await.0, "normal");
        assert_eq!(app.subjects().len(), 2, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn another_worker_that_judges_is_no_silence(app: TestApp, metric("rise = 1", "")) {
        send(&app, "a", 0.0).await;
        app.poll().await;
        let other = app.another_engine();
        for n in 0..12 {
            send(&app, &n.to_string(), 0.0).await;
            other.run_once(CancellationToken::new()).await.unwrap();
            app.after(10 * SECOND).await;
        }
        assert_eq!(app.phase("w").await.0, "normal");
        assert!(values(&app).await.iter().all(Option::is_some), "{:?}", values(&app).await);
        app.finish().await;
    }
}

both! {
    async fn a_worker_that_runs_takes_values_as_they_come(app: TestApp, Config {
        interval: "1h".into(),
        ..metric("rise = 1, initial = \"count_from_zero\"", "")
    }) {
        let web = Sender::new(&app);
        app.while_running(async {
            eventually("it is watched", || async {
                let row = app.db.read(monitor_model::workers::all).await.unwrap();
                (!row.is_empty()).then_some(())
            }).await;
            for n in 1..=30 {
                web.send(&app, &n.to_string(), f64::from(n), &json!([{ "text": format!("return {n}") }])).await;
                if n % 10 == 0 {
                    eventually("all are judged", || async { (waiting(&app).await == 0).then_some(()) }).await;
                }
            }
            eventually("all mails", || async { (app.mail().mails().len() == 30).then_some(()) }).await;
        }).await;
        assert_eq!(alerted(&app).await, (1..=30).map(f64::from).collect::<Vec<_>>());
        app.abandon();
    }
}

both! {
    async fn a_muted_alert_is_explained_on_record_alone(app: TestApp, metric("rise = 1, initial = \"learn\"", "")) {
        let web = Sender::new(&app);
        web.send(&app, "a", 0.0, &Value::Null).await;
        app.poll().await;
        let now = app.clock.wall().naive_utc();
        let silence = NewSilence {
            key: Some("w".to_owned()),
            severity: None,
            reason: "stocktaking".to_owned(),
            created_by: "Anna".to_owned(),
            created_at: now,
            starts_at: now,
            ends_at: now + TimeDelta::hours(1),
        };
        app.db.write(move |c| silences::create(c, &silence)).await.unwrap();
        web.send(&app, "b", 1.0, &json!([{ "id": "r1", "text": "Return 1" }])).await;
        app.poll().await;
        assert_eq!(app.records_of("w").await, ["Return 1"]);
        assert!(app.mail().mails().is_empty() && app.b().alarms().is_empty());
        app.finish().await;
    }
}

both! {
    async fn a_changed_config_takes_it_in_and_out(app: TestApp, Config {
        interval: "1h".into(),
        more: "[metrics.x]\n".into(),
        ..metric("rise = 1, initial = \"count_from_zero\"", "")
    }) {
        let files = ConfigFiles::of(&app);
        app.while_running(async {
            send(&app, "a", 1.0).await;
            eventually("the first", || async { (alerted(&app).await == [1.0]).then_some(()) }).await;
            files.edit("[metrics.w]", "[metrics.v]");
            files.reload().unwrap();
            send(&app, "b", 2.0).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(waiting(&app).await, 1, "nobody judges it");
            files.edit("[metrics.v]", "[metrics.w]");
            files.reload().unwrap();
            eventually("what came meanwhile", || async { (alerted(&app).await == [1.0, 2.0]).then_some(()) }).await;
            // It is read instead, and goes on from the value that was sent.
            files.edit("push = { token = \"w-0123456789abcdef\" }", "fetch = { system = \"a\", path = \"/api/totals/w\", value = \"$.total\" }\ninterval = \"1s\"");
            app.a().set_total("w", 3.0);
            files.reload().unwrap();
            app.clock.jump(SECOND);
            eventually("what is read", || async { (alerted(&app).await == [1.0, 2.0, 3.0]).then_some(()) }).await;
        }).await;
        app.abandon();
    }
}

both! {
    async fn what_comes_after_a_changed_config_is_judged_by_it_however_much_waits(app: TestApp, Config {
        interval: "1h".into(),
        ..metric("above = 100", "")
    }) {
        let files = ConfigFiles::of(&app);
        let web = Sender::new(&app);
        for n in 0..300 {
            web.send(&app, &n.to_string(), 1.0, &Value::Null).await;
        }
        app.while_running(async {
            eventually("some are judged", || async { (waiting(&app).await < 300).then_some(()) }).await;
            files.edit("above = 100", "above = 10");
            files.reload().unwrap();
            web.send(&app, "last", 50.0, &Value::Null).await;
            eventually("all are judged", || async { (waiting(&app).await == 0).then_some(()) }).await;
        }).await;
        assert_eq!(alerted(&app).await, [50.0]);
        app.abandon();
    }
}

both! {
    async fn what_waits_moves_along_to_a_new_key(app: TestApp, metric("rise = 1, initial = \"learn\"", "")) {
        send(&app, "a", 1.0).await;
        app.poll().await;
        send(&app, "b", 3.0).await;
        let text = metric("rise = 1", "was = \"w\"").metrics.replace("[metrics.w]", "[metrics.returns]");
        app.restart(Config::metrics(&text));
        app.poll().await;
        let alert = app.alerts().await.remove(0);
        assert_eq!((alert.key.as_str(), alert.previous, alert.value), ("returns", Some(1.0), Some(3.0)));
        app.finish().await;
    }
}

both! {
    async fn what_was_judged_goes_after_a_week_and_what_waits_stays(app: TestApp, Config {
        interval: "6d".into(),
        ..metric("rise = 1, initial = \"learn\", no_data = \"30d\"", "")
    }) {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        send(&app, "old", 1.0).await;
        let gone = app.clock.wall().naive_utc();
        app.db
            .write(move |c| {
                let new = NewPushedValue {
                    key: MetricKey::stored("gone"),
                    push_id: "a".to_owned(),
                    value: 1.0,
                    messages: String::new(),
                    received_at: gone,
                };
                pushed_values::receive(c, &new, 1_000)
            })
            .await
            .unwrap();
        app.poll().await;
        let known = async |key: &'static str| app.db.read(move |c| pushed_values::newest(c, key)).await.unwrap();
        app.while_running(async {
            for days in [6, 2, 20, 3] {
                let before = known("w").await;
                app.clock.jump(days * DAY);
                match days {
                    6 => {
                        eventually("it beats", async || {
                            let beaten = app.db.read(monitor_model::workers::all).await.unwrap();
                            beaten.iter().any(|worker| worker.heartbeat_at > worker.started_at).then_some(())
                        })
                        .await;
                        assert_eq!(known("w").await, before, "a repeat is known");
                    }
                    2 => cleaned(&app, "a week is over", async || known("w").await.is_none().then_some(())).await,
                    20 => assert!(known("gone").await.is_some(), "a config may have it yet"),
                    _ => cleaned(&app, "a month is over", async || known("gone").await.is_none().then_some(())).await,
                }
            }
        })
        .await;
        app.abandon();
    }
}
