//! From a reading to a mail: every link once, and what the links owe each other.

use monitor_harness::{Config, both};
use monitor_simulator::Message;
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
    async fn each_message_is_a_mail_where_that_is_wanted_and_a_record_and_told_once(
        app: TestApp, Config::metrics("[metrics.y]\neach = true\n")
    ) {
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
    async fn several_messages_are_one_mail_with_a_list(app: TestApp) {
        app.poll().await;
        app.b().add_message("y", "m1", "Transfer 1\nis <stuck>");
        app.b().add_message("y", "m2", "Transfer 2 is stuck");
        app.read("y", 2.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, "[warning] Y 2 (+2): Transfer 1 is <stuck> (and 1 more)");
        assert!(mails[0].text.contains("· Transfer 1 is <stuck>\n· Transfer 2 is stuck\n"), "{}", mails[0].text);
        assert_eq!(app.records_of("y").await.len(), 2);
        app.b().add_message("y", "m3", "Transfer 3 is stuck");
        app.read("y", 3.0).await;
        assert_eq!(app.subjects()[1], "[warning] Y 3 (+1): Transfer 3 is stuck");
        assert_eq!(app.alerts().await.iter().map(|alert| alert.further_messages).sum::<i32>(), 0);
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
    async fn many_mails_are_bounded_and_the_rest_counted(app: TestApp, Config::metrics("[metrics.x]\neach = true\n")) {
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

/// So many messages of System B, from number `from` on.
fn orders(from: usize, count: usize) -> Vec<Message> {
    let order = |n: usize| Message::from((format!("m{n}"), format!("Order {n} is unpaid")));
    (from..from + count).map(order).collect()
}

both! {
    async fn what_is_more_than_is_kept_is_counted_and_said(app: TestApp) {
        app.poll().await;
        app.b().set_messages("x", orders(0, 1_412));
        app.read("x", 1_412.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].subject, "[warning] X 1412 (+1412): Order 0 is unpaid (and 1411 more)");
        let text = &mails[0].text;
        assert!(text.contains("· Order 49 is unpaid\n· and 1362 more, on the page\n"), "{text}");
        let said = app.records_of("x").await;
        assert_eq!(said.len(), 1_001, "a thousand, and how many more");
        assert_eq!(said[999], "Order 999 is unpaid");
        assert_eq!(said[1_000], "… and 412 more, which are not kept");
        assert_eq!(app.alerts().await[0].further_messages, 950 + 412, "the page says so");

        // Those that are known leave room for those that are new, wherever they stand in the answer.
        let mut again = orders(0, 1_000);
        again.extend(orders(1_412, 3));
        app.b().set_messages("x", again);
        app.read("x", 1_415.0).await;
        let said = app.records_of("x").await;
        assert_eq!(said[1_001..], ["Order 1412 is unpaid", "Order 1413 is unpaid", "Order 1414 is unpaid"]);
        assert_eq!(app.mail().mails().len(), 2);
        assert_eq!(app.alerts().await[1].further_messages, 0);
        app.finish().await;
    }
}

both! {
    async fn one_more_than_is_kept_is_said_where_each_is_a_mail(app: TestApp, Config {
        lang: "zh".into(),
        ..Config::metrics("[metrics.x]\neach = true\nmax_messages = 1\n[metrics.y]\neach = true\nmax_messages = 1000\n")
    }) {
        app.poll().await;
        app.b().set_messages("x", orders(0, 1_000));
        app.read("x", 1.0).await;
        assert_eq!((app.records_of("x").await.len(), app.alerts().await[0].further_messages), (1_000, 999));
        assert!(app.mail().mails()[0].text.contains("另有 999 条：") && app.mail().mails()[0].text.contains("· 其余 949 条请查看页面"), "{}", app.mail().mails()[0].text);
        app.b().set_messages("y", orders(0, 1_001));
        app.read("y", 1.0).await;
        let said = app.records_of("y").await;
        assert_eq!((said.len(), said[1_000].as_str()), (1_001, "……另有 1 条，未保存"));
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1 + 1_000);
        let last: Vec<_> = mails.iter().filter(|mail| mail.text.contains("……另有 1 条，未保存")).collect();
        assert!(last.len() == 1 && last[0].text.contains("Order 999 is unpaid"), "{last:?}");
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

both! {
    async fn a_mail_links_to_the_page_of_its_alert(app: TestApp, Config {
        web: "base_url = \"https://monitor.example\"".into(), ..Config::default()
    }) {
        app.poll().await;
        app.b().add_message("x", "m1", "Order 1 is unpaid");
        app.read("x", 1.0).await;
        let id = app.alerts().await[0].id;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        let page = format!("https://monitor.example/alerts/{id}");
        assert!(mails[0].text.contains(&page), "{}", mails[0].text);
        assert!(mails[0].html.contains(&page), "{}", mails[0].html);
        app.finish().await;
    }
}
