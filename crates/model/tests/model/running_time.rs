//! The age of what is stored, while wall clocks are stepped.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use monitor_domain::Clock;
use monitor_model::{ClockHistory, ClockSpan, Db, Presence, ProcessRole, clock_spans};
use monitor_testkit::ScriptedClock;

use crate::support::{at, both};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: i64 = 365;

/// A process and its clocks.
struct Process {
    db: Db,
    clock: Arc<ScriptedClock>,
    presence: Presence,
}

impl Process {
    /// It starts while its wall clock reads `wall`.
    async fn start(db: &Db, wall: NaiveDateTime) -> Process {
        let clock = ScriptedClock::new(wall.and_utc());
        let presence = Presence::new(ProcessRole::Worker, "0", clock.wall());
        let process = Process {
            db: db.clone(),
            clock,
            presence,
        };
        process.beat().await;
        process
    }

    async fn beat(&self) {
        self.presence.beat(&self.db, &*self.clock).await.unwrap();
    }

    /// Time passes, and it shows signs of life.
    async fn run_for(&self, time: Duration) {
        let step = (time / 12).max(MINUTE / 2).min(time);
        let mut left = time;
        while !left.is_zero() {
            let step = step.min(left);
            self.clock.advance(step);
            self.beat().await;
            left -= step;
        }
    }

    async fn step(&self, days: i64) {
        self.clock.step_wall(TimeDelta::days(days));
        self.beat().await;
    }

    fn now(&self) -> NaiveDateTime {
        self.clock.wall().naive_utc()
    }

    async fn history(&self) -> ClockHistory {
        self.presence.clock_history(&self.db, &*self.clock).await.unwrap()
    }

    async fn age(&self, at: NaiveDateTime) -> Duration {
        self.history().await.age(at)
    }
}

async fn spans(db: &Db) -> Vec<ClockSpan> {
    db.read(clock_spans::all).await.unwrap()
}

/// Whether something stamped `at` is removed that is kept for so long.
fn is_removed(history: &ClockHistory, at: NaiveDateTime, keep: Duration) -> bool {
    history.older_than(keep).iter().any(|old| old.contains(&at))
}

