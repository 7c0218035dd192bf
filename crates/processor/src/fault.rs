//! Named points at which a test lets the process die as `kill -9` would: nothing is finished, flushed or released.
//!
//! Nothing of it is in a normal build. With the cargo feature `fault-points` the variable `MONITOR_FAULT` says where:
//! `after_send:3` when that point is passed for the third time, `random:0.02:7` with that chance at each passing of any
//! point, the dice seeded with 7.

/// Where the process can be made to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A metric was read, nothing is stored.
    AfterSample,
    /// The reading is judged and about to be stored.
    BeforeCommit,
    /// Reading, alert and deliveries are stored.
    AfterCommit,
    /// An alert is explained, its records are not stored.
    InDetails,
    /// Deliveries are claimed, none is attempted.
    AfterClaim,
    /// The alarm or a message is about to go out.
    BeforeSend,
    /// It went out, and the other side took it.
    AfterSend,
    /// It is about to be marked as done.
    BeforeMark,
    /// It is marked.
    AfterMark,
    /// A step of an escalation is due and about to be stored.
    BeforeEscalation,
    /// The step and its deliveries are stored.
    AfterEscalation,
}

impl Point {
    /// All of them, in the order in which a reading passes them, and then what time alone brings about.
    pub const ALL: [Point; 11] = [
        Point::AfterSample,
        Point::BeforeCommit,
        Point::AfterCommit,
        Point::InDetails,
        Point::AfterClaim,
        Point::BeforeSend,
        Point::AfterSend,
        Point::BeforeMark,
        Point::AfterMark,
        Point::BeforeEscalation,
        Point::AfterEscalation,
    ];

    /// As `MONITOR_FAULT` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Point::AfterSample => "after_sample",
            Point::BeforeCommit => "before_commit",
            Point::AfterCommit => "after_commit",
            Point::InDetails => "in_details",
            Point::AfterClaim => "after_claim",
            Point::BeforeSend => "before_send",
            Point::AfterSend => "after_send",
            Point::BeforeMark => "before_mark",
            Point::AfterMark => "after_mark",
            Point::BeforeEscalation => "before_escalation",
            Point::AfterEscalation => "after_escalation",
        }
    }
}

/// Passes a point; does not return where the process is to die there.
#[inline]
pub fn point(point: Point) {
    #[cfg(feature = "fault-points")]
    armed::pass(point);
    #[cfg(not(feature = "fault-points"))]
    let _ = point;
}

/// Reads `MONITOR_FAULT` and warns where it is set; to be called once at the start. Without the feature it does nothing.
///
/// # Errors
/// What is wrong with the variable: a fault that never comes would make its test worthless.
pub fn check() -> Result<(), String> {
    #[cfg(feature = "fault-points")]
    armed::check()?;
    Ok(())
}

#[cfg(feature = "fault-points")]
mod armed {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{LazyLock, Mutex};

    use super::Point;

    const VARIABLE: &str = "MONITOR_FAULT";

    static PLAN: LazyLock<Result<Option<Plan>, String>> = LazyLock::new(|| match std::env::var(VARIABLE) {
        Ok(text) => parse(&text).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(format!("{VARIABLE}: {error}")),
    });

    #[derive(Debug)]
    enum Plan {
        /// At this point, when it has been passed so often.
        At { point: Point, left: AtomicU32 },
        /// With this chance at any point.
        Random { chance: f64, dice: Mutex<fastrand::Rng> },
    }

    pub(super) fn check() -> Result<(), String> {
        if let Some(plan) = PLAN.as_ref().map_err(String::clone)? {
            log::warn!("*** {VARIABLE} IS SET: THIS PROCESS WILL KILL ITSELF ({plan:?}) ***");
        }
        Ok(())
    }

    pub(super) fn pass(point: Point) {
        let Ok(Some(plan)) = &*PLAN else { return };
        if plan.strikes(point) {
            eprintln!("fault point {}: dies here", point.as_str());
            std::process::abort(); // no unwinding, no destructors, no flushing
        }
    }

    impl Plan {
        fn strikes(&self, passed: Point) -> bool {
            match self {
                Plan::At { point, left } => *point == passed && left.fetch_sub(1, Ordering::Relaxed) == 1,
                Plan::Random { chance, dice } => dice.lock().is_ok_and(|mut dice| dice.f64() < *chance),
            }
        }
    }

    fn parse(text: &str) -> Result<Plan, String> {
        let wrong = || format!("{VARIABLE}={text:?}: such as after_send:3 or random:0.02:7 was expected");
        let (name, rest) = text.split_once(':').ok_or_else(wrong)?;
        if name == "random" {
            let (chance, seed) = rest.split_once(':').ok_or_else(wrong)?;
            let chance = chance
                .parse()
                .ok()
                .filter(|chance| (0.0..=1.0).contains(chance))
                .ok_or_else(wrong)?;
            let seed = seed.parse().map_err(|_| wrong())?;
            return Ok(Plan::Random {
                chance,
                dice: Mutex::new(fastrand::Rng::with_seed(seed)),
            });
        }
        let known = Point::ALL.into_iter().find(|point| point.as_str() == name);
        let times = rest.parse().ok().filter(|times| *times > 0);
        match (known, times) {
            (Some(point), Some(times)) => Ok(Plan::At {
                point,
                left: AtomicU32::new(times),
            }),
            _ => Err(wrong()),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_point_strikes_once_at_its_time() {
            let plan = parse("after_send:2").unwrap();
            let passed = [
                Point::AfterSend,
                Point::BeforeMark,
                Point::AfterSend,
                Point::AfterSend,
            ];
            assert_eq!(
                passed.map(|point| plan.strikes(point)),
                [false, false, true, false]
            );
        }

        #[test]
        fn chance_is_what_the_seed_makes_of_it() {
            let struck = |plan: &str| {
                let plan = parse(plan).unwrap();
                (0..1000).filter(|_| plan.strikes(Point::InDetails)).count()
            };
            assert_eq!(struck("random:0.1:7"), struck("random:0.1:7"));
            assert!((50..200).contains(&struck("random:0.1:7")));
            assert_eq!((struck("random:0:7"), struck("random:1:7")), (0, 1000));
        }

        #[test]
        fn a_mistake_is_told() {
            for text in [
                "",
                "after_send",
                "after_send:0",
                "after_sent:1",
                "random:2:1",
                "random:0.1",
                "random:x:1",
            ] {
                assert!(parse(text).unwrap_err().contains("was expected"), "{text}");
            }
        }
    }
}
