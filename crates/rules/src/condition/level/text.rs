//! What levels say.

use std::fmt::{self, Display};
use std::time::Duration;

use monitor_domain::Language;

use super::super::Timing;
use super::{Level, Place};
use crate::situation::Situation;
use crate::text::{Number, en, zh_cn};

/// "131 is above 100 since 09:12:40 UTC".
pub(super) fn reason(level: &Level, value: f64, situation: Situation, language: Language) -> String {
    let number = Number(value);
    let tail = situation.tail(language);
    match language {
        Language::English => format!("{number} is {}{tail}", english(level, value, situation)),
        Language::Chinese => format!("{number} {}{tail}", chinese(level, value, situation)),
    }
}

/// "above 100, clear below 90, for 30s".
pub(super) fn describe(level: &Level, timing: Timing, language: Language) -> String {
    match language {
        Language::English => describe_in_english(level, timing),
        Language::Chinese => describe_in_chinese(level, timing),
    }
}

fn english(level: &Level, value: f64, situation: Situation) -> impl Display {
    let (place, clear, breach) = (level.place(), level.clear_place(), level.breach(value));
    fmt::from_fn(move |f| match (situation, clear) {
        (Situation::Quiet, _) => write!(f, "not {}", place.english()),
        (Situation::Pending { .. } | Situation::Firing { .. }, _) => breach.english().fmt(f),
        (Situation::Clearing { .. } | Situation::Recovered { .. }, Some(clear)) => clear.english().fmt(f),
        (Situation::NotClear { .. }, Some(clear)) => {
            write!(f, "no longer {} but not yet {}", place.english(), clear.english())
        }
        (_, None) => write!(f, "no longer {}", place.english()),
    })
}

fn chinese(level: &Level, value: f64, situation: Situation) -> impl Display {
    let (place, clear, breach) = (level.place(), level.clear_place(), level.breach(value));
    fmt::from_fn(move |f| match (situation, clear) {
        (Situation::Quiet, _) => match place {
            Place::Outside(low, high) => inside(low, high).fmt(f),
            place => write!(f, "未{}", place.chinese()),
        },
        (Situation::Pending { .. } | Situation::Firing { .. }, _) => breach.chinese().fmt(f),
        (Situation::Clearing { .. } | Situation::Recovered { .. }, Some(clear)) => clear.chinese().fmt(f),
        (Situation::NotClear { .. }, Some(clear)) => {
            write!(f, "{}，但尚未{}", no_longer(place), clear.chinese())
        }
        (_, None) => no_longer(place).fmt(f),
    })
}

impl Place {
    fn english(self) -> impl Display {
        fmt::from_fn(move |f| match self {
            Place::Above(limit) => write!(f, "above {}", Number(limit)),
            Place::Below(limit) => write!(f, "below {}", Number(limit)),
            Place::Between(low, high) => write!(f, "above {} and below {}", Number(low), Number(high)),
            Place::Outside(low, high) => write!(f, "outside {} to {}", Number(low), Number(high)),
        })
    }

    fn chinese(self) -> impl Display {
        fmt::from_fn(move |f| match self {
            Place::Above(limit) => write!(f, "高于 {}", Number(limit)),
            Place::Below(limit) => write!(f, "低于 {}", Number(limit)),
            Place::Between(low, high) => write!(f, "高于 {} 且低于 {}", Number(low), Number(high)),
            Place::Outside(low, high) => write!(f, "超出 {} 至 {} 范围", Number(low), Number(high)),
        })
    }
}

fn inside(low: f64, high: f64) -> impl Display {
    fmt::from_fn(move |f| write!(f, "在 {} 至 {} 范围内", Number(low), Number(high)))
}

fn no_longer(place: Place) -> impl Display {
    fmt::from_fn(move |f| match place {
        Place::Outside(low, high) => write!(f, "已{}", inside(low, high)),
        place => write!(f, "不再{}", place.chinese()),
    })
}

fn describe_in_english(level: &Level, timing: Timing) -> String {
    let place = level.place().english();
    let spans = en::timing(timing.hold, timing.keep_for);
    match level.clear_place() {
        Some(clear) => format!("{place}, clear {}{spans}", clear.english()),
        None => format!("{place}{spans}"),
    }
}

fn describe_in_chinese(level: &Level, timing: Timing) -> String {
    let alert = once(&level.place().chinese().to_string(), timing.hold, "告警");
    let clear = match (level.clear_place(), level.place()) {
        (Some(clear), _) => clear.chinese().to_string(),
        (None, _) if timing.keep_for.is_zero() => return alert,
        (None, Place::Outside(low, high)) => inside(low, high).to_string(),
        (None, place) => format!("不{}", place.chinese()),
    };
    format!("{alert}，{}", once(&clear, timing.keep_for, "恢复"))
}

