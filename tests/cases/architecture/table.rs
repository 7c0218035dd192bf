//! The table of arrows in the document.

use std::collections::{BTreeMap, BTreeSet};

const BEGIN: &str = "<!-- arrows -->";
const END: &str = "<!-- /arrows -->";
/// Anything at all may be imported.
const ANYTHING: &str = "anything but testkit";

/// Crates (`processor`) and rooms (`processor/polling`), each with what it may import.
pub(super) struct Table(BTreeMap<String, BTreeSet<String>>);

impl Table {
    /// Reads the rows between the markers: the name in backticks, then a list with commas.
    pub(super) fn parse(text: &str) -> Table {
        let begin = text.find(BEGIN).expect("a table of arrows") + BEGIN.len();
        let rows = &text[begin..begin + text[begin..].find(END).expect("its end")];
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let name = cells.next()?.trim_end_matches('`').to_owned();
            let list = cells.next()?;
            let names = list.split(',').map(|one| one.trim().trim_matches('`').to_owned());
            Some((name, names.filter(|one| !one.is_empty() && one != "–").collect()))
        };
        Table(rows.lines().filter_map(row).collect())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn has_rooms(&self, name: &str) -> bool {
        let prefix = format!("{name}/");
        self.0.keys().any(|key| key.starts_with(&prefix))
    }

    /// Whether the arrow is allowed; rooms are named in the table without their crate.
    pub(super) fn allows(&self, from: &str, to: &str) -> bool {
        let Some(allowed) = self.0.get(from) else {
            return false;
        };
        let short = to.rsplit_once('/').map_or(to, |(_, room)| room);
        allowed.contains(short) || (allowed.contains(ANYTHING) && to != "testkit")
    }
}
