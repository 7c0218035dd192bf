//! What is over and old is removed with all that belongs to it; what is open or has yet to be sent stays.

use std::ops::Range;

use chrono::NaiveDateTime;
use monitor_domain::{MetricKey, Severity};
use monitor_model::deliveries::Claim;
use monitor_model::{
    AlertKind, Conn, Db, DbError, Delivery, IncidentKind, NewAlert, NewAudit, NewDelivery, NewIncident,
    NewRecord, alerts, audit, deliveries, incidents, records,
};

use crate::support::{at, both, delivery};

/// Everything before this is old.
const OLD: i64 = 1_000;

fn old() -> Range<NaiveDateTime> {
    at(-1)..at(OLD)
}

fn new_alert(key: &str, kind: AlertKind, muted: Option<&str>) -> NewAlert {
    NewAlert {
        key: MetricKey::stored(key),
        kind,
        severity: Severity::Warning,
        reason: "131 is above 100".to_owned(),
        value: Some(131.0),
        previous: None,
        opened_at: at(0),
        muted: muted.map(str::to_owned),
    }
}

fn record(key: &str, alert: Option<i64>, source: Option<&str>, seconds: i64) -> NewRecord {
    NewRecord {
        key: MetricKey::stored(key),
        value: Some(131.0),
        alert: true,
        alert_message: "订单 17 failed".to_owned(),
        timestamp: at(seconds),
        alert_id: alert,
        source_id: source.map(str::to_owned),
    }
}

/// A delivery that was sent at once.
fn sent(c: &mut Conn, new: NewDelivery) -> Result<i64, DbError> {
    let lane = new.lane.clone();
    deliveries::enqueue(c, &[new])?;
    let turns = deliveries::Turns::default();
    let claim = Claim {
        lane: &lane,
        worker: "w",
        now: at(OLD),
        lease_until: at(OLD + 9),
        limit: 1,
        in_flight: &[],
        turns: &turns,
    };
    let claimed: Vec<Delivery> = deliveries::claim(c, &claim)?;
    let one = &claimed[0];
    deliveries::mark_sent(c, one.id, one.attempt, at(10))?;
    Ok(one.id)
}

/// An alert with a record and a mail about each, all of it sent. Gives the alert's id.
fn alert_with_all(c: &mut Conn, new: &NewAlert) -> Result<i64, DbError> {
    let id = alerts::open(c, new)?.id;
    let about = records::insert(c, &record(&new.key, Some(id), Some(&format!("m{id}")), 0))?;
    let of_record = NewDelivery {
        alert_id: Some(id),
        record_id: about.map(|record| record.id),
        ..delivery("mail", &format!("alert/{id}"), at(0))
    };
    sent(c, of_record)?;
    let job = NewDelivery {
        alert_id: Some(id),
        ..delivery("@details", &format!("details/{id}"), at(0))
    };
    sent(c, job)?;
    Ok(id)
}

async fn write<T: Send + 'static>(
    db: &Db,
    f: impl FnMut(&mut Conn) -> Result<T, DbError> + Send + 'static,
) -> T {
    db.write(f).await.unwrap()
}

async fn prune(db: &Db, limit: i64) -> usize {
    write(db, move |c| alerts::prune(c, &old(), limit)).await
}

/// The ids of the alerts that are there, oldest first, and how many records (lists only) and deliveries.
async fn left(db: &Db) -> (Vec<i64>, usize, usize) {
    let read = db.read(|c| {
        let mut ids: Vec<i64> = alerts::recent(c, 100)?.iter().map(|alert| alert.id).collect();
        ids.reverse();
        Ok((
            ids,
            records::recent(c, 100)?.len(),
            deliveries::recent(c, 100)?.len(),
        ))
    });
    read.await.unwrap()
}

