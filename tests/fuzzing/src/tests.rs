//! Each target with its seeds, and with damaged ones: none panics, and each comes to its end.

#![allow(clippy::unwrap_used)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::damage::{Chance, damage};
use crate::{TARGETS, Target};

/// How many damaged inputs for each target, unless `MONITOR_FUZZ_RUNS` says otherwise.
const RUNS: usize = 3_000;

/// What takes longer goes on for ever, whatever the machine has to do besides: a thousandth of it is normal.
const LONGEST: Duration = Duration::from_secs(60);

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(fuzz().join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.sort_unstable();
    names
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(fuzz().join("seeds").join(name)).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

/// Runs a target over its seeds and what becomes of them. `current` is what it is at; `done` hears of each that was read.
fn run(name: &str, target: Target, runs: usize, current: &Mutex<Vec<u8>>, done: &Sender<bool>) {
    let seeds = seeds(name);
    let mut inputs = seeds.clone();
    let mut chance = Chance(name.bytes().fold(0, |seed, byte| seed * 31 + u64::from(byte)));
    for _ in 0..runs {
        let mut input = seeds[chance.below(seeds.len())].clone();
        for _ in 0..=chance.below(4) {
            damage(&mut input, &seeds, &mut chance);
        }
        inputs.push(input);
    }
    for input in inputs {
        current.lock().unwrap().clone_from(&input);
        let is_read = catch_unwind(AssertUnwindSafe(|| target(&input))).unwrap_or_else(|panic| {
            let why = said(&*panic);
            panic!("{name} panics ({why}) with:\n{}", input.escape_ascii());
        });
        done.send(is_read).unwrap();
    }
}

fn holds(name: &'static str) {
    let (_, target) = *TARGETS.iter().find(|(other, _)| *other == name).unwrap();
    let runs = std::env::var("MONITOR_FUZZ_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    let (done, heard) = channel();
    let current = Arc::new(Mutex::new(Vec::new()));
    let at = Arc::clone(&current);
    // In a thread of its own, so that one without an end is noticed.
    let running = std::thread::spawn(move || run(name, target, runs, &at, &done));
    let (mut read, mut refused) = (0, 0);
    loop {
        match heard.recv_timeout(LONGEST) {
            Ok(true) => read += 1,
            Ok(false) => refused += 1,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let input = current.lock().unwrap().escape_ascii().to_string();
                panic!("{name} does not come to its end with:\n{input}");
            }
        }
    }
    if let Err(panic) = running.join() {
        panic!("{}", said(&*panic));
    }
    assert_eq!(read + refused, runs + seeds(name).len());
    // What only refuses, or takes anything, is not tested by this.
    assert!(
        read * 50 > runs && refused * 50 > runs,
        "{name}: {read} read, {refused} refused"
    );
}

#[test]
fn config() {
    holds("config");
}

#[test]
fn dump() {
    holds("dump");
}

#[test]
fn extract() {
    holds("extract");
}

#[test]
fn number() {
    holds("number");
}

#[test]
fn recording() {
    holds("recording");
}

#[test]
fn template() {
    holds("template");
}

#[test]
fn every_target_is_built_for_fuzzing_and_has_seeds_of_which_some_are_read() {
    let all: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("fuzz_targets"), all);
    assert_eq!(names("seeds"), all);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, target) in TARGETS {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        let source = std::fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            source.contains(&format!("monitor_fuzzing::{name}(")),
            "{name}: {source}"
        );
        assert!(
            seeds(name).iter().any(|seed| target(seed)),
            "no seed of {name} is read"
        );
    }
}
