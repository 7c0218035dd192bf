//! The mail server down and back: nothing is lost, nothing is sent twice.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both, eventually};
use monitor_simulator::SmtpSink;

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
    async fn what_cannot_be_delivered_for_a_day_is_given_up_visibly(app: TestApp) {
        app.b().set_auto_messages(true);
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        app.after(Duration::from_secs(25 * 3600)).await;
        let given_up: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == "given_up").collect();
        assert_eq!(given_up.len(), 1);
        assert_eq!(given_up[0].lane, "mail");
        assert_eq!(app.engine.counters().given_up(), 1);
        app.finish().await;
    }
}

/// A jump of the clock would be a timeout for what is being sent, and an incident of its channel to be reported.
async fn nothing_else_is_on_its_way(app: &TestApp) {
    eventually("nothing else is on its way", || async {
        let all = app
            .db
            .read(monitor_model::deliveries::unfinished_by_lane)
            .await
            .unwrap();
        all.iter().all(|left| left.lane == "slow").then_some(())
    })
    .await;
}

both! {
    async fn an_hour_without_mail_and_500_alerts(app: TestApp) {
        let sink = SmtpSink::start().await;
        let keys: Vec<String> = (0..50).map(|n| format!("w{n}")).collect();
        let metrics: String = keys
            .iter()
            .map(|key| format!(
                "[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/api/totals/{key}\", value = \"$.total\" }}\n\
                 alert = {{ rise = 1, no_data = \"1day\" }}\nnotify = [\"slow\"]\n"
            ))
            .collect();
        let more = format!(
            "[channels.slow]\nkind = \"smtp\"\nurl = \"{}\"\nfrom = \"m@example.com\"\nto = [\"ops@example.com\"]\n\
             per_minute = 100\nconcurrency = 1\n",
            sink.url()
        );
        let a = app.a().clone();
        let set = |total: usize| keys.iter().for_each(|key| a.set_total(key, total as f64));
        set(0);
        let mut attempts = std::collections::HashMap::new();
        app.restart(Config { metrics, more, interval: "6m".into(), worker: "notify = [\"mail\"]".into(), ..Config::default() });
        sink.stop().await;
        app.while_running(async {
            for total in 1..=10 {
                set(total);
                // On a busy machine a reading may come too late and count as failed: the next cycle makes up for it.
                let mut polls = 0;
                eventually("the cycles", || {
                    polls += 1;
                    if polls % 300 == 0 {
                        app.clock.jump(Duration::from_secs(360));
                    }
                    let is_done = app.engine.counters().alerts() == 50 * total as u64;
                    async move { is_done.then_some(()) }
                }).await;
                nothing_else_is_on_its_way(&app).await;
                app.clock.jump(Duration::from_secs(360));
            }
            assert_eq!(sink.received(), 0);
            let waiting = app.deliveries_of("slow").await;
            assert_eq!(waiting.len(), 500);
            assert!(waiting.iter().all(|d| d.finished_at.is_none()), "nothing is given up");

            attempts = app.deliveries_of("slow").await.into_iter().map(|d| (d.message_id, d.attempt)).collect();
            sink.start_again().await;
            let mut minutes = 0;
            while app.deliveries_of("slow").await.iter().any(|d| d.finished_at.is_none()) {
                minutes += 1;
                assert!(minutes < 30, "only {} of 500 after {minutes} minutes", sink.received());
                nothing_else_is_on_its_way(&app).await;
                // What is under way belongs to the minute before, and may yet arrive.
                let under_way = app.deliveries_of("slow").await.iter().filter(|d| d.status == "sending").count();
                let before = sink.received();
                app.clock.jump(Duration::from_secs(61));
                let mut polls = 0;
                eventually("all that this minute allows", || {
                    // What was under way as the clock jumped has failed, and its place in this minute is gone; a channel
                    // that failed is left alone for a while. Both come in with the next minute.
                    polls += 1;
                    let is_stuck = polls > 300;
                    let (app, sink) = (&app, &sink);
                    async move {
                    let now = monitor_domain::Clock::wall(&*app.clock).naive_utc();
                    let waiting = app.deliveries_of("slow").await;
                    let is_sending = waiting.iter().any(|d| d.status == "sending");
                    let is_due = waiting.iter().any(|d| d.status == "pending" && d.next_at <= now);
                    (!is_sending && (!is_due || is_stuck || sink.received() - before >= 100)).then_some(())
                    }
                }).await;
                let arrived = sink.received() - before;
                assert!(arrived <= 100 + under_way, "{arrived} in a minute, {under_way} of the one before");
            }
        }).await;
        // What was under way at a jump of the clock has failed by it: it comes later, and may have arrived before.
        let all: std::collections::HashMap<String, _> =
            app.deliveries_of("slow").await.into_iter().map(|d| (d.message_id.clone(), d)).collect();
        let mails = sink.mails();
        let arrived: std::collections::HashSet<_> = mails.iter().map(|mail| mail.message_id.clone()).collect();
        assert_eq!(arrived.len(), 500);
        let undisturbed: Vec<_> = mails
            .iter()
            .filter(|mail| all[&mail.message_id].attempt <= attempts[&mail.message_id] + 1)
            .collect();
        assert!(undisturbed.len() > 450, "only {} at their first attempt", undisturbed.len());
        let ids: std::collections::HashSet<_> = undisturbed.iter().map(|mail| &mail.message_id).collect();
        assert_eq!(ids.len(), undisturbed.len(), "each once");
        // The one with which the server was found to be back may be any; from then on the oldest go first.
        let order: Vec<_> = undisturbed[1..].iter().map(|mail| all[&mail.message_id].created_at).collect();
        assert!(order.is_sorted(), "{order:?}");
        app.deliver_all(Duration::from_secs(60), 5).await;
        app.finish().await;
    }
}
