//! One private PostgreSQL cluster and its supervisor.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::{PostgresError, TestDatabase, programs};
use crate::net::lock;
use crate::ports::free_port;

/// What makes a server that lives for seconds quick; it may lose data if the *machine* dies, not if a process does.
const CONFIG: &str = "
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 300
shared_buffers = 32MB
autovacuum = off
jit = off
listen_addresses = '127.0.0.1'
unix_socket_permissions = 0700
log_min_messages = warning
";

/// The role that tests use: it owns its databases and is not a superuser.
const ROLE: &str = "monitor";

/// A PostgreSQL server of this process's own. It is stopped and its files removed when the last of this value and of the
/// databases in it is dropped, or when the process ends in any way, `kill -9` included.
///
/// Clones are the same cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bin: PathBuf,
    dir: PathBuf,
    password: String,
    next_database: AtomicU32,
    port: Mutex<u16>,
    supervisor: Mutex<Supervisor>,
}

#[derive(Debug)]
struct Supervisor {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// A cluster for one test alone, to be stopped and started; `None` after a loud skip where PostgreSQL is missing.
    ///
    /// # Panics
    /// Instead of skipping, where [`REQUIRE`](crate::require::REQUIRE) asks for `postgres`.
    pub fn start() -> Option<Cluster> {
        super::or_skip(Self::try_start())
    }

    /// A cluster, or why there is none. It takes about a second of one core.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or would not start; see [`PostgresError`].
    pub fn try_start() -> Result<Cluster, PostgresError> {
        let bin = programs::folder()?;
        let user = programs::user()?;
        let io = |what| move |error| PostgresError::Io { what, error };
        let dir = tempfile::Builder::new()
            .prefix("monitor-pg-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(programs::temp_folder())
            .map_err(io("make a temporary folder"))?;
        let password: String = std::iter::repeat_with(fastrand::alphanumeric).take(20).collect();
        write(dir.path(), "password", &password)?;
        write(
            dir.path(),
            "postgresql.conf",
            &format!("{CONFIG}unix_socket_directories = '{}'\n", dir.path().display()),
        )?;
        let log = fs::File::create(dir.path().join("supervisor.log")).map_err(io("make a log file"))?;

        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(include_str!("supervisor.sh"))
            .arg("supervisor")
            .arg(&bin)
            .arg(dir.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .current_dir(dir.path());
        // Not in our process group: Ctrl-C or a killed group must leave the one who cleans up.
        command.process_group(0);
        quiet(&mut command).env("HOME", dir.path());
        if let Some(user) = user {
            for entry in ["", "password", "postgresql.conf", "supervisor.log"] {
                chown(dir.path().join(entry), Some(user.uid), Some(user.gid))
                    .map_err(io("give the folder away"))?;
            }
            command.uid(user.uid).gid(user.gid);
        }
        let mut child = command.spawn().map_err(io("start sh"))?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(PostgresError::Supervisor);
        };
        let supervisor = Supervisor {
            child,
            commands: Some(commands),
            answers: BufReader::new(answers),
        };
        let inner = Inner {
            bin,
            // From here on the supervisor removes it.
            dir: dir.keep(),
            password,
            next_database: AtomicU32::new(1),
            port: Mutex::new(0),
            supervisor: Mutex::new(supervisor),
        };
        let cluster = Cluster {
            inner: Arc::new(inner),
        };
        cluster.command("init")?;
        cluster.start_on_free_port()?;
        cluster.sql(
            "postgres",
            &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{}'", cluster.inner.password),
        )?;
        Ok(cluster)
    }

    /// Stops the server at once (`pg_ctl stop -m immediate`): connections are cut in whatever they do, and the next start
    /// recovers as after a crash. Committed work is kept.
    ///
    /// # Errors
    /// The server was not running, or would not stop.
    pub fn stop(&self) -> Result<(), PostgresError> {
        self.command("stop")
    }

    /// Starts the stopped server on the same port, with what was committed.
    ///
    /// # Errors
    /// The server runs already, or would not start.
    pub fn start_again(&self) -> Result<(), PostgresError> {
        self.command(&format!("start {}", self.port()))
    }

    /// The server's port on 127.0.0.1; it stays the same over [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn port(&self) -> u16 {
        *lock(&self.inner.port)
    }

