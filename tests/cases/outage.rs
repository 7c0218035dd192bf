//! The mail server down and back: nothing is lost, nothing is told twice.

use std::time::Duration;

use monitor_testkit::{SmtpFault, Stage, Times};
use monitor_tests::{Config, both};

both! {
    async fn mails_wait_for_the_server(app: TestApp) {
        app.b().set_auto_messages(true);
        app.poll().await;
        app.mail().stop().await;
        for total in 1..=5 {
            app.read("x", f64::from(total)).await;
        }
        assert_eq!(app.b().alarms().len(), 5, "the alarm needs no mail");
        let waiting = app.deliveries().await;
        let mails: Vec<_> = waiting.iter().filter(|d| d.lane == "mail").collect();
        assert_eq!(mails.len(), 5);
        assert!(mails.iter().all(|d| d.status == "pending" && d.attempt >= 1), "{mails:?}");
        assert!(mails[0].last_error.is_some());

        app.after(Duration::from_secs(1800)).await; // half an hour later it is still down
        app.mail().start_again().await;
        app.after(Duration::from_secs(600)).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 5, "all of them");
        let mut ids: Vec<_> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5, "each once");
        app.finish().await;
    }
}

both! {
    async fn a_repeat_is_the_same_mail(app: TestApp) {
        app.b().set_auto_messages(true);
        app.poll().await;
        // The server takes the mail and the answer is lost: nobody can know, so it is sent again.
        app.mail().script(SmtpFault::DropAfterData, Times::Once);
        app.read("x", 1.0).await;
        app.after(Duration::from_secs(60)).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].message_id, mails[1].message_id);
        app.finish().await;
    }
}

both! {
    async fn one_refused_recipient_does_not_hold_up_the_others(app: TestApp, Config {
        to: vec!["gone@example.com".into(), "ops@example.com".into()], ..Config::default()
    }) {
        app.b().set_auto_messages(true);
        app.poll().await;
        let refused = SmtpFault::reply(Stage::RcptTo(Some("gone@example.com".into())), 550, "no such user");
        app.mail().script(refused, Times::Always);
        app.read("x", 1.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["ops@example.com"]);
        let failed: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == "failed").collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].last_error.as_deref().unwrap().contains("no such user"), "{failed:?}");
        app.finish().await;
    }
}

both! {
    async fn a_busy_server_is_tried_again(app: TestApp) {
        app.b().set_auto_messages(true);
        app.poll().await;
        app.mail().script(SmtpFault::reply(Stage::MailFrom, 451, "try later"), Times::N(3));
        app.read("x", 1.0).await;
        assert_eq!(app.mail().mails().len(), 0);
        for _ in 0..6 {
            app.after(Duration::from_secs(20)).await;
        }
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn what_cannot_be_delivered_for_a_day_is_given_up_visibly(app: TestApp) {
        app.b().set_auto_messages(true);
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        app.after(Duration::from_secs(25 * 3600)).await;
        let given_up: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == "given_up").collect();
        assert_eq!(given_up.len(), 1);
        assert_eq!(given_up[0].lane, "mail");
        assert_eq!(app.engine.counts().given_up(), 1);
        app.finish().await;
    }
}
