//! The real programs over one database: worker and web, killed and restarted.

use std::time::{Duration, Instant};

use monitor_simulator::{SmtpFault, Stage, Times};
use monitor_tests::{Backend, Process, Site, eventually};

async fn a_rise_reaches_everybody(backend: Backend) {
    let Some(site) = Site::new(backend).await else {
        return;
    };
    // Both start at once over an empty database: either may migrate it.
    let mut web = site.program("monitor-web", &[]);
    let mut worker = site.program("monitor-worker", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    site.wait_for_reads(2).await;

    site.world.b.add_message("x", "m1", "Order 4711 is unpaid");
    site.world.a.set_total("x", 1.0);
    let records = eventually("the record on the page", || async {
        site.records().await.filter(|records| !records.is_empty())
    })
    .await;
    assert_eq!(records[0]["alert_message"], "Order 4711 is unpaid");
    assert_eq!(site.world.b.alarms(), ["x"]);
    let mails = site.world.mail.wait_for(1, Duration::from_secs(10)).await;
    assert!(mails[0].text.contains("Order 4711 is unpaid"));
    let values = site.get("/get_current_values").await.unwrap();
    assert!(
        values.contains(r#""x":1"#),
        "the value is older than its record: {values}"
    );

    let (ended, took) = worker.terminate();
    assert!(ended.success(), "{}", worker.output());
    assert!(took < Duration::from_secs(5), "stopping took {took:?}");
    let (ended, took) = web.terminate();
    assert!(ended.success(), "{}", web.output());
    assert!(took < Duration::from_secs(5), "stopping took {took:?}");
    for log in [worker.output(), web.output()] {
        assert!(!log.contains("-secret"), "a password is in the log: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rise_reaches_everybody_sqlite() {
    a_rise_reaches_everybody(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rise_reaches_everybody_postgres() {
    a_rise_reaches_everybody(Backend::Postgres).await;
}

async fn killed_between_commit_and_mail(backend: Backend) {
    let Some(site) = Site::new(backend).await else {
        return;
    };
    let mut worker = site.program("monitor-worker", &[]);
    eventually("the first poll", || async {
        (site.world.a.reads("x") > 0).then_some(())
    })
    .await;
    // The mail server refuses for now, so the worker dies with the alert committed and the mail not sent.
    site.world
        .mail
        .script(SmtpFault::reply(Stage::MailFrom, 451, "later"), Times::Always);
    site.world.b.add_message("x", "m1", "Order 4711 is unpaid");
    site.world.a.set_total("x", 1.0);
    eventually("an attempt", || async {
        (site.world.mail.transactions() > 0).then_some(())
    })
    .await;
    worker.kill();
    assert_eq!(site.world.mail.mails().len(), 0);

    site.world.mail.clear_script();
    let mut worker = site.program("monitor-worker", &[]);
    let mails = site.world.mail.wait_for(1, Duration::from_secs(15)).await;
    assert!(mails[0].text.contains("Order 4711 is unpaid"));
    site.wait_for_reads(3).await; // and no more comes
    assert_eq!(site.world.mail.mails().len(), 1, "reported once");
    assert_eq!(site.world.b.alarms(), ["x"], "sounded once");
    worker.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_commit_and_mail_sqlite() {
    killed_between_commit_and_mail(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_commit_and_mail_postgres() {
    killed_between_commit_and_mail(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_does_one_cycle_delivers_and_exits() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    site.world.b.add_message("x", "m1", "Order 4711 is unpaid");
    site.world.a.set_total("x", 1.0);
    let mut worker = site.program("monitor-worker", &["--once"]);
    assert!(
        worker.wait(Duration::from_secs(20)).success(),
        "{}",
        worker.output()
    );
    assert_eq!(site.world.a.reads("x"), 1);
    assert_eq!(site.world.b.alarms(), ["x"]);
    assert_eq!(site.world.mail.mails().len(), 1, "delivered before it exits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_is_both_in_one_process() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    site.world.a.set_total("x", 1.0);
    let mut both = Process::start(
        "monitor",
        &["run", "--config", site.config.to_str().unwrap()],
        &[],
    );
    eventually("a record", || async {
        site.records().await.filter(|records| !records.is_empty())
    })
    .await;
    let began = Instant::now();
    let (ended, _) = both.interrupt();
    assert!(ended.success(), "{}", both.output());
    assert!(began.elapsed() < Duration::from_secs(5));
}
