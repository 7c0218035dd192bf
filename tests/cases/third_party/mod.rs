//! Systems that nobody here wrote, as they come from a package registry: their totals are read by config alone, a session that
//! they end is no failure for long, and a wrong password is reported and not tried again and again.
//!
//! | system | from | signs in by |
//! |---|---|---|
//! | GNS3 server 3 | PyPI | JSON, answered with a token |
//! | Jupyter server 2 | PyPI | a form with a CSRF token, answered with a cookie |
//! | Prometheus 2 | Debian | user and password with every call |
//! | WsgiDAV 4 | PyPI | digest |
//! | Canaille 0.3 | PyPI | OAuth 2.0, credentials of a client |
//!
//! `tests/third_party/install` installs those of PyPI. Each is started on a free port of loopback, over a folder of its own. The
//! config of each is that of `docs/systems.md`, but for the address.

mod canaille;
mod gns3;
mod jupyter;
mod prometheus;
mod recorded;
mod wsgidav;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use monitor_model::realtime;
use monitor_testkit::require;
use monitor_tests::{Backend, Config, Process, RecordedBrowser, Site, binary, eventually, http};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PAGE: &str = include_str!("../../../docs/systems.md");

/// What every account of theirs has, and what none has.
const PASSWORD: &str = "hunter2-and-more";
const WRONG: &str = "hunter3-and-more";

/// The variable that the configs on the page name.
const VARIABLE: &str = "SYSTEM_PASSWORD";

/// Python programs of some size import for seconds, and on a machine that also builds for many of them.
const SLOWEST_START: Duration = Duration::from_secs(240);

/// A program of a system that `tests/third_party/install` installed; skips the test where it is missing.
fn installed(name: &str, program: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("third-party").join(name);
    if !folder.join("installed.txt").exists() {
        let why = format!(
            "{} is not there: tests/third_party/install makes it",
            folder.display()
        );
        require::skip("third-party", &why);
        return None;
    }
    Some(folder.join("bin").join(program))
}

/// The command that starts one over a folder on a port.
type Start = Box<dyn Fn(&Path, u16) -> Command>;

/// One of them, running.
struct ThirdParty {
    url: String,
    folder: tempfile::TempDir,
    command: Start,
    port: u16,
    process: Process,
}

impl ThirdParty {
    /// Starts it over a new folder, which `prepare` fills; `command` gets the folder and the port.
    async fn start(
        prepare: impl FnOnce(&Path, u16),
        command: impl Fn(&Path, u16) -> Command + 'static,
    ) -> ThirdParty {
        let folder = tempfile::tempdir().unwrap();
        let port = monitor_simulator::ports::free_port().unwrap();
        prepare(folder.path(), port);
        let started = command(folder.path(), port);
        let mut system = ThirdParty {
            url: format!("http://127.0.0.1:{port}"),
            folder,
            command: Box::new(command),
            port,
            process: Process::spawn(started),
        };
        system.wait().await;
        system
    }

    /// Ends it, lets `change` do something to its folder, and starts it again at the same address.
    async fn restart(&mut self, change: impl FnOnce(&Path)) {
        self.process.kill();
        change(self.folder.path());
        self.process = Process::spawn((self.command)(self.folder.path(), self.port));
        self.wait().await;
    }

