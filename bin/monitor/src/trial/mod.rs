//! `monitor try`: one reading or one message, now, with the answer on the terminal.

mod channel;
mod list;
mod metric;
mod pushed;
mod question;
mod stored;
mod template;
mod words;

use std::time::Duration;

use clap::Subcommand;
use monitor_domain::one_line;
use monitor_settings::{suggest, there_is};
use monitor_worker::Exit;

use crate::ConfigArgs;

/// The longest that any call may take: a person waits for it. The worker gives a slow metric as long as this too.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub(crate) enum TryWhat {
    /// Read a metric once and show what would come of it; stores nothing and notifies nobody.
    Metric {
        /// Its key in the config.
        key: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Show the messages of a channel as its templates write them; sends nothing.
    Template(template::TemplateArgs),
    /// Send a test message to each recipient of a channel.
    Channel {
        /// Its name in the config.
        name: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

pub(crate) use channel::run as channel;
pub(crate) use metric::run as metric;
pub(crate) use template::run as template;

/// A name that the config does not have; with those that it has, and the one that may have been meant.
fn unknown(what: &str, name: &str, known: &[&str]) -> Exit {
    let meant = suggest(name, known)
        .map(|near| format!("; did you mean \"{near}\"?"))
        .unwrap_or_default();
    let name = one_line(name);
    Exit::Usage(format!("no {what} \"{name}\" ({}){meant}", there_is(known)))
}
