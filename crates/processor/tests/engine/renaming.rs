//! A metric whose key is another one in the config than before.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both};
use monitor_model::{NewSilence, silences};
use monitor_simulator::{Fault, Times};

/// The metric of total w, under this key.
fn metric(key: &str, alert: &str, more: &str) -> Config {
    Config::metrics(&format!(
        "[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/api/totals/w\", value = \"$.total\" }}\n\
         alert = {{ {alert} }}\n\
         details = {{ system = \"b\", path = \"/api/alerts/w?total={{{{ total }}}}&previous={{{{ previous }}}}\", \
         messages = \"$.messages[*]\" }}\n{more}\n"
    ))
}

async fn keys_of_alerts(app: &TestApp) -> Vec<String> {
    app.alerts()
        .await
        .into_iter()
        .map(|alert| alert.key.to_string())
        .collect()
}

both! {
    async fn a_rise_goes_on_from_the_last_value(app: TestApp, metric("old", "rise = 1", "")) {
        app.read("w", 5.0).await;
        app.b().add_message("w", "m1", "Order 1 is unpaid");
        app.read("w", 6.0).await;
        app.restart(metric("orders", "rise = 1", "was = \"old\""));
        app.poll().await;
        assert_eq!(keys_of_alerts(&app).await, ["orders", "orders"], "it has not risen");
        app.b().add_message("w", "m2", "Order 2 is unpaid");
        app.read("w", 7.0).await;
        let alerts = app.alerts().await;
        assert_eq!((alerts.len(), alerts[2].previous, alerts[2].value), (3, Some(6.0), Some(7.0)));
        let said = app.records_of("orders").await;
        assert_eq!(said[1..], ["Order 1 is unpaid", "Order 2 is unpaid"], "each once: {said:?}");
        assert_eq!(app.samples("orders").await.len(), 4, "its history is one");
        assert_eq!(app.samples("old").await.len(), 0);
        // The key stays in the config; later starts find nothing to do.
        app.restart(metric("orders", "rise = 1", "was = \"old\""));
        app.read("w", 8.0).await;
        assert_eq!(app.alerts().await.len(), 4);
        app.finish().await;
    }
}

both! {
    async fn an_open_alert_ends_under_the_new_key(app: TestApp, metric("old", "above = 100", "")) {
        app.read("w", 131.0).await;
        let before = app.mail().mails().len();
        app.restart(metric("orders", "above = 100", "was = \"old\"\ntitle = \"Orders\""));
        app.poll().await;
        assert_eq!(app.mail().mails().len(), before, "it is the same alert: {:?}", app.subjects());
        assert_eq!(app.phase("orders").await.0, "firing");
        app.read("w", 50.0).await;
        let alert = app.alerts().await.remove(0);
        assert!(alert.resolved_at.is_some() && alert.key.as_str() == "orders", "{alert:?}");
        let subjects = app.subjects();
        assert!(subjects.len() == before + 1 && subjects[before].starts_with("[recovered] Orders"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_silence_goes_on_and_what_is_being_explained_is(app: TestApp, metric("old", "rise = 1", "")) {
        app.read("w", 0.0).await;
        app.b().fault("/api/alerts", Fault::Status(503), Times::Always);
        app.b().add_message("w", "m1", "Order 1 is unpaid");
        app.read("w", 1.0).await;
        assert_eq!(app.mail().mails().len(), 0, "it waits for its explanation: {:?}", app.subjects());
        app.b().clear_faults();
        app.restart(metric("orders", "rise = 1", "was = \"old\""));
        app.after(Duration::from_secs(10)).await;
        let mails = app.mail().mails();
        assert!(mails.len() == 1 && mails[0].text.contains("Order 1 is unpaid"), "{:?}", app.subjects());
        let now = app.clock.wall().naive_utc();
        let silence = NewSilence {
            key: Some("orders".to_owned()),
            severity: None,
            reason: "the batch runs".to_owned(),
            created_by: "ann".to_owned(),
            created_at: now,
            starts_at: now,
            ends_at: now + Duration::from_secs(3600),
        };
        app.db.write(move |c| silences::create(c, &silence)).await.unwrap();
        app.restart(metric("unpaid", "rise = 1", "was = \"orders\""));
        app.read("w", 2.0).await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        assert!(app.alerts().await[1].muted.as_deref().unwrap().starts_with("silence:"));
        app.finish().await;
    }
}

both! {
    async fn a_metric_that_was_read_under_both_keys_keeps_both_histories(app: TestApp, metric("old", "rise = 1", "")) {
        app.read("w", 5.0).await;
        app.restart(metric("orders", "rise = 1", ""));
        app.read("w", 6.0).await;
        app.restart(metric("orders", "rise = 1", "was = \"old\""));
        app.read("w", 7.0).await;
        assert_eq!((app.samples("old").await.len(), app.samples("orders").await.len()), (1, 2));
        assert_eq!(app.alerts().await.last().unwrap().previous, Some(6.0));
        app.finish().await;
    }
}
