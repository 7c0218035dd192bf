//! How likely a number is one that people want to know of, by its name, its place and its size.

use serde_json::Number;

use crate::names;

/// Words of what is counted or summed, with their weights.
const GOOD: &[(&str, i32)] = &[
    ("total", 5),
    ("totals", 5),
    ("count", 5),
    ("counts", 5),
    ("cnt", 5),
    ("num", 4),
    ("number", 3),
    ("nums", 4),
    ("qty", 4),
    ("quantity", 4),
    ("pending", 6),
    ("unpaid", 6),
    ("unread", 6),
    ("todo", 6),
    ("todos", 6),
    ("open", 4),
    ("failed", 6),
    ("failures", 6),
    ("failure", 5),
    ("errors", 5),
    ("overdue", 6),
    ("waiting", 5),
    ("queue", 5),
    ("queued", 5),
    ("backlog", 6),
    ("unhandled", 6),
    ("unresolved", 6),
    ("unprocessed", 6),
    ("unsent", 6),
    ("alerts", 5),
    ("alarm", 5),
    ("alarms", 5),
    ("warnings", 5),
    ("abnormal", 6),
    ("amount", 4),
    ("sum", 4),
    ("balance", 5),
    ("stock", 5),
    ("inventory", 5),
    ("orders", 4),
    ("sales", 4),
    ("revenue", 4),
    ("users", 3),
    ("visitors", 3),
    ("online", 4),
    ("offline", 5),
    ("active", 3),
    ("today", 3),
    ("remaining", 4),
    ("used", 3),
    ("free", 2),
    ("jobs", 3),
    ("tickets", 4),
    ("tasks", 4),
    ("messages", 3),
    ("complaints", 5),
    ("refunds", 5),
    ("new", 2),
    ("unconfirmed", 6),
    ("undelivered", 6),
    ("expired", 3),
    ("blocked", 4),
    ("records", 3),
    ("percent", 3),
    ("ratio", 2),
    ("rate", 2),
    ("temperature", 4),
    ("load", 3),
    ("delay", 3),
    ("lag", 4),
];

/// Words of numbers that name, place or time something.
const BAD: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "uid",
    "pid",
    "gid",
    "time",
    "timestamp",
    "ts",
    "date",
    "at",
    "version",
    "ver",
    "revision",
    "page",
    "pages",
    "pageno",
    "pagenum",
    "pagesize",
    "size",
    "limit",
    "offset",
    "status",
    "errno",
    "errcode",
    "code",
    "ret",
    "type",
    "level",
    "sort",
    "index",
    "idx",
    "port",
    "width",
    "height",
    "x",
    "y",
    "lat",
    "lng",
    "lon",
    "latitude",
    "longitude",
    "year",
    "month",
    "day",
    "week",
    "hour",
    "minute",
    "expires",
    "expire",
    "expiry",
    "ttl",
    "duration",
    "elapsed",
    "took",
    "ms",
    "seed",
    "nonce",
    "gender",
    "age",
    "parent",
    "mobile",
    "phone",
    "zip",
    "order",
    "current",
    "seq",
    "step",
    "flag",
    "deleted",
    "enabled",
    "color",
    "zoom",
    "max",
    "min",
    "role",
    "timeout",
    "interval",
    "build",
    "http",
    "schema",
    "per",
];

/// What a label in Chinese says.
const LABELS: &[&str] = &[
    "总", "数", "待", "未", "异常", "失败", "告警", "报警", "库存", "金额", "订单", "积压", "超时", "逾期",
    "在线", "离线", "余额", "新增", "今日", "工单", "任务", "投诉", "退款", "审批", "消息",
];

/// What the words of a way say: those of its end weigh most.
pub(super) fn words(words: &[String]) -> i32 {
    let weight = |word: &String| {
        let good = GOOD
            .iter()
            .find(|(good, _)| good == word)
            .map_or(0, |(_, weight)| *weight);
        let label: usize = LABELS.iter().filter(|label| word.contains(**label)).count();
        good + if label > 0 { 5 } else { 0 }
    };
    let Some((last, before)) = words.split_last() else {
        return 0;
    };
    let is_place = matches!(last.as_str(), "num" | "no" | "number" | "index" | "size");
    let names_place = |word: &String| matches!(word.as_str(), "order" | "page" | "sort" | "row" | "serial");
    if BAD.contains(&last.as_str()) || (is_place && before.last().is_some_and(names_place)) {
        return -10;
    }
    let first: i32 = before.iter().map(weight).max().unwrap_or_default();
    weight(last) + first / 2
}

/// What a label says, in any language.
pub(super) fn label(text: &str) -> i32 {
    let english = names::words(text);
    let best = english
        .iter()
        .map(|word| words(std::slice::from_ref(word)).max(0))
        .max();
    let chinese = LABELS.iter().any(|label| text.contains(label));
    best.unwrap_or_default().max(if chinese { 5 } else { 0 })
}

/// What the path of a call says.
pub(super) fn path(path: &str) -> i32 {
    let words: Vec<String> = path.split('/').flat_map(names::words).collect();
    let is = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let mut score = 0;
    if is(&[
        "stats",
        "stat",
        "statistics",
        "statistic",
        "summary",
        "dashboard",
        "count",
        "counts",
        "total",
        "totals",
        "overview",
        "metrics",
        "badge",
        "home",
        "index",
        "report",
        "kpi",
        "monitor",
    ]) {
        score += 3;
    }
    if is(&[
        "menu",
        "menus",
        "dict",
        "config",
        "i18n",
        "locale",
        "locales",
        "routers",
        "routes",
        "permission",
        "permissions",
        "userinfo",
        "profile",
        "captcha",
        "version",
        "settings",
        "theme",
        "translations",
        "me",
        "health",
        "manifest",
        "csrf",
    ]) {
        score -= 8;
    }
    score
}

/// Whether a number is a moment, an id or anything else that is not counted, by its size.
pub(super) fn size(number: &Number) -> i32 {
    let Some(value) = number.as_f64() else {
        return -20;
    };
    let magnitude = value.abs();
    // Seconds and milliseconds since 1970, and numbers that no double holds.
    if (1.2e9..2.5e9).contains(&magnitude) || (1.2e12..2.5e12).contains(&magnitude) || magnitude > 1e15 {
        -12
    } else if magnitude >= 1e9 {
        -4
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(name: &str) -> i32 {
        words(&names::words(name))
    }

    #[test]
    fn what_is_counted_comes_before_what_names_or_times_something() {
        for name in [
            "total",
            "unpaidCount",
            "pending",
            "待处理",
            "orders_total",
            "data.stock",
            "order_count",
            "errors",
        ] {
            assert!(score(name) >= 3, "{name}: {}", score(name));
        }
        for name in [
            "id",
            "orderId",
            "created_at",
            "pageSize",
            "pageNum",
            "orderNum",
            "timestamp",
            "version",
            "status",
            "code",
        ] {
            assert!(
                score(name) < 0 || name == "order_count",
                "{name}: {}",
                score(name)
            );
        }
    }

    #[test]
    fn moments_and_ids_are_known_by_their_size() {
        for number in [1_795_766_400_i64, 1_795_766_400_123, 1_730_123_456_789_012_345] {
            assert!(size(&Number::from(number)) < -10, "{number}");
        }
        assert_eq!(size(&Number::from(42)), 0);
    }
}
