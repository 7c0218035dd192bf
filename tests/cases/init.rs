//! `monitor init`: what it writes, and that what it says next can be done as it stands there.

use std::path::Path;
use std::process::{Command, Output};

use monitor_tests::binary;

/// What a clone of the repository has where `init` writes.
const EXAMPLE: &str = include_str!("../../config/monitor.toml");
/// What the config reads.
const VARIABLES: [&str; 2] = ["SYSTEM_A_PASSWORD", "SYSTEM_B_PASSWORD"];

fn clean(mut command: Command, folder: &Path, set: &[&str]) -> Output {
    command.current_dir(folder).env_remove("MONITOR_CONFIG");
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
        .envs(set.iter().map(|name| (*name, "s3cret")))
        .output()
        .unwrap()
}

fn init(arguments: &[&str], folder: &Path) -> (Option<i32>, String) {
    init_with(arguments, folder, &[])
}

fn init_with(arguments: &[&str], folder: &Path, set: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary("monitor"));
    command.arg("init").args(arguments);
    let output = clean(command, folder, set);
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), said.concat())
}

/// Pastes the last line into a shell in the same folder.
fn paste_last_line(said: &str, folder: &Path, set: &[&str]) -> String {
    let line = said.lines().last().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]);
    let output = clean(shell, folder, set);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{line}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_last_line_is_a_command_that_works_wherever_the_config_is() {
    for (arguments, file) in [
        (&[][..], "config/monitor.toml"),
        (&["."], "config/monitor.toml"),
        (&["my site"], "my site/config/monitor.toml"),
        (&["--config", "monitor.toml"], "monitor.toml"),
        (&["--config", "etc/it's mine.toml"], "etc/it's mine.toml"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = init(arguments, folder.path());
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("wrote {file}\n")), "{said}");
        for name in VARIABLES {
            assert!(said.contains(name), "{name}: {said}");
        }
        let checked = paste_last_line(&said, folder.path(), &[]);
        assert!(
            checked.ends_with(&format!("{file}: good; 3 metrics, 2 systems, 1 channel\n")),
            "{checked}"
        );
        assert!(!folder.path().join("data").exists(), "a check makes no database");
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = init(&["here", "--config", "there.toml"], folder.path());
    assert_eq!(code, Some(2), "one of them: {said}");
}

