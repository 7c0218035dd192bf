//! The script that supervises a PostgreSQL server, and the pipe that it takes its commands from.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::programs::User;
use super::{PostgresError, failed_to};

/// The script; it is part of the name of a shared cluster.
pub(super) const SCRIPT: &str = include_str!("supervisor.sh");

/// The pipe of a shared cluster, in its folder.
const USERS: &str = "users";

/// `open` then fails where a pipe has no reader, instead of waiting for one.
const O_NONBLOCK: i32 = if cfg!(target_os = "linux") { 0o4000 } else { 0x4 };

/// For whom a cluster is.
#[derive(Clone, Debug)]
pub(super) enum Usage {
    /// The process that starts it. It ends with that.
    Private,
    /// Any process that joins it. It ends some time after the last of them.
    Shared {
        /// How long after.
        linger: Duration,
        /// The folder of a cluster whose supervisor was killed, to be cleared away.
        stale: Option<PathBuf>,
    },
}

/// The script, from a process that uses its cluster. As long as this value is there, the cluster is.
#[derive(Debug)]
pub(super) struct Supervisor {
    commands: Option<File>,
    /// Where the answers come from; nothing in a process that joined.
    answers: Option<BufReader<ChildStdout>>,
    /// The script of a private cluster, which is waited for.
    child: Option<Child>,
}

impl Supervisor {
    /// Starts the script for the cluster in `dir`, which has the files that it needs. The first data may be copied from
    /// the cluster in `other`.
    pub(super) fn start(
        bin: &Path,
        dir: &Path,
        other: Option<&Path>,
        user: Option<User>,
        usage: &Usage,
    ) -> Result<Supervisor, PostgresError> {
        let log = File::create(dir.join("supervisor.log")).map_err(failed_to("make a log file"))?;
        let mut command = Command::new("sh");
        let other = other.unwrap_or(Path::new(""));
        command.args(["-c", SCRIPT, "supervisor"]).args([bin, dir, other]);
        if let Usage::Shared { linger, stale } = usage {
            command.arg(linger.as_secs().to_string());
            command.arg(stale.as_deref().unwrap_or(Path::new("")));
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .current_dir(dir);
        // Not in our process group: Ctrl-C or a killed group must leave the one that cleans up.
        command.process_group(0);
        quiet(&mut command).env("HOME", dir);
        if let Some(user) = user {
            for entry in fs::read_dir(dir).map_err(failed_to("read the cluster's folder"))? {
                let path = entry.map_err(failed_to("read the cluster's folder"))?.path();
                chown(path, Some(user.uid), Some(user.gid)).map_err(failed_to("give a file away"))?;
            }
            chown(dir, Some(user.uid), Some(user.gid)).map_err(failed_to("give the folder away"))?;
            command.uid(user.uid).gid(user.gid);
        }
        let mut child = command.spawn().map_err(failed_to("start sh"))?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(PostgresError::Supervisor);
        };
        let mut supervisor = Supervisor {
            commands: Some(File::from(OwnedFd::from(commands))),
            answers: Some(BufReader::new(answers)),
            child: Some(child),
        };
        if let Usage::Shared { .. } = usage {
            supervisor.answer()?;
            supervisor.commands = Some(pipe(dir).map_err(failed_to("open the supervisor's pipe"))?);
            // Others will use it after us: nobody waits for its end.
            supervisor.child = None;
        }
        Ok(supervisor)
    }

    /// Joins the users of the shared cluster in `dir`. [`ErrorKind::NotFound`](io::ErrorKind::NotFound) where it has ended
    /// or is about to; another error where the script was killed.
    pub(super) fn join(dir: &Path) -> io::Result<Supervisor> {
        let mut commands = pipe(dir)?;
        // Any line does: it says that somebody is there, however short.
        commands.write_all(b"join\n")?;
        Ok(Supervisor {
            commands: Some(commands),
            answers: None,
            child: None,
        })
    }

    /// Gives a command that is not answered.
    pub(super) fn send(&mut self, command: &str) -> Result<(), PostgresError> {
        let commands = self.commands.as_mut().ok_or(PostgresError::Supervisor)?;
        // In one piece: others write into the same pipe.
        commands
            .write_all(format!("{command}\n").as_bytes())
            .map_err(|_| PostgresError::Supervisor)
    }

    /// Gives a command; whether it was done.
    pub(super) fn run(&mut self, command: &str) -> Result<bool, PostgresError> {
        self.send(command)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<bool, PostgresError> {
        let answers = self.answers.as_mut().ok_or(PostgresError::Supervisor)?;
        let mut answer = String::new();
        match answers.read_line(&mut answer) {
            Ok(read) if read > 0 => Ok(answer.trim() == "ok"),
            _ => Err(PostgresError::Supervisor),
        }
    }
}

impl Drop for Supervisor {
    /// Ends the script's input, and waits until a private cluster is cleaned up.
    fn drop(&mut self) {
        self.commands = None;
        if let Some(Err(error)) = self.child.as_mut().map(Child::wait) {
            log::warn!("could not wait for the end of a PostgreSQL test cluster: {error}");
        }
    }
}

/// PG* variables of the person who runs the tests must not lead anywhere else, and messages are read in English.
pub(super) fn quiet(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C")
}

fn pipe(dir: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(dir.join(USERS))
}
