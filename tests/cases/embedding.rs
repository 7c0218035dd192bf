//! A program of another team, built from outside of the workspace (`tests/embedding/`, which is the text of
//! `docs/extending.md`): its own metric, kind of system and kind of channel work like the stock ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use monitor_simulator::SystemA;

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

/// Builds it as its own team would, with the versions that this workspace has. The builds of this workspace are used again.
fn build() -> PathBuf {
    let crate_dir = root().join("tests/embedding");
    std::fs::copy(root().join("Cargo.lock"), crate_dir.join("Cargo.lock")).unwrap();
    let deps = std::env::current_exe().unwrap();
    let target = deps.ancestors().nth(3).unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--manifest-path"])
        .arg(crate_dir.join("Cargo.toml"))
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

/// Takes a minute where nothing of it is built yet, so it is a step of its own: `.ci/run` names it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds a program; cargo test --workspace --test e2e -- --ignored embedding"]
async fn its_own_kinds_work_like_the_stock_ones() {
    let program = build();
    let gate = SystemA::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = include_str!("../embedding/harbour.toml")
        .replace("http://127.0.0.1:9", &gate.url())
        .replace("logbook.txt", folder.path().join("logbook.txt").to_str().unwrap());
    let file = folder.path().join("harbour.toml");
    let run = |text: &str, arguments: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .arg("--config")
            .arg(&file)
            .env("GATE_KEY", "open sesame");
        command.current_dir(folder.path());
        command.output().unwrap()
    };

    let good = run(&config, &["check"]);
    assert!(good.status.success(), "{}", said(&good));
    assert!(
        said(&good).contains("1 metrics, 1 systems, 1 channels"),
        "{}",
        said(&good)
    );

    let wrong = run(&config.replace("file =", "fiel ="), &["check"]);
    let line = config
        .lines()
        .position(|line| line.starts_with("file ="))
        .unwrap()
        + 1;
    let expected =
        format!("harbour.toml:{line}:1: channels.master.fiel: there is no such key; did you mean \"file\"?");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains(&expected), "{}", said(&wrong));

    let sent = run(&config, &["try", "channel", "master"]);
    assert!(sent.status.success(), "{}", said(&sent));
    let log = std::fs::read_to_string(folder.path().join("logbook.txt")).unwrap();
    assert_eq!(
        log.lines().filter(|line| line.starts_with("test-")).count(),
        1,
        "{log}"
    );

    let tried = run(&config, &["try", "metric", "waiting"]);
    assert!(said(&tried).contains("Containers waiting"), "{}", said(&tried));
    assert!(
        !said(&tried).contains("open sesame"),
        "the key of its own kind is masked"
    );
}
