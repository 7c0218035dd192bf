//! The outbox: enqueue, claim by lease, mark with fencing.

use monitor_domain::MetricKey;
use monitor_model::DeliveryStatus::{Failed, GivenUp, Pending, Sending, Sent};
use monitor_model::deliveries::Claim;
use monitor_model::{Conn, Db, DbError, Delivery, NewRecord, alerts, deliveries, records};

use crate::support::{alert, at, both, delivery};

async fn enqueue(db: &Db, lane: &str, keys: &[&str], next_at: i64) -> usize {
    let new: Vec<_> = keys.iter().map(|key| delivery(lane, key, at(next_at))).collect();
    db.write(move |c| deliveries::enqueue(c, &new)).await.unwrap()
}

async fn claim(db: &Db, lane: &'static str, now: i64, limit: i64) -> Vec<Delivery> {
    claim_beside(db, lane, now, limit, &[]).await
}

async fn claim_beside(
    db: &Db,
    lane: &'static str,
    now: i64,
    limit: i64,
    in_flight: &'static [i64],
) -> Vec<Delivery> {
    let (now, lease_until) = (at(now), at(now + 30));
    db.write(move |c| {
        let claim = Claim {
            lane,
            worker: "w1",
            now,
            lease_until,
            limit,
            in_flight,
            turns: &deliveries::Turns::default(),
        };
        deliveries::claim(c, &claim)
    })
    .await
    .unwrap()
}

/// When the next delivery of any lane can be claimed.
async fn next_due(db: &Db) -> Option<chrono::NaiveDateTime> {
    db.read(deliveries::next_due_by_lane)
        .await
        .unwrap()
        .into_values()
        .min()
}

async fn get(db: &Db, id: i64) -> Delivery {
    db.read(move |c| deliveries::get(c, id)).await.unwrap().unwrap()
}

fn keys(claimed: &[Delivery]) -> Vec<&str> {
    claimed.iter().map(|d| d.dedupe_key.as_str()).collect()
}

both! {
    async fn what_each_lane_has_left_is_counted(db) {
        let db = db.open().await;
        assert_eq!(db.read(deliveries::unfinished_by_lane).await.unwrap(), []);
        enqueue(&db, "oncall", &["a"], 0).await;
        enqueue(&db, "mail", &["b", "c"], 0).await;
        let left = async || {
            let left = db.read(deliveries::unfinished_by_lane).await.unwrap();
            left.into_iter().map(|lane| (lane.lane, lane.count)).collect::<Vec<_>>()
        };
        assert_eq!(left().await, [("mail".to_owned(), 2), ("oncall".to_owned(), 1)]);
        let oldest = db.read(deliveries::unfinished_by_lane).await.unwrap()[0].oldest;
        let made = db.read(|c| deliveries::recent(c, 2)).await.unwrap();
        assert_eq!(Some(oldest), made.iter().map(|d| d.created_at).min());
        let claimed = claim(&db, "oncall", 10, 10).await;
        assert_eq!(left().await.len(), 2, "what is being sent is left too");
        db.write(move |c| deliveries::mark_sent(c, claimed[0].id, 1, at(20))).await.unwrap();
        assert_eq!(left().await, [("mail".to_owned(), 2)], "what is sent is not");
    }
}

