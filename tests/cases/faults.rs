//! What an upstream does wrong is shown as what it is, never as a value, and nothing of the rest stops.

use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use monitor_testkit::{Fault, Times};
use monitor_tests::{TestApp, both};

/// With x at 7 and read, plays `fault` on the next readings of x: they must be unreadable for `reason`, and y and z
/// be read meanwhile; afterwards x goes on from 7.
async fn survives(app: &TestApp, name: &str, fault: Fault, reason: &str) {
    app.read("x", 7.0).await;
    let before = (app.alerts().await.len(), app.samples("y").await.len());
    app.a().fault("/api/totals/x", fault, Times::Always);
    app.poll().await;

    let samples = app.samples("x").await;
    let last = samples.last().unwrap();
    assert_eq!(last.value, None, "{name} read as a value");
    let error = last.error.as_deref().unwrap();
    assert!(error.contains(reason), "{name}: {error}");
    assert!(!error.contains("a-secret"), "{name}: {error}");
    assert_eq!(
        app.samples("y").await.len(),
        before.1 + 1,
        "{name}: y was held up"
    );

    app.a().clear_faults();
    app.poll().await;
    assert_eq!(app.samples("x").await.last().unwrap().value, Some(7.0), "{name}");
    assert_eq!(
        app.alerts().await.len(),
        before.0,
        "{name}: coming back is no rise"
    );
}

both! {
    async fn bad_answers_are_no_values(app: TestApp) {
        let json = |text: &'static str| Fault::Body("application/json".into(), text.as_bytes().into());
        for (name, fault, reason) in [
            ("500", Fault::Status(500), "500"),
            ("404", Fault::Status(404), "404"),
            ("429", Fault::StatusWith(429, vec![("Retry-After".into(), "30".into())]), "429"),
            ("truncated", Fault::Truncate, "end"),
            ("huge", Fault::Huge(4 << 20), "1048576"),
            ("gzip bomb", Fault::GzipBomb(64 << 20), "1048576"),
            ("wrong type", json(r#"{"total":"many"}"#), "is a string; wanted a number"),
            ("wrong shape", json(r#"{"count":3}"#), "no $.total"),
            ("null", json(r#"{"total":null}"#), "is null; wanted a number"),
            ("not JSON", json("total: 3"), "not JSON"),
            ("NaN", json(r#"{"total":NaN}"#), "not JSON"),
            ("2^63", json(r#"{"total":9223372036854775808}"#), "too large"),
            ("negative", json(r#"{"total":-1}"#), "negative"),
            ("empty", json(""), "not JSON"),
            ("elsewhere", Fault::Redirect("/maintenance".into()), "302"),
        ] {
            survives(&app, name, fault, reason).await;
            app.clock.jump(Duration::from_secs(20)); // past the breaker
        }
        app.finish().await;
    }
}

both! {
    async fn a_sign_in_page_is_no_value(app: TestApp) {
        survives(&app, "HTML", Fault::Html, "HTML page").await;
        app.finish().await;
    }
}

both! {
    async fn a_hanging_answer_ends_with_the_timeout_and_holds_up_nobody(app: TestApp) {
        app.poll().await;
        app.a().fault("/api/totals/x", Fault::Hang, Times::Always);
        app.a().set_total("y", 1.0);
        let began = Instant::now();
{
            let polling = app.engine.run_once(CancellationToken::new());
            tokio::pin!(polling);
            // y is committed long before x gives up.
            let y_alerted = async {
                while app.alerts().await.is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                _ = &mut polling => panic!("x did not hang"),
                () = y_alerted => {}
            }
            app.clock.jump(Duration::from_secs(60)); // every timeout and retry passes
            polling.await.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(20));
        let error = app.samples("x").await.pop().unwrap().error.unwrap();
        assert!(error.contains("timed out") || error.contains("no answer within"), "{error}");
        app.a().clear_faults();
        app.poll().await;
        app.finish().await;
    }
}

both! {
    async fn details_that_cannot_be_had_become_a_plain_message(app: TestApp) {
        app.poll().await;
        app.b().fault("/api/alerts", Fault::Status(500), Times::Always);
        app.read("x", 3.0).await;
        assert_eq!(app.b().alarms(), ["x"], "the alarm did not wait");
        assert_eq!(app.told().await.len(), 0, "people are told what it was, if that comes in time");
        for _ in 0..12 {
            app.after(Duration::from_secs(5)).await;
        }
        assert_eq!(app.told().await, [("x".to_owned(), "3 rose by 3 from 0".to_owned())]);
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn details_that_come_late_are_told(app: TestApp) {
        app.poll().await;
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.b().fault("/api/alerts", Fault::Status(503), Times::N(2));
        app.read("x", 1.0).await;
        for _ in 0..5 {
            app.after(Duration::from_secs(2)).await;
        }
        assert_eq!(app.told().await, [("x".to_owned(), "Order 1 is unpaid".to_owned())]);
        app.finish().await;
    }
}

both! {
    async fn an_alarm_that_fails_is_sounded_again(app: TestApp) {
        app.poll().await;
        app.b().fault("/api/alarm", Fault::Status(503), Times::N(4));
        app.read("x", 1.0).await;
        assert_eq!(app.mail().mails().len(), 1, "the mail did not wait for the alarm");
        for _ in 0..8 {
            app.after(Duration::from_secs(15)).await;
        }
        assert_eq!(app.b().alarms(), ["x"]);
        app.finish().await;
    }
}
