//! An alert between its opening and its end: taken, repeated, escalated, silenced, in maintenance, flapping.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both};
use monitor_model::{NewSilence, alerts, deliveries, evaluations, silences};
use monitor_simulator::{Fault, SmtpSink, Times};

const MINUTE: Duration = Duration::from_secs(60);

fn z(alert: &str) -> Config {
    Config::metrics(&format!("[metrics.z]\nalert = {{ {alert} }}\n"))
}

/// A second channel, for escalations and fallback.
fn with_oncall(config: Config, sink: &SmtpSink, more: &str) -> Config {
    let oncall = format!(
        "[channels.oncall]\nkind = \"smtp\"\nurl = \"{}\"\nfrom = \"m@example.com\"\nto = [\"oncall@example.com\"]\n{more}\n",
        sink.url()
    );
    Config {
        more: oncall,
        metrics: config
            .metrics
            .replace("[metrics.z]\n", "[metrics.z]\nnotify = [\"mail\"]\n"),
        ..config
    }
}

/// Silences the metric for so long; gives the silence's id.
async fn silence(app: &TestApp, key: Option<&str>, length: Duration) -> i64 {
    let now = app.clock.wall().naive_utc();
    let new = NewSilence {
        key: key.map(str::to_owned),
        severity: None,
        reason: "the batch runs".to_owned(),
        created_by: "ann".to_owned(),
        created_at: now,
        starts_at: now,
        ends_at: now + length,
    };
    app.db.write(move |c| silences::create(c, &new)).await.unwrap().id
}

async fn acknowledge(app: &TestApp, id: i64) {
    let now = app.clock.wall().naive_utc();
    let taken = app
        .db
        .write(move |c| alerts::acknowledge(c, id, "ann", Some("on it"), now))
        .await;
    assert!(taken.unwrap());
}

async fn effects(app: &TestApp, key: &'static str) -> Vec<String> {
    let mut all = app.db.read(move |c| evaluations::of(c, key, 100)).await.unwrap();
    all.reverse();
    all.into_iter().map(|evaluation| evaluation.effects).collect()
}

both! {
    async fn every_judgement_leaves_its_trail(app: TestApp, z("above = 100, clear_below = 90, for = \"30s\"")) {
        app.read("z", 50.0).await;
        app.read("z", 131.0).await;
        app.after(Duration::from_secs(31)).await;
        app.read("z", 95.0).await;
        app.read("z", 80.0).await;
        let mut trail = app.db.read(|c| evaluations::of(c, "z", 100)).await.unwrap();
        trail.reverse();
        let said: Vec<_> = trail.iter().map(|d| (d.value.unwrap(), d.phase.as_str(), d.effects.as_str())).collect();
        assert_eq!(said, [
            (50.0, "normal", ""),
            (131.0, "pending", ""),
            (131.0, "firing", "alert"),
            (95.0, "firing", ""),
            (80.0, "normal", "recovered"),
        ]);
        assert!(trail[1].reason.contains("131 is above 100 since") && trail[1].reason.contains("of 30s"), "{}", trail[1].reason);
        assert!(trail[3].reason.contains("not yet below 90"), "{}", trail[3].reason);
        app.a().fault("/api/totals/z", Fault::Status(503), Times::Always);
        app.poll().await;
        let last = app.db.read(|c| evaluations::of(c, "z", 1)).await.unwrap();
        assert!(last[0].value.is_none() && last[0].reason.contains("503"), "{last:?}");
        app.finish().await;
    }
}

both! {
    async fn a_silence_records_and_judges_and_tells_nobody(app: TestApp, z("above = 100")) {
        app.b().set_auto_messages(true);
        app.read("z", 50.0).await;
        let id = silence(&app, Some("z"), 30 * MINUTE).await;
        app.read("z", 131.0).await;
        app.after(10 * MINUTE).await;
        assert_eq!(app.phase("z").await.0, "firing", "it is judged");
        assert_eq!(app.mail().mails().len(), 0, "{:?}", app.subjects());
        assert!(app.b().alarms().is_empty(), "the alarm is silent too");
        let alert = app.alerts().await.remove(0);
        assert_eq!(alert.muted, Some(format!("silence:{id}")), "and it says so");
        assert_eq!(effects(&app, "z").await, ["", &format!("alert,silence:{id}"), ""]);
        assert!(!app.messages().await.is_empty(), "it is on record, explained");

        app.after(21 * MINUTE).await;
        assert_eq!(app.b().alarms(), ["z"], "it lasts longer than the silence");
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1, "{:?}", app.subjects());
        for (_, message) in app.messages().await {
            assert!(mails[0].text.contains(&message), "{message}");
        }
        assert_eq!(app.alerts().await[0].muted, None);
        app.after(MINUTE).await;
        assert_eq!(app.b().alarms(), ["z"], "once");
        let before = app.mail().mails().len();
        app.read("z", 50.0).await;
        assert_eq!(app.mail().mails().len(), before + 1, "its end is reported: {:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn what_is_over_before_the_silence_is_told_to_nobody(app: TestApp, z("above = 100")) {
        silence(&app, None, 30 * MINUTE).await;
        app.read("z", 131.0).await;
        app.read("z", 50.0).await;
        app.after(31 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 0, "{:?}", app.subjects());
        assert!(app.b().alarms().is_empty());
        let records = app.records().await;
        assert_eq!(records.iter().map(|r| r.alert).collect::<Vec<_>>(), [true, false], "it is on record");
        app.finish().await;
    }
}

