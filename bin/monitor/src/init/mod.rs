//! `monitor init`: a config to start from. From what a person says at a terminal, or from flags, a short one that a check passes;
//! otherwise the commented example of every key.

mod answers;
mod questions;

use std::io::{IsTerminal, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use monitor_settings::{Kinds, base_url, schema, variables};
use monitor_worker::Exit;

use answers::{Answers, LOGINS};
use questions::{Conversation, addresses};

/// The config that documents every key; a clone of the repository has it where `init` writes.
const EXAMPLE: &str = include_str!("../../../../config/monitor.toml");
/// Its first line. That of a written config is another, so that the two can be distinguished.
const TITLE: &str = "# The monitor's config. Every key there is,";
const SHORT: &str = "# The monitor's config, begun by `monitor init`.\n";
const WRITTEN: &str = "# The monitor's config, begun by `monitor init`. Every key there is,";
/// How its own commands name it.
const NAMED: &str = "--config config/monitor.toml";
/// Its keys that depend on where it is written, and on what the person says.
const DATABASE: &str = "url = \"sqlite:../data/monitor.db\"   ";
const DATABASE_BESIDE: &str = "url = \"sqlite:data/monitor.db\"      ";
const URL: &str = "sqlite:../data/monitor.db";
const URL_BESIDE: &str = "sqlite:data/monitor.db";
/// What editors check it by, and the line that tells them so.
const SCHEMA: &str = "monitor.schema.json";
const SCHEMA_LINE: &str = "#:schema monitor.schema.json\n";
const BASE_URL: &str = "#base_url = \"https://monitor.example\"";

#[derive(Args)]
pub(crate) struct InitArgs {
    /// The folder that gets `config/monitor.toml`.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The file to write, instead of one in a folder.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// How people reach the page, such as https://monitor.example: messages link to it. At a terminal it is prompted for.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
    /// The system that has the number to watch, such as https://shop.example. At a terminal it is prompted for, and all that follows.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    system: Option<String>,
    /// How one signs in there.
    #[arg(long, value_name = "KIND", value_parser = LOGINS, requires = "system")]
    login: Option<String>,
    /// As whom.
    #[arg(long, value_name = "NAME", requires = "system")]
    user: Option<String>,
    /// Under which path it signs in.
    #[arg(long, value_name = "PATH", requires = "system")]
    login_path: Option<String>,
    /// Where the token is in the answer to that.
    #[arg(long, value_name = "JSONPATH", requires = "system")]
    token: Option<String>,
    /// What the number is called.
    #[arg(long, value_name = "KEY", requires = "system")]
    metric: Option<String>,
    /// Under which path it is read.
    #[arg(long, value_name = "PATH", requires = "system")]
    path: Option<String>,
    /// Where it is in the answer.
    #[arg(long, value_name = "JSONPATH", requires = "system")]
    value: Option<String>,
    /// Above which number is an alert; without it each rise is one.
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "system",
        allow_negative_numbers = true
    )]
    above: Option<f64>,
    /// The mail server, such as smtps://user@mail.example:465; smtp://localhost:25 by default.
    #[arg(long, value_name = "URL", requires = "mail_to")]
    mail_server: Option<String>,
    /// Who gets mails, with commas between them.
    #[arg(long, value_name = "ADDRESSES", requires = "system")]
    mail_to: Option<String>,
}

/// Writes the config. What somebody has written is kept; the untouched example of a clone is not.
pub(crate) fn run(kinds: &Kinds, args: InitArgs) -> Result<(), Exit> {
    let file = args.config.clone().unwrap_or_else(|| in_folder(&args.dir));
    let is_example = is_free(&file)?;
    let (answers, is_complete) = answers(kinds, args)?;
    let text = match is_complete {
        true => format!("{SCHEMA_LINE}{SHORT}{}", answers.config(database(&file))),
        false => config(&file, answers.page.as_deref()),
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    std::fs::write(&file, &text).with_context(|| format!("writing {}", file.display()))?;
    let beside = file.with_file_name(SCHEMA);
    std::fs::write(&beside, format!("{:#}\n", schema(kinds)))
        .with_context(|| format!("writing {}", beside.display()))?;
    let over = if is_example {
        ", over the example that was there"
    } else {
        ""
    };
    say(&format!("wrote {}{over}", file.display()));
    say(&format!("wrote {}, which editors check it by", beside.display()));
    next(&file, &text, answers.page.is_some(), is_complete);
    Ok(())
}

/// What is said by flags, or else at the terminal; whether it makes a config of its own.
fn answers(kinds: &Kinds, args: InitArgs) -> Result<(Answers, bool), Exit> {
    let new = Answers::new();
    let mail_to = args.mail_to.as_deref().map(addresses).unwrap_or_default();
    let is_complete = args.system.is_some();
    let has_page = args.base_url.is_some();
    let answers = Answers {
        page: args.base_url,
        system: args.system.unwrap_or(new.system),
        login: args.login.unwrap_or(new.login),
        user: args.user.unwrap_or(new.user),
        login_path: args.login_path.unwrap_or(new.login_path),
        token: args.token.unwrap_or(new.token),
        metric: args.metric.unwrap_or(new.metric),
        path: args.path.unwrap_or(new.path),
        value: args.value.unwrap_or(new.value),
        above: args.above.map(|above| above.to_string()),
        mail_server: match mail_to.is_empty() {
            true => String::new(),
            false => args.mail_server.unwrap_or("smtp://localhost:25".to_owned()),
        },
        mail_to,
    };
    if is_complete {
        let mistakes = answers.mistakes(kinds);
        return match mistakes.is_empty() {
            true => Ok((answers, true)),
            false => Err(Exit::Usage(format!(
                "nothing is written: {}",
                mistakes.join("\n")
            ))),
        };
    }
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return Ok((answers, false));
    }
    let mut conversation = Conversation {
        input: &mut stdin().lock(),
        say: &say,
        kinds,
    };
    Ok(conversation.hold(answers, has_page))
}

