//! The program as such: what it says of itself, and how it refuses.

use std::process::Command;

#[test]
fn help_and_version_name_the_program() {
    for argument in ["--help", "--version"] {
        let output = Command::new(env!("CARGO_BIN_EXE_monitor-worker"))
            .arg(argument)
            .output()
            .unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("monitor-worker"));
    }
}

#[test]
fn a_flag_that_is_none_is_bad_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_monitor-worker"))
        .arg("--no-such-flag")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--no-such-flag"));
}
