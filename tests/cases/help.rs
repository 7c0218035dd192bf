//! What the programs say of themselves, word for word.
//!
//! `INSTA_UPDATE=always cargo test --workspace help` writes the snapshots anew.

use std::process::Command;

use monitor_tests::binary;

/// `--help` of a program, and of each of its subcommands in turn.
fn help(program: &str) -> String {
    let mut all = String::new();
    let mut waiting = vec![Vec::new()];
    while let Some(command) = waiting.pop() {
        let output = Command::new(binary(program))
            .args(&command)
            .arg("--help")
            // What is printed must not depend on the terminal or the shell.
            .env("COLUMNS", "100")
            .env_remove("MONITOR_CONFIG")
            .output()
            .unwrap();
        assert!(output.status.success(), "{program} {command:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let subcommands = subcommands(&text);
        waiting.extend(
            subcommands
                .iter()
                .rev()
                .map(|name| [&command[..], std::slice::from_ref(name)].concat()),
        );
        all.push_str(&format!(
            "$ {} --help\n{text}\n",
            [&[program.to_owned()], &command[..]].concat().join(" ")
        ));
    }
    all
}

/// The names under `Commands:`, but for clap's own.
fn subcommands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    list.lines()
        .take_while(|line| !line.is_empty())
        // A description may go on in the next line, further in.
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn of_each_program_and_subcommand() {
    for program in ["monitor", "monitor-worker", "monitor-web"] {
        let text = help(program);
        insta::assert_snapshot!(program, text);
    }
    assert!(
        help("monitor").contains("$ monitor try channel --help"),
        "subcommands are found"
    );
}
