//! Spans of time as people say them.

use std::time::Duration;

use monitor_domain::Language;

/// Its two largest units: "2 h 5 min", "3 天 4 小时". Under a second it is none.
pub(super) fn duration(span: Duration, language: Language) -> String {
    let seconds = span.as_secs();
    let parts = [
        (seconds / 86_400, ["d", "天"]),
        (seconds / 3_600 % 24, ["h", "小时"]),
        (seconds / 60 % 60, ["min", "分钟"]),
        (seconds % 60, ["s", "秒"]),
    ];
    let first = parts
        .iter()
        .position(|(count, _)| *count > 0)
        .unwrap_or(parts.len() - 1);
    let said = parts[first..].iter().take(2).enumerate();
    let said = said.filter(|(index, (count, _))| *index == 0 || *count > 0);
    let said = said.map(|(_, (count, [english, chinese]))| match language {
        Language::English => format!("{count} {english}"),
        Language::Chinese => format!("{count} {chinese}"),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_two_units_at_most() {
        for (seconds, english, chinese) in [
            (0, "0 s", "0 秒"),
            (45, "45 s", "45 秒"),
            (60, "1 min", "1 分钟"),
            (7_500, "2 h 5 min", "2 小时 5 分钟"),
            (7_201, "2 h", "2 小时"),
            (86_400 * 39 + 3_600 * 4, "39 d 4 h", "39 天 4 小时"),
        ] {
            let span = Duration::from_secs(seconds);
            assert_eq!(duration(span, Language::English), english);
            assert_eq!(duration(span, Language::Chinese), chinese);
        }
    }
}
