//! A copy of the repository with the texts of the page where the page puts them, built, and run by a config that names all of
//! them. With `--nocapture` it says what each step touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use monitor_simulator::SystemA;
use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_testkit::robot::Robot;
use monitor_tests::{Process, eventually};
use serde_json::json;

use super::steps::{config, taken};

const PASSWORD: &str = "open sesame";
const TICKET: &str = "ticket-1";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of the repository that a build may need, by its path.
fn files(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type().unwrap().is_file() {
            let inside = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            all.insert(inside, std::fs::read(path).unwrap());
        } else if !["target", "data", ".git", "node_modules"]
            .iter()
            .any(|other| name == *other)
        {
            files(root, &path, all);
        }
    }
}

/// Makes `folder` have these files and no others. What is right already keeps its time, so that it is not built again.
fn write(folder: &Path, wanted: &BTreeMap<String, Vec<u8>>) {
    let mut there = BTreeMap::new();
    std::fs::create_dir_all(folder).unwrap();
    files(folder, folder, &mut there);
    for (path, text) in wanted
        .iter()
        .filter(|(path, text)| there.get(*path) != Some(text))
    {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    for path in there.keys().filter(|path| !wanted.contains_key(*path)) {
        std::fs::remove_file(folder.join(path)).unwrap();
    }
}

/// Takes the steps in a copy, and says what they touched: two files each.
fn follow(copy: &Path) {
    let root = root();
    let mut all = BTreeMap::new();
    files(&root, &root, &mut all);
    let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in taken(&root) {
        let before = all
            .insert(path.clone(), text.clone().into_bytes())
            .unwrap_or_default();
        let before = String::from_utf8(before).unwrap().lines().count();
        let room = path.rsplit_once('/').unwrap().0.to_owned();
        let touched = format!("{path} +{}", text.lines().count() - before);
        rooms.entry(room).or_default().push(touched);
    }
    for touched in rooms.values() {
        eprintln!("touched: {}", touched.join(", "));
        assert_eq!(touched.len(), 2, "its file and its list");
    }
    write(copy, &all);
}

/// Builds the operator's command of the copy, as a package outside of it: under a name of its own, and with the builds of
/// dependencies that are there.
fn build(home: &Path) -> PathBuf {
    let (copy, package) = (home.join("checkout"), home.join("program"));
    follow(&copy);
    let manifest = include_str!("../../embedding/Cargo.toml")
        .replace("harbour-monitor", "extended-monitor")
        .replace("../../", &format!("{}/", copy.display()));
    let main = std::fs::read(copy.join("bin/monitor/src/main.rs")).unwrap();
    let lock = std::fs::read(root().join("Cargo.lock")).unwrap();
    let files = [
        ("Cargo.toml", manifest.into_bytes()),
        ("src/main.rs", main),
        ("Cargo.lock", lock),
    ];
    write(
        &package,
        &files.map(|(path, text)| (path.to_owned(), text)).into(),
    );
    let target = home.parent().unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .status()
        .unwrap();
    assert!(status.success(), "it builds");
    target.join("debug/extended-monitor")
}

/// A system that hands out tickets, and says how long its queue is to those who have one.
async fn tickets() -> HttpServer {
    HttpServer::start(|request: &Request| match (&*request.method, &*request.path) {
        ("POST", "/ticket") if request.form_value("password").as_deref() == Some(PASSWORD) => {
            Answer::body(200, "text/plain", TICKET.to_owned())
        }
        ("GET", "/api/queue") if request.header("x-ticket") == Some(TICKET) => {
            Answer::json(200, &json!({ "length": 4 }))
        }
        _ => Answer::error(401, "no ticket"),
    })
    .await
}

/// The program, with the pieces of config of the page and what they read from.
struct Trial {
    program: PathBuf,
    folder: tempfile::TempDir,
    config: String,
    robot: Robot,
}

impl Trial {
    fn command(&self, arguments: &[&str], config: &str) -> Command {
        let file = self.folder.path().join("monitor.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(file);
        command
            .env("T_PASSWORD", PASSWORD)
            .env("ROBOT_URL", self.robot.url());
        command
    }

    fn run(&self, arguments: &[&str], config: &str) -> Output {
        self.command(arguments, config).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(!said.concat().contains(PASSWORD), "{said:?}");
    said.concat()
}

/// Takes minutes where nothing of it is built yet, so it is a step of its own: `.ci/touched`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds a copy of the repository; .ci/touched"]
async fn the_texts_of_the_page_work_where_the_page_puts_them() {
    let deps = std::env::current_exe().unwrap();
    let home = deps.ancestors().nth(3).unwrap().join("extending");
    let (a, tickets, robot) = (SystemA::start().await, tickets().await, Robot::start().await);
    a.set_total("waiting", 130.0);
    a.set_total("parked", 7.0);
    let folder = tempfile::tempdir().unwrap();
    let port = monitor_simulator::ports::free_port().unwrap();
    let config = format!(
        "[database]\nurl = \"sqlite:monitor.db\"\n[web]\nbind = \"127.0.0.1:{port}\"\n\
         [worker]\ninterval = \"200ms\"\nlisten = \"\"\n\
         [systems.a]\nkind = \"system_a\"\nbase_url = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\n{}",
        a.url(),
        a.username(),
        a.password(),
        config().replace("https://t.example", &tickets.url()),
    );
    let trial = Trial {
        program: build(&home),
        folder,
        config,
        robot,
    };
    checks_its_config(&trial);
    alerts_by_all_of_them(&trial).await;
}

fn checks_its_config(trial: &Trial) {
    let good = said(&trial.run(&["check", "--online"], &trial.config));
    for line in [
        "ok    system t: signed in",
        "ok    metric waiting: 123",
        "ok    metric queue: 4 (stuck for 3 readings)",
        "2 metrics, 2 systems, 1 channel",
    ] {
        assert!(good.contains(line), "{line}: {good}");
    }
    let wrong = trial
        .config
        .replace("stuck = 3", "stuck = 1")
        .replace("night-shift", "night shift");
    let wrong = trial.run(&["check"], &wrong);
    assert_eq!(wrong.status.code(), Some(2));
    let wrong = said(&wrong);
    for finding in [
        "metrics.queue.alert.stuck: must be at least 2",
        "channels.oncall.room: \"night shift\" has a blank",
    ] {
        assert!(wrong.contains(finding), "{finding}: {wrong}");
    }
}

async fn alerts_by_all_of_them(trial: &Trial) {
    let mut running = Process::spawn(trial.command(&["run"], &trial.config));
    for text in ["123 is above 100", "4 was read 3 times in a row"] {
        eventually("the robot hears of it", || async {
            let bodies = trial.robot.bodies();
            let heard = |body: &serde_json::Value| {
                body["room"] == "night-shift" && body["text"].as_str().is_some_and(|said| said.contains(text))
            };
            bodies.iter().any(heard).then_some(())
        })
        .await;
    }
    let (status, _) = running.terminate();
    assert!(status.success(), "{}", running.output());
    assert!(!running.output().contains(PASSWORD), "{}", running.output());
}