    /// The folder of the server's data, socket and logs.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// A fresh, empty database.
    ///
    /// # Errors
    /// The server is stopped.
    pub fn database(&self) -> Result<TestDatabase, PostgresError> {
        let number = self.inner.next_database.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0"),
        )?;
        let url = format!(
            "postgres://{ROLE}:{}@127.0.0.1:{}/{name}",
            self.inner.password,
            self.port()
        );
        Ok(TestDatabase::new(self.clone(), name, url))
    }

    /// Runs SQL as superuser in `database` (there is always `postgres`) and gives what `psql` printed: values only, a row a
    /// line, columns parted by `|`.
    ///
    /// # Errors
    /// With the server's own words.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, PostgresError> {
        let mut command = Command::new(self.inner.bin.join("psql"));
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            database,
            "-c",
            sql,
        ]);
        command
            .arg("-h")
            .arg(&self.inner.dir)
            .arg("-p")
            .arg(self.port().to_string())
            .stdin(Stdio::null());
        let output = quiet(&mut command).output().map_err(|error| PostgresError::Io {
            what: "start psql",
            error,
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(PostgresError::Sql {
            said: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        })
    }

    /// Another process may take the port between our look and the server's start: then the next one is tried.
    fn start_on_free_port(&self) -> Result<(), PostgresError> {
        let mut last = PostgresError::Supervisor;
        for _ in 0..5 {
            let port = free_port().map_err(|error| PostgresError::Io {
                what: "find a free port",
                error,
            })?;
            *lock(&self.inner.port) = port;
            match self.command(&format!("start {port}")) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Drops a database, some time soon.
    pub(super) fn drop_database(&self, name: &str) {
        // Where the supervisor is gone, so is the database.
        drop(lock(&self.inner.supervisor).send(&format!("drop {name}")));
    }

    fn command(&self, command: &str) -> Result<(), PostgresError> {
        let answer = lock(&self.inner.supervisor).ask(command)?;
        if answer == "ok" {
            return Ok(());
        }
        let step = command.split(' ').next().unwrap_or(command).to_owned();
        Err(PostgresError::Refused {
            step,
            log: self.inner.log_tail(),
        })
    }
}

impl Inner {
    fn log_tail(&self) -> String {
        let read = |name| fs::read_to_string(self.dir.join(name)).unwrap_or_default();
        let logs = format!("{}\n{}", read("supervisor.log"), read("server.log"));
        let lines: Vec<&str> = logs.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Supervisor {
    fn send(&mut self, command: &str) -> Result<(), PostgresError> {
        let commands = self.commands.as_mut().ok_or(PostgresError::Supervisor)?;
        writeln!(commands, "{command}")
            .and_then(|()| commands.flush())
            .map_err(|_| PostgresError::Supervisor)
    }

    fn ask(&mut self, command: &str) -> Result<String, PostgresError> {
        self.send(command)?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(read) if read > 0 => Ok(answer.trim().to_owned()),
            _ => Err(PostgresError::Supervisor),
        }
    }
}

impl Drop for Supervisor {
    /// Ends the supervisor's input and waits until it has cleaned up.
    fn drop(&mut self) {
        self.commands = None;
        if let Err(error) = self.child.wait() {
            log::warn!("could not wait for the end of a PostgreSQL test cluster: {error}");
        }
    }
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), PostgresError> {
    let path = dir.join(name);
    fs::write(path, text).map_err(|error| PostgresError::Io {
        what: "write into the temporary folder",
        error,
    })
}

/// PG* variables of whoever runs the tests must not lead anywhere else, and messages are read in English.
fn quiet(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C")
}
