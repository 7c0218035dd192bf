//! `monitor init`: a commented config to start from.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use monitor_worker::Exit;

/// The config that documents every key.
const EXAMPLE: &str = include_str!("../../../config/monitor.toml");

/// Writes `DIR/config/monitor.toml`. What is there already is kept.
pub(crate) fn run(dir: &Path) -> Result<(), Exit> {
    let folder = dir.join("config");
    let file = folder.join("monitor.toml");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut out = match std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
    {
        Ok(out) => out,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Exit::Usage(format!(
                "{} is there already and was left as it is",
                file.display()
            )));
        }
        Err(error) => {
            return Err(anyhow::Error::new(error)
                .context(format!("writing {}", file.display()))
                .into());
        }
    };
    out.write_all(EXAMPLE.as_bytes())
        .with_context(|| format!("writing {}", file.display()))?;
    say(&format!("wrote {}", file.display()));
    say("next: fill in your systems, then `monitor check --config FILE`, then `monitor run --config FILE`");
    Ok(())
}

/// What a command says to its user goes to standard output; logs go to standard error.
#[allow(clippy::print_stdout)]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
