//! A thousand damaged configs: each is read or refused with a place for every mistake, and none makes the program panic. The damage
//! is the same at each run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use monitor_settings::{Diagnostic, Place};

use super::example_config::{DEMO, EXAMPLE, with_all_turned_on};
use super::{load_str, variables};

/// How many configs.
const CONFIGS: u64 = 1_000;
/// What values become.
const VALUES: [&str; 34] = [
    "true",
    "1",
    "0",
    "-1",
    "0.5",
    "1e400",
    "-1e-400",
    "nan",
    "-inf",
    "9223372036854775807",
    "99999999999999999999",
    "0x7fffffff",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "\"\"",
    "\" \"",
    "\"订单🔥\"",
    "\"\\u0000\\u202E\"",
    "\"30s\"",
    "\"-5s\"",
    "\"18446744073709551615y\"",
    "\"20%\"",
    "\"http://[::1\"",
    "\"{{ delta\"",
    "\"$..[?@.a\"",
    "[]",
    "[[1], [2, [3]]]",
    "[\"a\", 1, true]",
    "{}",
    "{ env = \"MONITOR_TEST_NO_SUCH_VARIABLE\" }",
    "{ file = \"/nowhere/secret\" }",
    "{ env = 1, file = 2 }",
    "{ a = { b = { c = [ { d = 1 } ] } } }",
    "'''",
];
/// What is put in anywhere.
const PIECES: [&str; 18] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "#",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "🔥",
    "\r",
    "\n[metrics.x]\n",
];

/// Numbers as by chance that are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap()
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// Damages a text once.
fn damage(text: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let with_value: Vec<usize> = (0..lines.len())
        .filter(|at| !lines[*at].starts_with('#') && lines[*at].contains(" = "))
        .collect();
    if lines.is_empty() || with_value.is_empty() {
        return format!("{text}{}", chance.of(&PIECES));
    }
    let any = chance.below(lines.len());
    let at = with_value[chance.below(with_value.len())];
    let (key, value) = lines[at].split_once(" = ").unwrap();
    let (key, value) = (key.to_owned(), value.to_owned());
    match chance.below(14) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(any, lines[at].clone()),
        2 => lines[at] = format!("{}{key} = {value}", chance.of(&["x", "é", "-", "a.", "\"", "1"])),
        3..=5 => lines[at] = format!("{key} = {}", chance.of(&VALUES)),
        6 => lines.swap(any, at),
        7 => {
            let other = with_value[chance.below(with_value.len())];
            let value = lines[other].split_once(" = ").unwrap().1.to_owned();
            lines[at] = format!("{key} = {value}");
        }
        8 => {
            let depth = 1 + chance.below(1_000);
            let (open, close) = if chance.below(2) == 0 {
                ("[", "]")
            } else {
                ("{a=", "}")
            };
            lines[at] = format!("{key} = {}1{}", open.repeat(depth), close.repeat(depth));
        }
        9 => lines[at] = format!("{key} = \"{}\"", "很长".repeat(1 + chance.below(2_000))),
        10 => lines[any] = lines[any].trim_start_matches('#').to_owned(),
        11 => lines.insert(
            any,
            format!(
                "[{}.{}]",
                chance.of(&["systems", "metrics", "channels", "zzz", "web"]),
                chance.of(&["a", "x", "\"\"", "é", "x.y"])
            ),
        ),
        12 => {
            let mut chars: Vec<char> = text.chars().collect();
            let place = chance.below(chars.len());
            match chance.below(3) {
                0 => chars.truncate(place),
                1 => drop(chars.remove(place)),
                _ => drop(chars.splice(place..place, chance.of(&PIECES).chars())),
            }
            return chars.into_iter().collect();
        }
        _ => lines[any].push_str(chance.of(&PIECES)),
    }
    lines.join("\n")
}

/// What is wrong with a mistake that a person is shown.
fn fault(mistake: &Diagnostic, text: &str) -> Option<String> {
    let lines = text.split('\n').count();
    let place = match &mistake.place {
        Place::File { file, line, column } => {
            let length = text
                .split('\n')
                .nth(line - 1)
                .map_or(0, |line| line.chars().count());
            file == "m.toml" && (1..=lines).contains(line) && (1..=length + 1).contains(column)
        }
        Place::Whole { .. } | Place::Env { .. } => false,
    };
    let is_one_line = !mistake.to_string().contains('\n');
    let is_said = !mistake.message.trim().is_empty();
    (!place || !is_one_line || !is_said).then(|| format!("{mistake:?}"))
}

#[test]
fn a_thousand_damaged_configs_are_read_or_refused_with_a_place_for_each_mistake() {
    let all = with_all_turned_on();
    let env = variables(&[("SYSTEM_A_PASSWORD", "hunter2"), ("SYSTEM_B_PASSWORD", "hunter2")]);
    let (mut good, mut refused, mut mistakes) = (0, 0, 0);
    for seed in 0..CONFIGS {
        let mut chance = Chance(seed);
        let mut text = [EXAMPLE, DEMO, &all][chance.below(3)].to_owned();
        for _ in 0..=chance.below(3) {
            text = damage(&text, &mut chance);
        }
        let loaded = catch_unwind(AssertUnwindSafe(|| load_str("m.toml", &text, &env)));
        let Ok(loaded) = loaded else {
            panic!("seed {seed} panics with:\n{text}");
        };
        match loaded {
            Ok(_) => good += 1,
            Err(wrong) => {
                refused += 1;
                mistakes += wrong.0.len();
                assert!(!wrong.0.is_empty(), "seed {seed} is refused without a reason");
                let faults: Vec<String> = wrong
                    .0
                    .iter()
                    .filter_map(|mistake| fault(mistake, &text))
                    .collect();
                assert!(faults.is_empty(), "seed {seed}: {faults:#?} in:\n{text}");
                assert!(!wrong.to_string().contains("hunter2"), "seed {seed}");
            }
        }
    }
    assert!(
        good > 50 && refused > 500 && mistakes > refused,
        "{good} good, {refused} refused, {mistakes} mistakes"
    );
}