fn in_folder(dir: &Path) -> PathBuf {
    let file = Path::new("config").join("monitor.toml");
    if dir == Path::new(".") {
        file
    } else {
        dir.join(file)
    }
}

/// Whether the example is there, which nobody has written yet; an error where anything else is.
fn is_free(file: &Path) -> Result<bool, Exit> {
    match std::fs::read(file) {
        Ok(text) if text == EXAMPLE.as_bytes() => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Ok(_) => {
            let name = word(&file.display().to_string());
            let program = program();
            Err(Exit::Usage(format!(
                "{} is there already and was left as it is; `{program} check --config {name}` says what is to be done \
                 about it, `{program} init --config FILE` writes another one",
                file.display()
            )))
        }
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("{} is there and cannot be read", file.display()))
            .into()),
    }
}

/// The text of the config in this file.
fn config(file: &Path, base_url: Option<&str>) -> String {
    let mut text = format!("{SCHEMA_LINE}{}", EXAMPLE.replacen(TITLE, WRITTEN, 1));
    if file.to_str() != NAMED.split(' ').next_back() {
        text = text.replace(NAMED, &format!("--config {}", word(&file.display().to_string())));
    }
    if database(file) == URL_BESIDE {
        text = text.replacen(DATABASE, DATABASE_BESIDE, 1);
    }
    if let Some(url) = base_url {
        text = text.replacen(BASE_URL, &format!("base_url = \"{url}\""), 1);
    }
    text
}

/// The database of the config in this file, whose path starts at its folder.
fn database(file: &Path) -> &'static str {
    match file.parent().and_then(Path::file_name) {
        Some(folder) if folder == "config" => URL,
        _ => URL_BESIDE,
    }
}

/// What is to be done now. The last line is a command that can be run as it is.
fn next(file: &Path, text: &str, has_base_url: bool, is_complete: bool) {
    let (program, name) = (program(), word(&file.display().to_string()));
    say("Next:");
    say(match is_complete {
        true => {
            "- add there what else is to be watched: docs/configuration.md has every key, `monitor init --config FILE` writes them all"
        }
        false => "- fill in your systems, channels and metrics there",
    });
    if !has_base_url {
        say("- set web.base_url in it to how people reach the page: until then messages have no link to it");
    }
    let variables = variables(text);
    let is_set = |name: &&String| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let missing: Vec<&String> = variables.iter().filter(|name| !is_set(name)).collect();
    if !variables.is_empty() {
        say(&format!(
            "- set the environment variables that it reads: {}",
            variables.join(", ")
        ));
    }
    say(&format!("- start it: {program} run --config {name}"));
    let stand_ins: String = missing.iter().map(|name| format!("{name}=x ")).collect();
    say(match missing.is_empty() {
        true => "Before that, check it:",
        false => "Before that, check it; stand-ins do for the variables:",
    });
    say(&format!("{stand_ins}{program} check --config {name}"));
}

/// This program as it was called.
fn program() -> String {
    let called = std::env::args_os().next();
    word(&called.map_or("monitor".into(), |name| name.to_string_lossy().into_owned()))
}

/// A word of a command, as a shell takes it.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    // What begins with a dash would be a flag.
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text.to_owned()
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// What a command says to its user goes to standard output; logs go to standard error.
#[allow(clippy::print_stdout)]
pub(crate) fn say(text: &str) {
    // A reader that has enough, as `| head`, is no failure.
    let _ = writeln!(stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_is_in_the_example_once() {
        for part in [TITLE, DATABASE, BASE_URL] {
            assert_eq!(EXAMPLE.matches(part).count(), 1, "{part}");
        }
        assert!(EXAMPLE.starts_with(TITLE));
        assert!(EXAMPLE.contains(NAMED));
    }

    #[test]
    fn the_database_is_beside_the_config_or_beside_its_folder() {
        for (file, url) in [
            ("config/monitor.toml", "../data/monitor.db"),
            ("/srv/shop/config/mine.toml", "../data/monitor.db"),
            ("monitor.toml", "data/monitor.db"),
            ("/etc/monitor/monitor.toml", "data/monitor.db"),
        ] {
            let text = config(Path::new(file), None);
            assert!(text.contains(&format!("\nurl = \"sqlite:{url}\"  ")), "{file}");
            assert!(text.contains(&format!("monitor check --config {file}")), "{file}");
            assert!(text.contains(&format!("\n{BASE_URL}")), "{file}");
        }
        let text = config(Path::new("m.toml"), Some("https://a.example"));
        assert!(text.contains("\nbase_url = \"https://a.example\"") && !text.contains(BASE_URL));
    }

    #[test]
    fn words_are_what_a_shell_takes_for_one() {
        for (text, shown) in [
            ("config/monitor.toml", "config/monitor.toml"),
            ("my config/m.toml", "'my config/m.toml'"),
            ("it's.toml", r"'it'\''s.toml'"),
            ("$HOME/m.toml", "'$HOME/m.toml'"),
            ("配置/m.toml", "配置/m.toml"),
            ("-m.toml", "./-m.toml"),
            ("", "''"),
        ] {
            assert_eq!(word(text), shown);
        }
    }
}