both! {
    async fn an_old_alert_goes_with_its_records_and_deliveries(db) {
        let db = db.open().await;
        let level = || new_alert("z", AlertKind::Level, None);
        let (over, young, open, waits, end_waits) = write(&db, move |c| {
            let over = alert_with_all(c, &level())?;
            let young = alert_with_all(c, &level())?;
            let open = alert_with_all(c, &level())?;
            let waits = alert_with_all(c, &level())?;
            let end_waits = alert_with_all(c, &level())?;
            for (id, ended) in [(over, 20), (young, OLD), (waits, 20), (end_waits, 20)] {
                alerts::resolve(c, id, at(ended), Some(5.0))?;
            }
            alerts::acknowledge(c, open, "ann", None, at(20))?;
            alerts::mute_end(c, end_waits, "silence:3")?;
            let late = NewDelivery { alert_id: Some(waits), ..delivery("chat", "recovered/4", at(30)) };
            deliveries::enqueue(c, &[late])?;
            Ok((over, young, open, waits, end_waits))
        }).await;
        assert_eq!(left(&db).await, (vec![over, young, open, waits, end_waits], 5, 11));
        assert_eq!(prune(&db, 100).await, 1);
        assert_eq!(left(&db).await, (vec![young, open, waits, end_waits], 4, 9));
        assert_eq!(prune(&db, 100).await, 0);
        write(&db, move |c| {
            let chat = deliveries::recent(c, 1)?.remove(0);
            assert_eq!(chat.lane, "chat");
            let turns = deliveries::Turns::default();
            let claim = Claim { lane: "chat", worker: "w", now: at(OLD), lease_until: at(OLD + 9), limit: 1, in_flight: &[], turns: &turns };
            deliveries::claim(c, &claim)?;
            deliveries::mark_sent(c, chat.id, 1, at(OLD))?;
            alerts::unmute_end(c, end_waits)
        }).await;
        assert_eq!(prune(&db, 1).await, 1, "as few at a time as are wanted");
        assert_eq!(prune(&db, 1).await, 1);
        assert_eq!(left(&db).await, (vec![young, open], 2, 4));
        let still = db.read(move |c| alerts::get(c, open)).await.unwrap().unwrap();
        assert_eq!(still.acknowledged_by.as_deref(), Some("ann"));
    }

    async fn events_go_when_their_group_is_old_and_the_group_with_the_last(db) {
        let db = db.open().await;
        let event = |key: &str, muted| new_alert(key, AlertKind::Event, muted);
        let (old, open, waits) = write(&db, move |c| {
            let mut old = Vec::new();
            for _ in 0..5 {
                old.push(alert_with_all(c, &event("x", None))?);
            }
            let open = alert_with_all(c, &event("y", None))?;
            let waits = alert_with_all(c, &event("w", Some("silence:3")))?;
            let late = NewDelivery { alert_id: Some(waits), ..delivery("chat", "late", at(30)) };
            deliveries::enqueue(c, &[late])?;
            alerts::acknowledge(c, old[0], "ann", None, at(20))?;
            alerts::acknowledge(c, waits, "ann", None, at(20))?;
            Ok((old, open, waits))
        }).await;
        assert_eq!(prune(&db, 2).await, 2);
        assert_eq!(left(&db).await.0, [old[2], old[3], old[4], open, waits]);
        assert_eq!(prune(&db, 2).await, 2);
        assert_eq!(prune(&db, 2).await, 1);
        assert_eq!(prune(&db, 2).await, 0);
        assert_eq!(left(&db).await, (vec![open, waits], 2, 5));
        let kept = db.read(move |c| alerts::get(c, waits)).await.unwrap().unwrap();
        assert_eq!(kept.acknowledged_at, Some(at(20)), "its group is there");
        let counts = db.read(alerts::open_counts).await.unwrap();
        assert_eq!((counts["y"].all, counts.get("x"), counts.get("w")), (1, None, None));
        let next = write(&db, move |c| alerts::open(c, &event("x", None))).await;
        assert_eq!(next.acknowledged_at, None);
    }

    async fn the_ids_of_removed_messages_are_known_for_as_long_as_they_may_come_again(db) {
        let db = db.open().await;
        let most = usize::try_from(records::KEPT_IDS).unwrap();
        let notified = write(&db, move |c| {
            let notified = alerts::open(c, &new_alert("x", AlertKind::Level, None))?.id;
            let muted = alerts::open(c, &new_alert("x", AlertKind::Level, Some("silence:3")))?.id;
            for n in 0..most + 3 {
                records::insert(c, &record("x", Some(notified), Some(&format!("m{n}")), 0))?;
            }
            records::insert(c, &record("x", Some(notified), None, 0))?;
            for n in 0..2 {
                records::insert(c, &record("x", Some(muted), Some(&format!("silent{n}")), 0))?;
            }
            let deleted = records::insert(c, &record("x", Some(muted), Some("deleted"), 0))?;
            records::delete(c, deleted.unwrap().id, at(1))?;
            records::insert(c, &record("y", None, Some("m1"), 0))?;
            for id in [notified, muted] {
                alerts::resolve(c, id, at(20), None)?;
            }
            Ok(notified)
        }).await;
        assert_eq!(prune(&db, 100).await, 2);
        assert_eq!(left(&db).await, (vec![], 1, 0), "that of y, which is about no alert");
        let known = async |key: &'static str, ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            let mut known: Vec<String> = db.read(move |c| records::known_source_ids(c, key, &ids)).await.unwrap().into_iter().collect();
            known.sort();
            known
        };
        // Of the oldest four one is for the message that was deleted.
        assert_eq!(known("x", &["m0", "m3", "m4", "m1002", "silent0", "silent1", "deleted"]).await, ["deleted", "m1002", "m4"]);
        assert_eq!(write(&db, move |c| records::insert(c, &record("x", None, Some("m1002"), OLD))).await, None);
        let again = write(&db, move |c| records::insert(c, &record("x", None, Some("silent0"), OLD))).await;
        assert!(again.is_some(), "nobody was notified of it");
        assert_eq!(db.read(move |c| records::of_alert(c, notified)).await.unwrap(), []);
        assert_eq!(write(&db, |c| records::prune(c, &old(), 100)).await, 1);
        assert_eq!(known("y", &["m1"]).await, ["m1"]);
        assert_eq!(write(&db, |c| records::prune(c, &old(), 100)).await, 0, "what is left of them is not removed again");
        assert_eq!(left(&db).await.1, 1);
    }

    async fn what_belongs_to_no_alert_is_removed_by_its_own_age(db) {
        let db = db.open().await;
        write(&db, |c| {
            for n in 0..3 {
                let about = records::insert(c, &record("x", None, None, n))?;
                let id = about.map(|record| record.id);
                sent(c, NewDelivery { record_id: id, ..delivery("mail", &format!("of-record/{n}"), at(0)) })?;
                sent(c, delivery("mail", &format!("notice/{n}"), at(0)))?;
            }
            let waits = records::insert(c, &record("x", None, None, 5))?.map(|record| record.id);
            let new = [
                NewDelivery { record_id: waits, ..delivery("chat", "of-record/9", at(0)) },
                delivery("chat", "notice/9", at(0)),
            ];
            deliveries::enqueue(c, &new)?;
            records::insert(c, &record("x", None, None, OLD)).map(drop)
        }).await;
        assert_eq!(left(&db).await, (vec![], 5, 8));
        assert_eq!(write(&db, |c| records::prune(c, &old(), 2)).await, 2);
        assert_eq!(write(&db, |c| records::prune(c, &old(), 2)).await, 1);
        assert_eq!(left(&db).await, (vec![], 2, 5));
        for expected in [2, 1, 0] {
            assert_eq!(write(&db, |c| deliveries::prune(c, &old(), 2)).await, expected);
        }
        assert_eq!(left(&db).await, (vec![], 2, 2), "what waits, and what it is about");
    }

    async fn incidents_that_ended_and_entries_of_the_audit_log_are_removed(db) {
        let db = db.open().await;
        let open = |c: &mut Conn, subject: &str, ended: Option<i64>| {
            let new = NewIncident {
                kind: IncidentKind::System,
                subject: subject.to_owned(),
                severity: Severity::Critical,
                reason: "it answers 503".to_owned(),
                since: at(0),
                opened_at: at(1),
            };
            let id = incidents::open(c, &new)?.unwrap().id;
            sent(c, NewDelivery { incident_id: Some(id), ..delivery("mail", &format!("incident/{id}"), at(0)) })?;
            if let Some(ended) = ended {
                incidents::end(c, id, at(ended))?;
            }
            Ok::<_, DbError>(id)
        };
        let (lasts, waits, young) = write(&db, move |c| {
            open(c, "a", Some(20))?;
            open(c, "b", Some(20))?;
            let lasts = open(c, "c", None)?;
            let waits = open(c, "d", Some(20))?;
            let young = open(c, "e", Some(OLD))?;
            let late = NewDelivery { incident_id: Some(waits), ..delivery("chat", "ends/4", at(20)) };
            deliveries::enqueue(c, &[late])?;
            for second in [0, 1, 2, OLD] {
                let entry = NewAudit {
                    at: at(second),
                    actor: "ann".to_owned(),
                    action: "alert.acknowledge".to_owned(),
                    target: format!("alert/{second}"),
                    detail: String::new(),
                };
                audit::append(c, &entry)?;
            }
            Ok((lasts, waits, young))
        }).await;
        assert_eq!(write(&db, |c| incidents::prune(c, &old(), 1)).await, 1);
        assert_eq!(write(&db, |c| incidents::prune(c, &old(), 9)).await, 1);
        assert_eq!(write(&db, |c| incidents::prune(c, &old(), 9)).await, 0);
        let kept = db.read(|c| incidents::page(c, i64::MAX, 9)).await.unwrap();
        assert_eq!(kept.iter().map(|incident| incident.id).collect::<Vec<_>>(), [young, waits, lasts]);
        assert_eq!(left(&db).await.2, 4);
        for expected in [2, 1, 0] {
            assert_eq!(write(&db, |c| audit::prune(c, &old(), 2)).await, expected);
        }
        let entries = db.read(|c| audit::recent(c, 9)).await.unwrap();
        assert_eq!((entries.len(), entries[0].target.as_str()), (1, "alert/1000"));
    }
}
