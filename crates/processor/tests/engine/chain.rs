//! From a reading to a mail: every link once, and what the links owe each other.

use monitor_harness::{Config, both};
use tokio_util::sync::CancellationToken;

both! {
    async fn a_rise_is_an_alarm_a_mail_and_a_record(app: TestApp) {
        app.poll().await; // all at 0: nothing to tell
        assert_eq!(app.b().alarms(), Vec::<String>::new());
        app.b().add_message("x", "m1", "Order 4711 is unpaid since 09:00");
        app.read("x", 2.0).await;

        assert_eq!(app.b().alarms(), ["x"]);
        let question = app.b().requests().into_iter().find(|request| request.path == "/api/alerts/x").unwrap();
        assert_eq!(question.query.as_str(), "total=2&previous=0");
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["ops@example.com"]);
        assert!(mails[0].text.contains("Order 4711 is unpaid since 09:00"), "{}", mails[0].text);
        assert!(mails[0].html.contains("Order 4711 is unpaid since 09:00"));
        let records = app.records().await;
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].key.as_str(), records[0].value, records[0].alert), ("x", Some(2.0), true));
        assert_eq!(records[0].alert_message, "Order 4711 is unpaid since 09:00");
        let alerts = app.alerts().await;
        assert_eq!((alerts.len(), alerts[0].value, alerts[0].previous), (1, Some(2.0), Some(0.0)));
        app.finish().await;
    }
}

both! {
    async fn each_message_is_a_mail_and_a_record_and_told_once(app: TestApp) {
        app.poll().await;
        app.b().add_message("y", "m1", "Transfer 1 is stuck");
        app.b().add_message("y", "m2", "Transfer 2 is stuck");
        app.read("y", 2.0).await;
        assert_eq!(app.mail().mails().len(), 2);
        // System B goes on listing the old ones beside the new one.
        app.b().add_message("y", "m3", "Transfer 3 is stuck");
        app.read("y", 3.0).await;
        let said: Vec<String> = app.messages().await.into_iter().map(|(_, message)| message).collect();
        assert_eq!(said, ["Transfer 1 is stuck", "Transfer 2 is stuck", "Transfer 3 is stuck"]);
        assert_eq!(app.mail().mails().len(), 3);
        app.finish().await;
    }
}

both! {
    async fn a_deleted_record_is_not_told_again(app: TestApp) {
        app.poll().await;
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.read("x", 1.0).await;
        let id = app.records().await[0].id;
        let at = chrono::Utc::now().naive_utc();
        assert!(app.db.write(move |conn| monitor_model::records::delete(conn, id, at)).await.unwrap());
        app.read("x", 2.0).await; // System B knows nothing newer
        let said = app.messages().await;
        assert_eq!(said.len(), 1, "the reading itself, not the old message: {said:?}");
        assert!(said[0].1.contains("rose by 1"), "{said:?}");
        app.finish().await;
    }
}

both! {
    async fn nobody_to_explain_it_is_told_as_the_reading(app: TestApp) {
        app.poll().await;
        app.read("x", 5.0).await; // System B has no message
        assert_eq!(app.messages().await, [("x".to_owned(), "5 rose by 5 from 0".to_owned())]);
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn every_recipient_is_told_the_same_message(app: TestApp, Config {
        to: vec!["one@example.com".into(), "Two <two@example.com>".into()], ..Config::default()
    }) {
        app.poll().await;
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.read("x", 1.0).await;
        let mails = app.mail().mails();
        let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
        to.sort();
        assert_eq!(to, ["one@example.com", "two@example.com"]);
        assert_eq!(mails[0].message_id, mails[1].message_id, "it is one message");
        let header = mails[0].header("To").unwrap();
        assert!(header.contains("one@example.com") && header.contains("two@example.com"), "{header}");
        app.finish().await;
    }
}

both! {
    async fn many_messages_are_bounded_and_the_rest_counted(app: TestApp) {
        app.poll().await;
        for n in 0..25 {
            app.b().add_message("x", &format!("m{n}"), &format!("Order {n} is unpaid"));
        }
        app.read("x", 25.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 20);
        let last: Vec<_> = mails.iter().filter(|mail| mail.text.contains("And 5 more:")).collect();
        assert_eq!(last.len(), 1, "one says how many more");
        for n in 20..25 {
            assert!(last[0].text.contains(&format!("· Order {n} is unpaid")), "and which: {}", last[0].text);
        }
        assert_eq!(app.messages().await.len(), 25, "all of them are on record");
        assert_eq!(app.alerts().await[0].further_messages, 5);
        app.finish().await;
    }
}

both! {
    async fn a_declared_metric_needs_no_code(app: TestApp, Config::metrics(r#"
[metrics.w]
title = "Unpaid orders"
fetch = { system = "a", path = "/api/orders?status=unpaid", value = "$.meta.total" }
alert = { rise = 1 }
details = { system = "b", path = "/api/orders/latest?n={{ delta }}", messages = "$.items[*].title" }
"#)) {
        let total = |n: i32| serde_json::json!({ "meta": { "total": n } });
        app.a().set_document("/api/orders?status=unpaid", total(0));
        app.poll().await;
        app.a().set_document("/api/orders?status=unpaid", total(2));
        let latest = serde_json::json!({ "items": [{ "title": "Order 8" }, { "title": "Order 9" }] });
        app.b().set_document("/api/orders/latest?n=2", latest);
        app.poll().await;
        let said = app.messages().await;
        assert_eq!(said, [("w".to_owned(), "Order 8".to_owned()), ("w".to_owned(), "Order 9".to_owned())]);
        assert!(app.subjects()[0].contains("Unpaid orders"), "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn two_workers_on_the_same_metric_alert_once(app: TestApp) {
        app.poll().await;
        let other = app.another_engine();
        app.b().set_auto_messages(true);
        for total in 1..=10 {
            app.a().set_total("x", f64::from(total));
            let (one, two) = tokio::join!(app.engine.run_once(CancellationToken::new()), other.run_once(CancellationToken::new()));
            one.unwrap();
            two.unwrap();
        }
        let alerts = app.alerts().await;
        let values: Vec<f64> = alerts.iter().filter_map(|alert| alert.value).collect();
        assert_eq!(values, (1..=10).map(f64::from).collect::<Vec<_>>(), "each rise once");
        assert_eq!(app.b().alarms().len(), 10);
        let mut ids: Vec<_> = app.mail().mails().into_iter().map(|mail| mail.message_id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "no mail was sent twice");
        app.finish().await;
    }
}
