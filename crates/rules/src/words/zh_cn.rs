//! Simplified Chinese.

use std::time::Duration;

use super::{Back, Move, Phrase, Place, Progress, When};
use crate::flapping::Flapping;
use crate::reason::{clock, difference, number, rounded};
use crate::rule::{Baseline, Condition, EventKind, Rule};

pub(super) const SEPARATOR: &str = "；";

pub(super) fn phrase(phrase: &Phrase) -> String {
    match *phrase {
        Phrase::Moved(it) => moved(it, None),
        Phrase::NotMoved { moved: it, kind, by } => {
            let amount = match kind {
                EventKind::Rise => "增幅",
                EventKind::Fall => "降幅",
                EventKind::Change => "变化",
            };
            format!("{}；{amount}未达 {}", moved(it, None), number(by))
        }
        Phrase::MovedSoFar {
            moved: it,
            since,
            so_far,
        } => format!("{}，{}告警", moved(it, Some(since)), progress(so_far)),
        Phrase::Learnt(value) => format!("{} 为首次读数，仅作为基准，不做判断", number(value)),
        Phrase::Read(value) => format!("已读到 {}", number(value)),
        Phrase::Fine { value, place: at } => {
            let at = match at {
                Place::Above(_) | Place::Below(_) | Place::Between(..) => format!("未{}", place(at)),
                Place::Outside(low, high) => inside(low, high),
            };
            format!("{} {at}", number(value))
        }
        Phrase::Beyond {
            value,
            place: at,
            since,
        } => beyond(value, at, since),
        Phrase::BeyondSoFar {
            value,
            place: at,
            since,
            so_far,
        } => format!("{}，{}告警", beyond(value, at, since), progress(so_far)),
        Phrase::NotClear {
            value,
            place: at,
            clear,
            since,
        } => {
            let (from, to) = (back(Back::NoLonger(at)), place(clear));
            format!("{} {from}，但尚未{to}（{}）", number(value), firing(since))
        }
        Phrase::ClearSoFar {
            value,
            back: to,
            since,
            so_far,
        } => {
            let (to, so_far) = (back(to), progress(so_far));
            format!("{} {to}，{so_far}恢复（{}）", number(value), firing(since))
        }
        Phrase::Recovered {
            value,
            back: to,
            since,
        } => format!("{} {}，已恢复（{}）", number(value), back(to), firing(since)),
        Phrase::Unreadable { since, error } => format!("读取失败（{}）：{error}", from(since)),
        Phrase::NoData { lasted, error } => format!("已 {}没有数据：{error}", span(rounded(lasted))),
        Phrase::LastRead { value, at } => {
            let at = clock(at).unwrap_or_else(|| "时间未知".to_owned());
            format!("最近一次读数 {}（{at}）", number(value))
        }
        Phrase::WasFiring { since } => format!("中断前处于告警状态（{}）", from(since)),
        Phrase::NotANumber(value) => format!("{value} 不是有效数值"),
        Phrase::Flapping(limit) => format!("频繁波动：{}", often(limit)),
    }
}

/// "增加 1 及以上时告警"、"高于 100 持续 30 秒后告警，低于 90 恢复，10 分钟内 5 次告警视为频繁波动"。
pub(super) fn rule(rule: &Rule) -> String {
    let told = condition(rule);
    match rule.flapping() {
        Some(limit) => format!("{told}，{}视为频繁波动", often(limit)),
        None => told,
    }
}