both! {
    async fn time_counts_as_it_passes_while_a_process_runs(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        let made = process.now();
        assert_eq!(process.history().await.older_than(Duration::ZERO).len(), 2, "before it, and the future");
        process.run_for(HOUR).await;
        assert_eq!(process.age(made).await, HOUR);
        assert_eq!(process.age(made + HOUR / 2).await, HOUR / 2);
        assert_eq!(process.age(process.now()).await, Duration::ZERO);
        assert_eq!(process.age(made - TimeDelta::days(9)).await, HOUR, "older than all that is known");
        let history = process.history().await;
        assert!(history.older_than(2 * HOUR).is_empty(), "nothing has run for so long");
        for (stamp, removed) in [(made - 9 * HOUR, true), (made + 20 * MINUTE, true), (made + 31 * MINUTE, false), (process.now(), false)] {
            assert_eq!(is_removed(&history, stamp, HOUR / 2), removed, "{stamp}");
        }
        assert_eq!(spans(&db).await.len(), 1);
    }

    async fn seventy_years_forward_and_back_make_nothing_old(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        let before = process.now();
        process.run_for(HOUR).await;
        process.step(70 * YEAR).await;
        let history = process.history().await;
        assert_eq!(history.age(before), HOUR);
        assert!(!is_removed(&history, before, 2 * HOUR) && is_removed(&history, before, HOUR / 2));
        process.run_for(HOUR).await;
        let meanwhile = process.now();
        assert!(meanwhile > before + TimeDelta::days(69 * YEAR));
        assert_eq!(process.age(before).await, 2 * HOUR);
        process.step(-70 * YEAR).await;
        process.run_for(HOUR).await;
        let history = process.history().await;
        assert_eq!((history.age(before), history.age(meanwhile)), (3 * HOUR, HOUR));
        for (keep, removed) in [(HOUR / 2, [true, true]), (2 * HOUR, [true, false]), (3 * HOUR, [false, false])] {
            let both = [before, meanwhile].map(|stamp| is_removed(&history, stamp, keep));
            assert_eq!(both, removed, "{keep:?}");
        }
        process.run_for(HOUR).await;
        assert!(is_removed(&process.history().await, meanwhile, HOUR), "what is stamped with the future is not kept for ever");
        assert_eq!(spans(&db).await.len(), 3);
    }

    async fn fifty_years_back_and_forward_keep_nothing_for_ever(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        let before = process.now();
        process.run_for(HOUR).await;
        process.step(-50 * YEAR).await;
        process.run_for(DAY).await;
        let history = process.history().await;
        assert_eq!(history.age(before), DAY + HOUR, "it waits, and that is counted");
        assert!(is_removed(&history, before, DAY));
        let meanwhile = process.now();
        process.step(50 * YEAR).await;
        process.run_for(HOUR).await;
        let history = process.history().await;
        assert_eq!((history.age(before), history.age(meanwhile)), (DAY + 2 * HOUR, HOUR));
        assert!(!is_removed(&history, meanwhile, DAY), "made an hour ago, in 1976");
        assert!(is_removed(&history, before, DAY));
    }

    async fn a_machine_without_a_battery_keeps_what_is_young_and_nothing_else(db) {
        let db = db.open().await;
        let real = |days: i64| at(0) + TimeDelta::days(days);
        let seventies = DateTime::UNIX_EPOCH.naive_utc();
        let mut history = None;
        for day in 0..40 {
            let process = Process::start(&db, seventies).await;
            process.run_for(5 * MINUTE).await;
            process.step((real(day) - seventies).num_days()).await;
            process.run_for(DAY - 5 * MINUTE).await;
            history = Some(process.history().await);
        }
        let history = history.unwrap();
        for (day, removed) in [(0, true), (5, true), (12, false), (25, false), (39, false)] {
            let stamp = real(day) + 12 * HOUR;
            assert_eq!(is_removed(&history, stamp, 30 * DAY), removed, "day {day}");
        }
        assert!(!is_removed(&history, seventies + 4 * MINUTE, 30 * DAY), "it may be of this morning");
        assert_eq!(history.age(seventies + 4 * MINUTE), DAY - 4 * MINUTE, "the last morning");
    }

    async fn what_sleeps_for_two_hours_ages_by_nothing(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        let before = process.now();
        process.run_for(HOUR).await;
        // The monotonic clock of a machine that sleeps stands still.
        process.clock.step_wall(TimeDelta::hours(2));
        assert_eq!(process.age(before).await, HOUR);
        let after = process.now();
        process.run_for(HOUR).await;
        let history = process.history().await;
        assert_eq!((history.age(before), history.age(after)), (2 * HOUR, HOUR));
        assert!(is_removed(&history, before, HOUR) && !is_removed(&history, after + MINUTE, HOUR));
    }

    async fn a_small_step_is_none(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        for step in [3, -3, 9, -9] {
            process.clock.step_wall(TimeDelta::seconds(step));
            process.run_for(MINUTE).await;
        }
        assert_eq!(process.age(at(0)).await, 4 * MINUTE);
        assert_eq!(spans(&db).await.len(), 1);
    }

    async fn the_time_between_two_processes_counts_for_ten_minutes(db) {
        let db = db.open().await;
        let first = Process::start(&db, at(0)).await;
        first.run_for(HOUR).await;
        // As a worker that is started every five minutes.
        let second = Process::start(&db, at(3_600 + 300)).await;
        assert_eq!((second.age(at(0)).await, spans(&db).await.len()), (HOUR + 5 * MINUTE, 1));
        let third = Process::start(&db, at(0) + TimeDelta::days(3)).await;
        assert_eq!(third.age(at(0)).await, HOUR + 15 * MINUTE, "nobody delivered anything for three days");
        let wrong = Process::start(&db, at(0) + TimeDelta::days(70 * YEAR)).await;
        assert_eq!(wrong.age(at(0)).await, HOUR + 25 * MINUTE);
        let back = Process::start(&db, at(0)).await;
        assert_eq!(back.history().await.older_than(2 * HOUR).len(), 0, "no more has passed");
        assert_eq!(spans(&db).await.len(), 4);
    }

    async fn two_machines_need_not_agree_on_the_time(db) {
        let db = db.open().await;
        let one = Process::start(&db, at(0)).await;
        let other = Process::start(&db, at(0) + TimeDelta::days(70 * YEAR)).await;
        let begun = other.now();
        one.beat().await;
        let counted = spans(&db).await.len();
        for _ in 0..120 {
            for process in [&one, &other] {
                process.clock.advance(MINUTE);
                process.beat().await;
            }
        }
        assert_eq!(spans(&db).await.len(), counted, "each goes on in its own");
        for process in [&one, &other] {
            assert_eq!((process.age(begun).await, process.age(at(3_600)).await), (2 * HOUR, HOUR));
        }
    }

    async fn a_database_without_the_spans_that_a_process_knows_gets_others(db) {
        let db = db.open().await;
        let process = Process::start(&db, at(0)).await;
        process.run_for(HOUR).await;
        assert_eq!(db.write(|c| clock_spans::forget(c, i64::MAX)).await.unwrap(), 1);
        process.beat().await;
        process.run_for(HOUR).await;
        assert_eq!(process.age(at(3_600)).await, HOUR);
        assert_eq!(process.age(at(0)).await, 2 * HOUR, "older than all that is known");
    }
}
