//! A real mail server, where there is one: Exim, which takes mails of who has signed in over TLS and keeps them in a mailbox.

use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::memory::temp_dir;
use crate::require::{find_in_path, is_program, skip};

/// Whose password it knows.
pub const USER: &str = "monitor";
/// The password.
pub const PASSWORD: &str = "Right-Horse-9-Battery";

/// Run by root, it runs as this user and group, which Linux calls `nobody`: what root has no right to give away is not needed.
const NOBODY: u32 = 65_534;

/// Debian has it where only root's `PATH` leads.
const DEBIAN: &str = "/usr/sbin/exim4";

/// A process on free ports of 127.0.0.1, over a folder of its own; both end with it.
#[derive(Debug)]
pub struct Running {
    starttls: u16,
    tls: u16,
    process: Child,
    folder: tempfile::TempDir,
}

impl Running {
    /// The port that begins in clear and offers STARTTLS, and after that signing in by PLAIN.
    pub fn starttls_port(&self) -> u16 {
        self.starttls
    }

    /// The port of TLS from the first byte, with signing in by LOGIN.
    pub fn tls_port(&self) -> u16 {
        self.tls
    }

    /// The mails in its mailbox, as they are stored, in any order. `Envelope-to` says to whom each went.
    ///
    /// # Errors
    /// The mailbox cannot be read.
    pub fn mails(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.folder.path().join("mail/new")) {
            Ok(entries) => entries,
            // It makes the mailbox for the first mail.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let read = |entry: io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry?.path());
        entries.map(read).collect()
    }

    /// What it has logged and printed, for a test that failed.
    pub fn log(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["log/main", "log/reject", "log/panic", "output"]
            .map(read)
            .concat()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Starts one with this certificate and its key, where there is the program; otherwise [`skip`]s. It answers some time after
/// that.
///
/// # Panics
/// Where the program is missing and must not be.
///
/// # Errors
/// It cannot be started.
pub fn start(certificate: &str) -> io::Result<Option<Running>> {
    let debian = || Some(PathBuf::from(DEBIAN)).filter(|path| is_program(path));
    let Some(program) = find_in_path("exim4")
        .or_else(|| find_in_path("exim"))
        .or_else(debian)
    else {
        skip("exim", "no exim4 or exim in PATH or /usr/sbin");
        return Ok(None);
    };
    let folder = temp_dir();
    let (uid, gid) = match folder.path().metadata()? {
        own if own.uid() == 0 => (NOBODY, NOBODY),
        own => (own.uid(), own.gid()),
    };
    let starttls = monitor_simulator::ports::free_port()?;
    let tls = monitor_simulator::ports::free_port()?;
    for name in ["spool", "log"] {
        std::fs::create_dir(folder.path().join(name))?;
    }
    std::fs::write(folder.path().join("server.pem"), certificate)?;
    let text = config(&program, folder.path(), (uid, gid), (starttls, tls));
    std::fs::write(folder.path().join("exim.conf"), text)?;
    for name in ["", "spool", "log", "server.pem", "exim.conf"] {
        chown(folder.path().join(name), Some(uid), Some(gid))?;
    }
    let output = std::fs::File::create(folder.path().join("output"))?;
    let mut command = Command::new(program);
    command
        .arg("-C")
        .arg(folder.path().join("exim.conf"))
        // In the foreground.
        .arg("-bdf")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    if uid == NOBODY {
        command.uid(uid).gid(gid);
    }
    Ok(Some(Running {
        starttls,
        tls,
        process: command.spawn()?,
        folder,
    }))
}

fn config(program: &Path, folder: &Path, (uid, gid): (u32, u32), (starttls, tls): (u16, u16)) -> String {
    let (program, folder) = (program.display(), folder.display());
    let offered =
        |port: u16| format!("${{if and{{{{def:tls_in_cipher}}{{={{$received_port}}{{{port}}}}}}}}}");
    let signed_in = |user: &str, password: &str| {
        format!("${{if and{{{{eq{{{user}}}{{{USER}}}}}{{eq{{{password}}}{{{PASSWORD}}}}}}}}}")
    };
    let (by_plain, by_login) = (offered(starttls), offered(tls));
    let (plain, login) = (signed_in("$auth2", "$auth3"), signed_in("$auth1", "$auth2"));
    format!(
        "exim_path = {program}
exim_user = {uid}
exim_group = {gid}
primary_hostname = mail.example.com
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {tls}
tls_on_connect_ports = {tls}
tls_certificate = {folder}/server.pem
tls_advertise_hosts = *
deliver_drop_privilege = true
never_users =
keep_environment =
disable_ipv6 = true
acl_smtp_rcpt = signed_in
acl_smtp_data = accept

begin acl
signed_in:
  deny !authenticated = *
       message = sign in first
  accept

begin routers
all:
  driver = accept
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  user = {uid}
  group = {gid}
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = {by_plain}
  server_prompts = :
  server_condition = {plain}
  server_set_id = $auth2

login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = {by_login}
  server_prompts = <| Username: | Password:
  server_condition = {login}
  server_set_id = $auth1
"
    )
}
