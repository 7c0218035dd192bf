//! Simplified Chinese.

use std::fmt::{self, Display};
use std::time::Duration;

use super::{Number, Phrase, clock, rounded};
use crate::flapping::Flapping;
use crate::situation::{Progress, Situation, When};

pub(super) const SEPARATOR: &str = "；";

pub(super) fn phrase(phrase: &Phrase) -> String {
    match *phrase {
        Phrase::Unreadable { since, error } => format!("无法读取（{}）：{error}", from(since)),
        Phrase::NoData { lasted, error } => format!("已 {}没有数据：{error}", span(rounded(lasted))),
        Phrase::LastRead { value, at } => {
            format!(
                "最近一次读数 {}（{}）",
                Number(value),
                time(at, "", "", "时间未知")
            )
        }
        Phrase::WasFiring { since } => format!("中断前处于告警状态（{}）", from(since)),
        Phrase::NotANumber(value) => format!("{value} 不是有效数值"),
        Phrase::CannotBeJudged { value, why } => format!("读数 {} 无法判断：{why}", Number(value)),
        Phrase::NotJudged { value, why } => format!("读数 {} 暂不判断：{why}", Number(value)),
        Phrase::NothingSent { since: Some(since) } => format!("{}未收到推送", from(since)),
        Phrase::NothingSent { since: None } => "从未收到推送".to_owned(),
        Phrase::Flapping(limit) => format!("频繁波动：{}", often(limit)),
    }
}

pub(super) fn tail(f: &mut fmt::Formatter<'_>, situation: Situation) -> fmt::Result {
    match situation {
        Situation::Quiet => Ok(()),
        Situation::Pending {
            since,
            progress: so_far,
        } => {
            write!(f, "（{}），{}告警", from(since), progress(so_far))
        }
        Situation::Firing { since } => write!(f, "（{}）", from(since)),
        Situation::NotClear { since } => write!(f, "（{}）", firing(since)),
        Situation::Clearing {
            since,
            progress: so_far,
        } => {
            write!(f, "，{}恢复（{}）", progress(so_far), firing(since))
        }
        Situation::Recovered { since } => write!(f, "，已恢复（{}）", firing(since)),
    }
}

/// "10 分钟内 5 次告警"。
pub(crate) fn often(limit: Flapping) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{}内 {} 次告警", span(limit.within), limit.alerts))
}

/// "已持续 10 秒，满 1 分钟后"。
pub(crate) fn progress(progress: Progress) -> impl Display {
    let (held, required) = (rounded(progress.held), rounded(progress.required));
    fmt::from_fn(move |f| write!(f, "已持续 {}，满 {}后", span(held), span(required)))
}

/// "自 12:01:41 UTC 起"。
pub(crate) fn from(since: When) -> impl Display {
    time(since, "自 ", " 起", "起始时间未知")
}

fn firing(since: When) -> impl Display {
    time(since, "告警始于 ", "", "告警起始时间未知")
}

fn time(
    When { at, now }: When,
    before: &'static str,
    after: &'static str,
    unknown: &'static str,
) -> impl Display {
    fmt::from_fn(move |f| match at {
        Some(at) => write!(f, "{before}{}{after}", clock(at, now)),
        None => f.write_str(unknown),
    })
}

/// "1 分 10 秒"、"2 小时"、"500 毫秒"。
pub(crate) fn span(duration: Duration) -> impl Display {
    let (seconds, millis) = (duration.as_secs(), u64::from(duration.subsec_millis()));
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    let minute = if seconds == 0 && millis == 0 {
        "分钟"
    } else {
        "分"
    };
    let parts = [
        (days, "天"),
        (hours, "小时"),
        (minutes, minute),
        (seconds, "秒"),
        (millis, "毫秒"),
    ];
    fmt::from_fn(move |f| {
        let mut gap = "";
        for (amount, unit) in parts.into_iter().filter(|(amount, _)| *amount > 0) {
            write!(f, "{gap}{amount} {unit}")?;
            gap = " ";
        }
        if gap.is_empty() {
            f.write_str("0 秒")
        } else {
            Ok(())
        }
    })
}
