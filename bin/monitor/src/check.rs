//! `monitor check`: everything that is wrong with a config, and with `--online` with what it points at.

use std::path::Path;

use anyhow::anyhow;
use monitor_domain::{Number, SystemClock, counted};
use monitor_model::{Probed, probe};
use monitor_processor::sample;
use monitor_settings::Settings;
use monitor_upstream::{Poll, Tick, Upstreams};
use monitor_worker::{Exit, Program};

use crate::init::say;

/// Prints the JSON Schema of the config.
pub(crate) fn schema(program: &Program) {
    say(&format!("{:#}", monitor_settings::schema(program.kinds())));
}

/// Checks the file; `online` also tries what it describes.
pub(crate) async fn run(program: &Program, config: &Path, online: bool) -> Result<(), Exit> {
    let loaded = monitor_settings::load(config, program.kinds())
        .map_err(|errors| Exit::Usage(format!("{errors}\n{}", counted(errors.0.len(), "mistake"))))?;
    let settings = loaded.settings;
    // What is tried logs as it goes; all that is found is said after that, in one piece.
    let mut tried = Tried::default();
    let end = match online {
        true => try_all(program, &settings, &mut tried).await,
        false => Ok(()),
    };
    // The main file alone is named at the end anyway.
    for file in loaded.files.iter().filter(|_| loaded.files.len() > 1) {
        say(&format!("read: {}", file.display()));
    }
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    for hint in &loaded.hints {
        say(&format!("hint: {hint}"));
    }
    tried.lines.iter().for_each(|line| say(line));
    end?;
    if tried.failures > 0 {
        let failures = tried.failures;
        return Err(Exit::Failed(anyhow!(
            "{failures} of what the config points at did not work"
        )));
    }
    say(&format!(
        "{}: good; {}, {}, {}",
        config.display(),
        counted(settings.metrics.len(), "metric"),
        counted(settings.systems.len(), "system"),
        counted(settings.channels.len(), "channel")
    ));
    Ok(())
}

/// What became of all that was tried.
#[derive(Default)]
struct Tried {
    lines: Vec<String>,
    failures: usize,
}

impl Tried {
    fn note(&mut self, what: &str, result: Result<String, String>) {
        self.lines.push(match result {
            Ok(good) => format!("ok    {what}: {good}"),
            Err(why) => {
                self.failures += 1;
                // Errors of a system name it themselves.
                let why = why.strip_prefix(&format!("{what}: ")).unwrap_or(&why);
                format!("FAIL  {what}: {why}")
            }
        });
    }
}

/// Tries every system, metric and channel, whatever became of the ones before.
///
/// # Errors
/// Where something cannot even be made; what was noted until then holds.
async fn try_all(program: &Program, settings: &Settings, tried: &mut Tried) -> Result<(), Exit> {
    let clock = SystemClock::shared();
    tried.note("database", database(settings).await);
    let systems = settings.systems(clock.clone()).map_err(anyhow::Error::from)?;
    for (name, system) in &systems {
        let result = system.sign_in().await;
        let result = result.map(|()| "signed in".to_owned());
        tried.note(
            &format!("system {name}"),
            result.map_err(|error| error.to_string()),
        );
    }
    let upstreams = Upstreams::new(systems);
    // What several metrics are read from is requested once.
    let tick = Tick::default();
    for metric in program.metrics(settings)? {
        let config = metric.config();
        if config.is_pushed {
            let sent = format!(
                "its values are sent, and nothing is requested ({})",
                config.rule.describe()
            );
            tried.note(&format!("metric {}", config.key), Ok(sent));
            continue;
        }
        let poll = Poll {
            key: config.key.to_string(),
            previous: None,
            tick: tick.clone(),
        };
        let result = sample(&*metric, &upstreams, &poll).await;
        let shown = result.map(|value| {
            let value = format!("{} {}", Number(value), config.unit);
            format!("{} ({})", value.trim_end(), config.rule.describe())
        });
        tried.note(
            &format!("metric {}", config.key),
            shown.map_err(|error| error.to_string()),
        );
    }
    for list in program.lists(settings)? {
        let read = list.read(&upstreams, &tick).await;
        let shown = read.map_err(|error| error.to_string()).and_then(|items| {
            let all = items.all();
            let unread = all.iter().filter_map(|item| {
                let why = list.fetch().number_of(item).err()?;
                Some(format!("{}: {why}", item.key))
            });
            let unread: Vec<String> = unread.collect();
            let there = counted(all.len(), "item");
            match unread.first() {
                None => Ok(there),
                Some(first) => Err(format!(
                    "{there}, of which {} cannot be read: {first}",
                    unread.len()
                )),
            }
        });
        tried.note(&format!("list {}", list.config().key), shown);
    }
    for notifier in settings.notifiers(clock).map_err(anyhow::Error::from)? {
        let result = notifier.probe().await;
        let result = result.map(|()| "opened, nothing sent".to_owned());
        tried.note(
            &format!("channel {}", notifier.name()),
            result.map_err(|failure| failure.to_string()),
        );
    }
    Ok(())
}

/// Whether it can be used, and what is to be done with it. Nothing of it is changed.
async fn database(settings: &Settings) -> Result<String, String> {
    let Probed {
        database,
        exists,
        pending,
    } = probe(&settings.database.options())
        .await
        .map_err(|error| error.to_string())?;
    let state = match (exists, pending.len()) {
        (false, _) => "is made at the first start, or by `monitor migrate`".to_owned(),
        (true, 0) => "writable, up to date".to_owned(),
        (true, n) => format!(
            "writable, {} to run: by the next start, or by `monitor migrate`",
            counted(n, "migration")
        ),
    };
    Ok(format!("{database}: {state}"))
}
