//! X depends on Y: while Y fires or cannot be read, X is judged and recorded, and nobody is notified of it.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both};
use monitor_model::{alerts, evaluations};
use monitor_simulator::{Fault, Times};

fn x(alert: &str) -> Config {
    Config::metrics(&format!(
        "[metrics.x]\ndepends_on = [\"y\"]\nalert = {{ {alert} }}\n\
         [metrics.y]\nalert = {{ above = 0, no_data = \"1h\" }}\n"
    ))
}

const LEVEL: &str = "above = 100, no_data = \"1h\"";

/// X and Y are read, twice: whichever comes first, each has been judged after the other.
async fn read(app: &TestApp, x: f64, y: f64) {
    app.a().set_total("x", x);
    app.a().set_total("y", y);
    for _ in 0..2 {
        app.after(Duration::from_secs(10)).await;
    }
}

async fn muted(app: &TestApp) -> Vec<(String, Option<String>)> {
    let all = app.db.read(|c| alerts::recent(c, 100)).await.unwrap();
    let mut all: Vec<_> = all.into_iter().filter(|alert| alert.key == "x").collect();
    all.reverse();
    all.into_iter().map(|alert| (alert.reason, alert.muted)).collect()
}

/// How many mails about X there are.
fn mails(app: &TestApp) -> usize {
    app.subjects()
        .iter()
        .filter(|subject| subject.contains('X'))
        .count()
}

both! {
    async fn nobody_is_notified_while_what_it_depends_on_fires(app: TestApp, x(LEVEL)) {
        read(&app, 50.0, 1.0).await;
        read(&app, 150.0, 1.0).await;
        assert_eq!(muted(&app).await[0].1.as_deref(), Some("dependency:y"));
        let effects = app.db.read(|c| evaluations::of(c, "x", 9)).await.unwrap();
        assert!(effects.iter().any(|one| one.effects == "alert,dependency:y"), "{effects:?}");
        assert_eq!(app.phase("x").await.0, "firing", "it is judged as ever");
        assert_eq!((mails(&app), app.b().alarms()), (0, vec!["y".to_owned()]));
        app.restart(x(LEVEL));
        read(&app, 151.0, 1.0).await;
        assert_eq!(mails(&app), 0, "nor after a restart");
        read(&app, 151.0, 0.0).await;
        assert_eq!(mails(&app), 1, "it has lasted longer than its cause: {:?}", app.subjects());
        assert_eq!(muted(&app).await[0].1, None);
        assert_eq!(app.b().alarms(), ["y", "x"], "and the alarm sounds now");
        read(&app, 50.0, 0.0).await;
        assert_eq!(mails(&app), 2, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn what_ends_with_its_cause_is_notified_to_nobody(app: TestApp, x(LEVEL)) {
        read(&app, 50.0, 1.0).await;
        read(&app, 150.0, 1.0).await;
        read(&app, 50.0, 0.0).await;
        assert_eq!(mails(&app), 0, "{:?}", app.subjects());
        assert!(app.alerts().await.iter().all(|alert| alert.resolved_at.is_some()));
        app.finish().await;
    }
}

both! {
    async fn what_cannot_be_read_is_a_cause_too(app: TestApp, x(LEVEL)) {
        read(&app, 50.0, 0.0).await;
        app.a().fault("/api/totals/y", Fault::Status(503), Times::Always);
        read(&app, 50.0, 0.0).await;
        read(&app, 150.0, 0.0).await;
        assert_eq!(app.phase("y").await.0, "normal", "not yet without data");
        assert_eq!((mails(&app), muted(&app).await[0].1.as_deref()), (0, Some("dependency:y")));
        app.a().clear_faults();
        read(&app, 150.0, 0.0).await;
        assert_eq!(mails(&app), 1, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_recovery_meanwhile_goes_to_those_who_were_notified(app: TestApp, x(LEVEL)) {
        read(&app, 150.0, 0.0).await;
        assert_eq!(mails(&app), 1);
        read(&app, 150.0, 1.0).await;
        read(&app, 50.0, 1.0).await;
        assert_eq!(mails(&app), 1, "not while Y fires");
        app.restart(x(LEVEL));
        read(&app, 50.0, 0.0).await;
        let subjects = app.subjects();
        assert_eq!(mails(&app), 2, "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_rise_meanwhile_stays_on_record_as_under_a_silence(app: TestApp, x("rise = 1, initial = \"learn\"")) {
        read(&app, 5.0, 1.0).await;
        read(&app, 6.0, 1.0).await;
        assert_eq!(muted(&app).await, [("6 rose by 1 from 5".to_owned(), Some("dependency:y".to_owned()))]);
        read(&app, 6.0, 0.0).await;
        assert_eq!((mails(&app), muted(&app).await.len()), (0, 1));
        read(&app, 7.0, 0.0).await;
        assert_eq!((mails(&app), muted(&app).await.len()), (1, 2), "{:?}", app.subjects());
        app.finish().await;
    }
}
