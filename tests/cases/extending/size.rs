//! What an addition costs: the files of the page, counted as they stand there, comments and blank lines too.

use super::steps::PAGE;
use crate::cases::blocks::blocks;

/// The file of the page that ends so, and the most lines that it may have.
const MOST: [(&str, usize); 3] = [
    ("processor/src/metrics/waiting.rs", 30),
    ("login/src/kinds/ticket.rs", 60),
    ("notify/src/channels/robot.rs", 80),
];

/// The most lines of a program from outside of the workspace, with a metric, a kind of system and a kind of channel.
const MOST_OUTSIDE: usize = 80;

/// What a line may have, as `rustfmt.toml` has it for code, and a little more for texts and comments.
const WIDEST: usize = 130;

/// What would make fewer lines of it without making it less.
const TRICKS: [&str; 6] = [
    "rustfmt::skip",
    "rustfmt_skip",
    "include!",
    "include_str!",
    "macro_rules!",
    "#[path",
];

/// What is wrong with a file that may have so many lines: there are more, or they are fewer by a trick.
fn too_large(code: &str, most: usize) -> Option<String> {
    let lines = code.lines().count();
    if lines > most {
        return Some(format!("{lines} lines, {most} at most"));
    }
    if let Some(trick) = TRICKS.iter().find(|trick| code.contains(**trick)) {
        return Some(format!("it has {trick}"));
    }
    let crammed = code.lines().find(|line| {
        let is_code = !line.trim_start().starts_with("//");
        line.chars().count() > WIDEST || (is_code && line.matches("; ").count() > 0)
    });
    crammed.map(|line| format!("more than one line in {line:?}"))
}

#[test]
fn a_metric_is_thirty_lines_a_login_sixty_a_channel_eighty_and_their_lists_get_a_line() {
    let all = blocks(PAGE);
    for (end, most) in MOST {
        let block = |language: &str, end: &str| {
            let mut found = all.iter().filter(|block| {
                block.language == language && block.file().is_some_and(|file| file.ends_with(end))
            });
            let text = found
                .next()
                .unwrap_or_else(|| panic!("no {end} on the page"))
                .text;
            assert!(found.next().is_none(), "two steps for {end}");
            text
        };
        assert_eq!(too_large(block("rust", end), most), None, "{end}");
        let (room, module) = end.rsplit_once('/').unwrap();
        let added = block("diff", &format!("{room}/mod.rs"));
        let added: Vec<&str> = added.lines().filter_map(|line| line.strip_prefix('+')).collect();
        let module = format!("mod {};", module.trim_end_matches(".rs"));
        let (modules, registered): (Vec<&str>, Vec<&str>) =
            added.iter().copied().partition(|line| *line == module);
        assert_eq!((modules.len(), registered.len()), (1, 1), "{end}: {added:?}");
        println!(
            "{end}: {} lines, and 1 in the list",
            block("rust", end).lines().count()
        );
    }
}

#[test]
fn a_program_from_outside_with_all_three_is_eighty_lines() {
    let code = include_str!("../../embedding/src/main.rs");
    assert_eq!(too_large(code, MOST_OUTSIDE), None);
    for kind in [
        "impl Metric for",
        "impl SimpleLogin for",
        "impl SimpleChannel for",
    ] {
        assert_eq!(code.matches(kind).count(), 1, "{kind}");
    }
}

#[test]
fn fewer_lines_by_a_trick_are_no_fewer() {
    let good = "//! A metric; a small one.\n\nuse a::b;\n\nfn c() {\n    let d = 0;\n}\n";
    assert_eq!(too_large(good, 7), None);
    assert_eq!(too_large(good, 6).as_deref(), Some("7 lines, 6 at most"));
    for trick in [
        "#[rustfmt::skip]\nfn a() {}",
        "include!(\"rest.rs\");",
        "macro_rules! all { () => {} }",
        "#[path = \"rest.rs\"]\nmod rest;",
        "fn a() { let b = 1; let c = 2 }",
    ] {
        assert!(too_large(trick, 30).is_some(), "{trick}");
    }
    let wide = format!("// {}", "x".repeat(WIDEST));
    assert!(too_large(&wide, 30).is_some());
}