    async fn wait(&mut self) {
        let began = Instant::now();
        while http().get(&self.url).send().await.is_err() {
            let ended = self.process.ended();
            assert!(
                ended.is_none() && began.elapsed() < SLOWEST_START,
                "it does not answer: {ended:?}\n{}",
                self.process.output()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The `[systems.NAME]` of the page and what follows it there, at this address.
fn config(name: &str, url: &str) -> String {
    let head = format!("[systems.{name}]");
    let mut blocks = PAGE
        .split("```toml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let block = blocks.find(|block| block.starts_with(&head));
    let block = block.unwrap_or_else(|| panic!("no {head} in docs/systems.md"));
    let placeholder = format!("https://{name}.example");
    assert!(block.contains(&placeholder), "{block}");
    block.replace(&placeholder, url)
}

/// Programs of ours that read this system alone.
async fn site(name: &str, url: &str) -> Site {
    let config = Config {
        interval: "300ms".to_owned(),
        ..Config::metrics(&config(name, url))
    };
    Site::with(Backend::Sqlite, &config).await.unwrap()
}

/// A busy machine needs longer for a bcrypt or an import than the two seconds of other tests.
fn variables(password: &str) -> [(&'static str, &str); 3] {
    [
        (VARIABLE, password),
        ("MONITOR__REQUESTS__TIMEOUT", "20s"),
        // Each reading that fails is a line.
        ("RUST_LOG", "info,monitor_processor=debug"),
    ]
}

fn check_online(site: &Site, password: &str) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(binary("monitor"))
        .args(["check", "--online", "--config"])
        .arg(&site.config)
        .envs(variables(password))
        .output()
        .unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code(), said.concat())
}

fn worker(site: &Site, password: &str) -> Process {
    site.program_with("monitor-worker", &[], &variables(password))
}

async fn shown(site: &Site, metric: &'static str, total: f64) {
    let db = site.db().await;
    eventually(&format!("{metric} is {total}"), || async {
        // Until the worker has made its tables there is nothing to read from.
        let read = db.read(move |c| realtime::get(c, metric)).await.ok()?;
        let value = read.and_then(|read| read.value);
        value
            .is_some_and(|value| (value - total).abs() < 1e-9)
            .then_some(())
    })
    .await;
    db.close().await;
}

/// The check reads the total `before`, and so does the worker; after `end_of_session`, which leaves the total at `after`, it reads
/// that, having signed in so often.
async fn reads_on(
    system: &mut ThirdParty,
    (name, metric): (&str, &'static str),
    ((before, after), sign_ins): ((f64, f64), usize),
    end_of_session: impl AsyncFnOnce(&mut ThirdParty),
) {
    let site = site(name, &system.url).await;
    let (code, said) = check_online(&site, PASSWORD);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(&format!("ok    metric {metric}: {before}")),
        "{said}"
    );
    let mut worker = worker(&site, PASSWORD);
    shown(&site, metric, before).await;
    end_of_session(system).await;
    shown(&site, metric, after).await;
    worker.terminate();
    let output = worker.output();
    let signed_in = output.matches(&format!("system {name}: signed in")).count();
    assert_eq!(signed_in, sign_ins, "{output}");
    assert!(!(said + &output).contains(PASSWORD), "{output}");
}

/// A wrong password of a system.
struct Wrong {
    /// What people read of it.
    says: &'static str,
    /// What is in each request that tries it, in small letters.
    is_a_try: &'static str,
}

/// The check names a wrong password, and the worker reports it to people, and neither tries it again and again.
async fn tells_a_wrong_password(system: &ThirdParty, (name, metric): (&str, &'static str), wrong: &Wrong) {
    let relay = Relay::start(system.port, wrong.is_a_try).await;
    let site = site(name, &relay.url).await;
    let (code, said) = check_online(&site, WRONG);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("FAIL  metric {metric}")) && said.contains(wrong.says),
        "{said}"
    );
    assert_eq!(relay.tries(), 1, "the check tries it once: {said}");

    let mut worker = worker(&site, WRONG);
    eventually("a mail", || async { mailed(&site, wrong.says) }).await;
    eventually("ten cycles", || async {
        (unreadable(&worker) > 10).then_some(())
    })
    .await;
    assert_eq!(relay.tries(), 2, "the worker tries it once: {}", worker.output());
    worker.terminate();
    for text in [said, worker.output()] {
        assert!(!text.contains(WRONG), "{text}");
    }
}

fn mailed(site: &Site, says: &str) -> Option<()> {
    let mut mails = site.world.mail.mails().into_iter();
    mails.any(|mail| mail.text.contains(says)).then_some(())
}

/// How often a worker said that it could not read.
fn unreadable(worker: &Process) -> usize {
    worker.output().matches("cannot be read: ").count()
}

/// What is between a system and its clients, and counts what they send.
struct Relay {
    url: String,
    counted: Arc<AtomicUsize>,
}

impl Relay {
    /// In front of this port; counts `what`, in small letters.
    async fn start(port: u16, what: &'static str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counted = Arc::<AtomicUsize>::default();
        let all = Arc::clone(&counted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let all = Arc::clone(&all);
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    // The head of a request of ours is one packet.
                    while let Ok(n @ 1..) = from_client.read(&mut bytes).await {
                        let text = String::from_utf8_lossy(&bytes[..n]).to_lowercase();
                        all.fetch_add(text.matches(what).count(), Ordering::SeqCst);
                        if to_server.write_all(&bytes[..n]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Relay { url, counted }
    }

    fn tries(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }
}
