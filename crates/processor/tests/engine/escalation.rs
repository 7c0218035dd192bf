//! Escalation in several steps.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_domain::Clock;
use monitor_harness::{Config, ConfigFiles, TestApp, both};
use monitor_model::{NewSilence, alerts, silences};
use monitor_simulator::SmtpSink;
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);
const TWO: &str = "[{ after = \"10m\", notify = [\"oncall\"] }, { after = \"30m\", notify = [\"phone\"] }]";

/// Z, with two channels beside its own for the steps.
fn escalated(steps: &str, oncall: &SmtpSink, phone: &SmtpSink) -> Config {
    let channel = |name: &str, sink: &SmtpSink| {
        let url = sink.url();
        format!(
            "[channels.{name}]\nkind = \"smtp\"\nurl = \"{url}\"\nfrom = \"m@example.com\"\nto = [\"{name}@example.com\"]\n"
        )
    };
    Config {
        more: channel("oncall", oncall) + &channel("phone", phone),
        ..Config::metrics(&format!(
            "[metrics.z]\nnotify = [\"mail\"]\nalert = {{ above = 100, escalate = {steps} }}\n"
        ))
    }
}

async fn sinks() -> (SmtpSink, SmtpSink) {
    (SmtpSink::start().await, SmtpSink::start().await)
}

both! {
    async fn steps_come_in_order_and_the_end_reaches_all(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        let received = || (app.mail().mails().len(), oncall.received(), phone.received());
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        assert_eq!(received(), (1, 1, 0));
        app.after(18 * MINUTE).await;
        assert_eq!(received(), (1, 1, 0));
        app.after(2 * MINUTE).await;
        app.after(60 * MINUTE).await;
        assert_eq!(received(), (1, 1, 1), "each step once");
        let mail = phone.mails().remove(0);
        assert!(mail.text.contains("Nobody acknowledged it since") && mail.text.contains("step 2 of 2"), "{}", mail.text);
        assert!(mail.subject.contains("131 is above 100"), "{}", mail.subject);
        assert!(!oncall.mails()[0].text.contains("step 1"), "the first is as ever");
        app.read("z", 50.0).await;
        assert_eq!(received(), (2, 2, 2));
        app.finish().await;
    }
}

both! {
    async fn who_acknowledges_stops_the_later_steps(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        let (id, now) = (app.alerts().await[0].id, app.clock.wall().naive_utc());
        assert!(app.db.write(move |c| alerts::acknowledge(c, id, "ann", None, now)).await.unwrap());
        app.after(60 * MINUTE).await;
        app.read("z", 50.0).await;
        assert_eq!((oncall.received(), phone.received()), (2, 0));
        app.finish().await;
    }
}

both! {
    async fn a_worker_that_was_down_does_each_step_once(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        app.read("z", 131.0).await;
        app.clock.jump(90 * MINUTE);
        app.restart(escalated(TWO, &oncall, &phone));
        for _ in 0..3 {
            app.after(MINUTE).await;
        }
        assert_eq!((oncall.received(), phone.received()), (1, 1));
        let steps = app.db.read(|c| monitor_model::deliveries::recent(c, 99)).await.unwrap();
        let lanes: Vec<_> = steps.iter().rev().filter(|one| one.event == "escalation").map(|one| one.lane.as_str()).collect();
        assert_eq!(lanes, ["oncall", "phone"], "in their order");
        app.restart(escalated(TWO, &oncall, &phone));
        app.after(MINUTE).await;
        assert_eq!((oncall.received(), phone.received()), (1, 1), "nor again after a restart");
        app.finish().await;
    }
}

both! {
    async fn steps_that_are_done_stay_done_by_another_list(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated("{ after = \"10m\", notify = [\"oncall\"] }", &oncall, &phone));
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        assert_eq!(app.alerts().await[0].escalation_step, 1);
        let other = "[{ after = \"5m\", notify = [\"phone\"] }, { after = \"20m\", notify = [\"phone\"] }]";
        app.restart(escalated(other, &oncall, &phone));
        app.after(MINUTE).await;
        assert_eq!((oncall.received(), phone.received()), (1, 0), "the first is done");
        app.after(10 * MINUTE).await;
        app.after(10 * MINUTE).await;
        assert_eq!((oncall.received(), phone.received(), app.alerts().await[0].escalation_step), (1, 1, 2));
        app.finish().await;
    }
}

/// The steps that were stored, in their order: to which channel.
async fn steps(app: &TestApp) -> Vec<String> {
    let all = app.deliveries().await.into_iter();
    all.filter(|one| one.event == "escalation")
        .map(|one| one.lane)
        .collect()
}

