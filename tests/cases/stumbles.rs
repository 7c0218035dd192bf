//! What goes wrong as somebody starts the programs by hand for the first times, and what they say about it.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::time::Duration;

use monitor_tests::{Backend, Config, Process, Site, binary, eventually};

fn run(program: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(binary(program))
        .args(arguments)
        .env_remove("MONITOR_CONFIG")
        .output()
        .unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code(), said.concat())
}

/// A port that somebody else has, for as long as the listener lives.
fn taken() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_names_the_key_or_flag_that_changes_it() {
    let (_page, page) = taken();
    let (_health, health) = taken();
    let config = Config {
        worker: String::new(),
        ..Config::default()
    };
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    let start = |program: &str, arguments: &[&str], env: &[(&str, String)]| {
        let mut all = arguments.to_vec();
        all.extend(["--config", site.config.to_str().unwrap()]);
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut process = Process::start(program, &all, &env);
        let status = process.wait(Duration::from_secs(20));
        (status.code(), process.output())
    };
    let web = [("MONITOR__WEB__BIND", page.to_string())];
    let worker = [("MONITOR__WORKER__LISTEN", health.to_string())];
    for (program, arguments, env, address, key, variable) in [
        (
            "monitor",
            &["run"][..],
            &web,
            page,
            "web.bind",
            "MONITOR__WEB__BIND=",
        ),
        ("monitor-web", &[], &web, page, "web.bind", "MONITOR__WEB__BIND="),
        (
            "monitor",
            &["run"],
            &worker,
            health,
            "worker.listen",
            "MONITOR__WORKER__LISTEN=",
        ),
        (
            "monitor-worker",
            &[],
            &worker,
            health,
            "worker.listen",
            "MONITOR__WORKER__LISTEN=",
        ),
    ] {
        let (code, said) = start(program, arguments, env);
        let line = said.lines().last().unwrap();
        assert_eq!(code, Some(1), "{program}: {said}");
        assert!(
            line.contains(&format!(
                "cannot listen on {address}: another program listens there"
            )),
            "{program}: {line}"
        );
        assert!(
            line.contains(&format!("set {key} to another address")) && line.contains(variable),
            "{program}: {line}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let port = page.port().to_string();
    let (code, said) = run(
        "monitor",
        &["demo", "--port", &port, "--data-dir", data.to_str().unwrap()],
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("cannot listen on {page}: another program")),
        "{said}"
    );
    assert!(
        said.contains("start with another port, such as --port "),
        "{said}"
    );
    assert!(!said.contains("web.bind"), "nobody set that: {said}");
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn the_demo_finds_fault_with_its_flags_and_not_with_keys_of_a_config() {
    for (interval, said) in [
        ("0", "must be from 100ms to 7days"),
        ("50ms", "must be from 100ms to 7days"),
        ("8days", "must be from 100ms to 7days"),
        ("fast", "write it like 2s or 500ms"),
        ("10", "write it like 2s or 500ms"),
    ] {
        let (code, text) = run("monitor", &["demo", "--interval", interval]);
        assert_eq!(code, Some(2), "{interval}: {text}");
        let place = format!("invalid value '{interval}' for '--interval <INTERVAL>'");
        assert!(text.contains(&place) && text.contains(said), "{interval}: {text}");
        assert!(!text.contains("worker.interval"), "{text}");
    }
    let (code, text) = run("monitor", &["demo", "--lang", "fr"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("no language \"fr\"; there are en, zh-CN"), "{text}");
}

/// Any free port is one that can be visited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_prints_the_address_that_it_has_in_the_language_of_any_spelling() {
    for (lang, query) in [
        ("zh_CN", "?lang=zh-CN"),
        ("ZH", "?lang=zh-CN"),
        ("zh-cn", "?lang=zh-CN"),
        ("en-GB", ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let mut demo = Process::start(
            "monitor",
            &["demo", "--port", "0", "--data-dir", data, "--lang", lang],
            &[],
        );
        let address = eventually("its address", || async {
            let output = demo.output();
            let line = output.lines().find(|line| line.contains("Monitor demo"))?;
            line.split_whitespace().last().map(str::to_owned)
        })
        .await;
        assert!(
            address.ends_with(&format!("/monitor{query}")),
            "{lang}: {address}"
        );
        let page = monitor_tests::http().get(&address).send().await.unwrap();
        let tag = if query.is_empty() { "en" } else { "zh-CN" };
        let page = page.text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{lang}: {page}");
        demo.interrupt();
    }
}

/// A system that refuses is tried several times, and each try is logged: what came of it is said after all of that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_ends_with_its_results() {
    let site = Site::new(Backend::Sqlite).await.unwrap();
    site.world.a.stop().await;
    site.world.mail.stop().await;
    let config = site.config.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let mut shell = Command::new("sh");
        // One pipe for both, so that their order is known.
        shell.args(["-c", "exec \"$0\" check --online --config \"$1\" 2>&1"]);
        shell
            .arg(binary("monitor"))
            .arg(config)
            .env("RUST_LOG", "info,monitor_requests=debug");
        shell.output().unwrap()
    });
    let output = checked.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let is_log = |line: &&str| line.starts_with('[');
    let is_result = |line: &&str| line.starts_with("ok  ") || line.starts_with("FAIL");
    let last_log = lines.iter().rposition(is_log).unwrap();
    assert!(
        lines[..last_log].iter().any(|line| line.contains("DEBUG")),
        "retries are logged: {text}"
    );
    let found: Vec<&&str> = lines[last_log + 1..]
        .iter()
        .filter(|line| is_result(line))
        .collect();
    assert_eq!(
        found.len(),
        lines.iter().filter(|line| is_result(line)).count(),
        "{text}"
    );
    // The database, two systems, three metrics and a channel.
    assert_eq!(found.len(), 7, "{text}");
    assert_eq!(
        *lines.last().unwrap(),
        "error: 5 of what the config points at did not work",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_says_which_metrics_count_from_zero() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let metrics = "[metrics.x]\n[metrics.y]\nalert = { initial = \"learn\" }\n[metrics.z]\n";
        let Some(site) = Site::with(backend, &Config::metrics(metrics)).await else {
            continue;
        };
        let once = || {
            let mut worker = site.program("monitor-worker", &["--once"]);
            assert!(
                worker.wait(Duration::from_secs(20)).success(),
                "{}",
                worker.output()
            );
            let output = worker.output();
            let said = output.lines().filter(|line| line.contains("counts from 0"));
            said.map(str::to_owned).collect::<Vec<_>>()
        };
        site.world.a.set_total("x", 500.0);
        let first = once();
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].contains("metric x: never read before"), "{first:?}");
        assert!(
            first[0].ends_with("metrics.x.alert.initial = \"learn\""),
            "{first:?}"
        );
        assert!(once().is_empty(), "it was read before");
    }
}
