//! One sign-in at a time, shared by all who wait for it.

use std::sync::Arc;
use std::time::Duration;

use monitor_login::{CallError, LoginError};

use crate::fake::{Answer, Fake, get, total, until};
use crate::time::TestClock;

const BOTH: [&str; 2] = ["system_a", "system_b"];

#[tokio::test]
async fn many_calls_at_once_make_one_sign_in() {
    for kind in BOTH {
        let fake = Fake::start(kind).await;
        fake.hold_logins(true);
        let system = fake.system(&TestClock::new());
        let calls: Vec<_> = (0..50)
            .map(|n| {
                let system = Arc::clone(&system);
                tokio::spawn(async move { total(&system, &format!("/api/totals/{n}")).await })
            })
            .collect();
        until(|| fake.logins() == 1).await;
        fake.hold_logins(false);
        for call in calls {
            assert_eq!(call.await.unwrap(), 7);
        }
        assert_eq!((fake.logins(), fake.calls()), (1, 50), "{kind}");
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        system.sign_in().await.unwrap();
        assert_eq!(fake.logins(), 1, "{kind}: and later calls go on with it");
    }
}

#[tokio::test]
async fn many_calls_that_lose_their_session_at_once_make_one_sign_in() {
    for kind in BOTH {
        let fake = Fake::start(kind).await;
        let system = fake.system(&TestClock::new());
        system.sign_in().await.unwrap();
        fake.expire();
        fake.hold_logins(true);
        let calls: Vec<_> = (0..50)
            .map(|n| {
                let system = Arc::clone(&system);
                tokio::spawn(async move { total(&system, &format!("/api/totals/{n}")).await })
            })
            .collect();
        until(|| fake.logins() == 2).await;
        fake.hold_logins(false);
        for call in calls {
            assert_eq!(call.await.unwrap(), 7);
        }
        assert_eq!(fake.logins(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_failure_is_shared_and_the_next_try_comes_after_a_short_gap() {
    let fake = Fake::start("system_a").await;
    let clock = TestClock::new();
    let system = fake.system(&clock);
    fake.rules().login = Some(Answer(503, "", "down"));
    fake.hold_logins(true);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let system = Arc::clone(&system);
            tokio::spawn(async move { get(&system, "/api/totals/x").await })
        })
        .collect();
    until(|| fake.logins() == 1).await;
    // All of them must be waiting before it is answered; they need no more than a turn each.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    fake.hold_logins(false);
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(error.is_transient());
        assert!(
            matches!(&error, CallError::Login(LoginError::Unreachable(_))),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("cannot sign in: POST http://127.0.0.1"),
            "{error}"
        );
    }
    assert_eq!((fake.logins(), fake.calls()), (1, 0));

    fake.rules().login = None;
    let early = get(&system, "/api/totals/x").await.unwrap_err();
    assert!(
        matches!(&early, CallError::Login(LoginError::BackingOff { .. })),
        "{early}"
    );
    assert_eq!(early.retry_after(), Some(Duration::from_secs(1)));
    assert!(
        early
            .to_string()
            .starts_with("system a: no sign-in before 08:49:38 UTC: cannot sign in:"),
        "{early}"
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    assert_eq!(fake.logins(), 2);
}

#[tokio::test]
async fn a_caller_who_gives_up_takes_nothing_away_from_the_others() {
    let fake = Fake::start("system_b").await;
    fake.hold_logins(true);
    let system = fake.system(&TestClock::new());
    let first = tokio::spawn({
        let system = Arc::clone(&system);
        async move { total(&system, "/api/totals/x").await }
    });
    until(|| fake.logins() == 1).await;
    let second = tokio::spawn({
        let system = Arc::clone(&system);
        async move { total(&system, "/api/totals/x").await }
    });
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    fake.hold_logins(false);
    assert_eq!(second.await.unwrap(), 7);
    assert_eq!(fake.logins(), 1);
}
