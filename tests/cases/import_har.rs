//! `monitor import har`: what Chromium recorded of a sign-in becomes a config that the monitor reads the system by.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use monitor_simulator::{SystemA, SystemB};
use monitor_tests::{RecordedBrowser, binary};
use serde_json::{Value, json};

/// A folder with a recording in it.
pub(super) struct Recorded {
    folder: tempfile::TempDir,
}

impl Recorded {
    pub(super) fn new(har: &Value) -> Recorded {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("page.har"), har.to_string()).unwrap();
        Recorded { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) async fn import(&self, more: &[&str]) -> Output {
        let file = self.path("page.har");
        let mut arguments = vec!["import", "har", file.to_str().unwrap()];
        arguments.extend(more);
        monitor(&arguments, &[]).await
    }

    /// What `check --online` says of the config that was written.
    pub(super) async fn check(&self, env: &[(&str, &str)]) -> String {
        let config = self.path("monitor.toml");
        let output = monitor(&["check", "--online", "--config", config.to_str().unwrap()], env).await;
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }
}

async fn monitor(arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary("monitor"));
    command
        .args(arguments)
        .envs(env.iter().copied())
        .env("RUST_LOG", "info");
    tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap()
}

pub(super) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_chromium_filled_in_is_a_config_that_reads_system_b() {
    let Some(mut browser) = RecordedBrowser::start().await else {
        return;
    };
    let b = SystemB::start().await;
    b.set_total("x", 41.0);
    b.set_document(
        "/api/stats?day=all",
        json!({ "id": 7, "data": { "unpaid": 12, "timestamp": 1_795_766_400 } }),
    );
    browser.goto(&format!("{}/", b.url())).await;
    let fields = [
        ("input[name=username]", b.username()),
        ("input[name=password]", b.password()),
    ];
    browser.fill(&fields, "button").await;
    browser.run("await (await fetch('/api/totals/x?_=' + Date.now())).text(); await (await fetch('/api/stats?day=all')).text();").await;
    let recorded = Recorded::new(&browser.close().await);
    b.set_total("x", 42.0);

    let out = recorded.path("monitor.toml");
    let output = recorded
        .import(&["--name", "shop", "--replay", "--out", out.to_str().unwrap()])
        .await;
    let said = said(&output);
    let config = read(&out);
    assert!(output.status.success(), "{said}\n{config}");
    for line in [
        "ok    system shop: signed in",
        "ok    metric totals_x_total: 42",
        "ok    metric stats_unpaid: 12",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(
        config.contains("kind = \"form_cookie\"") && config.contains("form_path = \"/login\""),
        "{config}"
    );
    assert!(
        config.contains("path = \"/api/totals/x\", value = \"$.total\""),
        "{config}"
    );
    assert!(!(config + &said).contains(b.password()), "no password");

    let checked = recorded.check(&[("SHOP_PASSWORD", b.password())]).await;
    for line in [
        "ok    system shop: signed in",
        "ok    metric totals_x_total: 42",
        "ok    metric stats_unpaid: 12",
    ] {
        assert!(checked.contains(line), "{line}: {checked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_a_script_of_the_page_got_is_a_config_that_reads_system_a() {
    let Some(mut browser) = RecordedBrowser::start().await else {
        return;
    };
    let a = SystemA::start().await;
    a.set_total("x", 3.0);
    // Any page of the origin will do; that it is answered 401 is what a lost session is here.
    browser.goto(&format!("{}/", a.url())).await;
    let script = format!(
        "const answer = await fetch('/api/login', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
             body: JSON.stringify({{ username: '{}', password: '{}' }}) }});
         const {{ token }} = await answer.json();
         await (await fetch('/api/totals/x', {{ headers: {{ Authorization: 'Bearer ' + token }} }})).text();",
        a.username(),
        a.password()
    );
    browser.run(&script).await;
    let recorded = Recorded::new(&browser.close().await);

    let out = recorded.path("monitor.toml");
    let output = recorded
        .import(&["--name", "a", "--out", out.to_str().unwrap()])
        .await;
    assert!(output.status.success(), "{}", said(&output));
    let config = read(&out);
    assert!(
        config.contains("kind = \"json_token\"") && config.contains("token = \"$.token\""),
        "{config}"
    );
    assert!(config.contains("expires_in = \"$.expires_in\""), "{config}");
    let checked = recorded.check(&[("A_PASSWORD", a.password())]).await;
    for line in ["ok    system a: signed in", "ok    metric totals_x_total: 3"] {
        assert!(checked.contains(line), "{line}: {checked}");
    }
    // A password that was changed since is refused, by the replay too.
    a.set_password("another");
    let output = recorded.import(&["--name", "a", "--replay"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("FAIL  system a: "), "{}", said(&output));
    assert!(!said(&output).contains(a.password()), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_recording_is_bad_usage_and_a_file_that_is_there_is_kept() {
    let recorded = Recorded::new(&json!({ "log": { "entries": [] } }));
    let output = recorded.import(&[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("page.har has no http or https call in it"),
        "{}",
        said(&output)
    );
    let missing = monitor(&["import", "har", "no-such.har"], &[]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        said(&missing).contains("reading no-such.har"),
        "{}",
        said(&missing)
    );

    let call = json!({ "request": { "method": "GET", "url": "http://127.0.0.1:9/api/total" },
                       "response": { "status": 200, "content": { "mimeType": "application/json", "text": "{\"total\":1}" } } });
    let recorded = Recorded::new(&json!({ "log": { "entries": [call] } }));
    let out = recorded.path("mine.toml");
    std::fs::write(&out, "mine").unwrap();
    let output = recorded.import(&["--out", out.to_str().unwrap()]).await;
    assert_eq!((output.status.code(), read(&out).as_str()), (Some(2), "mine"));
    assert!(
        said(&output).contains("mine.toml is there already"),
        "{}",
        said(&output)
    );
    for name in ["", "a b", "a.b", "[x]"] {
        let output = recorded.import(&["--name", name]).await;
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    // Without --out it is what is printed, and it is a config by itself.
    let output = recorded.import(&[]).await;
    assert!(output.status.success(), "{}", said(&output));
    let config: toml::Table = toml::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    assert_eq!(config["systems"]["site"]["kind"].as_str(), Some("none"));
}
