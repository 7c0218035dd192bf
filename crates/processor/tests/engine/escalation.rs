//! Escalation in several steps.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, both};
use monitor_model::alerts;
use monitor_simulator::SmtpSink;

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
