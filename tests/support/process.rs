//! The real programs, as processes that can be killed.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use std::io::{BufRead, BufReader, Read};

/// A program of this workspace, built by `cargo test --workspace` beside the tests.
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.parent().and_then(|deps| deps.parent()).unwrap().join(name);
    assert!(
        path.exists(),
        "{} is not built; run `cargo test --workspace --no-run` first",
        path.display()
    );
    path
}

/// A running program; killed when dropped.
pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// How long what a process had written may take to be read after its end. Another that it started may have its output open
/// for longer.
const DRAIN: Duration = Duration::from_secs(5);

impl Process {
    pub fn start(name: &str, arguments: &[&str], env: &[(&str, &str)]) -> Process {
        let mut command = Command::new(binary(name));
        command.args(arguments).envs(env.iter().copied());
        Process::spawn(command)
    }

    /// Any command, with its output kept.
    pub fn spawn(mut command: Command) -> Process {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !command.get_envs().any(|(name, _)| name == "RUST_LOG") {
            command.env("RUST_LOG", "info");
        }
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        let read = |stream: Box<dyn Read + Send>| {
            let output = Arc::clone(&output);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut output = output.lock().unwrap();
                    output.push_str(&line);
                    output.push('\n');
                }
            })
        };
        let readers = streams.into_iter().flatten().map(read).collect();
        Process {
            child,
            output,
            readers,
        }
    }

    /// Everything it printed and logged so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().unwrap();
        if status.is_some() {
            self.drain();
        }
        status
    }

    /// Reads the rest of its output, once it has ended.
    fn drain(&self) {
        let began = Instant::now();
        while !self.readers.iter().all(JoinHandle::is_finished) && began.elapsed() < DRAIN {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.drain();
    }

    /// `kill -TERM`, and how it ended, and how long that took.
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        self.signal("TERM")
    }

    /// Ctrl-C.
    pub fn interrupt(&mut self) -> (ExitStatus, Duration) {
        self.signal("INT")
    }

    fn signal(&mut self, name: &str) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status()
            .unwrap();
        assert!(sent.success(), "it was not running any more: {}", self.output());
        (self.wait(Duration::from_secs(20)), began.elapsed())
    }

    /// Waits for its end.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                began.elapsed() < limit,
                "still running after {limit:?}: {}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- output of the process:\n{}", self.output());
        }
    }
}
