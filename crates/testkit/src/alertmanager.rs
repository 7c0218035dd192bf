//! A real Alertmanager, where there is one.

use std::io;
use std::process::{Child, Command, Stdio};

use crate::memory::temp_dir;
use crate::require::require_any;

/// Nobody is notified by it: tests query what it shows.
const CONFIG: &str = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";

/// A process on a free port of 127.0.0.1, over a folder of its own; both end with it.
#[derive(Debug)]
pub struct Running {
    url: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Running {
    /// The address of its page.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Starts one, where there is the program; otherwise [`skip`](crate::skip)s. It answers some time after that.
///
/// # Panics
/// Where the program is missing and must not be.
///
/// # Errors
/// It cannot be started.
pub fn start() -> io::Result<Option<Running>> {
    let Some(program) = require_any("alertmanager", &["prometheus-alertmanager", "alertmanager"]) else {
        return Ok(None);
    };
    let (folder, port) = (temp_dir(), monitor_simulator::ports::free_port()?);
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, CONFIG)?;
    let log = std::fs::File::create(folder.path().join("log"))?;
    let process = Command::new(program)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        // It is alone.
        .arg("--cluster.listen-address=")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    Ok(Some(Running {
        url: format!("http://127.0.0.1:{port}"),
        process,
        _folder: folder,
    }))
}
