//! A metric by a few lines of config: read, judged, explained and notified, with no code. As it stands in the design.

use monitor_harness::{Config, TestApp, both};
use monitor_simulator::{Fault, SmtpSink, Times};
use serde_json::json;

const W: &str = r#"
[metrics.x]

[metrics.w]                                # declared: no code
title = "Unpaid orders"
unit = "orders"
interval = "30s"
severity = "critical"                      # info | warning | critical
fetch = { system = "a", path = "/api/orders?status=unpaid", value = "$.meta.total" }        # RFC 9535 JSONPath
alert = { rise = 1 }
details = { system = "b", path = "/api/orders/latest?n={{ delta }}", messages = "$.items[*].title" }
notify = ["oncall"]
"#;

/// Both channels; W is only for the second.
fn config(oncall: &SmtpSink) -> Config {
    let channel = format!(
        "[channels.oncall]\nkind = \"smtp\"\nurl = \"{}\"\nfrom = \"m@example.com\"\nto = [\"oncall@example.com\"]\n",
        oncall.url()
    );
    Config {
        more: channel,
        ..Config::metrics(W)
    }
}

fn set_total(app: &TestApp, n: i64) {
    app.a()
        .set_document("/api/orders?status=unpaid", json!({ "meta": { "total": n } }));
}

both! {
    async fn w_is_read_explained_and_notified(app: TestApp, Config::metrics("[metrics.x]")) {
        let oncall = SmtpSink::start().await;
        app.restart(config(&oncall));
        set_total(&app, 0);
        app.poll().await;
        assert_eq!((oncall.received(), app.mail().mails().len()), (0, 0));

        set_total(&app, 2);
        app.b().set_document("/api/orders/latest?n=2", json!({ "items": [{ "title": "Order 8" }, { "title": "Order 9" }] }));
        app.poll().await;
        assert_eq!(app.records_of("w").await, ["Order 8", "Order 9"]);
        let mails = oncall.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["oncall@example.com"]);
        assert_eq!(mails[0].subject, "[critical] Unpaid orders 2 (+2): Order 8 (and 1 more)");
        assert!(mails[0].text.contains("· Order 8\n· Order 9\n") && mails[0].text.contains("orders"), "{}", mails[0].text);
        assert_eq!(app.mail().mails().len(), 0, "the other channel is not for W");
        assert_eq!(app.b().alarms(), ["w"], "its alarm is its own");
        let alerts = app.alerts().await;
        assert_eq!((alerts.len(), alerts[0].value, alerts[0].previous), (1, Some(2.0), Some(0.0)));
        assert_eq!(alerts[0].severity.as_str(), "critical");

        // X goes on as ever, and to everybody.
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.read("x", 1.0).await;
        assert_eq!((app.mail().mails().len(), oncall.received()), (1, 2));
        app.finish().await;
    }
}

both! {
    async fn w_that_cannot_be_read_or_explained_says_so(app: TestApp, Config::metrics("[metrics.x]")) {
        let oncall = SmtpSink::start().await;
        app.restart(config(&oncall));
        set_total(&app, 5);
        app.poll().await;
        let first = oncall.received();
        assert!(first > 0, "the first value counts from 0");

        app.a().set_document("/api/orders?status=unpaid", json!({ "meta": {} }));
        app.poll().await;
        let (_, reason) = app.phase("w").await;
        assert!(reason.contains("system a: /api/orders: the answer has no $.meta.total"), "{reason}");
        app.a().set_document("/api/orders?status=unpaid", json!({ "meta": { "total": [7, 8] } }));
        app.poll().await;
        let (_, reason) = app.phase("w").await;
        assert!(reason.contains("$.meta.total is an array; wanted a number"), "{reason}");
        assert_eq!(oncall.received(), first, "what is unreadable is no rise");

        // What nobody explains is notified with the reading alone.
        app.b().fault("/api/orders/latest", Fault::Status(404), Times::Always);
        set_total(&app, 7);
        app.poll().await;
        app.after(std::time::Duration::from_secs(300)).await;
        let last = oncall.mails().pop().unwrap();
        assert!(last.text.contains('7') && last.subject.contains("Unpaid orders"), "{last:?}");
        assert_eq!(app.samples("w").await.pop().unwrap().value, Some(7.0));
        app.abandon();
    }
}