/// "高于 100 告警"、"高于 100 持续 30 秒后告警"。
fn once(place: &str, lasting: Duration, what: &str) -> String {
    let gap = if place.ends_with(|last: char| last.is_ascii()) {
        " "
    } else {
        ""
    };
    if lasting.is_zero() {
        format!("{place}{gap}{what}")
    } else {
        format!("{place}{gap}持续 {}后{what}", zh_cn::span(lasting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::situation::{Progress, When};
    use crate::text::tests::latin;

    #[test]
    fn every_situation_has_words_in_every_language() {
        let since = When {
            at: Some("2026-11-23T12:01:41Z".parse().unwrap()),
            now: "2026-11-23T12:02:00Z".parse().unwrap(),
        };
        let progress = Progress {
            held: Duration::from_secs(10),
            required: Duration::from_secs(60),
        };
        let above = Level::above(100.0);
        let cleared = above.clear_below(90.0);
        let outside = Level::outside(1.0, 10.0);
        let between = outside.clear_above(2.0).clear_below(9.0);
        let cases = [
            (
                above,
                99.0,
                Situation::Quiet,
                "99 is not above 100",
                "99 未高于 100",
            ),
            (
                outside,
                5.0,
                Situation::Quiet,
                "5 is not outside 1 to 10",
                "5 在 1 至 10 范围内",
            ),
            (
                above,
                116.0,
                Situation::Firing { since },
                "116 is above 100 since 12:01:41 UTC",
                "116 高于 100（自 12:01:41 UTC 起）",
            ),
            (
                outside,
                0.0,
                Situation::Firing { since },
                "0 is below 1 since 12:01:41 UTC",
                "0 低于 1（自 12:01:41 UTC 起）",
            ),
            (
                above,
                116.0,
                Situation::Pending { since, progress },
                "116 is above 100 since 12:01:41 UTC, for 10s of 1m",
                "116 高于 100（自 12:01:41 UTC 起），已持续 10 秒，满 1 分钟后告警",
            ),
            (
                cleared,
                95.0,
                Situation::NotClear { since },
                "95 is no longer above 100 but not yet below 90; firing since 12:01:41 UTC",
                "95 不再高于 100，但尚未低于 90（告警始于 12:01:41 UTC）",
            ),
            (
                between,
                9.5,
                Situation::NotClear { since },
                "9.5 is no longer outside 1 to 10 but not yet above 2 and below 9; firing since 12:01:41 UTC",
                "9.5 已在 1 至 10 范围内，但尚未高于 2 且低于 9（告警始于 12:01:41 UTC）",
            ),
            (
                cleared,
                89.0,
                Situation::Clearing { since, progress },
                "89 is below 90, for 10s of 1m; firing since 12:01:41 UTC",
                "89 低于 90，已持续 10 秒，满 1 分钟后恢复（告警始于 12:01:41 UTC）",
            ),
            (
                cleared,
                89.0,
                Situation::Recovered { since },
                "89 is below 90: recovered, had been firing since 12:01:41 UTC",
                "89 低于 90，已恢复（告警始于 12:01:41 UTC）",
            ),
            (
                above,
                99.0,
                Situation::Recovered { since },
                "99 is no longer above 100: recovered, had been firing since 12:01:41 UTC",
                "99 不再高于 100，已恢复（告警始于 12:01:41 UTC）",
            ),
            (
                outside,
                9.0,
                Situation::Recovered { since },
                "9 is no longer outside 1 to 10: recovered, had been firing since 12:01:41 UTC",
                "9 已在 1 至 10 范围内，已恢复（告警始于 12:01:41 UTC）",
            ),
        ];
        for (level, value, situation, english, chinese) in cases {
            assert_eq!(reason(&level, value, situation, Language::English), english);
            assert_eq!(reason(&level, value, situation, Language::Chinese), chinese);
            assert!(latin(chinese).iter().all(|word| *word == "UTC"), "{chinese}");
        }
        let since = When { at: None, ..since };
        let unknown = |language| reason(&above, 116.0, Situation::Firing { since }, language);
        assert_eq!(
            unknown(Language::English),
            "116 is above 100 since an unknown time"
        );
        assert_eq!(unknown(Language::Chinese), "116 高于 100（起始时间未知）");
    }

    #[test]
    fn levels_describe_themselves() {
        let (hold, keep_for) = (Duration::from_secs(30), Duration::from_secs(60));
        let plain = Timing::default();
        let kept = Timing { keep_for, ..plain };
        let both = Timing { hold, ..kept };
        let (above, outside) = (Level::above(100.0), Level::outside(1.0, 10.5));
        let cases = [
            (above, plain, "above 100", "高于 100 告警"),
            (
                above.clear_below(90.0),
                plain,
                "above 100, clear below 90",
                "高于 100 告警，低于 90 恢复",
            ),
            (
                above.clear_below(90.0),
                both,
                "above 100, clear below 90, for 30s, keep for 1m",
                "高于 100 持续 30 秒后告警，低于 90 持续 1 分钟后恢复",
            ),
            (
                Level::below(3.0),
                kept,
                "below 3, keep for 1m",
                "低于 3 告警，不低于 3 持续 1 分钟后恢复",
            ),
            (outside, plain, "outside 1 to 10.5", "超出 1 至 10.5 范围告警"),
            (
                outside,
                kept,
                "outside 1 to 10.5, keep for 1m",
                "超出 1 至 10.5 范围告警，在 1 至 10.5 范围内持续 1 分钟后恢复",
            ),
            (
                outside.clear_above(2.0).clear_below(9.0),
                plain,
                "outside 1 to 10.5, clear above 2 and below 9",
                "超出 1 至 10.5 范围告警，高于 2 且低于 9 恢复",
            ),
            (
                outside.clear_above(2.0),
                plain,
                "outside 1 to 10.5, clear above 2",
                "超出 1 至 10.5 范围告警，高于 2 恢复",
            ),
        ];
        for (level, timing, english, chinese) in cases {
            assert_eq!(describe(&level, timing, Language::English), english);
            assert_eq!(describe(&level, timing, Language::Chinese), chinese);
        }
    }
}
