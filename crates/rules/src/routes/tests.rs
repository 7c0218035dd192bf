//! Which routes fit, and what follows.

use super::*;

fn routes(json: serde_json::Value) -> Routes {
    let all: Vec<RouteSettings> = serde_json::from_value(json).unwrap();
    Routes(all.into_iter().map(|one| one.compile().unwrap()).collect())
}

fn night() -> Routes {
    routes(serde_json::json!([
        { "name": "audit", "groups": ["pay"], "notify": ["archive"], "continue": true },
        { "name": "night", "from": "22:00", "to": "06:00", "zone": "Asia/Shanghai", "severities": ["critical"],
          "notify": ["sms"], "recoveries": false },
        { "labels": { "team": "shop" }, "notify": ["shop", "archive"], "reminders": false },
        { "metrics": ["x"], "notify": [] },
    ]))
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

#[test]
fn the_first_route_that_fits_decides_unless_it_goes_on() {
    let (shop, none) = (labels(&[("team", "shop"), ("site", "a")]), labels(&[]));
    let subject = |key, group, labels, severity| Subject {
        key,
        group,
        labels,
        severity,
    };
    let (day, night_time) = (at("2026-11-27T02:00:00Z"), at("2026-11-27T15:00:00Z"));
    let warning = Severity::Warning;
    for (subject, occasion, time, expected) in [
        (
            subject("y", Some("pay"), &shop, Severity::Critical),
            Occasion::Alert,
            night_time,
            Some(&["archive", "sms"][..]),
        ),
        (
            subject("y", Some("pay"), &shop, Severity::Critical),
            Occasion::Recovery,
            night_time,
            Some(&["archive"]),
        ),
        (
            subject("y", Some("pay"), &shop, Severity::Critical),
            Occasion::Alert,
            day,
            Some(&["archive", "shop"]),
        ),
        (
            subject("y", None, &shop, warning),
            Occasion::Alert,
            night_time,
            Some(&["shop", "archive"]),
        ),
        (
            subject("y", None, &shop, warning),
            Occasion::Reminder,
            day,
            Some(&[]),
        ),
        (
            subject("x", None, &none, warning),
            Occasion::Alert,
            day,
            Some(&[]),
        ),
        (
            subject("x.17", None, &none, warning),
            Occasion::Alert,
            day,
            Some(&[]),
        ),
        (subject("y", None, &none, warning), Occasion::Alert, day, None),
        (
            subject("y", Some("stock"), &labels(&[("team", "x")]), warning),
            Occasion::Alert,
            day,
            None,
        ),
    ] {
        let routed = night().decide(subject, occasion, time);
        let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(routed.channels, expected, "{subject:?} {occasion:?} {time}");
        assert_eq!(routed.considered.len(), 4);
    }
}

#[test]
fn each_route_says_why_it_does_not_count() {
    let none = labels(&[]);
    let subject = Subject {
        key: "y",
        group: Some("pay"),
        labels: &none,
        severity: Severity::Critical,
    };
    let routed = night().decide(subject, Occasion::Recovery, at("2026-11-27T15:00:00Z"));
    let outcomes: Vec<_> = routed
        .considered
        .into_iter()
        .map(|one| (one.number, one.name, one.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            (1, Some("audit".to_owned()), Ok(vec!["archive".to_owned()])),
            (2, Some("night".to_owned()), Err(Because::Recovery)),
            (3, None, Err(Because::Decided)),
            (4, None, Err(Because::Decided)),
        ]
    );
}

#[test]
fn hours_begin_on_their_day_and_end_at_their_minute() {
    let weekend =
        routes(serde_json::json!([{ "days": ["sat", "sun"], "zone": "Asia/Shanghai", "notify": ["a"] }]));
    let none = labels(&[]);
    let subject = Subject {
        key: "y",
        group: None,
        labels: &none,
        severity: Severity::Info,
    };
    // Beijing is eight hours ahead: Saturday begins at 16:00 UTC on Friday.
    for (time, fits) in [
        ("2026-11-27T15:59:59Z", false),
        ("2026-11-27T16:00:00Z", true),
        ("2026-11-29T15:59:59Z", true),
        ("2026-11-29T16:00:00Z", false),
    ] {
        let routed = weekend.decide(subject, Occasion::Alert, at(time));
        assert_eq!(routed.channels.is_some(), fits, "{time}");
    }
}

#[test]
fn a_channel_without_recoveries_has_none_at_any_hour() {
    let none = labels(&[]);
    let subject = |key| Subject {
        key,
        group: None,
        labels: &none,
        severity: Severity::Critical,
    };
    assert_eq!(night().without_recovery(subject("y")), ["sms"]);
    let both = routes(serde_json::json!([
        { "metrics": ["x"], "notify": ["a", "b"], "recoveries": false, "continue": true },
        { "notify": ["b"] },
    ]));
    assert_eq!(both.without_recovery(subject("x")), ["a"]);
    assert_eq!(both.without_recovery(subject("y")), [""; 0]);
}

#[test]
fn nothing_comes_after_a_route_that_fits_all() {
    let all = routes(serde_json::json!([{ "notify": ["a"] }, { "notify": ["a"], "continue": true }]));
    assert!(all.0[0].is_catch_all() && !all.0[1].is_catch_all());
    assert!(night().0.iter().all(|route| !route.is_catch_all()));
    assert!(Routes::default().is_empty());
}