both! {
    async fn workers_that_die_over_a_step_do_it_once(app: TestApp) {
        let (oncall, phone) = sinks().await;
        let steps_of_three = "[{ after = \"10m\", notify = [\"oncall\"] }, { after = \"20m\", notify = [\"phone\"] }, \
                              { after = \"30m\", notify = [\"oncall\", \"phone\"] }]";
        app.restart(escalated(steps_of_three, &oncall, &phone));
        app.read("z", 131.0).await;
        let owed = [vec!["oncall"], vec!["phone"], vec!["oncall", "phone"]];
        let (mut torn, mut expected) = (0, Vec::new());
        for lanes in owed {
            expected.extend(lanes);
            app.clock.jump(10 * MINUTE);
            // Each dies a little later than the one before: before it knows of the step, while that is stored, while it is sent.
            for micros in (0..).map(|n| 1_000 + n * 2_500) {
                let engine = app.another_engine();
                let life = engine.run_once(CancellationToken::new());
                match tokio::time::timeout(Duration::from_micros(micros), life).await {
                    Ok(ended) => {
                        ended.unwrap();
                        break;
                    }
                    Err(_) => torn += 1,
                }
                let stored = steps(&app).await;
                assert!(expected.starts_with(&stored.iter().map(String::as_str).collect::<Vec<_>>()), "{stored:?}");
            }
            assert_eq!(steps(&app).await, expected, "each step once, and whole");
        }
        assert!(torn > 0, "none died");
        app.deliver_all(MINUTE, 10).await;
        for (sink, to) in [(&oncall, "oncall"), (&phone, "phone")] {
            let mut ids: Vec<_> = sink.mails().into_iter().map(|mail| mail.message_id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 2, "{to}: each message, and a repeat is the same");
        }
        app.read("z", 50.0).await;
        app.finish().await;
    }
}

both! {
    async fn an_open_alert_goes_on_by_the_steps_of_a_changed_config(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        let files = ConfigFiles::of(&app);
        let received = || (oncall.received(), phone.received());
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        assert_eq!(received(), (1, 0));
        // The second step is later, and to others; there is a third.
        let three = "[{ after = \"5m\", notify = [\"phone\"] }, { after = \"40m\", notify = [\"oncall\"] }, \
                     { after = \"50m\", notify = [\"phone\"] }]";
        files.edit(TWO, three);
        files.reload().unwrap();
        app.after(MINUTE).await;
        assert_eq!(received(), (1, 0), "the first step is done, whatever it is now");
        app.after(20 * MINUTE).await;
        assert_eq!(received(), (1, 0), "32 minutes");
        app.after(9 * MINUTE).await;
        assert_eq!(received(), (2, 0), "41 minutes");
        let mail = oncall.mails().remove(1);
        assert!(mail.text.contains("step 2 of 3"), "{}", mail.text);
        // None is left by a list that is shorter, and a longer one goes on after what is done.
        let one = "[{ after = \"10m\", notify = [\"oncall\"] }]";
        files.edit(three, one);
        files.reload().unwrap();
        app.after(60 * MINUTE).await;
        assert_eq!(received(), (2, 0));
        files.edit(&format!(", escalate = {one}"), "");
        files.reload().unwrap();
        app.after(MINUTE).await;
        files.edit("above = 100", &format!("above = 100, escalate = {three}"));
        files.reload().unwrap();
        app.after(MINUTE).await;
        assert_eq!(received(), (2, 1), "the third, which is due for long");
        assert_eq!(steps(&app).await, ["oncall", "oncall", "phone"]);
        assert_eq!(app.alerts().await[0].escalation_step, 3);
        app.read("z", 50.0).await;
        assert_eq!(received(), (3, 2), "the end reaches whom a step notified");
        app.finish().await;
    }
}

async fn silence_z(app: &TestApp, lasts: TimeDelta) {
    let now = app.clock.wall().naive_utc();
    let silence = NewSilence {
        key: Some("z".to_owned()),
        severity: None,
        reason: "being repaired".to_owned(),
        created_by: "ann".to_owned(),
        created_at: now,
        starts_at: now,
        ends_at: now + lasts,
    };
    app.db
        .write(move |c| silences::create(c, &silence))
        .await
        .unwrap();
}

both! {
    async fn a_silence_puts_off_the_second_step(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        let received = || (app.mail().mails().len(), oncall.received(), phone.received());
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        assert_eq!(received(), (1, 1, 0));
        silence_z(&app, TimeDelta::minutes(30)).await;
        for _ in 0..25 {
            app.after(MINUTE).await;
        }
        assert_eq!(received(), (1, 1, 0), "36 minutes, silenced");
        assert_eq!(app.alerts().await[0].escalation_step, 1, "it is put off, and not done");
        app.after(6 * MINUTE).await;
        app.after(MINUTE).await;
        assert_eq!(received(), (1, 1, 1), "once the silence is over");
        app.after(60 * MINUTE).await;
        app.read("z", 50.0).await;
        assert_eq!(received(), (2, 2, 2));
        app.finish().await;
    }
}

both! {
    async fn what_ends_in_the_silence_is_escalated_no_further(app: TestApp) {
        let (oncall, phone) = sinks().await;
        app.restart(escalated(TWO, &oncall, &phone));
        let received = || (app.mail().mails().len(), oncall.received(), phone.received());
        app.read("z", 131.0).await;
        app.after(11 * MINUTE).await;
        silence_z(&app, TimeDelta::minutes(30)).await;
        app.after(25 * MINUTE).await;
        app.read("z", 50.0).await;
        assert_eq!(received(), (1, 1, 0), "its end is silenced too");
        app.after(6 * MINUTE).await;
        app.after(60 * MINUTE).await;
        assert_eq!(received(), (2, 2, 0), "whom it was notified to, and nobody else, know of the end");
        app.finish().await;
    }
}
