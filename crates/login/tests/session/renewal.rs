//! Renewed before it ends, behind the callers' backs.

use std::time::Duration;

use crate::fake::{Answer, Fake, get, total, until};
use crate::time::TestClock;

const BOTH: [&str; 2] = ["system_a", "system_b"];

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test]
async fn in_the_last_fifth_the_old_one_is_used_while_the_next_is_fetched() {
    for kind in BOTH {
        let fake = Fake::start(kind).await;
        fake.rules().life = Some(100);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        clock.advance(seconds(79));
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        assert_eq!(fake.logins(), 1, "{kind}: not yet");

        clock.advance(seconds(2));
        fake.hold_logins(true);
        for _ in 0..3 {
            assert_eq!(
                total(&system, "/api/totals/x").await,
                7,
                "{kind}: with the old one, without waiting"
            );
        }
        until(|| fake.logins() == 2).await;
        fake.hold_logins(false);
        // The next call after the new one has arrived uses it.
        loop {
            assert_eq!(total(&system, "/api/totals/x").await, 7);
            if fake.received().last().unwrap().contains("hunter3-2") {
                break;
            }
        }
        clock.advance(seconds(70));
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        assert_eq!(fake.logins(), 2, "{kind}: its life counts from its own sign-in");
    }
}

#[tokio::test]
async fn a_failed_renewal_is_no_reason_to_stop_using_what_is_good() {
    let fake = Fake::start("system_a").await;
    fake.rules().life = Some(100);
    let clock = TestClock::new();
    let system = fake.system(&clock);
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    fake.rules().login = Some(Answer(500, "", ""));
    clock.advance(seconds(85));
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    until(|| fake.logins() == 2).await;
    // The failed sign-in is being noted just now; until then a call may still join it, and none may start another.
    for _ in 0..20 {
        assert_eq!(total(&system, "/api/totals/x").await, 7);
    }
    assert_eq!(fake.logins(), 2);
    clock.advance(seconds(15));
    assert!(get(&system, "/api/totals/x").await.is_err(), "now it is over");
}

#[tokio::test]
async fn what_has_ended_is_not_sent_any_more() {
    for kind in BOTH {
        let fake = Fake::start(kind).await;
        fake.rules().life = Some(4);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        clock.advance(seconds(4));
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        assert_eq!(
            (fake.logins(), fake.calls()),
            (2, 2),
            "{kind}: signed in before the call"
        );
    }
}

#[tokio::test]
async fn every_answer_may_renew_a_cookie() {
    let fake = Fake::start("system_b").await;
    fake.rules().life = Some(100);
    fake.rules().sliding = true;
    let clock = TestClock::new();
    let system = fake.system(&clock);
    for _ in 0..20 {
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        clock.advance(seconds(60));
    }
    assert_eq!(fake.logins(), 1, "a session that is used lives on, however long");
}

#[tokio::test]
async fn without_a_known_life_it_is_used_until_it_looks_lost() {
    for kind in BOTH {
        let fake = Fake::start(kind).await;
        let clock = TestClock::new();
        let system = fake.system(&clock);
        for _ in 0..5 {
            assert_eq!(total(&system, "/api/totals/x").await, 7);
            clock.advance(seconds(100_000));
        }
        assert_eq!(fake.logins(), 1, "{kind}");
    }
}
