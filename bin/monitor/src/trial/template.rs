//! `monitor try template`: the messages of a channel as it would send them.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use monitor_domain::{Language, SystemClock};
use monitor_notify::{Event, Notification, Preview};
use monitor_worker::{Exit, Program};

use super::channel::find;
use crate::ConfigArgs;
use crate::init::say;

#[derive(Args)]
pub(crate) struct TemplateArgs {
    /// The name of the channel in the config.
    channel: String,
    /// Of which event: alert, recovered, no_data, data_back, closed, reminder, escalation, digest, notice or test. Default: each.
    #[arg(long)]
    event: Option<Event>,
    /// In which language: en or zh. Default: that of the channel.
    #[arg(long, value_parser = language)]
    lang: Option<Language>,
    /// A folder to write the HTML of mails into, a file an event, for a browser.
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Writes messages that are made up, by the templates of the config: a mistake in one shows here and not with the first alert.
pub(crate) fn run(program: &Program, config: &Path, args: &TemplateArgs) -> Result<(), Exit> {
    let settings = program.read_settings(config)?;
    let notifier = find(&settings, &args.channel, &SystemClock::shared())?;
    let language = args.lang.unwrap_or_else(|| settings.language());
    if let Some(dir) = &args.html {
        std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    }
    let events = Event::ALL.into_iter();
    for event in events.filter(|event| args.event.is_none_or(|wanted| wanted == *event)) {
        let sample = Notification::sample(event, language);
        let preview = notifier
            .preview(&sample, args.lang)
            .map_err(|failure| Exit::Failed(anyhow!("{event}: {}", failure.reason())))?;
        let Some(preview) = preview else {
            let kind = notifier.kind();
            return Err(Exit::Usage(format!(
                "channel \"{}\" is of the kind {kind}, whose messages no template writes",
                args.channel
            )));
        };
        show(event, &preview);
        if let (Some(dir), Some(html)) = (&args.html, &preview.html) {
            let file = dir.join(format!("{event}.html"));
            std::fs::write(&file, html).with_context(|| format!("{} cannot be written", file.display()))?;
        }
    }
    Ok(())
}

fn show(event: Event, preview: &Preview) {
    say(&format!("==== {event}"));
    if !preview.title.is_empty() {
        say(&format!("{}\n", preview.title));
    }
    say(&format!("{}\n", preview.text.trim_end()));
}

fn language(word: &str) -> Result<Language, String> {
    Language::find(word)
        .ok_or_else(|| format!("there are {}", Language::ALL.map(Language::tag).join(" and ")))
}