#[test]
fn what_flags_say_becomes_a_config_that_a_check_passes() {
    let system = ["--system", "https://shop.example"];
    for (more, counts) in [
        (&[][..], "1 metric, 1 system, 0 channels"),
        (
            &["--login", "none", "--above", "100"],
            "1 metric, 1 system, 0 channels",
        ),
        (
            &[
                "--login",
                "form_cookie",
                "--login-path",
                "/signin",
                "--user",
                "ann",
            ],
            "1 metric, 1 system, 0 channels",
        ),
        (
            &[
                "--login",
                "bearer",
                "--metric",
                "unpaid",
                "--path",
                "/api/orders",
                "--value",
                "$.meta.total",
                "--mail-to",
                "a@b.example,c@d.example",
            ],
            "1 metric, 1 system, 1 channel",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = init(&[&system, more].concat(), folder.path());
        assert_eq!(code, Some(0), "{more:?}: {said}");
        let checked = paste_last_line(&said, folder.path(), &[]);
        assert!(
            checked.ends_with(&format!("good; {counts}\n")),
            "{more:?}: {checked}"
        );
        let text = std::fs::read_to_string(folder.path().join("config/monitor.toml")).unwrap();
        assert!(text.starts_with("#:schema monitor.schema.json\n"), "{text}");
        let beside = std::fs::read(folder.path().join("config/monitor.schema.json")).unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&beside).unwrap();
        assert!(schema["properties"]["metrics"].is_object());
    }
    for (arguments, why) in [
        (&["--login", "basic"][..], "--system"),
        (&["--system", "shop.example"], "--system"),
        (
            &["--system", "https://shop.example", "--login", "sso"],
            "json_token",
        ),
        (
            &["--system", "https://shop.example", "--value", "total"],
            "metrics.total.fetch.value",
        ),
        (
            &["--system", "https://shop.example", "--mail-to", "nobody"],
            "channels.mail.to",
        ),
        (
            &["--system", "https://shop.example", "--mail-server", "smtp://m"],
            "--mail-to",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = init(arguments, folder.path());
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert!(!folder.path().join("config").exists(), "{arguments:?}");
    }
}

#[test]
fn variables_that_are_set_need_no_stand_in() {
    for (set, left) in [
        (&[][..], "SYSTEM_A_PASSWORD=x SYSTEM_B_PASSWORD=x "),
        (&VARIABLES[..1], "SYSTEM_B_PASSWORD=x "),
        (&VARIABLES[..], ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (_, said) = init_with(&[], folder.path(), set);
        let line = said.lines().last().unwrap();
        let command = format!("{left}{} check --config ", binary("monitor").display());
        assert!(line.starts_with(&command), "{set:?}: {line}");
        assert!(!said.contains("s3cret"), "{said}");
        paste_last_line(&said, folder.path(), set);
    }
}

/// A clone has the example there already, which is nobody's work.
#[test]
fn a_clone_can_begin_with_init() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config/monitor.toml");
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(&file, EXAMPLE).unwrap();
    let (code, said) = init(&["--base-url", "https://monitor.example/"], folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("wrote config/monitor.toml, over the example that was there\n"),
        "{said}"
    );
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("\nbase_url = \"https://monitor.example\""));
    paste_last_line(&said, folder.path(), &[]);

    for mine in [written.clone(), format!("{EXAMPLE}# mine\n"), String::new()] {
        std::fs::write(&file, &mine).unwrap();
        let (code, said) = init(&[], folder.path());
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("config/monitor.toml is there already and was left as it is"),
            "{said}"
        );
        assert!(
            said.contains(" check --config config/monitor.toml` says what is to be done"),
            "{said}"
        );
        assert!(said.contains(" init --config FILE` writes another one"), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), mine);
    }
}

#[test]
fn the_address_of_the_page_is_taken_by_a_flag_or_left_in_sight() {
    let folder = tempfile::tempdir().unwrap();
    let link = "hint: config/monitor.toml:";
    let (_, said) = init(&[], folder.path());
    assert!(
        said.contains("- set web.base_url in it to how people reach the page"),
        "{said}"
    );
    let written = std::fs::read_to_string(folder.path().join("config/monitor.toml")).unwrap();
    assert!(written.contains("\n#base_url = \"https://monitor.example\" "));
    let checked = paste_last_line(&said, folder.path(), &[]);
    let hints: Vec<&str> = checked.lines().filter(|line| line.starts_with(link)).collect();
    assert_eq!(hints.len(), 3, "of the page, x and y: {checked}");
    assert!(
        hints[0].contains("web.base_url: is not set, so messages have no link"),
        "{checked}"
    );
    for (hint, key) in hints[1..].iter().zip(["x", "y"]) {
        assert!(
            hint.contains(&format!("metrics.{key}.alert.initial: ")),
            "{checked}"
        );
    }

    let folder = tempfile::tempdir().unwrap();
    let (_, said) = init(&["--base-url", "http://monitor.example:8080"], folder.path());
    assert!(!said.contains("base_url"), "{said}");
    let checked = paste_last_line(&said, folder.path(), &[]);
    assert!(!checked.contains("base_url"), "{checked}");

    for (bad, why) in [
        ("monitor.example", "put http:// or https:// before it"),
        ("localhost:8080", "put http:// or https:// before it"),
        ("ftp://monitor.example", "must begin with http:// or https://"),
        (
            "https://u:hunter2@monitor.example",
            "must not hold a user or password",
        ),
        ("https://monitor.example/?a=b", "must not hold a query"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = init(&["--base-url", bad], folder.path());
        assert_eq!(code, Some(2), "{bad}: {said}");
        assert!(said.contains("--base-url") && said.contains(why), "{bad}: {said}");
        assert!(!folder.path().join("config").exists(), "nothing was written");
    }
}
