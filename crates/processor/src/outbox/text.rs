//! Lists, headlines and times in the engine's texts, in the language of the installation.

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::{Language, counted};

/// Things that are named one by one in a sentence.
const NAMED: usize = 10;
/// Messages that are listed one by one at the end of another.
const LISTED: usize = 50;
/// Characters of each of them.
const LISTED_CHARS: usize = 200;
/// Characters of one of the messages that are one notification, and of all of them: it is stored once a recipient.
const MESSAGE_CHARS: usize = 1_000;
const MESSAGES_CHARS: usize = 8_000;

/// The headline of several messages in one.
pub(crate) fn digest(language: Language, count: usize) -> String {
    match language {
        Language::English => counted(count, "message"),
        Language::Chinese => format!("{count} 条消息"),
    }
}

/// As many lines as are shown of `all`, and how many are not.
pub(crate) fn list(language: Language, lines: impl Iterator<Item = String>, all: usize) -> Vec<String> {
    let mut shown: Vec<String> = lines
        .take(LISTED)
        .map(|line| format!("· {}", short(&line, LISTED_CHARS)))
        .collect();
    let left = all.saturating_sub(shown.len());
    if left > 0 {
        shown.push(match language {
            Language::English => format!("· and {left} more, on the page"),
            Language::Chinese => format!("· 其余 {left} 条请查看页面"),
        });
    }
    shown
}

/// The messages that one notification lists, and how many more there are: some dozens, and no more than people read.
pub(crate) fn listed<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> (Vec<String>, usize) {
    let (count, mut room) = (all.len(), MESSAGES_CHARS);
    let mut shown = Vec::new();
    for message in all.take(LISTED) {
        let message = short(message, MESSAGE_CHARS);
        let chars = message.chars().count();
        if chars > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(chars);
        shown.push(message);
    }
    let more = count - shown.len();
    (shown, more)
}

/// A time as it reads now: with its date where that is not today's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) at: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

impl When {
    pub(crate) fn stored(at: NaiveDateTime, now: DateTime<Utc>) -> When {
        When {
            at: at.and_utc(),
            now,
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&monitor_rules::time_of_day(self.at, self.now))
    }
}

/// As many names as fit in a sentence, and how many more there are.
pub(crate) fn list_names(language: Language, all: &[String]) -> String {
    let separator = match language {
        Language::English => ", ",
        Language::Chinese => "、",
    };
    let mut named = all
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(separator);
    if all.len() > NAMED {
        let left = all.len() - NAMED;
        named.push_str(&match language {
            Language::English => format!(" and {left} more"),
            Language::Chinese => format!("等另外 {left} 项"),
        });
    }
    named
}

/// A text in one line, of at most so many characters.
fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_600_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let when = |seconds| When {
            at: at(0),
            now: at(seconds),
        };
        assert_eq!(when(60).to_string(), "09:46:40 UTC");
        assert_eq!(when(86_400).to_string(), "2026-11-25 09:46:40 UTC");
    }

    #[test]
    fn messages_are_listed_as_far_as_people_read() {
        let (all, more) = listed(["order\n 5", "order 6"].into_iter());
        assert_eq!((all, more), (vec!["order 5".to_owned(), "order 6".to_owned()], 0));
        let many = vec!["order"; 60];
        let (some, more) = listed(many.iter().copied());
        assert_eq!((some.len(), more), (50, 10));
        let long = "长".repeat(5_000);
        let long = vec![long.as_str(); 20];
        let (some, more) = listed(long.iter().copied());
        assert_eq!((some.len(), more), (8, 12));
        assert!(some[0].chars().count() == 1_000 && some[0].ends_with('…'));
    }

    #[test]
    fn names_are_bounded_and_the_rest_is_counted() {
        let many: Vec<String> = (0..12).map(|n| format!("order {n}")).collect();
        assert_eq!(list_names(Language::English, &many).matches(", ").count(), 9);
        assert!(list_names(Language::English, &many).ends_with(" and 2 more"));
        assert!(list_names(Language::Chinese, &many).ends_with("等另外 2 项"));
    }
}
