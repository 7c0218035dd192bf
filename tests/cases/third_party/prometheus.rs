//! Prometheus behind HTTP Basic, as its `web.yml` sets it up; there is no session to end, so the password changes.

use super::*;

const ACCOUNT: (&str, &str) = ("prometheus", "targets");

/// Of `PASSWORD`, and of another one, by bcrypt at its lowest cost.
const HASH: &str = "$2a$04$DBmz9CT1wwBo6MErSicO5OhLPTOzbEkTr0t8UFZNRQd9CExjIUCci";
const HASH_OF_ANOTHER: &str = "$2a$04$WiRFzUYQJZsqggQeaSxjLOWKV3Kg1gnikARtjxrHynK1YjfZCdl3e";

fn write_accounts(folder: &Path, hash: &str) {
    let text = format!("basic_auth_users:\n  monitor: {hash}\n");
    std::fs::write(folder.join("web.yml"), text).unwrap();
}

async fn start() -> Option<ThirdParty> {
    let program = require("prometheus")?;
    let prepare = |folder: &Path, _| {
        write_accounts(folder, HASH);
        write_targets(folder, "'127.0.0.1:1', '127.0.0.1:2'");
    };
    let command = move |folder: &Path, port: u16| {
        let mut command = Command::new(&program);
        command.args([
            format!("--config.file={}", folder.join("prometheus.yml").display()),
            format!("--web.config.file={}", folder.join("web.yml").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
        ]);
        command
    };
    let system = ThirdParty::start(prepare, command).await;
    // It finds its targets some seconds after it answers.
    eventually("two targets", || async {
        let targets = http().get(format!("{}/api/v1/targets", system.url));
        let answer = targets.basic_auth("monitor", Some(PASSWORD)).send().await.ok()?;
        let text = answer.text().await.ok()?;
        (text.matches("scrapeUrl").count() == 2).then_some(())
    })
    .await;
    Some(system)
}

fn write_targets(folder: &Path, hosts: &str) {
    let text =
        format!("scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: [{hosts}] }}] }}]\n");
    std::fs::write(folder.join("prometheus.yml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_are_counted_before_and_after_a_restart() {
    let Some(mut system) = start().await else { return };
    reads_on(
        &mut system,
        ACCOUNT,
        ((2.0, 3.0), 1),
        async |system: &mut ThirdParty| {
            let three = "'127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'";
            system.restart(|folder| write_targets(folder, three)).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_tried_once() {
    let Some(system) = start().await else { return };
    let wrong = Wrong {
        says: "sign-in refused: GET /api/v1/targets: answered 401; check username and password",
        is_a_try: "authorization: basic",
    };
    tells_a_wrong_password(&system, ACCOUNT, &wrong).await;
}

/// It reads its accounts anew for every call: the password that was good all the time is so no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_changed_is_told_and_not_tried_for_ever() {
    let Some(system) = start().await else { return };
    let relay = Relay::start(system.port, "authorization: basic").await;
    let site = site(ACCOUNT.0, &relay.url).await;
    let mut worker = worker(&site, PASSWORD);
    shown(&site, ACCOUNT.1, 2.0).await;
    write_accounts(system.folder.path(), HASH_OF_ANOTHER);
    eventually("a mail", || async { mailed(&site, "sign-in refused") }).await;
    let before = relay.tries();
    eventually("ten more cycles", || async {
        (unreadable(&worker) > 10).then_some(())
    })
    .await;
    assert_eq!(relay.tries(), before, "{}", worker.output());
    worker.terminate();
}
