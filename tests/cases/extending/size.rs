//! What an addition costs: the files of the page, counted as they stand there, comments and blank lines too.

use super::steps::PAGE;
use crate::cases::blocks::blocks;

/// The file of the page that ends so, and the most lines that it may have.
const MOST: [(&str, usize); 2] = [
    ("processor/src/metrics/waiting.rs", 30),
    ("login/src/kinds/ticket.rs", 60),
];

#[test]
fn a_metric_is_thirty_lines_and_a_login_is_sixty_and_their_lists_get_a_line() {
    let all = blocks(PAGE);
    for (end, most) in MOST {
        let block = |language: &str, end: &str| {
            let mut found = all.iter().filter(|block| {
                block.language == language && block.file().is_some_and(|file| file.ends_with(end))
            });
            found
                .next()
                .unwrap_or_else(|| panic!("no {end} on the page"))
                .text
        };
        let lines = block("rust", end).lines().count();
        assert!(lines <= most, "{end} has {lines} lines, {most} at most");
        let (room, module) = end.rsplit_once('/').unwrap();
        let added = block("diff", &format!("{room}/mod.rs"));
        let added: Vec<&str> = added.lines().filter_map(|line| line.strip_prefix('+')).collect();
        let module = format!("mod {};", module.trim_end_matches(".rs"));
        let (modules, registered): (Vec<&str>, Vec<&str>) =
            added.iter().copied().partition(|line| *line == module);
        assert_eq!((modules.len(), registered.len()), (1, 1), "{end}: {added:?}");
        println!("{end}: {lines} lines, and 1 in the list");
    }
}