both! {
    async fn a_recovery_under_a_silence_is_told_after_it_to_those_who_heard(app: TestApp, z("above = 100, repeat = \"10m\"")) {
        app.read("z", 131.0).await;
        assert_eq!(app.mail().mails().len(), 1);
        let id = silence(&app, Some("z"), 30 * MINUTE).await;
        app.after(15 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 1, "no reminder: {:?}", app.subjects());
        app.read("z", 50.0).await;
        assert_eq!(app.mail().mails().len(), 1, "and no recovery: {:?}", app.subjects());
        app.db.write(move |c| silences::cancel(c, id, "bob", chrono::Utc::now().naive_utc() + 16 * MINUTE)).await.unwrap();
        app.after(2 * MINUTE).await;
        app.poll().await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(subjects[1].starts_with("[recovered]"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_rise_under_a_silence_is_recorded_and_never_told(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        silence(&app, Some("x"), 10 * MINUTE).await;
        app.read("x", 5.0).await;
        app.after(20 * MINUTE).await;
        assert_eq!((app.mail().mails().len(), app.b().alarms().len(), app.messages().await.len()), (0, 0, 1));
        app.read("x", 6.0).await;
        assert_eq!((app.mail().mails().len(), app.b().alarms().len()), (1, 1), "the next one is sent");
        app.finish().await;
    }
}

both! {
    async fn what_was_recorded_under_a_silence_is_news_after_it(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        app.b().add_message("x", "m0", "Order 0 is unpaid");
        app.read("x", 1.0).await;
        silence(&app, Some("x"), 10 * MINUTE).await;
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.b().add_message("x", "m2", "Order 2 is unpaid");
        app.read("x", 3.0).await;
        assert_eq!(app.records_of("x").await, ["Order 0 is unpaid", "Order 1 is unpaid", "Order 2 is unpaid"]);
        app.read("x", 4.0).await;
        assert_eq!(app.records_of("x").await[3..], ["4 rose by 1 from 3"], "not twice under one silence");
        assert_eq!(app.mail().mails().len(), 1);
        // Who acknowledged the alerts saw that there are some; who deleted a message has read it.
        let all = app.records().await;
        let (id, at) = (all.iter().find(|r| r.alert_message == "Order 2 is unpaid").unwrap().id, chrono::Utc::now().naive_utc());
        app.db.write(move |c| alerts::acknowledge_all(c, "ann", at)).await.unwrap();
        assert!(app.db.write(move |c| monitor_model::records::delete(c, id, at)).await.unwrap());

        app.after(11 * MINUTE).await;
        app.b().add_message("x", "m3", "Order 3 is unpaid");
        app.read("x", 5.0).await;
        let mails: Vec<String> = app.mail().mails().into_iter().skip(1).map(|mail| mail.text).collect();
        assert_eq!(mails.len(), 1, "{:?}", app.subjects());
        for order in ["Order 1 is unpaid", "Order 3 is unpaid"] {
            assert_eq!(mails.iter().filter(|text| text.contains(order)).count(), 1, "{mails:?}");
        }
        app.read("x", 6.0).await;
        let subjects = app.subjects();
        assert!(subjects.len() == 3 && subjects[2].contains("6 rose by 1 from 5"), "each once: {subjects:?}");
        let opened = app.alerts().await;
        let first = opened[1].id;
        let whole = app.db.read(move |c| monitor_model::records::of_alert(c, first)).await.unwrap();
        assert_eq!(whole.len(), 2, "what was recorded under the silence stays with its alert");
        app.finish().await;
    }
}

both! {
    async fn what_lasts_longer_than_the_silence_lists_what_was_recorded_under_it(app: TestApp, z("above = 100")) {
        app.read("z", 50.0).await;
        silence(&app, Some("z"), 10 * MINUTE).await;
        app.b().add_message("z", "m1", "Disk 1 is full");
        app.read("z", 131.0).await;
        app.read("z", 50.0).await;
        app.b().add_message("z", "m2", "Disk 2 is full");
        app.read("z", 140.0).await;
        app.after(11 * MINUTE).await;
        let texts: Vec<String> = app.mail().mails().into_iter().map(|mail| mail.text).collect();
        assert_eq!(texts.len(), 1, "{:?}", app.subjects());
        for disk in ["Disk 1 is full", "Disk 2 is full"] {
            assert_eq!(texts.iter().filter(|text| text.contains(disk)).count(), 1, "{texts:?}");
        }
        app.read("z", 50.0).await;
        app.read("z", 150.0).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 3, "both are known: {subjects:?}");
        assert!(subjects[2].contains("150 is above 100"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_reset_leaves_what_is_silenced_and_people_are_notified_after_it(app: TestApp) {
        app.read("y", 0.0).await;
        silence(&app, Some("z"), 10 * MINUTE).await;
        app.read("z", 131.0).await;
        app.read("x", 1.0).await;
        assert_eq!(app.subjects().len(), 1, "{:?}", app.subjects());
        let now = app.clock.wall().naive_utc();
        assert_eq!(app.db.write(move |c| alerts::acknowledge_all(c, "ann", now)).await.unwrap(), 1);
        app.after(11 * MINUTE).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(subjects[1].contains("131 is above 100"), "{subjects:?}");
        assert_eq!(app.b().alarms(), ["x", "z"]);
        let now = app.clock.wall().naive_utc();
        assert_eq!(app.db.write(move |c| alerts::acknowledge_all(c, "ann", now)).await.unwrap(), 1, "now they know");
        app.finish().await;
    }
}

both! {
    async fn what_is_notified_late_counts_what_is_not_listed(app: TestApp, z("above = 100")) {
        app.read("z", 50.0).await;
        silence(&app, Some("z"), 10 * MINUTE).await;
        for n in 0..1_025 {
            app.b().add_message("z", &format!("m{n}"), &format!("Disk {n} is full"));
        }
        app.read("z", 131.0).await;
        assert_eq!(app.alerts().await[0].further_messages, 25, "what is not kept");
        app.after(11 * MINUTE).await;
        let mails = app.mail().mails();
        assert_eq!(app.subjects(), ["[warning] Z 131 > 100: Disk 0 is full (and 1024 more)"]);
        assert!(mails[0].text.contains("· Disk 49 is full\n· and 975 more, on the page\n"), "{}", mails[0].text);
        assert_eq!(app.alerts().await[0].further_messages, 975);
        app.finish().await;
    }
}

both! {
    async fn a_maintenance_window_keeps_watching_and_tells_after_it(app: TestApp) {
        let now = app.clock.wall();
        // Far from midnight, so that the window is today's.
        let noon = now.date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc();
        app.clock.step_wall(noon - now);
        let window = "[maintenance.lunch]\nfrom = \"19:30\"\nto = \"20:30\"\nzone = \"Asia/Shanghai\"\nmetrics = [\"z\"]\n";
        app.restart(Config { more: window.to_owned(), ..Config::default() });
        app.read("z", 131.0).await;
        assert_eq!(app.alerts().await[0].muted.as_deref(), Some("maintenance:lunch"), "12:00 UTC is 20:00 in Shanghai");
        assert_eq!(app.mail().mails().len(), 0);
        app.read("x", 1.0).await;
        assert_eq!(app.mail().mails().len(), 1, "x is not maintained: {:?}", app.subjects());
        app.after(20 * MINUTE).await;
        assert_eq!(app.b().alarms(), ["x"]);
        app.after(11 * MINUTE).await;
        assert_eq!(app.b().alarms(), ["x", "z"], "it lasts");
        assert_eq!(app.mail().mails().len(), 2, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn nobody_acknowledged_so_others_are_told_once(app: TestApp) {
        let oncall = SmtpSink::start().await;
        app.restart(with_oncall(z("above = 100, escalate = { after = \"10m\", notify = [\"oncall\"] }"), &oncall, ""));
        app.read("z", 131.0).await;
        app.after(9 * MINUTE).await;
        assert_eq!((app.mail().mails().len(), oncall.received()), (1, 0));
        app.read("z", 140.0).await;
        app.after(2 * MINUTE).await;
        app.after(20 * MINUTE).await;
        let mails = oncall.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].subject.contains("nobody acknowledged") && mails[0].subject.contains("140 is above 100"), "{}", mails[0].subject);
        assert_eq!(app.mail().mails().len(), 1, "those who know are not notified again: {:?}", app.subjects());
        app.read("z", 50.0).await;
        assert_eq!((app.mail().mails().len(), oncall.received()), (2, 2), "its end goes to all who heard of it");
        app.finish().await;
    }
}

both! {
    async fn who_acknowledged_in_time_is_trusted(app: TestApp) {
        let oncall = SmtpSink::start().await;
        let rule = "above = 100, repeat = \"5m\", escalate = { after = \"10m\", notify = [\"oncall\"] }";
        app.restart(with_oncall(z(rule), &oncall, ""));
        app.read("z", 131.0).await;
        acknowledge(&app, app.alerts().await[0].id).await;
        app.after(60 * MINUTE).await;
        assert_eq!((app.mail().mails().len(), oncall.received()), (1, 0), "{:?}", app.subjects());
        let alert = app.alerts().await.remove(0);
        assert_eq!((alert.acknowledged_by.as_deref(), alert.note.as_deref(), alert.resolved_at), (Some("ann"), Some("on it"), None));
        app.read("z", 50.0).await;
        assert_eq!((app.mail().mails().len(), oncall.received()), (2, 0), "who was not notified of it is not notified of its end");
        app.finish().await;
    }
}

both! {
    async fn rises_that_nobody_takes_are_told_on_as_one(app: TestApp) {
        let oncall = SmtpSink::start().await;
        let rule = "[metrics.z]\nalert = { rise = 1, escalate = { after = \"10m\", notify = [\"oncall\"] } }\n";
        app.restart(with_oncall(Config::metrics(rule), &oncall, ""));
        for total in 1..=5 {
            app.read("z", f64::from(total)).await;
        }
        app.after(11 * MINUTE).await;
        assert_eq!(oncall.received(), 1, "not one each");
        app.db.write(|c| alerts::acknowledge_all(c, "ann", chrono::Utc::now().naive_utc())).await.unwrap();
        app.read("z", 6.0).await;
        app.after(11 * MINUTE).await;
        assert_eq!(oncall.received(), 2, "what comes after that is news");
        app.finish().await;
    }
}

both! {
    async fn going_to_and_fro_is_told_once_and_how_it_ends(
        app: TestApp, z("above = 100, flapping = { alerts = 3, within = \"10m\" }")
    ) {
        for _ in 0..6 {
            app.read("z", 131.0).await;
            app.after(Duration::from_secs(20)).await;
            app.read("z", 50.0).await;
            app.after(Duration::from_secs(20)).await;
        }
        assert_eq!(app.alerts().await.len(), 6, "each is on record");
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 5, "three alerts and two recoveries: {subjects:?}");
        let mails = app.mail().mails();
        assert!(mails[4].text.contains("flapping"), "the last says why no more come: {}", mails[4].text);
        assert_eq!(app.b().alarms().len(), 3);
        app.after(11 * MINUTE).await;
        app.poll().await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 6, "{subjects:?}");
        assert!(subjects[5].starts_with("[recovered]"), "it stayed well: {subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn an_alert_that_stays_after_the_flapping_is_told(
        app: TestApp, z("above = 100, flapping = { alerts = 2, within = \"10m\" }")
    ) {
        for total in [131.0, 50.0, 131.0, 50.0, 131.0] {
            app.read("z", total).await;
        }
        assert_eq!(app.alerts().await[2].muted.as_deref(), Some("flapping"));
        assert_eq!(app.b().alarms().len(), 2);
        app.after(11 * MINUTE).await;
        app.poll().await;
        assert_eq!(app.b().alarms().len(), 3, "this one lasts");
        let subjects = app.subjects();
        assert_eq!(subjects.iter().filter(|s| s.starts_with("[warning]")).count(), 3, "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_silence_outlives_its_worker(app: TestApp, z("above = 100")) {
        silence(&app, Some("z"), 10 * MINUTE).await;
        app.read("z", 131.0).await;
        app.restart(z("above = 100"));
        app.after(5 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 0);
        app.restart(z("above = 100"));
        app.after(6 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        // Two workers over one database tell it once.
        let other = app.another_engine();
        let stop = tokio_util::sync::CancellationToken::new();
        other.run_once(stop.clone()).await.unwrap();
        app.poll().await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        let left = app.db.read(deliveries::unfinished).await.unwrap();
        assert_eq!(left, 0);
        app.finish().await;
    }
}
