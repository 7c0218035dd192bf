//! `monitor init`: a commented config to start from.

use std::io::{BufRead, IsTerminal, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use monitor_settings::{base_url, variables};
use monitor_worker::Exit;

/// The config that documents every key; a clone of the repository has it where `init` writes.
const EXAMPLE: &str = include_str!("../../../config/monitor.toml");
/// Its first line. That of a written config is another, so that the two can be distinguished.
const TITLE: &str = "# The monitor's config. Every key there is,";
const WRITTEN: &str = "# The monitor's config, begun by `monitor init`. Every key there is,";
/// How its own commands name it.
const NAMED: &str = "--config config/monitor.toml";
/// Its keys that depend on where it is written, and on what the person says.
const DATABASE: &str = "url = \"sqlite:../data/monitor.db\"   ";
const DATABASE_BESIDE: &str = "url = \"sqlite:data/monitor.db\"      ";
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
}

/// Writes the config. What somebody has written is kept; the untouched example of a clone is not.
pub(crate) fn run(args: InitArgs) -> Result<(), Exit> {
    let file = args.config.unwrap_or_else(|| in_folder(&args.dir));
    let is_example = is_free(&file)?;
    let base_url = args.base_url.or_else(prompt);
    let text = config(&file, base_url.as_deref());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    std::fs::write(&file, &text).with_context(|| format!("writing {}", file.display()))?;
    let over = if is_example {
        ", over the example that was there"
    } else {
        ""
    };
    say(&format!("wrote {}{over}", file.display()));
    next(&file, &text, base_url.is_some());
    Ok(())
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
    let mut text = EXAMPLE.replacen(TITLE, WRITTEN, 1);
    if file.to_str() != NAMED.split(' ').next_back() {
        text = text.replace(NAMED, &format!("--config {}", word(&file.display().to_string())));
    }
    let folder = file.parent().and_then(Path::file_name);
    if folder.is_none_or(|folder| folder != "config") {
        text = text.replacen(DATABASE, DATABASE_BESIDE, 1);
    }
    if let Some(url) = base_url {
        text = text.replacen(BASE_URL, &format!("base_url = \"{url}\""), 1);
    }
    text
}

/// What is to be done now. The last line is a command that can be run as it is.
fn next(file: &Path, text: &str, has_base_url: bool) {
    let (program, name) = (program(), word(&file.display().to_string()));
    say("Next:");
    say("- fill in your systems, channels and metrics there");
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

/// How people reach the page, from the person at the terminal; nothing where there is none, or nothing is given.
fn prompt() -> Option<String> {
    (stdin().is_terminal() && stdout().is_terminal())
        .then(|| answer(&mut stdin().lock(), say))
        .flatten()
}

fn answer(input: &mut dyn BufRead, say: impl Fn(&str)) -> Option<String> {
    say(
        "At which address do people open the page? Messages link to it. Type one such as https://monitor.example, or press \
         Enter to set it later in the config:",
    );
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).is_err() || line.trim().is_empty() {
            return None;
        }
        match base_url(&line) {
            Ok(url) => return Some(url),
            Err(why) => say(&format!("{why}; or press Enter to leave it for later:")),
        }
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
    use std::cell::RefCell;

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

    #[test]
    fn an_address_is_taken_from_the_terminal_or_left_for_later() {
        for (typed, url, lines) in [
            ("https://a.example/\n", Some("https://a.example"), 1),
            ("\n", None, 1),
            ("", None, 1),
            (
                "a.example\nhttps://u:p@a.example\nhttp://a.example:8080\n",
                Some("http://a.example:8080"),
                3,
            ),
            ("a.example\n", None, 2),
        ] {
            let said = RefCell::new(Vec::new());
            let answer = answer(&mut typed.as_bytes(), |text| {
                said.borrow_mut().push(text.to_owned());
            });
            assert_eq!(answer.as_deref(), url, "{typed}");
            assert_eq!(said.borrow().len(), lines, "{typed}: {said:?}");
        }
    }
}
