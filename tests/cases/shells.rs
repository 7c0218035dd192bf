//! What packages install besides the programs: completions that shells take, and manual pages that render.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use monitor_testkit::require;
use monitor_tests::binary;

fn monitor(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("monitor"));
    command
        .args(arguments)
        .env_remove("MONITOR_CONFIG")
        .output()
        .unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands and what is below them, as `--help` lists them.
fn commands(before: &[&str]) -> Vec<Vec<String>> {
    let help = text(monitor(&[before, &["--help"]].concat()));
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let names = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let mut all = Vec::new();
    for name in names {
        let path: Vec<&str> = [before, &[name]].concat();
        all.push(path.iter().map(|part| (*part).to_owned()).collect());
        all.extend(commands(&path));
    }
    all
}

#[test]
fn completions_name_every_command_and_each_shell_takes_them() {
    let all = commands(&[]);
    for expected in [
        &["import", "flask"][..],
        &["try", "metric"],
        &["completions"],
        &["man"],
        &["check"],
    ] {
        assert!(all.iter().any(|path| path == expected), "{expected:?} in {all:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    for (shell, syntax) in [
        ("bash", &["-n"][..]),
        ("zsh", &["-n"]),
        ("fish", &["--no-execute"]),
        ("powershell", &[]),
    ] {
        let script = text(monitor(&["completions", shell]));
        for path in &all {
            let name = path.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell}: {name}");
        }
        if syntax.is_empty() {
            continue;
        }
        let Some(program) = require(shell) else { continue };
        let file = folder.path().join(shell);
        std::fs::write(&file, &script).unwrap();
        let checked = Command::new(program).args(syntax).arg(&file).output().unwrap();
        assert!(checked.status.success(), "{shell}: {checked:?}");
    }
    let unknown = monitor(&["completions", "tcl"]);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
}

#[test]
fn bash_completes_what_is_typed() {
    let Some(bash) = require("bash") else { return };
    let script = text(monitor(&["completions", "bash"]));
    let complete = |words: &[&str]| -> BTreeSet<String> {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let (current, before) = (words[words.len() - 1], words[words.len() - 2]);
        let call = format!(
            "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_monitor monitor '{current}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            words.len() - 1
        );
        let output = Command::new(&bash)
            .args(["--norc", "-c", &call])
            .output()
            .unwrap();
        text(output).lines().map(str::to_owned).collect()
    };
    assert!(complete(&["monitor", "im"]).contains("import"));
    assert!(complete(&["monitor", "import", ""]).contains("flask"));
    assert!(complete(&["monitor", "try", "me"]).contains("metric"));
    assert!(complete(&["monitor", "import", "flask", "--time"]).contains("--timezone"));
    assert!(complete(&["monitor", "completions", ""]).contains("powershell"));
}

#[test]
fn manual_pages_of_every_command_render_without_a_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let said = text(monitor(&["man", pages.to_str().unwrap()]));
    let all = commands(&[]);
    let files: BTreeSet<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected: BTreeSet<String> = all
        .iter()
        .map(|path| format!("monitor-{}.1", path.join("-")))
        .chain(["monitor.1".to_owned()])
        .collect();
    assert_eq!(files, expected);
    assert!(said.contains("monitor.1"), "{said}");
    let first = text(monitor(&["man"]));
    assert_eq!(first, std::fs::read_to_string(pages.join("monitor.1")).unwrap());
    for path in all.iter().filter(|path| path.len() == 1) {
        assert!(
            first.contains(&format!("monitor\\-{}(1)", path[0])),
            "{path:?} in {first}"
        );
    }
    let Some(groff) = require("groff") else {
        return;
    };
    for name in &files {
        let page = pages.join(name);
        let rendered = Command::new(&groff)
            .args(["-man", "-Tutf8", "-ww", "-P-cbou"])
            .arg(&page)
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&rendered.stderr);
        assert!(
            rendered.status.success() && complaints.is_empty(),
            "{name}: {complaints}"
        );
        let shown = String::from_utf8_lossy(&rendered.stdout);
        assert!(
            shown.contains("NAME") && shown.contains("SYNOPSIS"),
            "{name}: {shown}"
        );
    }
}
