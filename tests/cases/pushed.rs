//! Values that a business system sends, with the real programs: from the request to the mail, across deaths of the worker and a
//! changed token.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use monitor_model::{alerts, pushed_values, samples};
use monitor_tests::{Backend, Config, Process, Site, binary, eventually, http};
use serde_json::{Value, json};

const TOKEN: &str = "returns-0123456789abcdef";

/// Looked at once an hour: what is noticed sooner is noticed because it came.
fn config() -> Config {
    Config {
        interval: "1h".into(),
        ..Config::metrics(&format!(
            "[metrics.returns]\ntitle = \"Returns\"\npush = {{ token = \"{TOKEN}\" }}\n\
             alert = {{ rise = 1, initial = \"learn\" }}\n"
        ))
    }
}

async fn send(site: &Site, token: &str, id: &str, value: f64, text: &str) -> (u16, Value) {
    let body = json!({ "id": id, "value": value, "messages": [{ "id": id, "text": text }] });
    let answer = http()
        .post(format!("http://{}/api/v1/metrics/returns/values", site.web))
        .header("Authorization", format!("Bearer {token}"))
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

async fn mails(site: &Site, n: usize) {
    eventually("the mails", || async {
        (site.world.mail.mails().len() == n).then_some(())
    })
    .await;
}

fn hang_up(process: &Process) {
    let sent = Command::new("kill")
        .args(["-HUP", &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

async fn a_value_is_a_mail_at_once_and_a_token_is_changed(backend: Backend) {
    let Some(site) = Site::with(backend, &config()).await else {
        return;
    };
    let web = site.program("monitor-web", &[]);
    let worker = site.program("monitor-worker", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    eventually("the worker watches", || async {
        worker.output().contains("watching 1 metric").then_some(())
    })
    .await;
    let accepted = json!({ "accepted": true, "duplicate": false });
    let repeated = json!({ "accepted": true, "duplicate": true });
    assert_eq!(
        send(&site, TOKEN, "p0", 0.0, "none").await,
        (202, accepted.clone())
    );
    assert_eq!(
        send(&site, TOKEN, "p1", 1.0, "Return 4711: broken").await,
        (202, accepted.clone())
    );
    mails(&site, 1).await;
    assert_eq!(
        send(&site, TOKEN, "p1", 1.0, "Return 4711: broken").await,
        (200, repeated)
    );
    let mail = site.world.mail.mails().remove(0);
    assert!(
        mail.subject.contains("Returns") && mail.text.contains("Return 4711: broken"),
        "{}",
        mail.text
    );
    let records = site.records().await.unwrap();
    assert_eq!(
        (records.len(), &records[0]["alert_message"]),
        (1, &json!("Return 4711: broken"))
    );
    assert_eq!(site.world.b.alarms(), ["returns"]);

    // Another token, and a page that goes on.
    let text = std::fs::read_to_string(&site.config).unwrap();
    std::fs::write(&site.config, text.replace(TOKEN, "another-0123456789abcdef")).unwrap();
    hang_up(&web);
    eventually("the other token is taken", || async {
        let (status, _) = send(&site, TOKEN, "p1", 1.0, "").await;
        (status == 401).then_some(())
    })
    .await;
    assert_eq!(
        send(&site, "another-0123456789abcdef", "p2", 2.0, "Return 4712: late").await,
        (202, accepted)
    );
    mails(&site, 2).await;
    for process in [&web, &worker] {
        assert!(!process.output().contains(TOKEN), "{}", process.output());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_a_mail_at_once_on_sqlite() {
    a_value_is_a_mail_at_once_and_a_token_is_changed(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_a_mail_at_once_on_postgres() {
    a_value_is_a_mail_at_once_and_a_token_is_changed(Backend::Postgres).await;
}

/// Values come while no worker runs, and each worker dies at another point of its work on them.
async fn a_worker_that_dies_on_a_value_loses_and_doubles_nothing(backend: Backend) {
    let Some(site) = Site::with(backend, &config()).await else {
        return;
    };
    let _web = site.program("monitor-web", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    let mut sent = 0;
    for fault in [
        "after_sample:1",
        "before_commit:1",
        "after_commit:1",
        "after_sample:3",
        "before_commit:2",
        "after_commit:2",
    ] {
        for _ in 0..2 {
            let (status, answer) = send(
                &site,
                TOKEN,
                &format!("p{sent}"),
                f64::from(sent),
                &format!("return {sent}"),
            )
            .await;
            assert_eq!(status, 202, "{answer}");
            sent += 1;
        }
        let mut worker = site.program_with("monitor-worker", &[], &[("MONITOR_FAULT", fault)]);
        let ended = worker.wait(Duration::from_secs(30));
        assert_eq!(ended.signal(), Some(6), "{fault}: {}", worker.output());
    }
    let _worker = site.program("monitor-worker", &[]);
    let db = site.db().await;
    eventually("all are judged", || async {
        let waiting = db
            .read(|c| pushed_values::waiting_of(c, "returns"))
            .await
            .unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    let rises = usize::try_from(sent - 1).unwrap();
    mails(&site, rises).await;
    let values = db.read(|c| samples::recent(c, "returns", 100)).await.unwrap();
    let values: Vec<Option<f64>> = values.into_iter().rev().map(|sample| sample.value).collect();
    assert_eq!(
        values,
        (0..sent).map(|n| Some(f64::from(n))).collect::<Vec<_>>(),
        "each once, in its order"
    );
    assert_eq!(db.read(|c| alerts::recent(c, 100)).await.unwrap().len(), rises);
    let mut messages: Vec<String> = site
        .records()
        .await
        .unwrap()
        .iter()
        .map(|record| record["alert_message"].to_string())
        .collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), rises);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_on_a_value_on_sqlite() {
    a_worker_that_dies_on_a_value_loses_and_doubles_nothing(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_on_a_value_on_postgres() {
    a_worker_that_dies_on_a_value_loses_and_doubles_nothing(Backend::Postgres).await;
}

/// What a command of the operator says, and its exit code.
fn said(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary("monitor"));
    command.args(arguments).arg("--config").arg(&site.config);
    let ended = tokio::task::block_in_place(|| command.output()).unwrap();
    let text = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.concat();
    assert!(!text.contains(TOKEN), "{text}");
    (ended.status.code(), text)
}

/// Fails where `text` lacks one of `lines`, however it is aligned.
fn assert_says(text: &str, lines: &[&str]) {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in lines {
        assert!(squeezed.contains(line), "{line:?} is missing in:\n{text}");
    }
}

async fn an_operator_is_shown_how_to_send_and_what_came(backend: Backend) {
    let Some(site) = Site::with(backend, &config()).await else {
        return;
    };
    let (code, text) = said(&site, &["try", "metric", "returns"]);
    let url = format!("'http://{}/api/v1/metrics/returns/values'", site.web);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &[
            "metric returns: Returns",
            "read from nothing: its values are sent, to POST /api/v1/metrics/returns/values",
            "rule rise by 1",
            "curl -H \"Authorization: Bearer $TOKEN\" -d '{\"id\":",
            &url,
            "stored never judged",
        ],
    );
    let web = site.program("monitor-web", &[]);
    eventually("the web answers", || async { site.get("/readyz").await }).await;
    assert_says(
        &said(&site, &["try", "metric", "returns"]).1,
        &["received nothing that is still known"],
    );
    send(&site, TOKEN, "p0", 5.0, "none").await;
    assert_says(
        &said(&site, &["try", "metric", "returns"]).1,
        &[
            "received 5 at 20",
            "id p0; to be judged still, 1 value in all: is a worker running?",
        ],
    );
    let mut worker = site.program("monitor-worker", &["--once"]);
    assert!(
        worker.wait(Duration::from_secs(60)).success(),
        "{}",
        worker.output()
    );
    let (_, text) = said(&site, &["try", "metric", "returns"]);
    assert_says(
        &text,
        &[
            "received 5 at 20",
            "id p0; judged at 20",
            "stored normal since 20",
            "trail time",
        ],
    );
    let (_, text) = said(&site, &["check", "--online"]);
    assert_says(
        &text,
        &["ok metric returns: its values are sent, and nothing is requested (rise by 1"],
    );
    assert!(
        site.world
            .a
            .requests()
            .iter()
            .all(|request| request.path == "/api/login"),
        "nothing was read"
    );
    drop(web);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_shown_how_to_send_on_sqlite() {
    an_operator_is_shown_how_to_send_and_what_came(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_shown_how_to_send_on_postgres() {
    an_operator_is_shown_how_to_send_and_what_came(Backend::Postgres).await;
}
