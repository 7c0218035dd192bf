//! Two handles on one database, as two processes have: nothing is done twice, and nobody fails for the other.

use std::collections::HashSet;

use futures_util::future::join_all;
use monitor_domain::MetricKey;
use monitor_model::{Db, DbError, MetricState, deliveries, realtime, states};

use crate::support::{at, both, delivery};

/// Claims one by one until nothing is left.
async fn claim_all(db: Db, worker: &'static str) -> Vec<i64> {
    let mut mine = Vec::new();
    loop {
        let claim = move |c: &mut _| {
            deliveries::claim(
                c,
                &deliveries::Claim {
                    lane: "mail",
                    worker,
                    now: at(1),
                    lease_until: at(31),
                    limit: 3,
                    in_flight: &[],
                    turns: &monitor_model::deliveries::Turns::default(),
                },
            )
        };
        let claimed = db.write(claim).await.unwrap();
        if claimed.is_empty() {
            return mine;
        }
        assert!(
            claimed
                .iter()
                .all(|d| d.attempt == 1 && d.worker.as_deref() == Some(worker))
        );
        mine.extend(claimed.iter().map(|d| d.id));
    }
}

/// Loads a metric's state and saves it one version on, as often as it takes.
async fn count_up(db: Db) -> u32 {
    let mut conflicts = 0;
    loop {
        let result = db
            .write(|c| {
                let version = states::load(c, "x")?.map_or(0, |state| state.version);
                let state = MetricState {
                    key: MetricKey::stored("x"),
                    version: 0,
                    phase: "normal".to_owned(),
                    since: at(0),
                    reason: String::new(),
                    state: "{}".to_owned(),
                    updated_at: at(0),
                };
                states::save(c, &state, version)
            })
            .await;
        match result {
            Ok(()) => return conflicts,
            Err(DbError::Conflict { .. }) => conflicts += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

both! {
    async fn no_delivery_is_claimed_twice(db) {
        let one = db.open().await;
        let two = db.handle().await;
        let new: Vec<_> = (0..200).map(|n| delivery("mail", &n.to_string(), at(0))).collect();
        one.write(move |c| deliveries::enqueue(c, &new)).await.unwrap();
        let workers = [("w1", &one), ("w2", &two), ("w3", &one), ("w4", &two)];
        let claims = workers.map(|(worker, db)| tokio::spawn(claim_all(db.clone(), worker)));
        let claimed: Vec<i64> = join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed.len(), 200);
        assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 200);
    }

    async fn a_version_is_never_saved_twice(db) {
        let one = db.open().await;
        let two = db.handle().await;
        let tasks = (0..60).map(|n| tokio::spawn(count_up(if n % 2 == 0 { one.clone() } else { two.clone() })));
        for result in join_all(tasks).await {
            result.unwrap();
        }
        let state = one.read(|c| states::load(c, "x")).await.unwrap().unwrap();
        assert_eq!(state.version, 60);
    }

    async fn a_storm_of_reads_and_writes_never_fails(db) {
        let one = db.open().await;
        let two = db.handle().await;
        let tasks = (0..400_u32).map(|n| {
            let db = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                // Reads before it writes: what a deferred transaction fails at.
                db.write(move |c| {
                    let before = realtime::all(c)?.len();
                    let key = format!("m{:02}", n % 40);
                    realtime::record_value(c, &key, f64::from(n), at(n.into()))?;
                    Ok(before)
                })
                .await
                .unwrap();
                db.read(realtime::all).await.unwrap().len()
            })
        });
        for rows in join_all(tasks).await {
            assert!(rows.unwrap() > 0, "a handle reads its own writes");
        }
        assert_eq!(two.read(realtime::all).await.unwrap().len(), 40);
        let stats = [one.stats(), two.stats()];
        assert_eq!(stats.iter().map(|s| s.writes).sum::<u64>(), 400);
        assert_eq!(stats.iter().map(|s| s.failures).sum::<u64>(), 0);
    }
}
