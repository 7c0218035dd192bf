//! `monitor completions` and `monitor man`: what a package installs beside the programs.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use monitor_worker::Exit;

use crate::init::say;

#[derive(Args)]
pub(crate) struct ManArgs {
    /// The folder that gets a page for each command, such as man/man1; without it the first page is printed.
    dir: Option<PathBuf>,
}

/// Prints the completions of a shell, for the program as it was called.
pub(crate) fn completions(mut command: Command, shell: Shell) -> Result<(), Exit> {
    let mut script = Vec::new();
    generate(shell, &mut command, name(), &mut script);
    print(&script)
}

/// Writes the manual pages, or prints the first.
pub(crate) fn man(command: Command, args: &ManArgs) -> Result<(), Exit> {
    // clap keeps names for as long as the program runs.
    let name: &'static str = Box::leak(name().into_boxed_str());
    let command = command.name(name).bin_name(name).disable_help_subcommand(true);
    let Some(dir) = &args.dir else {
        let mut command = command;
        command.build();
        return print(&rendered(command)?);
    };
    std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let writing = || format!("writing manual pages to {}", dir.display());
    clap_mangen::generate_to(command.clone(), dir).with_context(writing)?;
    for page in pages(&command, "") {
        say(&format!("wrote {}", dir.join(page).display()));
    }
    Ok(())
}

fn rendered(command: Command) -> Result<Vec<u8>, Exit> {
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .context("rendering the manual page")?;
    Ok(page)
}

/// The files of a command and of those below it.
fn pages(command: &Command, before: &str) -> Vec<String> {
    let name = format!("{before}{}", command.get_name());
    let below = command
        .get_subcommands()
        .filter(|one| one.get_name() != "help")
        .flat_map(|one| pages(one, &format!("{name}-")));
    std::iter::once(format!("{name}.1")).chain(below).collect()
}

/// What the program is called: completions are for that word.
fn name() -> String {
    let called = std::env::args_os().next();
    let stem = called.as_deref().map(Path::new).and_then(Path::file_stem);
    stem.map_or("monitor".into(), |stem| stem.to_string_lossy().into_owned())
}

fn print(bytes: &[u8]) -> Result<(), Exit> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.context("writing to standard output")?),
    }
}
