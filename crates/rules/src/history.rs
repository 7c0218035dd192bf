//! What a condition has to know of earlier readings, and of other metrics, beyond what the state remembers.
//!
//! A condition says what it [needs](crate::Condition::needs); who judges loads exactly that and hands it over. Nothing is
//! loaded here, and a condition that needs nothing costs nothing.

use std::time::Duration;

use monitor_domain::Language;

use crate::text::{en, zh_cn};

/// Something that has to be known before a reading can be judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// The metric's own good readings of so long before this one, which is not among them.
    Window(Duration),
    /// The metric's own value so long before this reading.
    Ago(Duration),
    /// The latest value of another metric, by its key.
    Metric(String),
}

impl Need {
    /// How far back the metric's own readings have to be kept for it.
    pub fn span(&self) -> Option<Duration> {
        match self {
            Need::Window(span) | Need::Ago(span) => Some(*span),
            Need::Metric(_) => None,
        }
    }
}

/// The good readings of a span of time, of which there is at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// Their mean.
    pub mean: f64,
    /// Whether the metric was read already when the span began.
    pub is_whole: bool,
}

/// The answer to a [`Need`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// To a window.
    Window(Window),
    /// To all others.
    Value(f64),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// This is the first good reading.
    NothingBefore,
    /// The metric has not been read for that long yet.
    NotYet(Duration),
    /// It was read before, but not so long ago.
    NotThen(Duration),
    /// It was not read within so long.
    NotWithin(Duration),
    /// Another metric cannot be read just now.
    Unreadable(String),
    /// Another metric was last read so long ago.
    Stale(String, Duration),
    /// Another metric was never read.
    NeverRead(String),
    /// It is no number, such as 1 divided by 0.
    Undefined,
    /// Nobody loaded it.
    NotLoaded,
}

impl Lack {
    /// Whether something that should be read is not: that is no data, and in the end it is reported as such. What only is
    /// not there yet, or never was, is nothing that anybody could mend.
    pub fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Lack::Unreadable(_) | Lack::Stale(..) | Lack::NeverRead(_) | Lack::NotLoaded
        )
    }

    /// It in words.
    pub fn say(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Lack::NothingBefore => "nothing was read before".to_owned(),
            Lack::NotYet(span) => format!("no reading from {} ago yet", en::short(*span)),
            Lack::NotThen(span) => format!("no reading from {} ago", en::short(*span)),
            Lack::NotWithin(span) => format!("no reading within {}", en::short(*span)),
            Lack::Unreadable(key) => format!("metric {key} is unreadable"),
            Lack::Stale(key, age) => format!("metric {key} was last read {} ago", en::short(*age)),
            Lack::NeverRead(key) => format!("metric {key} was never read"),
            Lack::Undefined => "it divides by 0, or comes to a number beyond all bounds".to_owned(),
            Lack::NotLoaded => "the history was not loaded".to_owned(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Lack::NothingBefore => "此前没有读数".to_owned(),
            Lack::NotYet(span) => format!("尚无 {}前的读数", zh_cn::span(*span)),
            Lack::NotThen(span) => format!("没有 {}前的读数", zh_cn::span(*span)),
            Lack::NotWithin(span) => format!("{}内没有读数", zh_cn::span(*span)),
            Lack::Unreadable(key) => format!("指标 {key} 读取失败"),
            Lack::Stale(key, age) => format!("指标 {key} 已 {}未读取", zh_cn::span(*age)),
            Lack::NeverRead(key) => format!("指标 {key} 从未读取"),
            Lack::Undefined => "除数为 0 或结果超出数值范围".to_owned(),
            Lack::NotLoaded => "未加载历史读数".to_owned(),
        }
    }
}

/// The answers to what a condition needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    answers: Vec<(Need, Result<Answer, Lack>)>,
}

impl History {
    /// With one more answer.
    #[must_use]
    pub fn with(mut self, need: Need, answer: Result<Answer, Lack>) -> History {
        self.answers.push((need, answer));
        self
    }

    /// The readings of the last `span`.
    ///
    /// # Errors
    /// Why they are not known.
    pub fn window(&self, span: Duration) -> Result<Window, Lack> {
        match self.answer(&Need::Window(span))? {
            Answer::Window(window) => Ok(window),
            Answer::Value(_) => Err(Lack::NotLoaded),
        }
    }

    /// The value `span` ago.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn ago(&self, span: Duration) -> Result<f64, Lack> {
        self.value(&Need::Ago(span))
    }

    /// The latest value of another metric.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn metric(&self, key: &str) -> Result<f64, Lack> {
        self.value(&Need::Metric(key.to_owned()))
    }

    fn value(&self, need: &Need) -> Result<f64, Lack> {
        match self.answer(need)? {
            Answer::Value(value) => Ok(value),
            Answer::Window(_) => Err(Lack::NotLoaded),
        }
    }

    fn answer(&self, need: &Need) -> Result<Answer, Lack> {
        let found = self.answers.iter().find(|(one, _)| one == need);
        found.map_or(Err(Lack::NotLoaded), |(_, answer)| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::latin;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_was_not_loaded_is_not_known() {
        let window = Window {
            low: 1.0,
            high: 3.0,
            mean: 2.0,
            is_whole: true,
        };
        let history = History::default()
            .with(Need::Window(HOUR), Ok(Answer::Window(window)))
            .with(Need::Metric("y".to_owned()), Ok(Answer::Value(7.0)))
            .with(Need::Ago(HOUR), Err(Lack::NotYet(HOUR)));
        assert_eq!(history.window(HOUR), Ok(window));
        assert_eq!(history.metric("y"), Ok(7.0));
        assert_eq!(history.ago(HOUR), Err(Lack::NotYet(HOUR)));
        assert_eq!(history.ago(HOUR * 2), Err(Lack::NotLoaded));
        assert_eq!(history.metric("z"), Err(Lack::NotLoaded));
    }

    #[test]
    fn what_is_not_known_has_words_and_is_unreadable_or_not() {
        let y = || "y".to_owned();
        for (lack, english, chinese, is_unreadable) in [
            (
                Lack::NothingBefore,
                "nothing was read before",
                "此前没有读数",
                false,
            ),
            (
                Lack::NotYet(HOUR * 168),
                "no reading from 7d ago yet",
                "尚无 7 天前的读数",
                false,
            ),
            (
                Lack::NotThen(HOUR),
                "no reading from 1h ago",
                "没有 1 小时前的读数",
                false,
            ),
            (
                Lack::NotWithin(HOUR),
                "no reading within 1h",
                "1 小时内没有读数",
                false,
            ),
            (
                Lack::Unreadable(y()),
                "metric y is unreadable",
                "指标 y 读取失败",
                true,
            ),
            (
                Lack::Stale(y(), HOUR),
                "metric y was last read 1h ago",
                "指标 y 已 1 小时未读取",
                true,
            ),
            (
                Lack::NeverRead(y()),
                "metric y was never read",
                "指标 y 从未读取",
                true,
            ),
            (
                Lack::Undefined,
                "it divides by 0, or comes to a number beyond all bounds",
                "除数为 0 或结果超出数值范围",
                false,
            ),
            (
                Lack::NotLoaded,
                "the history was not loaded",
                "未加载历史读数",
                true,
            ),
        ] {
            assert_eq!(lack.say(Language::English), english);
            assert_eq!(lack.say(Language::Chinese), chinese);
            assert!(latin(chinese).iter().all(|word| *word == "y"), "{chinese}");
            assert_eq!(lack.is_unreadable(), is_unreadable, "{english}");
        }
    }
}
