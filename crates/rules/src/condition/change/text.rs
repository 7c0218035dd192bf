//! What changes say.

use std::fmt::{self, Display};

use monitor_domain::Language;

use super::super::{Condition, Context, Reference, Timing};
use super::{Baseline, Change, Direction};
use crate::situation::{Situation, When};
use crate::text::{Number, difference, en, zh_cn};

/// How a value has moved.
#[derive(Clone, Copy)]
struct Move {
    value: f64,
    from: f64,
    origin: Origin,
    /// There was no reading before this one.
    is_first: bool,
}

/// What `from` is, where that has to be said.
#[derive(Clone, Copy)]
enum Origin {
    /// The last reading, or what counts as one.
    Reading,
    /// The value last alerted on.
    LastAlert,
    /// The lowest reading since the last alert, or of all where there is none.
    Lowest { has_alerted: bool },
    /// The highest one.
    Highest { has_alerted: bool },
}

/// "7 rose by 2 from 5".
pub(super) fn reason(change: &Change, context: &Context, situation: Situation, language: Language) -> String {
    let value = context.value;
    let reference = change.reference(&context.past);
    let Some(from) = reference.value() else {
        return learnt(value, language);
    };
    let has_alerted = context.past.alerted.is_some();
    let moved = Move {
        value,
        from,
        origin: match reference {
            Reference::LastAlert(_) => Origin::LastAlert,
            Reference::Lowest(_) => Origin::Lowest { has_alerted },
            Reference::Highest(_) => Origin::Highest { has_alerted },
            _ => Origin::Reading,
        },
        is_first: context.past.last.is_none(),
    };
    match language {
        Language::English => english(change, moved, situation),
        Language::Chinese => chinese(change, moved, situation),
    }
}

/// "rise by 1", "change by 10 from the last alert, keep for 1m".
pub(super) fn describe(change: &Change, timing: Timing, language: Language) -> String {
    match language {
        Language::English => {
            let against = match (change.baseline, change.direction) {
                (Baseline::Last, _) => "",
                (Baseline::LastAlert, Direction::Rise) => " from the last alert or the lowest since",
                (Baseline::LastAlert, Direction::Fall) => " from the last alert or the highest since",
                (Baseline::LastAlert, Direction::Either) => " from the last alert",
            };
            let (noun, by) = (change.direction.noun(), Number(change.by));
            format!(
                "{noun} by {by}{against}{}",
                en::timing(timing.hold, timing.keep_for)
            )
        }
        Language::Chinese => describe_in_chinese(change, timing),
    }
}

fn learnt(value: f64, language: Language) -> String {
    let value = Number(value);
    match language {
        Language::English => format!("{value} is the first reading: learnt, not judged"),
        Language::Chinese => format!("{value} 为首次读数，仅作为基准，不做判断"),
    }
}

fn english(change: &Change, moved: Move, situation: Situation) -> String {
    let how = moved.english();
    match situation {
        Situation::Quiet => format!("{how}: no {} by {}", change.direction.noun(), Number(change.by)),
        Situation::Pending { .. } => format!("{how},{}", situation.tail(Language::English)),
        _ => how.to_string(),
    }
}

fn chinese(change: &Change, moved: Move, situation: Situation) -> String {
    match situation {
        Situation::Quiet => {
            let amount = match change.direction {
                Direction::Rise => "增幅",
                Direction::Fall => "降幅",
                Direction::Either => "变化",
            };
            format!("{}；{amount}未达 {}", moved.chinese(None), Number(change.by))
        }
        Situation::Pending { since, progress } => {
            let (how, progress) = (moved.chinese(Some(since)), zh_cn::progress(progress));
            format!("{how}，{progress}告警")
        }
        _ => moved.chinese(None).to_string(),
    }
}

impl Move {
    /// "7 rose by 2 from 5".
    fn english(self) -> impl Display {
        let Move { value, from, .. } = self;
        fmt::from_fn(move |f| {
            let by = difference(value, from);
            write!(f, "{} ", Number(value))?;
            if value > from {
                write!(f, "rose by {by} from")?;
            } else if value < from {
                write!(f, "fell by {by} from")?;
            } else {
                f.write_str("is unchanged from")?;
            }
            write!(f, " {}", Number(from))?;
            f.write_str(match self.origin {
                Origin::Reading => "",
                Origin::LastAlert => " at the last alert",
                Origin::Lowest { has_alerted: true } => ", the lowest since the last alert",
                Origin::Lowest { has_alerted: false } => ", the lowest so far",
                Origin::Highest { has_alerted: true } => ", the highest since the last alert",
                Origin::Highest { has_alerted: false } => ", the highest so far",
            })?;
            if self.is_first {
                f.write_str(", the first reading")?;
            }
            Ok(())
        })
    }

    /// "从 5 升至 7，增加 2（首次读数，自 12:01:41 UTC 起）"。
    fn chinese(self, since: Option<When>) -> impl Display {
        fmt::from_fn(move |f| {
            self.how_in_chinese(f)?;
            match (self.is_first, since) {
                (false, None) => Ok(()),
                (true, None) => f.write_str("（首次读数）"),
                (false, Some(since)) => write!(f, "（{}）", zh_cn::from(since)),
                (true, Some(since)) => write!(f, "（首次读数，{}）", zh_cn::from(since)),
            }
        })
    }

    fn how_in_chinese(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, from) = (self.value, self.from);
        let (new, old, by) = (Number(value), Number(from), difference(value, from));
        let origin = match self.origin {
            Origin::Reading => " ",
            Origin::LastAlert => "上次告警时的 ",
            Origin::Lowest { has_alerted: true } => "上次告警以来的最低值 ",
            Origin::Lowest { has_alerted: false } => "迄今最低值 ",
            Origin::Highest { has_alerted: true } => "上次告警以来的最高值 ",
            Origin::Highest { has_alerted: false } => "迄今最高值 ",
        };
        if value > from {
            write!(f, "从{origin}{old} 升至 {new}，增加 {by}")
        } else if value < from {
            write!(f, "从{origin}{old} 降至 {new}，减少 {by}")
        } else if matches!(self.origin, Origin::LastAlert) {
            write!(f, "{new} 与上次告警时相同")
        } else {
            write!(f, "保持 {new} 不变")
        }
    }
}

impl Direction {
    fn noun(self) -> &'static str {
        match self {
            Direction::Rise => "rise",
            Direction::Fall => "fall",
            Direction::Either => "change",
        }
    }
}

fn describe_in_chinese(change: &Change, timing: Timing) -> String {
    let Timing { hold, keep_for, .. } = timing;
    let against = match (change.baseline, change.direction) {
        (Baseline::Last, _) => "",
        (Baseline::LastAlert, Direction::Rise) => "较上次告警值或其后最低值",
        (Baseline::LastAlert, Direction::Fall) => "较上次告警值或其后最高值",
        (Baseline::LastAlert, Direction::Either) => "较上次告警",
    };
    let verb = match change.direction {
        Direction::Rise => "增加",
        Direction::Fall => "减少",
        Direction::Either => "变化",
    };
    let mut text = format!("{against}{verb} {} 及以上", Number(change.by));
    if hold.is_zero() {
        text.push_str("时告警");
    } else {
        text.push_str(&format!("并持续 {}后告警", zh_cn::span(hold)));
    }
    if !keep_for.is_zero() {
        text.push_str(&format!("，告警状态保持 {}", zh_cn::span(keep_for)));
    }
    text
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
