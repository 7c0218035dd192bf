//! When maintenance windows are open: over midnight, on some days, and when clocks change.

#![allow(clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use monitor_rules::{Maintenance, MaintenanceSettings};
use proptest::prelude::*;

fn window(json: serde_json::Value) -> Maintenance {
    let settings: MaintenanceSettings = serde_json::from_value(json).unwrap();
    settings.compile().unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The times in it at which it opens and closes, found by trying each minute of `hours` from a time on.
fn edges(window: &Maintenance, from: &str, hours: i64) -> Vec<String> {
    let (start, mut open, mut edges) = (at(from), false, Vec::new());
    for minute in 0..hours * 60 {
        let now = start + TimeDelta::minutes(minute);
        if window.is_active("x", now) != open {
            open = !open;
            let word = if open { "opens" } else { "closes" };
            edges.push(format!("{word} {}", now.format("%d %H:%M")));
        }
    }
    edges
}

#[test]
fn every_day_over_midnight() {
    let nightly = window(serde_json::json!({ "from": "22:30", "to": "06:00" }));
    assert_eq!(
        edges(&nightly, "2026-11-23T12:00:00Z", 48),
        [
            "opens 23 22:30",
            "closes 24 06:00",
            "opens 24 22:30",
            "closes 25 06:00"
        ]
    );
    assert!(!nightly.is_active("x", at("2026-11-23T22:29:59.999Z")), "not yet");
    assert!(nightly.is_active("x", at("2026-11-24T05:59:59.999Z")), "still");
    assert_eq!((nightly.zone(), nightly.reason()), ("UTC", None));
}

#[test]
fn until_midnight_and_from_it() {
    let evening = window(serde_json::json!({ "from": "22:00", "to": "00:00" }));
    assert_eq!(
        edges(&evening, "2026-11-23T12:00:00Z", 24),
        ["opens 23 22:00", "closes 24 00:00"]
    );
    let morning = window(serde_json::json!({ "from": "00:00", "to": "00:01" }));
    assert_eq!(
        edges(&morning, "2026-11-23T12:00:00Z", 24),
        ["opens 24 00:00", "closes 24 00:01"]
    );
}

#[test]
fn a_day_is_the_one_on_which_it_begins() {
    // The 23rd is a Monday.
    let nightly =
        window(serde_json::json!({ "days": ["mon", "wed", "sun"], "from": "22:30", "to": "06:00" }));
    assert_eq!(
        edges(&nightly, "2026-11-23T00:00:00Z", 7 * 24),
        [
            "opens 23 00:00",
            "closes 23 06:00",
            "opens 23 22:30",
            "closes 24 06:00",
            "opens 25 22:30",
            "closes 26 06:00",
            "opens 29 22:30",
        ]
    );
    let by_day = window(serde_json::json!({ "days": ["tue"], "from": "06:00", "to": "22:30" }));
    assert_eq!(
        edges(&by_day, "2026-11-23T00:00:00Z", 7 * 24),
        ["opens 24 06:00", "closes 24 22:30"]
    );
}

#[test]
fn days_are_those_of_the_zone() {
    let json =
        serde_json::json!({ "days": ["mon"], "from": "02:00", "to": "04:00", "zone": "Asia/Shanghai" });
    let shanghai = window(json);
    assert_eq!(shanghai.zone(), "Asia/Shanghai");
    // Monday 02:00 there is Sunday 18:00 in UTC.
    assert_eq!(
        edges(&shanghai, "2026-11-20T00:00:00Z", 7 * 24),
        ["opens 22 18:00", "closes 22 20:00"]
    );
    let json = serde_json::json!({ "from": "22:30", "to": "06:00", "zone": "Asia/Shanghai" });
    assert_eq!(
        edges(&window(json), "2026-11-23T00:00:00Z", 24),
        ["opens 23 14:30", "closes 23 22:00"]
    );
}

/// In Berlin 02:00 was followed by 03:00 on 29 March 2026, at 01:00 UTC.
#[test]
fn clocks_go_forward() {
    let berlin = |from, to| {
        let json = serde_json::json!({ "from": from, "to": to, "zone": "Europe/Berlin" });
        edges(&window(json), "2026-03-28T12:00:00Z", 34)
    };
    assert_eq!(
        berlin("22:30", "06:00"),
        ["opens 28 21:30", "closes 29 04:00", "opens 29 20:30"],
        "an hour shorter, and an hour earlier from then on"
    );
    assert_eq!(
        berlin("01:30", "02:30"),
        ["opens 29 00:30", "closes 29 01:00"],
        "ends where the clocks jump over its end"
    );
    assert_eq!(
        berlin("02:30", "03:30"),
        ["opens 29 01:00", "closes 29 01:30"],
        "begins where they jump over its beginning"
    );
    assert!(berlin("02:15", "02:45").is_empty(), "there was no such time");
}

/// In Berlin 03:00 was followed by 02:00 on 25 October 2026, at 01:00 UTC.
#[test]
fn clocks_go_back() {
    let berlin = |from, to| {
        let json = serde_json::json!({ "from": from, "to": to, "zone": "Europe/Berlin" });
        edges(&window(json), "2026-10-24T12:00:00Z", 24)
    };
    assert_eq!(
        berlin("22:30", "06:00"),
        ["opens 24 20:30", "closes 25 05:00"],
        "an hour longer"
    );
    assert_eq!(
        berlin("02:15", "02:45"),
        [
            "opens 25 00:15",
            "closes 25 00:45",
            "opens 25 01:15",
            "closes 25 01:45"
        ],
        "that time came twice"
    );
    assert_eq!(berlin("02:00", "03:00"), ["opens 25 00:00", "closes 25 02:00"]);
}

#[test]
fn it_says_when_it_closes() {
    let json = serde_json::json!({ "from": "22:30", "to": "06:00", "zone": "Europe/Berlin" });
    let nightly = window(json);
    let until = |text| nightly.until(at(text));
    assert_eq!(until("2026-11-23T21:29:59Z"), None);
    assert_eq!(until("2026-11-23T21:30:00Z"), Some(at("2026-11-24T05:00:00Z")));
    assert_eq!(until("2026-11-24T04:59:59.5Z"), Some(at("2026-11-24T05:00:00Z")));
    assert_eq!(until("2026-11-24T05:00:00Z"), None);
    assert_eq!(until("2026-03-28T23:00:00Z"), Some(at("2026-03-29T04:00:00Z")));
    assert_eq!(until("2026-10-24T23:00:00Z"), Some(at("2026-10-25T05:00:00Z")));
    let nearly_all_day = window(serde_json::json!({ "from": "06:00", "to": "05:59" }));
    assert_eq!(
        nearly_all_day.until(at("2026-11-23T06:00:00Z")),
        Some(at("2026-11-24T05:59:00Z"))
    );
    assert_eq!(
        nearly_all_day.until(DateTime::<Utc>::MAX_UTC),
        None,
        "never a panic"
    );
    assert!(!nearly_all_day.is_active("x", at("2026-11-23T05:59:00Z")));
}

#[test]
fn it_is_for_the_metrics_it_names() {
    let json =
        serde_json::json!({ "from": "00:00", "to": "12:00", "metrics": ["x", "y"], "reason": " batch " });
    let some = window(json);
    let morning = at("2026-11-23T06:00:00Z");
    assert!(some.is_active("x", morning) && some.is_active("y", morning) && !some.is_active("z", morning));
    assert_eq!(some.metrics().unwrap(), ["x", "y"]);
    assert_eq!(some.reason(), Some("batch"));
    let all = window(serde_json::json!({ "from": "00:00", "to": "12:00" }));
    assert!(all.is_active("anything", morning) && all.metrics().is_none());
}

fn clock() -> impl Strategy<Value = (u32, u32)> {
    (0u32..24, prop_oneof![Just(0u32), 0u32..60])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the window and the clocks: it is open up to the time it says, and no longer.
    #[test]
    fn it_is_open_until_it_says(
        from in clock(),
        to in clock(),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "America/New_York"]),
        days in prop::option::of(prop::sample::subsequence(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 1..=7)),
        second in 0i64..366 * 24 * 3600,
    ) {
        prop_assume!(from != to);
        let text = |(hour, minute): (u32, u32)| format!("{hour:02}:{minute:02}");
        let mut json = serde_json::json!({ "from": text(from), "to": text(to), "zone": zone });
        if let Some(days) = days {
            json["days"] = days.into();
        }
        let window = window(json);
        let now = at("2026-01-01T00:00:00Z") + TimeDelta::seconds(second);
        let until = window.until(now);
        prop_assert_eq!(until.is_some(), window.is_active("x", now));
        if let Some(until) = until {
            prop_assert!(now < until && until <= now + TimeDelta::hours(25));
            prop_assert!(!window.is_active("x", until));
            prop_assert!(window.is_active("x", until - TimeDelta::milliseconds(1)));
            prop_assert!(window.is_active("x", now + (until - now) / 2));
        }
    }
}
