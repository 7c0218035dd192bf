//! What changes say.

use std::fmt::{self, Display};
use std::time::Duration;

use monitor_domain::Language;

use super::super::{Context, Reference, Timing};
use super::step::percent;
use super::{Baseline, Change, Direction, Step};
use crate::situation::{Situation, When};
use crate::text::{Number, difference, en, zh_cn};

/// How a value has moved.
#[derive(Clone, Copy)]
struct Move {
    value: f64,
    from: f64,
    origin: Origin,
    step: Step,
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
    /// The lowest one within so long.
    LowestWithin(Duration),
    /// The highest one within so long.
    HighestWithin(Duration),
}

/// "7 rose by 2 from 5".
pub(super) fn reason(change: &Change, context: &Context, situation: Situation, language: Language) -> String {
    let value = context.value;
    let reference = change.compared(context);
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
            Reference::LowestWithin(_, span) => Origin::LowestWithin(span),
            Reference::HighestWithin(_, span) => Origin::HighestWithin(span),
            _ => Origin::Reading,
        },
        step: change.by,
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
            let (noun, by) = (change.direction.noun(), change.by.say(language));
            let within = change.within.map(|span| format!(" within {}", en::short(span)));
            format!(
                "{noun} by {by}{against}{}{}",
                within.unwrap_or_default(),
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
        Situation::Quiet => format!(
            "{how}: no {} by {}",
            change.direction.noun(),
            change.by.say(Language::English)
        ),
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
            format!(
                "{}；{amount}未达 {}",
                moved.chinese(None),
                change.by.say(Language::Chinese)
            )
        }
        Situation::Pending { since, progress } => {
            let (how, progress) = (moved.chinese(Some(since)), zh_cn::progress(progress));
            format!("{how}，{progress}告警")
        }
        _ => moved.chinese(None).to_string(),
    }
}

impl Move {
    /// "7 rose by 2 from 5", "rose 25 % from 80 to 100 within 1h".
    fn english(self) -> impl Display {
        let Move { value, from, .. } = self;
        fmt::from_fn(move |f| {
            match self.step {
                Step::Percent(_) if value != from => self.percent_in_english(f)?,
                _ => self.amount_in_english(f)?,
            }
            if self.is_first {
                f.write_str(", the first reading")?;
            }
            Ok(())
        })
    }

    fn amount_in_english(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, from) = (self.value, self.from);
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
        match self.origin {
            Origin::LowestWithin(span) => write!(f, ", the lowest within {}", en::short(span)),
            Origin::HighestWithin(span) => write!(f, ", the highest within {}", en::short(span)),
            origin => f.write_str(origin.english()),
        }
    }

    fn percent_in_english(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, from) = (self.value, self.from);
        f.write_str(if value > from { "rose" } else { "fell" })?;
        if let Some(percent) = percent(value, from) {
            write!(f, " {percent} %")?;
        }
        let origin = self.origin.english();
        let comma = if origin.starts_with(',') { "," } else { "" };
        write!(f, " from {}{origin}{comma} to {}", Number(from), Number(value))?;
        match self.origin {
            Origin::LowestWithin(span) | Origin::HighestWithin(span) => {
                write!(f, " within {}", en::short(span))
            }
            _ => Ok(()),
        }
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
        let (new, old) = (Number(value), Number(from));
        let origin = match self.origin {
            Origin::Reading => " ".to_owned(),
            Origin::LastAlert => "上次告警时的 ".to_owned(),
            Origin::Lowest { has_alerted: true } => "上次告警以来的最低值 ".to_owned(),
            Origin::Lowest { has_alerted: false } => "迄今最低值 ".to_owned(),
            Origin::Highest { has_alerted: true } => "上次告警以来的最高值 ".to_owned(),
            Origin::Highest { has_alerted: false } => "迄今最高值 ".to_owned(),
            Origin::LowestWithin(span) => format!(" {}内的最低值 ", zh_cn::span(span)),
            Origin::HighestWithin(span) => format!(" {}内的最高值 ", zh_cn::span(span)),
        };
        let by = match self.step {
            Step::Percent(_) => percent(value, from).map(|percent| format!("{percent}%")),
            Step::Amount(_) => Some(difference(value, from).to_string()),
        };
        if value > from {
            write!(f, "从{origin}{old} 升至 {new}")?;
            by.map_or(Ok(()), |by| write!(f, "，增加 {by}"))
        } else if value < from {
            write!(f, "从{origin}{old} 降至 {new}")?;
            by.map_or(Ok(()), |by| write!(f, "，减少 {by}"))
        } else if matches!(self.origin, Origin::LastAlert) {
            write!(f, "{new} 与上次告警时相同")
        } else {
            write!(f, "保持 {new} 不变")
        }
    }
}

impl Origin {
    /// What follows the number, unless that is a span.
    fn english(self) -> &'static str {
        match self {
            Origin::Reading | Origin::LowestWithin(_) | Origin::HighestWithin(_) => "",
            Origin::LastAlert => " at the last alert",
            Origin::Lowest { has_alerted: true } => ", the lowest since the last alert",
            Origin::Lowest { has_alerted: false } => ", the lowest so far",
            Origin::Highest { has_alerted: true } => ", the highest since the last alert",
            Origin::Highest { has_alerted: false } => ", the highest so far",
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
    let mut text = format!("{against}{verb} {} 及以上", change.by.say(Language::Chinese));
    if let Some(span) = change.within {
        text = format!("{}内{text}", zh_cn::span(span));
    }
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
