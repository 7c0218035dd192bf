//! A wall clock that is stepped by decades, or by the hours that a machine slept: nothing becomes too old by it, and nothing is kept
//! for ever.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use monitor_domain::{Clock, MetricKey};
use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::{DeliveryStatus, NewSample, samples};

const HOUR: Duration = Duration::from_secs(3600);
const YEARS: [i64; 2] = [70, -50];

fn years(n: i64) -> TimeDelta {
    TimeDelta::days(365 * n)
}

/// How the mails stand, oldest first.
async fn mails(app: &TestApp) -> Vec<DeliveryStatus> {
    app.deliveries_of("mail")
        .await
        .into_iter()
        .map(|delivery| delivery.status)
        .collect()
}

both! {
    async fn a_step_makes_no_message_too_old(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        app.mail().stop().await;
        let mut made = 0;
        for step in YEARS {
            made += 1;
            app.read("x", f64::from(made)).await;
            app.after(HOUR).await;
            app.clock.step_wall(years(step));
            app.after(HOUR).await;
            made += 1;
            app.read("x", f64::from(made)).await;
            app.clock.step_wall(years(-step));
            app.after(HOUR).await;
        }
        // A machine that slept.
        app.clock.step_wall(TimeDelta::hours(2));
        app.after(HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::Pending; 4]);
        assert_eq!(app.engine.counters().given_up(), 0);
        app.mail().start_again().await;
        app.after(HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::Sent; 4]);
        app.finish().await;
    }
}

both! {
    async fn a_message_is_given_up_after_its_day_whatever_the_clock_reads(app: TestApp, Config::metrics("[metrics.x]\n")) {
        for (n, step) in YEARS.into_iter().enumerate() {
            app.read("x", n as f64 * 2.0).await;
            app.mail().stop().await;
            app.read("x", n as f64 * 2.0 + 1.0).await;
            app.clock.step_wall(years(step));
            app.after(23 * HOUR).await;
            assert_eq!(mails(&app).await.last(), Some(&DeliveryStatus::Pending), "{step}");
            app.after(2 * HOUR).await;
            assert_eq!(mails(&app).await.last(), Some(&DeliveryStatus::GivenUp), "{step}");
            app.clock.step_wall(years(-step));
            app.mail().start_again().await;
            app.after(HOUR).await;
        }
        app.finish().await;
    }
}

both! {
    async fn one_that_is_made_in_the_wrong_year_is_given_up_after_its_day_too(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        app.mail().stop().await;
        app.clock.step_wall(years(70));
        app.read("x", 1.0).await;
        let id = app.deliveries_of("mail").await[0].id;
        app.clock.step_wall(years(-70));
        app.after(23 * HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::Pending]);
        app.after(2 * HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::GivenUp]);
        // A person's retry has its own patience, although it is stamped decades before the message.
        let now = app.clock.wall().naive_utc();
        assert!(app.db.write(move |c| monitor_model::deliveries::retry(c, id, now)).await.unwrap());
        app.after(Duration::from_secs(30)).await;
        app.after(20 * HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::Pending]);
        app.mail().start_again().await;
        app.after(HOUR).await;
        assert_eq!(mails(&app).await, [DeliveryStatus::Sent]);
        app.finish().await;
    }
}

both! {
    async fn what_waits_for_a_channel_that_is_gone_waits_for_a_day_too(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        // The same with another channel, which nothing waits for.
        let renamed = app.config_text().replace("[channels.mail]", "[channels.post]");
        let engine = app.engine_of(&renamed);
        let run = async || engine.run_once(tokio_util::sync::CancellationToken::new()).await.unwrap();
        run().await;
        for step in YEARS {
            app.clock.step_wall(years(step));
            app.clock.jump(HOUR);
            run().await;
            app.clock.step_wall(years(-step));
            app.clock.jump(HOUR);
            run().await;
        }
        assert_eq!(mails(&app).await, [DeliveryStatus::Pending]);
        app.clock.jump(24 * HOUR);
        run().await;
        assert_eq!(mails(&app).await, [DeliveryStatus::GivenUp]);
        app.abandon();
    }
}

/// Stores a reading that is stamped so.
async fn store(app: &TestApp, at: NaiveDateTime) {
    let new = NewSample {
        key: MetricKey::stored("x"),
        at,
        value: Some(1.0),
        error: None,
        took_ms: 1,
    };
    app.db.write(move |c| samples::insert(c, &new)).await.unwrap();
}

async fn store_now(app: &TestApp) -> NaiveDateTime {
    let now = app.clock.wall().naive_utc();
    store(app, now).await;
    now
}

async fn stamps(app: &TestApp) -> Vec<NaiveDateTime> {
    app.samples("x")
        .await
        .into_iter()
        .map(|sample| sample.at)
        .collect()
}

/// So much time passes, and the janitor has cleaned: a reading that nobody can have taken within any time is gone.
async fn clean_after(app: &TestApp, time: Duration) {
    let never = chrono::NaiveDate::from_ymd_opt(1800, 1, 1)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap();
    store(app, never).await;
    app.clock.jump(time);
    eventually("the janitor", || async {
        // It sleeps until its next sign of life.
        app.clock.jump(Duration::from_secs(5));
        (!stamps(app).await.contains(&never)).then_some(())
    })
    .await;
}

/// What is too old is removed in several steps, of which [`clean_after`] sees the first.
async fn all_are_gone(app: &TestApp, what: &str) {
    eventually(what, || async {
        app.clock.jump(Duration::from_secs(5));
        stamps(app).await.is_empty().then_some(())
    })
    .await;
}

both! {
    async fn a_step_removes_no_history_and_keeps_none_for_ever(app: TestApp, Config {
        interval: "7days".into(),
        worker: "keep_samples = \"6h\"".into(),
        ..Config::metrics("[metrics.x]\n")
    }) {
        app.while_running(async {
            eventually("the first reading", || async { (!stamps(&app).await.is_empty()).then_some(()) }).await;
            clean_after(&app, 7 * HOUR).await;
            all_are_gone(&app, "as long as the clock goes as it should").await;
            let mut kept = vec![store_now(&app).await];
            for step in YEARS {
                app.clock.step_wall(years(step));
                clean_after(&app, HOUR).await;
                kept.push(store_now(&app).await);
                clean_after(&app, HOUR / 2).await;
                app.clock.step_wall(years(-step));
                clean_after(&app, HOUR).await;
                kept.sort();
                assert_eq!(stamps(&app).await, kept, "{step}");
            }
            // A machine that slept for hours: the reading of before is as old as its running time.
            app.clock.step_wall(TimeDelta::hours(5));
            clean_after(&app, Duration::from_secs(600)).await;
            assert_eq!(stamps(&app).await, kept);
            clean_after(&app, 7 * HOUR).await;
            all_are_gone(&app, "those of 1976 and 2096 too").await;
        }).await;
        app.finish().await;
    }
}
