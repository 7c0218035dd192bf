//! One session a system: shared, renewed, never hammered.

use std::time::Duration;

use monitor_harness::both;
use monitor_simulator::{Fault, Times};

both! {
    async fn all_metrics_and_cycles_share_one_sign_in(app: TestApp) {
        for total in 1..=5 {
            app.read("x", f64::from(total)).await;
        }
        assert_eq!(app.a().logins(), 1);
        assert_eq!(app.b().logins(), 1);
        app.finish().await;
    }
}

both! {
    async fn a_session_that_is_about_to_end_is_renewed_before(app: TestApp) {
        app.a().set_session_life(Duration::from_secs(100));
        app.poll().await;
        app.after(Duration::from_secs(95)).await;
        monitor_harness::eventually("a renewal in the background", || async {
            (app.a().logins() == 2).then_some(())
        }).await;
        app.poll().await;
        let refused = app.a().requests().iter().filter(|request| request.path.starts_with("/api/totals")).count();
        assert_eq!(refused, 9, "no call was wasted on a session that had ended");
        app.finish().await;
    }
}

both! {
    async fn a_wrong_password_is_not_tried_at_every_cycle(app: TestApp) {
        app.a().set_password("changed");
        for _ in 0..10 {
            app.after(Duration::from_secs(1)).await;
        }
        assert_eq!(app.a().requests().iter().filter(|request| request.path == "/api/login").count(), 1, "no account is locked");
        let (_, reason) = app.phase("x").await;
        assert!(reason.contains("refused"), "{reason}");
        app.a().set_password(app.a().password());
        app.after(Duration::from_secs(120)).await;
        assert_eq!(app.phase("x").await.0, "normal", "and tried again later");
        app.finish().await;
    }
}

both! {
    async fn a_mistyped_path_does_not_become_a_sign_in_every_cycle(app: TestApp) {
        app.a().fault("/api/totals/x", Fault::Html, Times::Always);
        for _ in 0..10 {
            app.poll().await;
        }
        assert!(app.a().logins() <= 2, "{} sign-ins", app.a().logins());
        assert_eq!(app.phase("y").await.0, "normal", "the others are read");
        app.finish().await;
    }
}
