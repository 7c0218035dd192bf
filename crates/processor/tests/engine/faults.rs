//! What System B does wrong costs people an explanation or a moment, and no alert. (What System A does wrong is in the
//! fault table.)

use std::time::Duration;

use monitor_harness::{TestApp, answering, both};
use monitor_simulator::http::Answer;
use monitor_simulator::{Fault, Times};
use tokio_util::sync::CancellationToken;

both! {
    async fn details_that_cannot_be_had_become_a_plain_message(app: TestApp) {
        app.poll().await;
        app.b().fault("/api/alerts", Fault::Status(500), Times::Always);
        app.read("x", 3.0).await;
        assert_eq!(app.b().alarms(), ["x"], "the alarm did not wait");
        assert_eq!(app.messages().await.len(), 0, "people learn what it was, if that comes in time");
        for _ in 0..12 {
            app.after(Duration::from_secs(5)).await;
        }
        assert_eq!(app.messages().await, [("x".to_owned(), "3 rose by 3 from 0".to_owned())]);
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

/// The explanation fails twice and comes then.
async fn is_explained_after(app: &TestApp, fault: Fault) {
    app.poll().await;
    app.b().add_message("x", "m1", "Order 1 is unpaid");
    app.b().fault("/api/alerts", fault, Times::N(2));
    app.read("x", 1.0).await;
    for _ in 0..5 {
        app.after(Duration::from_secs(2)).await;
    }
    assert_eq!(
        app.messages().await,
        [("x".to_owned(), "Order 1 is unpaid".to_owned())]
    );
}

both! {
    async fn details_that_come_late_are_told(app: TestApp) {
        is_explained_after(&app, Fault::Status(503)).await;
        app.finish().await;
    }
}

both! {
    async fn an_error_with_status_200_is_no_explanation(app: TestApp) {
        let error = r#"{"code":401,"msg":"session expired"}"#;
        is_explained_after(&app, Fault::Body("application/json".into(), error.into())).await;
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
        let calls = app.b().requests().into_iter().filter(|call| call.path == "/api/alarm");
        let mut keys: Vec<_> = calls.map(|call| call.header("idempotency-key").unwrap().to_owned()).collect();
        assert!(keys.len() > 1);
        keys.dedup();
        assert_eq!(keys.len(), 1, "a repeat can be distinguished from a second alarm");
        app.finish().await;
    }
}

both! {
    async fn an_alarm_that_says_it_failed_has_not_sounded(app: TestApp) {
        let (siren, answer) = answering(Answer::html(200, "<html>Sign in</html>")).await;
        let alarm = format!(
            "[systems.siren]\nkind = \"none\"\nbase_url = \"{}\"\n[alarm]\nsystem = \"siren\"\nok = {{ path = \"$.code\", equals = [0] }}",
            siren.url()
        );
        let engine = app.engine_of(&app.config_text().replace("[alarm]\nsystem = \"b\"", &alarm));
        engine.run_once(CancellationToken::new()).await.unwrap();
        app.a().set_total("x", 1.0);
        for (said, why) in [
            (None, "the answer is a web page"),
            (Some(r#"{"code":500}"#), "$.code is 500, not 0"),
            (Some("{}"), "the answer has no $.code"),
        ] {
            if let Some(said) = said {
                *answer.lock().unwrap() = Answer::body(200, "application/json", said);
            }
            app.clock.jump(Duration::from_secs(60));
            engine.run_once(CancellationToken::new()).await.unwrap();
            let alarms = app.deliveries_of("@alarm").await;
            assert_eq!(alarms.len(), 1, "{alarms:?}");
            assert_eq!(alarms[0].status, "pending", "{alarms:?}");
            let error = alarms[0].last_error.as_deref().unwrap();
            assert!(error.contains(why), "{error}");
        }
        *answer.lock().unwrap() = Answer::body(200, "application/json", r#"{"code":0}"#);
        for _ in 0..10 {
            app.clock.jump(Duration::from_secs(60));
            engine.run_once(CancellationToken::new()).await.unwrap();
        }
        assert_eq!(app.deliveries_of("@alarm").await[0].status, "sent");
        app.finish().await;
    }
}
