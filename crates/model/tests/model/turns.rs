//! Whose turn it is: recipients one after the other, what is urgent first, of one alert the earlier word before the later.

use monitor_model::DeliveryStatus::{Failed, GivenUp};
use monitor_model::deliveries::Claim;
use monitor_model::{Db, NewDelivery, alerts, deliveries};

use crate::support::{alert, at, both, delivery};

fn to(recipient: &str, key: &str, urgency: i32, next_at: i64) -> NewDelivery {
    NewDelivery {
        recipient: recipient.to_owned(),
        urgency,
        ..delivery("mail", key, at(next_at))
    }
}

/// The keys of what is claimed at 10.
async fn claim_by(db: &Db, limit: i64, turns: &deliveries::Turns) -> Vec<String> {
    let turns = turns.clone();
    let claimed = db.write(move |c| {
        let claim = Claim {
            lane: "mail",
            worker: "w1",
            now: at(10),
            lease_until: at(40),
            limit,
            in_flight: &[],
            turns: &turns,
        };
        deliveries::claim(c, &claim)
    });
    claimed
        .await
        .unwrap()
        .into_iter()
        .map(|delivery| delivery.dedupe_key)
        .collect()
}

both! {
    async fn recipients_take_turns_and_what_is_urgent_goes_first(db) {
        let db = db.open().await;
        let mut rows: Vec<_> = (0..50).map(|n| to("ann", &format!("a{n}"), 1, 0)).collect();
        rows.extend([to("bob", "b-late", 2, 1), to("bob", "b-first", 0, 5), to("cid", "c", 1, 3), to("dan", "d-not-yet", 0, 11)]);
        db.write(move |c| deliveries::enqueue(c, &rows)).await.unwrap();
        let turns = deliveries::Turns::default();
        assert_eq!(claim_by(&db, 4, &turns).await, ["b-first", "a0", "c", "a1"], "one each, the urgent one before");
        let after_ann = deliveries::Turns { after: Some("ann".to_owned()), ..turns.clone() };
        assert_eq!(claim_by(&db, 1, &after_ann).await, ["a2"], "of two, the more urgent, whosever turn it is");
        let alone = deliveries::Turns { each: Some(2), to: [("bob".to_owned(), 0)].into(), ..turns.clone() };
        assert_eq!(claim_by(&db, 9, &alone).await, ["a3", "a4"], "no more than each may have, and nothing for bob");
        assert_eq!(claim_by(&db, 2, &turns).await, ["a5", "b-late"]);
    }

    async fn a_later_word_of_an_alert_waits_for_the_earlier_one(db) {
        let db = db.open().await;
        let alert = db.write(|c| alerts::open(c, &alert("z", None))).await.unwrap().id;
        let about = move |recipient: &str, event: &str, n: i64| NewDelivery {
            alert_id: Some(alert),
            event: event.to_owned(),
            ..to(recipient, &format!("{recipient}-{event}-{n}"), 0, n)
        };
        let rows = [
            about("ann", "alert", 1), about("ann", "alert", 2), about("bob", "alert", 3),
            about("ann", "reminder", 4), about("ann", "recovered", 5), about("bob", "recovered", 6),
            to("ann", "another", 2, 7),
        ];
        db.write(move |c| deliveries::enqueue(c, &rows)).await.unwrap();
        let turns = deliveries::Turns::default();
        assert_eq!(claim_by(&db, 99, &turns).await, ["ann-alert-1", "bob-alert-3", "ann-alert-2", "another"]);
        assert!(claim_by(&db, 99, &turns).await.is_empty(), "while they are under way");
        // The first is put off, the second refused, bob's is sent: only bob hears of the end.
        db.write(|c| {
            deliveries::mark_retry(c, 1, 1, at(500), "down")?;
            deliveries::mark_final(c, 2, 1, Failed, at(10), "no such user")?;
            deliveries::mark_sent(c, 3, 1, at(10))
        }).await.unwrap();
        assert_eq!(claim_by(&db, 99, &turns).await, ["bob-recovered-6"]);
        // What is given up holds up nothing.
        db.write(|c| {
            deliveries::make_due(c, at(10), at(10), at(40))?;
            Ok(())
        }).await.unwrap();
        assert_eq!(claim_by(&db, 99, &turns).await, ["ann-alert-1"]);
        db.write(|c| deliveries::mark_final(c, 1, 2, GivenUp, at(10), "too old")).await.unwrap();
        assert_eq!(claim_by(&db, 99, &turns).await, ["ann-reminder-4"]);
        db.write(|c| deliveries::mark_sent(c, 4, 1, at(10))).await.unwrap();
        assert_eq!(claim_by(&db, 99, &turns).await, ["ann-recovered-5"]);
    }

    async fn what_waits_for_one_recipient_costs_the_others_nothing(db) {
        let db = db.open().await;
        for some in 0..20 {
            let rows: Vec<_> = (0..500).map(|n| to("ann", &format!("a{some}-{n}"), 1, 0)).collect();
            db.write(move |c| deliveries::enqueue(c, &rows)).await.unwrap();
        }
        db.write(|c| deliveries::enqueue(c, &[to("bob", "b", 1, 5)])).await.unwrap();
        assert_eq!(claim_by(&db, 2, &deliveries::Turns::default()).await.last().map(String::as_str), Some("b"));
    }
}
