//! `monitor simulate`: the config that it prints reads it, and what comes in is logged.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use monitor_tests::{Process, binary, eventually};

/// It runs in a folder, with what it prints as `monitor.toml`: what a person would write as `monitor simulate > monitor.toml`.
struct Simulation {
    process: Process,
    folder: tempfile::TempDir,
}

impl Simulation {
    /// On free ports, with these arguments more.
    async fn start(more: &str) -> Simulation {
        let folder = tempfile::tempdir().unwrap();
        let ports = "--port-a 0 --port-b 0 --port-mail 0";
        let mut shell = Command::new("sh");
        shell
            .args([
                "-c",
                &format!("exec \"$0\" simulate {ports} {more} > monitor.toml"),
            ])
            .arg(binary("monitor"))
            .current_dir(folder.path());
        let simulation = Simulation {
            process: Process::spawn(shell),
            folder,
        };
        eventually("it prints its config", || async {
            simulation.config().contains("clear_below = 90 }\n").then_some(())
        })
        .await;
        simulation
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("monitor.toml")
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }

    /// A program over its config, and what it said.
    async fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(binary(program));
        command.args(arguments).arg("--config").arg(self.path());
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    async fn logs(&self, text: &str) {
        eventually(text, || async {
            self.process.output().contains(text).then_some(())
        })
        .await;
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_config_reads_it_and_what_comes_in_is_logged() {
    let mut simulation = Simulation::start("--total x=4 --total waiting=130.5 --lang zh").await;
    let config = simulation.config();
    assert!(config.contains("y, z move, x 4, waiting 130.5\n"), "{config}");
    for line in [
        "\nbind = \"127.0.0.1:8080\"\n",
        "\nbase_url = \"http://127.0.0.1:8080\"\n",
        "\n#listen = \"127.0.0.1:9464\"",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    let waiting = "\n[metrics.waiting]\nfetch = { system = \"b\", path = \"/api/totals/waiting\", value = \"$.total\" }\n\
                   alert = { above = 100 }\n";
    std::fs::write(simulation.path(), config + waiting).unwrap();

    let checked = simulation.run("monitor", &["check", "--online"]).await;
    for line in [
        "ok    system a: signed in",
        "ok    system b: signed in",
        "ok    metric x: 4",
        "ok    metric waiting: 130.5",
        "ok    channel mail: opened, nothing sent",
        "4 metrics, 2 systems, 1 channel",
    ] {
        assert!(checked.contains(line), "{line}: {checked}");
    }
    assert!(
        !checked.contains("hint: "),
        "nothing is left to be set: {checked}"
    );
    assert!(
        !simulation.process.output().contains("mail to"),
        "a check sends nothing"
    );

    let tried = simulation.run("monitor", &["try", "metric", "x"]).await;
    assert!(
        tried.contains("would alert") && tried.contains("messages"),
        "{tried}"
    );
    assert!(tried.contains("未付款"), "in the language of --lang: {tried}");
    simulation.run("monitor", &["try", "channel", "mail"]).await;
    simulation.logs("mail to ops@example.com: [test] mail").await;
    simulation.run("monitor-worker", &["--once"]).await;
    simulation.logs("alarm: x\n").await;
    simulation.logs("alarm: waiting\n").await;
    simulation
        .logs("mail to ops@example.com: [warning] X 4 (+4)")
        .await;

    let (ended, _) = simulation.process.terminate();
    assert!(ended.success(), "{}", simulation.process.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_arguments_the_totals_of_the_demo_move() {
    let mut simulation = Simulation::start("--interval 200ms --bind 0.0.0.0").await;
    let config = simulation.config();
    assert!(
        config.contains("x, y, z move\n") && config.contains("interval = \"200ms\""),
        "{config}"
    );
    assert!(
        !config.contains("0.0.0.0"),
        "the config says how this machine reaches it: {config}"
    );
    let value = |said: String| {
        let line = said
            .lines()
            .find(|line| line.starts_with("value"))
            .map(str::to_owned);
        line.unwrap_or_else(|| panic!("{said}"))
    };
    let first = value(simulation.run("monitor", &["try", "metric", "z"]).await);
    eventually("z moves", || async {
        (value(simulation.run("monitor", &["try", "metric", "z"]).await) != first).then_some(())
    })
    .await;
    let (ended, _) = simulation.process.interrupt();
    assert!(ended.success(), "{}", simulation.process.output());
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary("monitor"))
        .arg("simulate")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "no config of what does not run");
    (output.status.code(), said(&output))
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for flag in ["--port-a", "--port-b", "--port-mail"] {
        let mut arguments = vec!["--port-a", "0", "--port-b", "0", "--port-mail", "0"];
        let at = arguments.iter().position(|argument| *argument == flag).unwrap();
        arguments[at + 1] = &port;
        let (code, said) = refused(&arguments);
        let taken = format!("cannot listen on 127.0.0.1:{port}: another program listens there");
        let another = format!("start with another port, such as {flag} ");
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&taken) && said.contains(&another), "{said}");
    }
    let (code, said) = refused(&["--bind", "192.0.2.1", "--port-a", "0"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("192.0.2.1:0: this machine does not have this address"),
        "{said}"
    );
}

#[test]
fn what_it_does_not_understand_is_bad_usage() {
    for (arguments, why) in [
        (["--total", "waiting"], "such as waiting=130"),
        (["--total", "waiting=many"], "\"many\" is not a number"),
        (["--total", "waiting=inf"], "inf is not a number that JSON has"),
        (["--total", "Waiting=1"], "Waiting"),
        (["--interval", "10ms"], "must be from 100ms to 7days"),
        (["--interval", "soon"], "soon"),
        (["--bind", "localhost"], "localhost"),
        (["--lang", "fr"], "fr"),
    ] {
        let (code, said) = refused(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{said}");
    }
}