both! {
    async fn the_same_key_is_enqueued_once(db) {
        let db = db.open().await;
        assert_eq!(enqueue(&db, "mail", &["a", "b", "a"], 0).await, 2);
        assert_eq!(enqueue(&db, "oncall", &["b", "c"], 0).await, 1);
        assert_eq!(enqueue(&db, "oncall", &[], 0).await, 0);
        let recent = db.read(|c| deliveries::recent(c, 2)).await.unwrap();
        assert_eq!(keys(&recent), ["c", "b"]);
        assert_eq!((recent[0].status, recent[0].attempt, recent[0].message_id.as_str()), (Pending, 0, "c@monitor"));
        assert_eq!(db.read(deliveries::unfinished).await.unwrap(), 3);
    }

    async fn a_storm_is_enqueued_and_claimed_whole(db) {
        let db = db.open().await;
        let names: Vec<String> = (0..1_203).map(|n| format!("k{n:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(enqueue(&db, "mail", &names, 0).await, 1_203);
        let claimed = claim(&db, "mail", 1, 5_000).await;
        assert_eq!(keys(&claimed), names);
    }

    async fn what_is_due_is_claimed_oldest_first_and_once(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["late"], 20).await;
        enqueue(&db, "mail", &["second"], 10).await;
        enqueue(&db, "mail", &["first"], 5).await;
        enqueue(&db, "@alarm", &["other lane"], 0).await;
        assert_eq!(db.read(|c| deliveries::due(c, at(10))).await.unwrap(), [("@alarm".to_owned(), 1), ("mail".to_owned(), 2)]);
        assert_eq!(next_due(&db).await, Some(at(0)));

        let claimed = claim(&db, "mail", 10, 10).await;
        assert_eq!(keys(&claimed), ["first", "second"]);
        for d in &claimed {
            assert_eq!((d.status, d.attempt, d.worker.as_deref(), d.lease_until), (Sending, 1, Some("w1"), Some(at(40))));
        }
        assert!(claim(&db, "mail", 10, 10).await.is_empty());
        assert_eq!(keys(&claim(&db, "mail", 20, 10).await), ["late"]);
        assert_eq!(keys(&claim(&db, "@alarm", 20, 10).await), ["other lane"]);
        assert_eq!(db.read(|c| deliveries::due(c, at(20))).await.unwrap(), []);
        assert_eq!(next_due(&db).await, Some(at(40)), "the first lease that ends");
    }

    async fn a_lease_can_be_renewed_and_taken_from_the_dead(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a", "b"], 0).await;
        claim(&db, "mail", 0, 2).await;
        assert_eq!(db.write(|c| deliveries::renew(c, "w1", &[1, 2], at(60))).await.unwrap(), 2);
        assert!(claim(&db, "mail", 59, 2).await.is_empty(), "renewed");
        assert_eq!(db.read(deliveries::holders).await.unwrap(), ["w1"]);
        assert_eq!(db.write(|c| deliveries::reclaim(c, "w2")).await.unwrap(), 0);
        assert_eq!(db.write(|c| deliveries::reclaim(c, "w1")).await.unwrap(), 2);
        assert!(db.read(deliveries::holders).await.unwrap().is_empty());
        let again = claim(&db, "mail", 1, 2).await;
        assert!(again.iter().all(|d| d.attempt == 2), "the dead worker is fenced out");
    }

    async fn what_waits_can_be_made_due(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["held"], 0).await;
        claim(&db, "mail", 0, 1).await; // until 30
        enqueue(&db, "mail", &["a"], 3_600).await;
        assert!(claim(&db, "mail", 0, 9).await.is_empty());
        assert_eq!(db.write(|c| deliveries::make_due(c, at(0), at(0), at(20))).await.unwrap(), 2);
        assert_eq!(keys(&claim(&db, "mail", 0, 9).await), ["a"]);
        assert_eq!(claim(&db, "mail", 20, 9).await.len(), 1, "the lease was cut too");
    }

    async fn what_was_written_by_the_time_of_before_is_made_due(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["in flight", "paused"], 0).await;
        claim(&db, "mail", 0, 2).await;
        for id in [1, 2] {
            db.write(move |c| deliveries::mark_retry(c, id, 1, at(3_610), "down")).await.unwrap();
        }
        enqueue(&db, "mail", &["made by the old time"], 3_600).await;
        assert_eq!(db.write(|c| deliveries::make_due_of_before(c, &[1], at(20))).await.unwrap(), 2);
        assert_eq!(keys(&claim(&db, "mail", 20, 9).await), ["in flight", "made by the old time"], "a pause that was meant is kept");
    }

    async fn a_lane_that_works_again_goes_on_with_the_oldest(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a"], 0).await;
        enqueue(&db, "mail", &["b"], 1).await;
        enqueue(&db, "chat", &["c"], 0).await;
        claim(&db, "mail", 1, 1).await;
        claim(&db, "chat", 1, 1).await;
        for id in [1, 3] {
            let later = db.write(move |c| deliveries::mark_retry(c, id, 1, at(600), "down")).await.unwrap();
            assert!(later);
        }
        assert_eq!(db.write(|c| deliveries::make_due_again(c, "mail", None, at(2))).await.unwrap(), 1);
        assert_eq!(keys(&claim(&db, "mail", 2, 9).await), ["a", "b"], "by age, not by the last try");
        assert!(claim(&db, "chat", 2, 9).await.is_empty(), "another lane");
        assert_eq!(db.write(|c| deliveries::make_due_again(c, "mail", None, at(2))).await.unwrap(), 0);
    }

    async fn orphaned_claims_are_released(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a", "b"], 0).await;
        claim(&db, "mail", 0, 2).await;
        assert_eq!(db.write(|c| deliveries::release_orphaned(c, "w2", &[])).await.unwrap(), 0);
        assert_eq!(db.write(|c| deliveries::release_orphaned(c, "w1", &[2])).await.unwrap(), 1);
        let again = claim(&db, "mail", 1, 2).await;
        assert_eq!((again.len(), again[0].id, again[0].attempt), (1, 1, 2));
        assert!(db.read(|c| deliveries::is_unfinished(c, "a")).await.unwrap());
        assert!(!db.read(|c| deliveries::is_unfinished(c, "z")).await.unwrap());
    }

    async fn what_waits_for_a_channel_that_is_gone_is_given_up_some_day(db) {
        let db = db.open().await;
        enqueue(&db, "pager", &["old"], 0).await;
        enqueue(&db, "mail", &["kept"], 0).await;
        let created = get(&db, 1).await.created_at;
        let give_up = |before: chrono::NaiveDateTime| {
            let (lanes, stamped) = (["mail".to_owned()], at(-999)..before);
            db.write(move |c| deliveries::give_up_orphaned(c, &lanes, &stamped, at(99), "gone"))
        };
        assert_eq!(give_up(created).await.unwrap(), []);
        let gone = give_up(created + std::time::Duration::from_secs(1)).await.unwrap();
        assert_eq!(keys(&gone), ["old"]);
        let old = get(&db, 1).await;
        assert_eq!((old.status, old.last_error.as_deref()), (GivenUp, Some("gone")));
        assert_eq!(db.read(deliveries::unfinished).await.unwrap(), 1);
    }

    async fn what_waits_for_a_channel_that_is_gone_says_so(db) {
        let db = db.open().await;
        enqueue(&db, "pager", &["waits"], 0).await;
        enqueue(&db, "pager", &["on its way"], 0).await;
        enqueue(&db, "mail", &["kept"], 0).await;
        db.write(|c| deliveries::mark_orphaned(c, &["pager".to_owned()], "gone")).await.unwrap();
        assert_eq!(get(&db, 3).await.last_error.as_deref(), Some("gone"));
        assert_eq!(claim(&db, "pager", 0, 1).await.len(), 1);
        let mark = || db.write(|c| deliveries::mark_orphaned(c, &["mail".to_owned()], "no such channel"));
        assert_eq!(mark().await.unwrap(), 1, "not what another worker, with another config, is sending");
        assert_eq!(mark().await.unwrap(), 0, "it is known by now");
        let sending = get(&db, 1).await;
        let waits = get(&db, 2).await;
        assert_eq!((sending.last_error, waits.last_error.as_deref()), (None, Some("no such channel")));
        assert_eq!((waits.status, waits.attempt), (monitor_model::DeliveryStatus::Pending, 0));
    }

    async fn what_is_being_sent_is_not_claimed_by_its_own_worker(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a"], 0).await;
        assert_eq!(claim(&db, "mail", 0, 1).await[0].id, 1);
        assert!(claim_beside(&db, "mail", 9_999, 1, &[1]).await.is_empty(), "the clock was stepped, the send goes on");
        assert_eq!(claim(&db, "mail", 9_999, 1).await.len(), 1);
    }

    async fn a_limit_is_kept(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a", "b", "c"], 0).await;
        assert_eq!(keys(&claim(&db, "mail", 1, 2).await), ["a", "b"]);
        assert_eq!(keys(&claim(&db, "mail", 1, 2).await), ["c"]);
    }

    async fn a_lease_that_ran_out_is_claimed_again_and_the_first_worker_is_fenced_out(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a"], 0).await;
        let first = claim(&db, "mail", 0, 1).await.remove(0);
        assert!(claim(&db, "mail", 29, 1).await.is_empty());
        assert_eq!(db.read(|c| deliveries::due(c, at(30))).await.unwrap(), [("mail".to_owned(), 1)]);
        let second = claim(&db, "mail", 30, 1).await.remove(0);
        assert_eq!((second.id, second.attempt), (first.id, 2));

        let (id, old) = (first.id, first.attempt);
        assert!(!db.write(move |c| deliveries::mark_sent(c, id, old, at(31))).await.unwrap());
        assert!(!db.write(move |c| deliveries::mark_retry(c, id, old, at(99), "x")).await.unwrap());
        assert!(!db.write(move |c| deliveries::mark_final(c, id, old, Failed, at(31), "x")).await.unwrap());
        assert!(!db.write(move |c| deliveries::release(c, id, old)).await.unwrap());
        assert_eq!(get(&db, id).await, second);
        assert!(db.write(move |c| deliveries::mark_sent(c, id, 2, at(31))).await.unwrap());
        assert!(!db.write(move |c| deliveries::mark_sent(c, id, 2, at(31))).await.unwrap(), "sent once");
        let sent = get(&db, id).await;
        assert_eq!((sent.status, sent.finished_at, sent.lease_until), (Sent, Some(at(31)), None));
        assert_eq!(db.read(deliveries::unfinished).await.unwrap(), 0);
        assert_eq!(next_due(&db).await, None);
    }

    async fn a_failure_is_put_back_until_its_time_or_ended(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a", "b"], 0).await;
        let claimed = claim(&db, "mail", 0, 2).await;
        let (a, b) = (claimed[0].id, claimed[1].id);
        assert!(db.write(move |c| deliveries::mark_retry(c, a, 1, at(7), "451 later")).await.unwrap());
        assert!(db.write(move |c| deliveries::mark_final(c, b, 1, GivenUp, at(1), "550 no")).await.unwrap());
        let put_back = get(&db, a).await;
        assert_eq!((put_back.status, put_back.next_at, put_back.lease_until), (Pending, at(7), None));
        assert_eq!(put_back.last_error.as_deref(), Some("451 later"));
        let ended = get(&db, b).await;
        assert_eq!((ended.status, ended.finished_at, ended.last_error.as_deref()), (GivenUp, Some(at(1)), Some("550 no")));
        assert_eq!(next_due(&db).await, Some(at(7)));
        assert!(claim(&db, "mail", 6, 9).await.is_empty());
        let again = claim(&db, "mail", 7, 9).await;
        assert_eq!((again.len(), again[0].id, again[0].attempt), (1, a, 2));
        assert!(db.write(move |c| deliveries::mark_sent(c, a, 2, at(8))).await.unwrap());
        assert_eq!(get(&db, a).await.last_error, None);
    }

    async fn a_status_that_is_not_final_ends_nothing(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a"], 0).await;
        let id = claim(&db, "mail", 0, 1).await[0].id;
        assert!(db.write(move |c| deliveries::mark_final(c, id, 1, Pending, at(1), "")).await.is_err());
        assert_eq!(get(&db, id).await.status, Sending);
    }

    async fn a_released_claim_keeps_its_place(db) {
        let db = db.open().await;
        enqueue(&db, "mail", &["a"], 0).await;
        enqueue(&db, "mail", &["b"], 1).await;
        let id = claim(&db, "mail", 2, 1).await[0].id;
        assert!(db.write(move |c| deliveries::release(c, id, 1)).await.unwrap());
        assert!(!db.write(move |c| deliveries::mark_sent(c, id, 1, at(2))).await.unwrap(), "not ours any more");
        let again = claim(&db, "mail", 2, 2).await;
        assert_eq!((keys(&again), again[0].attempt), (vec!["a", "b"], 2));
    }

    async fn deliveries_are_found_by_their_records(db) {
        let db = db.open().await;
        let found = db.write(|c| {
            let new = NewRecord {
                key: MetricKey::stored("x"),
                value: None,
                alert: true,
                alert_message: "m".to_owned(),
                timestamp: at(0),
                alert_id: None,
                source_id: None,
            };
            let record = records::insert(c, &new)?.unwrap();
            let mut about = delivery("mail", "about", at(0));
            about.record_id = Some(record.id);
            deliveries::enqueue(c, &[delivery("mail", "not about", at(0)), about])?;
            deliveries::for_records(c, &[record])
        }).await.unwrap();
        assert_eq!(keys(&found), ["about"]);
    }

    async fn a_message_that_went_out_with_others_has_their_deliveries(db) {
        let db = db.open().await;
        let found = db.write(|c| {
            let alert = alerts::open(c, &alert("x", None))?;
            let mut of_alert = |text: &str| {
                let new = NewRecord {
                    key: MetricKey::stored("x"),
                    value: None,
                    alert: true,
                    alert_message: text.to_owned(),
                    timestamp: at(0),
                    alert_id: Some(alert.id),
                    source_id: None,
                };
                records::insert(c, &new)
            };
            let all: Vec<_> = ["first", "alone", "listed"].into_iter().map(|text| of_alert(text).unwrap().unwrap()).collect();
            let about = |key: &str, record: usize, event: &str| {
                let mut one = delivery("mail", key, at(0));
                (one.alert_id, one.record_id) = (Some(alert.id), Some(all[record].id));
                one.event = event.to_owned();
                one
            };
            deliveries::enqueue(c, &[about("a", 0, "alert"), about("b", 1, "alert"), about("end", 0, "recovered")])?;
            let of = |c: &mut Conn, record: usize| {
                let found = deliveries::for_records(c, &all[record..=record])?;
                assert!(found.iter().all(|one| one.record_id == Some(all[record].id)));
                Ok::<_, DbError>(keys(&found).join(","))
            };
            Ok([of(c, 0)?, of(c, 1)?, of(c, 2)?])
        }).await.unwrap();
        assert_eq!(found, ["a,end", "b", "b"]);
    }
}
