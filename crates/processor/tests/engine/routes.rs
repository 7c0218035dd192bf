//! Routes decide who is notified of an alert, of its reminders and of its end.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both};
use monitor_simulator::SmtpSink;

const MINUTE: Duration = Duration::from_secs(60);

/// X is in a group of its own, Y names its channel itself, Z is routed by the hour: `oncall` from an hour from now on for six
/// hours, `mail` otherwise.
fn routed(app: &TestApp, oncall: &SmtpSink) -> Config {
    let now = app.clock.wall();
    let hour = |hours| (now + TimeDelta::hours(hours)).format("%H:00").to_string();
    let metrics = "[metrics.x]\ngroup = \"pay\"\nalert = { above = 100 }\n\
                   [metrics.y]\nnotify = [\"oncall\"]\nalert = { above = 100 }\n\
                   [metrics.z]\nalert = { above = 100, repeat = \"30m\" }\n";
    let (url, from, to) = (oncall.url(), hour(2), hour(8));
    let more = format!(
        "[channels.oncall]\nkind = \"smtp\"\nurl = \"{url}\"\nfrom = \"m@example.com\"\nto = [\"oncall@example.com\"]\n\
         [[routes]]\ngroups = [\"pay\"]\nnotify = [\"mail\", \"oncall\"]\nreminders = false\n\
         [[routes]]\nmetrics = [\"z\"]\nfrom = \"{from}\"\nto = \"{to}\"\nnotify = [\"oncall\"]\nrecoveries = false\n\
         [[routes]]\nnotify = [\"mail\"]\n"
    );
    Config {
        more,
        ..Config::metrics(metrics)
    }
}

both! {
    async fn who_is_notified_is_decided_by_routes(app: TestApp) {
        let oncall = SmtpSink::start().await;
        app.restart(routed(&app, &oncall));
        let received = || (app.mail().mails().len(), oncall.received());
        app.read("x", 131.0).await;
        assert_eq!(received(), (1, 1), "both of the group's");
        app.read("x", 50.0).await;
        assert_eq!(received(), (2, 2));
        app.read("y", 131.0).await;
        assert_eq!(received(), (2, 3), "what a metric names itself counts");
        app.read("y", 50.0).await;
        app.read("z", 131.0).await;
        assert_eq!(received(), (3, 4), "by day");
        app.read("z", 50.0).await;
        assert_eq!(received(), (4, 4));
        app.finish().await;
    }
}

both! {
    async fn hours_decide_of_alerts_and_reminders_and_not_of_ends(app: TestApp) {
        let oncall = SmtpSink::start().await;
        app.restart(routed(&app, &oncall));
        let received = || (app.mail().mails().len(), oncall.received());
        app.after(150 * MINUTE).await;
        assert_eq!(received(), (0, 0));
        app.read("z", 131.0).await;
        assert_eq!(received(), (0, 1), "by night: {:?}", app.subjects());
        app.after(31 * MINUTE).await;
        assert_eq!(received(), (0, 2), "reminders too");
        for _ in 0..13 {
            app.after(30 * MINUTE).await;
        }
        let (by_day, by_night) = received();
        assert!(by_day >= 1 && by_night >= 5, "reminders change over with the hour: {by_day} {by_night}");
        app.read("z", 50.0).await;
        assert_eq!(received(), (by_day + 1, by_night), "the end goes to who wants it");
        app.finish().await;
    }
}
