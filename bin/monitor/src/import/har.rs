//! `monitor import har`: a browser's recording becomes a part of the config, which can be tried at once.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use monitor_domain::{Number, SystemClock, counted};
use monitor_processor::sample;
use monitor_recording::{MAX_FILE, NoteKind, Proposal, propose};
use monitor_upstream::{Poll, Tick, Upstreams};
use monitor_worker::{Exit, Program};

use crate::init::say;

#[derive(Args)]
pub(crate) struct HarArgs {
    /// The file that the browser exported (.har).
    file: PathBuf,
    /// What the system is to be called in the config; after its host where it is not given.
    #[arg(long, value_parser = system_name)]
    name: Option<String>,
    /// Sign in and read each metric that is proposed, as the worker would. The password is that of the variable in the
    /// environment, or else the recorded one.
    #[arg(long)]
    replay: bool,
    /// The file to write, instead of the terminal; one that is there is left as it is.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A name that a system may have.
fn system_name(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.is_empty() && text.len() <= 64 && text.chars().all(is_part) {
        Ok(text.to_owned())
    } else {
        Err("a name has letters, digits, _ and -, 64 at most".to_owned())
    }
}

/// Writes what is proposed, says what must be known of it, and tries it where that is wanted.
pub(crate) async fn run(program: &Program, args: &HarArgs) -> Result<(), Exit> {
    let file = args.file.display();
    let bytes = read(&args.file).with_context(|| format!("reading {file}"))?;
    let proposal =
        propose(&bytes, args.name.as_deref()).map_err(|error| Exit::Usage(format!("{file} {error}")))?;
    let text = proposal.to_string();
    // What is proposed is a config by itself: what the checks of this very program refuse is a mistake here.
    let loaded = monitor_settings::load_str("the proposal", &text, &stand_ins(&proposal), program.kinds());
    match &args.out {
        Some(out) => write(out, &text)?,
        None => say(text.trim_end()),
    }
    loaded.map_err(|errors| {
        anyhow!("the proposal is no config; please report it, without the recording:\n{errors}")
    })?;
    for note in proposal.notes() {
        match note.kind {
            NoteKind::Obstacle => log::error!("does not work yet: {}", note.text),
            NoteKind::Doubt => log::warn!("{}", note.text),
        }
    }
    let metrics = counted(proposal.metrics().len(), "metric");
    log::info!("system {} ({}), {metrics}", proposal.system(), proposal.kind());
    if args.replay {
        return replay(program, &proposal).await;
    }
    Ok(())
}

/// The file, or so much of it as shows that it is too large.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Something for each variable that is not set yet: the check needs no more.
fn stand_ins(proposal: &Proposal) -> Vec<(String, String)> {
    let missing = proposal
        .variables()
        .iter()
        .filter(|variable| !is_set(&variable.name));
    missing
        .map(|variable| (variable.name.clone(), "x".to_owned()))
        .collect()
}

fn write(out: &Path, text: &str) -> Result<(), Exit> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(out) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Exit::Usage(format!(
                "{} is there already and was left as it is; name another file with --out",
                out.display()
            )));
        }
        Err(error) => {
            return Err(anyhow::Error::new(error)
                .context(format!("writing {}", out.display()))
                .into());
        }
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", out.display()))?;
    log::info!("wrote {}", out.display());
    Ok(())
}

/// Signs in and reads each metric once, by what the worker does it with.
async fn replay(program: &Program, proposal: &Proposal) -> Result<(), Exit> {
    let text = proposal.with_recorded_secrets(is_set);
    let loaded = monitor_settings::load_str("the proposal", &text, &[], program.kinds());
    // What is wrong with it may quote it, and it has the password in it.
    let settings = loaded
        .map_err(|_| anyhow!("the recorded secrets cannot be used; set the variables and try again"))?
        .settings;
    let mut failures = 0;
    let mut note = |what: String, result: Result<String, String>| match result {
        Ok(good) => log::info!("ok    {what}: {good}"),
        Err(why) => {
            failures += 1;
            log::error!("FAIL  {what}: {why}");
        }
    };
    let systems = settings
        .systems(SystemClock::shared())
        .map_err(anyhow::Error::from)?;
    let mut is_signed_in = true;
    for (name, system) in &systems {
        let result = system.sign_in().await;
        is_signed_in &= result.is_ok();
        note(
            format!("system {name}"),
            result
                .map(|()| "signed in".to_owned())
                .map_err(|error| error.to_string()),
        );
    }
    let upstreams = Upstreams::new(systems);
    let tick = Tick::default();
    // Without a session each metric would say the same again, and try the password again.
    for metric in program.metrics(&settings)?.iter().filter(|_| is_signed_in) {
        let poll = Poll {
            key: metric.config().key.to_string(),
            previous: None,
            tick: tick.clone(),
        };
        let result = sample(&**metric, &upstreams, &poll).await;
        let shown = result.map(|value| Number(value).to_string());
        note(
            format!("metric {}", metric.config().key),
            shown.map_err(|error| error.to_string()),
        );
    }
    match failures {
        0 => Ok(()),
        failures => Err(Exit::Failed(anyhow!(
            "{failures} of what is proposed did not work"
        ))),
    }
}
