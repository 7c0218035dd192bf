//! Tests of which system is down, and which metrics that is named for.

use super::*;

struct Play {
    systems: Outages,
    now: u64,
}

impl Play {
    fn of(read: &[(&str, &str)]) -> Play {
        let read = read.iter();
        let read = read.map(|(key, of)| ((*key).to_owned(), key.to_uppercase(), (*of).to_owned()));
        Play {
            systems: Outages::new(read),
            now: 100,
        }
    }

    fn note(&mut self, key: &str, contact: &Contact) {
        self.now += 1;
        let wall = DateTime::from_timestamp(i64::try_from(self.now).unwrap(), 0).unwrap();
        let title = key.to_uppercase();
        self.systems
            .note((key, &title), contact, Duration::from_secs(self.now), wall);
    }

    fn fails(&mut self, key: &str, system: &str) {
        let contact = Contact::Down {
            system: system.to_owned(),
            why: "503".to_owned(),
        };
        self.note(key, &contact);
    }

    fn answers(&mut self, key: &str) {
        self.note(key, &Contact::Answered);
    }
}

const THREE: [(&str, &str); 3] = [("x", "a"), ("y", "a"), ("w", "b")];

#[test]
fn a_system_that_answers_nobody_is_down() {
    let mut play = Play::of(&THREE);
    play.answers("w");
    play.answers("x");
    play.fails("x", "a");
    play.fails("y", "a");
    let Some(Cause::System {
        name, metrics, why, ..
    }) = play.systems.cause("x")
    else {
        panic!("{:?}", play.systems.cause("x"));
    };
    assert_eq!((name.as_str(), why.as_str()), ("a", "503"));
    assert!(metrics.values().eq(["X", "Y"]), "{metrics:?}");
    assert_eq!(
        play.systems.states(),
        [("a".to_owned(), false), ("b".to_owned(), true)]
    );
    play.answers("y");
    assert_eq!(play.systems.cause("x"), None, "it answers somebody");
    assert_eq!(
        play.systems.is_alone("x"),
        Some(false),
        "x has not been tried since"
    );
    play.fails("x", "a");
    play.fails("x", "a");
    assert_eq!(play.systems.is_alone("x"), Some(true));
    play.answers("x");
    assert_eq!(play.systems.cause("x"), None);
}

#[test]
fn all_metrics_of_a_system_that_hangs_are_named_at_once() {
    let mut play = Play::of(&[("p", "a"), ("q", "a"), ("r", "a"), ("s", "a"), ("w", "b")]);
    for key in ["p", "q", "r", "s", "w"] {
        play.answers(key);
    }
    play.fails("q", "a");
    let Some(Cause::System { metrics, .. }) = play.systems.cause("q") else {
        panic!("{:?}", play.systems.cause("q"));
    };
    assert!(metrics.values().eq(["P", "Q", "R", "S"]), "{metrics:?}");
    play.fails("t", "a");
    let Some(Cause::System { metrics, .. }) = play.systems.cause("t") else {
        panic!("{:?}", play.systems.cause("t"));
    };
    assert!(
        metrics.contains_key("t") && metrics.len() == 5,
        "and one that is learnt later: {metrics:?}"
    );
}

#[test]
fn one_metric_of_several_that_fails_is_at_fault_itself() {
    let mut play = Play::of(&THREE);
    for _ in 0..5 {
        play.fails("x", "a");
        play.answers("y");
    }
    assert_eq!(play.systems.cause("x"), None);
    let mut lone = Play::of(&[("w", "b"), ("x", "a")]);
    lone.answers("x");
    lone.fails("w", "b");
    assert_eq!(
        lone.systems.cause("w"),
        None,
        "and so is the only one of a system"
    );
}

#[test]
fn all_systems_at_once_is_offline() {
    let mut play = Play::of(&THREE);
    play.fails("x", "a");
    assert!(
        matches!(play.systems.cause("x"), Some(Cause::System { .. })),
        "b is not known yet"
    );
    play.fails("x", "a");
    play.fails("w", "b");
    assert!(
        matches!(play.systems.cause("x"), Some(Cause::System { .. })),
        "once may be chance"
    );
    play.fails("w", "b");
    let Some(Cause::Offline { systems, metrics, .. }) = play.systems.cause("w") else {
        panic!("{:?}", play.systems.cause("w"));
    };
    assert_eq!(
        systems.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert!(metrics.values().eq(["W", "X", "Y"]), "y too: {metrics:?}");
    play.answers("x");
    assert_eq!(play.systems.cause("w"), None);
    assert!(!play.systems.is_online_without("w"), "w has not been tried since");
    play.fails("w", "b");
    play.fails("w", "b");
    assert!(play.systems.is_online_without("w") && !play.systems.is_online_without("x"));
}

#[test]
fn a_metric_that_fails_for_long_hides_no_system_that_goes_down_later() {
    let mut play = Play::of(&[("x", "a"), ("y", "a"), ("z", "a"), ("w", "b")]);
    play.answers("w");
    play.fails("z", "a");
    play.answers("x");
    play.fails("x", "a");
    play.fails("y", "a");
    assert!(matches!(play.systems.cause("x"), Some(Cause::System { .. })));
    assert_eq!(play.systems.cause("z"), None, "that began before");
}

#[test]
fn metrics_in_code_that_do_not_say_where_they_read_are_learnt() {
    let mut play = Play::of(&[]);
    play.fails("p", "c");
    play.fails("q", "c");
    assert!(matches!(play.systems.cause("p"), Some(Cause::System { .. })));
    play.note("p", &Contact::Unknown);
    assert!(
        play.systems.cause("p").is_some(),
        "what is not known changes nothing"
    );
    assert_eq!(play.systems.is_alone("r"), None);
}
