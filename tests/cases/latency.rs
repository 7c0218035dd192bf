//! How long it takes from the poll that saw a rise to the alarm, the mail and the record on the page, with worker and
//! web as two processes. A measurement, not a test:
//! `cargo test -p monitor-tests --test e2e -- --ignored --nocapture latency`.

#![allow(clippy::print_stdout)] // figures for a person

use std::time::{Duration, Instant};

use monitor_tests::{Backend, Site, eventually};

const RISES: usize = 40;

async fn measure(backend: Backend) {
    let Some(site) = Site::new(backend).await else {
        return;
    };
    site.world.b.set_auto_messages(true);
    let _web = site.program("monitor-web", &[]);
    let _worker = site.program("monitor-worker", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    site.wait_for_reads(2).await;
    let (mut alarm, mut mail, mut page) = (Vec::new(), Vec::new(), Vec::new());
    for n in 1..=RISES {
        site.world.a.set_total("x", n as f64);
        let shown = eventually("the record on the page", || async {
            (site.records().await?.len() == n).then(Instant::now)
        })
        .await;
        eventually("the mail and the alarm", || async {
            (site.world.mail.mails().len() == n && site.world.b.alarms().len() == n).then_some(())
        })
        .await;
        // The poll that saw it: the last one before the alarm.
        let sounded = site.world.b.alarm_times()[n - 1];
        let polls = site
            .world
            .a
            .requests()
            .into_iter()
            .filter(|read| read.path == "/api/totals/x" && read.at < sounded);
        let poll = polls.last().unwrap().at;
        alarm.push(sounded - poll);
        mail.push(site.world.mail.mails()[n - 1].at - poll);
        page.push(shown - poll);
    }
    for (what, mut times) in [("alarm", alarm), ("mail", mail), ("record on the page", page)] {
        times.sort();
        let (first, median, last) = (times[0], times[RISES / 2], times[RISES - 1]);
        println!(
            "{backend:?}: poll to {what}: {} / {} / {} ms (min / median / max of {RISES})",
            ms(first),
            ms(median),
            ms(last)
        );
    }
}

fn ms(d: Duration) -> u128 {
    d.as_millis()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn latency() {
    measure(Backend::Sqlite).await;
    measure(Backend::Postgres).await;
}
