//! What an Alertmanager shows of an alert: a stand-in that checks what is posted as Alertmanager does, and the real one.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::{Clock, SystemClock};
use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::alerts;
use monitor_requests::{Client, ClientConfig, Request};
use monitor_simulator::http::{Fault, Times};
use monitor_testkit::alertmanager;
use monitor_testkit::sinks::{Alertmanager, Sink};
use serde_json::Value;

const MINUTE: Duration = Duration::from_secs(60);

/// The metric z, of which only the Alertmanager at this address is notified.
fn config(url: &str) -> Config {
    Config {
        more: format!("[channels.am]\nkind = \"alertmanager\"\nurl = {url:?}\n"),
        ..Config::metrics(
            "[metrics.z]\nalert = { above = 100, clear_below = 90, no_data = \"1d\" }\nnotify = [\"am\"]\n\
             severity = \"critical\"\n",
        )
    }
}

fn time(alert: &Value, name: &str) -> DateTime<Utc> {
    alert[name].as_str().unwrap().parse().unwrap()
}

/// What was posted since `from` posts ago: the only alert of each.
fn posted(sink: &Sink, from: usize) -> Vec<Value> {
    let taken = sink.taken();
    let alerts = taken[from..]
        .iter()
        .map(|one| one.body.as_array().unwrap().clone());
    alerts
        .map(|mut one| {
            assert_eq!(one.len(), 1, "{one:?}");
            one.remove(0)
        })
        .collect()
}

async fn acknowledge(app: &TestApp) {
    let (id, now) = (app.alerts().await[0].id, app.clock.wall().naive_utc());
    let acknowledge = move |c: &mut monitor_model::Conn| alerts::acknowledge(c, id, "ann", None, now);
    assert!(app.db.write(acknowledge).await.unwrap());
}

both! {
    async fn what_lasts_is_sent_again_and_what_ended_as_ended(app: TestApp) {
        let sink = Sink::start(Alertmanager::open(), SystemClock::shared()).await.unwrap();
        app.restart(config(&sink.address()));
        app.read("z", 131.0).await;
        let first = posted(&sink, 0);
        let labels = first[0]["labels"].clone();
        assert_eq!(labels["alertname"], "z", "{labels}");
        assert_eq!(labels["severity"], "critical", "{labels}");
        acknowledge(&app).await;
        // A worker that remembers nothing goes on.
        app.restart(config(&sink.address()));
        let before = sink.taken().len();
        app.after(MINUTE).await;
        let again = posted(&sink, before);
        assert_eq!(again.len(), 1);
        assert_eq!((&again[0]["labels"], &again[0]["startsAt"]), (&labels, &first[0]["startsAt"]));
        assert!(time(&again[0], "endsAt") > app.clock.wall() + TimeDelta::minutes(4), "acknowledged, it fires");

        let before = sink.taken().len();
        app.a().set_total("z", 50.0);
        app.after(MINUTE).await;
        app.after(MINUTE).await;
        let ended = app.alerts().await[0].resolved_at.unwrap().and_utc();
        let posts = posted(&sink, before);
        assert_eq!(posts.len(), 3, "the recovery, and a round of each cycle: {posts:?}");
        for post in &posts {
            assert_eq!(post["labels"], labels);
            assert_eq!(time(post, "endsAt").timestamp_millis(), ended.timestamp_millis());
        }
        let before = sink.taken().len();
        app.after(MINUTE * 20).await;
        assert_eq!(posted(&sink, before).len(), 0, "it is over for long");
        app.finish().await;
    }
}

both! {
    async fn a_round_that_fails_is_counted_and_the_next_is_on_time(app: TestApp) {
        let sink = Sink::start(Alertmanager::open(), SystemClock::shared()).await.unwrap();
        app.restart(config(&sink.address()));
        app.read("z", 131.0).await;
        let restated = |result: &str| {
            app.series(&format!("monitor_restatements_total{{lane=\"am\",result=\"{result}\"}}"))
        };
        let good = restated("good");
        sink.fault("/", Fault::Status(503), Times::Once);
        app.after(MINUTE).await;
        assert_eq!((restated("failed"), restated("good")), (1.0, good));
        app.after(MINUTE).await;
        assert_eq!((restated("failed"), restated("good")), (1.0, good + 1.0));
        app.finish().await;
    }
}

/// What Alertmanager says is active, of the metric z.
async fn active(client: &Client, url: &str) -> Option<Vec<Value>> {
    let request = Request::get(format!("{url}/api/v2/alerts").parse().unwrap());
    let answer = client.send(&request).await.ok()?;
    let mut all: Vec<Value> = answer.require_success().ok()?.json().ok()?;
    all.retain(|alert| alert["labels"]["metric"] == "z");
    Some(all)
}

both! {
    async fn alertmanager_shows_an_alert_for_as_long_as_it_lasts(app: TestApp) {
        let Some(real) = alertmanager::start().unwrap() else {
            app.abandon();
            return;
        };
        let client = Client::new(ClientConfig::default(), SystemClock::shared()).unwrap();
        eventually("it answers", || active(&client, real.url())).await;
        app.restart(config(real.url()));
        app.a().set_total("z", 131.0);
        // Its only alert, once that ends so much later than the monitor's clock says it is.
        let shown = || async {
            let mut all = active(&client, real.url()).await?;
            let alert = all.pop()?;
            assert!(all.is_empty(), "the same labels are one alert: {all:?}");
            (time(&alert, "endsAt") > app.clock.wall() + TimeDelta::minutes(4)).then_some(alert)
        };
        app.poll().await;
        let first = eventually("it is shown", shown).await;
        assert_eq!(first["status"]["state"], "active", "{first}");
        assert_eq!(first["labels"]["alertname"], "z", "{first}");
        for _ in 0..10 {
            app.after(MINUTE).await;
            let alert = eventually("it is sent again", shown).await;
            assert_eq!(alert["status"]["state"], "active");
            assert_eq!((&alert["labels"], &alert["startsAt"]), (&first["labels"], &first["startsAt"]));
        }
        // Alertmanager goes by its own clock: an end that lies ahead of that is none yet.
        app.clock.step_wall(-TimeDelta::minutes(10));
        app.read("z", 50.0).await;
        let is_over = || async { active(&client, real.url()).await?.is_empty().then_some(()) };
        eventually("it is over", is_over).await;
        // Nor does it come back.
        for _ in 0..3 {
            app.after(MINUTE).await;
            assert_eq!(active(&client, real.url()).await, Some(Vec::new()));
        }
        app.finish().await;
    }
}
