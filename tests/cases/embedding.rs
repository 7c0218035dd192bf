//! A program of another team, built from outside of the workspace (`tests/embedding/`, which is the text of
//! `docs/extending.md`): its own metric, kind of system and kind of channel work like the stock ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_tests::{Process, binary, eventually};
use serde_json::json;

/// The most lines that such a program may take.
const MOST_LINES: usize = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn it_is_a_few_lines() {
    let code = include_str!("../embedding/src/main.rs");
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines = code.lines().filter(is_code).count();
    assert!(lines <= MOST_LINES, "{lines} lines of code");
}

/// Builds a copy of it as its own team would, in another folder, with the versions that this workspace has. The builds of
/// this workspace are used again.
fn build(copy: &Path) -> PathBuf {
    let here = root().join("tests/embedding");
    std::fs::create_dir(copy.join("src")).unwrap();
    std::fs::copy(here.join("src/main.rs"), copy.join("src/main.rs")).unwrap();
    std::fs::copy(root().join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap();
    let checkout = format!("{}/", root().display());
    std::fs::write(copy.join("Cargo.toml"), manifest.replace("../../", &checkout)).unwrap();
    let deps = std::env::current_exe().unwrap();
    let target = deps.ancestors().nth(3).unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .status()
        .unwrap();
    assert!(status.success(), "it builds");
    target.join("debug/harbour-monitor")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

const KEY: &str = "open sesame";

/// 130 containers wait, 7 of them on hold, for those who have the key.
async fn gate() -> HttpServer {
    HttpServer::start(|request: &Request| {
        let total = match (request.header("x-gate-key"), &*request.path) {
            (Some(KEY), "/api/totals/all") => 130,
            (Some(KEY), "/api/totals/held") => 7,
            _ => return Answer::error(401, "no key"),
        };
        Answer::json(200, &json!({ "total": total }))
    })
    .await
}

/// A program with its config in a folder.
struct Trial {
    program: PathBuf,
    folder: tempfile::TempDir,
    config: String,
}

impl Trial {
    fn command(&self, program: &Path, config: &str, arguments: &[&str]) -> Command {
        let file = self.folder.path().join("harbour.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg("--config").arg(file);
        command.env("GATE_KEY", KEY).current_dir(self.folder.path());
        command
    }

    /// Its own program, over its own config.
    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&self.config, arguments)
    }

    fn run_with(&self, config: &str, arguments: &[&str]) -> Output {
        self.command(&self.program, config, arguments).output().unwrap()
    }

    fn logbook(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("logbook.txt")).unwrap_or_default()
    }
}

/// Takes a minute where nothing of it is built yet, so it is a step of its own: `.ci/run` names it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds a program; cargo test --workspace --test e2e -- --ignored embedding"]
async fn its_own_kinds_work_like_the_stock_ones() {
    let source = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gate = gate().await;
    let trial = Trial {
        program: build(source.path()),
        config: include_str!("../embedding/harbour.toml")
            .replace("http://127.0.0.1:9", &gate.url())
            .replace("logbook.txt", folder.path().join("logbook.txt").to_str().unwrap()),
        folder,
    };
    checks_its_config(&trial);
    tries_its_parts(&trial);
    runs_until_it_is_stopped(&trial).await;
}

fn checks_its_config(trial: &Trial) {
    let good = trial.run(&["check"]);
    assert!(good.status.success(), "{}", said(&good));
    assert!(
        said(&good).contains("1 metric, 1 system, 1 channel"),
        "{}",
        said(&good)
    );

    let is_file = |line: &str| line.starts_with("file =");
    let line = trial.config.lines().position(is_file).unwrap() + 1;
    let wrong = trial.run_with(&trial.config.replace("file =", "fiel ="), &["check"]);
    let expected =
        format!("harbour.toml:{line}:1: channels.master.fiel: there is no such key; did you mean \"file\"?");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains(&expected), "{}", said(&wrong));

    let stock = trial
        .command(&binary("monitor"), &trial.config, &["check"])
        .output()
        .unwrap();
    assert_eq!(
        stock.status.code(),
        Some(2),
        "the stock program lacks these kinds"
    );
    for unknown in ["\"gate\"", "\"logbook\"", "metrics.waiting"] {
        assert!(said(&stock).contains(unknown), "{unknown}: {}", said(&stock));
    }
}

fn tries_its_parts(trial: &Trial) {
    let online = trial.run(&["check", "--online"]);
    assert!(online.status.success(), "{}", said(&online));
    assert!(said(&online).contains("123"), "{}", said(&online));
    assert_eq!(trial.logbook(), "", "a check notifies nobody");

    let sent = trial.run(&["try", "channel", "master"]);
    assert!(sent.status.success(), "{}", said(&sent));
    let tests = trial
        .logbook()
        .lines()
        .filter(|line| line.starts_with("test-"))
        .count();
    assert_eq!(tests, 1, "{}", trial.logbook());

    let tried = trial.run(&["try", "metric", "waiting"]);
    assert!(tried.status.success(), "{}", said(&tried));
    assert!(said(&tried).contains("Containers waiting"), "{}", said(&tried));
    assert!(!said(&tried).contains(KEY), "the key of its own kind is masked");
}

async fn runs_until_it_is_stopped(trial: &Trial) {
    let port = monitor_simulator::ports::free_port().unwrap();
    let config = format!("{}\n[web]\nbind = \"127.0.0.1:{port}\"\n", trial.config);
    let mut running = Process::spawn(trial.command(&trial.program, &config, &["run"]));
    eventually("its channel hears of its metric", || async {
        trial.logbook().contains("123").then_some(())
    })
    .await;
    let (status, _) = running.terminate();
    assert!(status.success(), "{}", running.output());
    assert!(!running.output().contains(KEY), "{}", running.output());
}