fn condition(rule: &Rule) -> String {
    let (hold, keep_for) = (rule.hold, rule.keep_for);
    match &rule.condition {
        Condition::Event(event) => {
            let against = match event.baseline {
                Baseline::Last => "",
                Baseline::LastAlert => "较上次告警",
            };
            let verb = match event.kind {
                EventKind::Rise => "增加",
                EventKind::Fall => "减少",
                EventKind::Change => "变化",
            };
            let when = if hold.is_zero() {
                "时告警".to_owned()
            } else {
                format!("并持续 {}后告警", span(hold))
            };
            let shown = if keep_for.is_zero() {
                String::new()
            } else {
                format!("，告警状态保持 {}", span(keep_for))
            };
            format!("{against}{verb} {} 及以上{when}{shown}", number(event.by))
        }
        Condition::Level(level) => {
            let alert = once(&place(level.place()), hold, "告警");
            let clear = match (level.clear_place(), level.place()) {
                (Some(clear), _) => place(clear),
                (None, _) if keep_for.is_zero() => return alert,
                (None, Place::Outside(low, high)) => inside(low, high),
                (None, at) => format!("不{}", place(at)),
            };
            format!("{alert}，{}", once(&clear, keep_for, "恢复"))
        }
        Condition::NoData => format!("连续 {}没有数据时告警", span(rule.no_data)),
    }
}

/// "从 5 升至 7，增加 2（首次读数，自 12:01:41 UTC 起）"。
fn moved(moved: Move, since: Option<When>) -> String {
    let Move {
        value,
        from: old,
        from_last_alert,
        is_first,
    } = moved;
    let (new, by) = (number(value), difference(value, old));
    let origin = if from_last_alert {
        format!("上次告警时的 {}", number(old))
    } else {
        format!(" {}", number(old))
    };
    let how = if value > old {
        format!("从{origin} 升至 {new}，增加 {by}")
    } else if value < old {
        format!("从{origin} 降至 {new}，减少 {by}")
    } else if from_last_alert {
        format!("{new} 与上次告警时相同")
    } else {
        format!("保持 {new} 不变")
    };
    let notes: Vec<String> = is_first
        .then(|| "首次读数".to_owned())
        .into_iter()
        .chain(since.map(from))
        .collect();
    if notes.is_empty() {
        how
    } else {
        format!("{how}（{}）", notes.join("，"))
    }
}

fn beyond(value: f64, at: Place, since: When) -> String {
    format!("{} {}（{}）", number(value), place(at), from(since))
}

fn place(place: Place) -> String {
    match place {
        Place::Above(limit) => format!("高于 {}", number(limit)),
        Place::Below(limit) => format!("低于 {}", number(limit)),
        Place::Between(low, high) => format!("高于 {} 且低于 {}", number(low), number(high)),
        Place::Outside(low, high) => format!("超出 {} 至 {} 范围", number(low), number(high)),
    }
}

fn inside(low: f64, high: f64) -> String {
    format!("在 {} 至 {} 范围内", number(low), number(high))
}

fn back(back: Back) -> String {
    match back {
        Back::At(at) => place(at),
        Back::NoLonger(Place::Outside(low, high)) => format!("已{}", inside(low, high)),
        Back::NoLonger(at) => format!("不再{}", place(at)),
    }
}

fn often(limit: Flapping) -> String {
    format!("{}内 {} 次告警", span(limit.within), limit.alerts)
}

fn progress(progress: Progress) -> String {
    let (held, asked) = (span(rounded(progress.held)), span(rounded(progress.asked)));
    format!("已持续 {held}，满 {asked}后")
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
        format!("{place}{gap}持续 {}后{what}", span(lasting))
    }
}

fn from(since: When) -> String {
    clock(since).map_or_else(|| "起始时间未知".to_owned(), |time| format!("自 {time} 起"))
}

fn firing(since: When) -> String {
    clock(since).map_or_else(
        || "告警起始时间未知".to_owned(),
        |time| format!("告警始于 {time}"),
    )
}

/// "1 分 10 秒"、"2 小时"、"500 毫秒"。
pub(super) fn span(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), u64::from(duration.subsec_millis()));
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    let minute = if seconds == 0 && millis == 0 {
        "分钟"
    } else {
        "分"
    };
    let parts: Vec<String> = [
        (days, "天"),
        (hours, "小时"),
        (minutes, minute),
        (seconds, "秒"),
        (millis, "毫秒"),
    ]
    .into_iter()
    .filter(|(amount, _)| *amount > 0)
    .map(|(amount, unit)| format!("{amount} {unit}"))
    .collect();
    if parts.is_empty() {
        "0 秒".to_owned()
    } else {
        parts.join(" ")
    }
}
