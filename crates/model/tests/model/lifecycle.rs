//! What happens to alerts between opening and end: mutes, escalation, silences, evaluations, incidents, retries.

use monitor_domain::{MetricKey, Severity};
use monitor_model::DeliveryStatus::{Failed, GivenUp, Pending};
use monitor_model::deliveries::Claim;
use monitor_model::{
    Alert, AlertKind, Db, Delivery, DeliveryStatus, Evaluation, IncidentKind, Mute, NewDelivery, NewIncident,
    NewSilence, alerts, deliveries, evaluations, incidents, silences,
};

use crate::support::{alert, at, both, delivery};

async fn open(db: &Db, key: &str, muted: Option<Mute>) -> Alert {
    let new = alert(key, muted.map(|mute| mute.to_string()));
    db.write(move |c| alerts::open(c, &new)).await.unwrap()
}

fn silence(key: Option<&str>, from: i64, to: i64) -> NewSilence {
    NewSilence {
        key: key.map(str::to_owned),
        severity: None,
        reason: "the batch runs".to_owned(),
        created_by: "ann".to_owned(),
        created_at: at(0),
        starts_at: at(from),
        ends_at: at(to),
    }
}

fn incident(kind: IncidentKind, subject: &str) -> NewIncident {
    NewIncident {
        kind,
        subject: subject.to_owned(),
        severity: Severity::Critical,
        reason: "it answers 503".to_owned(),
        since: at(0),
        opened_at: at(60),
    }
}

async fn claim_groups(db: &Db, now: i64, limit: i64, not_to: &[&str]) -> Vec<Vec<Delivery>> {
    let turns = deliveries::Turns {
        to: not_to.iter().map(|&to| (to.to_owned(), 0)).collect(),
        ..deliveries::Turns::default()
    };
    db.write(move |c| {
        let claim = Claim {
            lane: "mail",
            worker: "w1",
            now: at(now),
            lease_until: at(now + 30),
            limit,
            in_flight: &[],
            turns: &turns,
        };
        let named = std::cell::Cell::new(0);
        deliveries::claim_groups(c, &claim, || {
            named.set(named.get() + 1);
            format!("digest-{now}-{limit}-{}@monitor", named.get())
        })
    })
    .await
    .unwrap()
}

fn to(recipient: &str, key: &str, next_at: i64) -> NewDelivery {
    NewDelivery {
        recipient: recipient.to_owned(),
        ..delivery("mail", key, at(next_at))
    }
}

fn keys(groups: &[Vec<Delivery>]) -> Vec<Vec<&str>> {
    groups
        .iter()
        .map(|group| group.iter().map(|d| d.dedupe_key.as_str()).collect())
        .collect()
}

both! {
    async fn a_mute_ends_once_and_only_while_its_alert_lasts(db) {
        let db = db.open().await;
        let muted = open(&db, "z", Some(Mute::Silence(3))).await;
        let unmuted = open(&db, "y", None).await;
        assert_eq!(muted.muted.as_deref(), Some("silence:3"));
        assert_eq!(db.read(|c| alerts::lasting(c, 10)).await.unwrap(), [muted.clone(), unmuted.clone()]);
        let id = muted.id;
        db.write(move |c| alerts::mute_for(c, id, "flapping")).await.unwrap();
        let now = db.write(move |c| alerts::unmute(c, id)).await.unwrap().unwrap();
        assert_eq!((now.id, now.muted), (id, None));
        assert_eq!(db.write(move |c| alerts::unmute(c, id)).await.unwrap(), None, "somebody was first");
        let gone = open(&db, "z", Some(Mute::Flapping)).await;
        let id = gone.id;
        db.write(move |c| alerts::resolve(c, id, at(5), None)).await.unwrap().unwrap();
        assert_eq!(db.write(move |c| alerts::unmute(c, id)).await.unwrap(), None, "it is over");
        let id = unmuted.id;
        db.write(move |c| alerts::mute_for(c, id, "flapping")).await.unwrap();
        assert_eq!(db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap().muted, None, "it is not muted");
    }

    async fn a_muted_end_is_unmuted_once(db) {
        let db = db.open().await;
        let id = open(&db, "z", None).await.id;
        db.write(move |c| {
            alerts::resolve(c, id, at(9), Some(80.0))?;
            alerts::mute_end(c, id, "silence:3")
        }).await.unwrap();
        let waiting = db.read(|c| alerts::with_muted_end(c, 10)).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].id, waiting[0].end_muted.as_deref()), (1, id, Some("silence:3")));
        assert!(db.write(move |c| alerts::unmute_end(c, id)).await.unwrap());
        assert!(!db.write(move |c| alerts::unmute_end(c, id)).await.unwrap());
        assert!(db.read(|c| alerts::with_muted_end(c, 10)).await.unwrap().is_empty());
    }

    async fn an_alert_is_escalated_once_and_not_after_it_was_acknowledged(db) {
        let db = db.open().await;
        let id = open(&db, "z", None).await.id;
        let due = async |key: &str, before| {
            let keys = vec![key.to_owned()];
            db.read(move |c| alerts::to_escalate(c, &keys, 0, at(before), 10)).await.unwrap().len()
        };
        assert_eq!((due("z", 0).await, due("z", -1).await, due("x", 9).await), (1, 0, 0));
        assert!(!db.read(|c| alerts::is_escalated(c, "z", AlertKind::Level, 1)).await.unwrap());
        assert!(db.write(move |c| alerts::escalate(c, id, 0, at(7))).await.unwrap());
        assert!(db.read(|c| alerts::is_escalated(c, "z", AlertKind::Level, 1)).await.unwrap());
        assert_eq!(due("z", 9).await, 0);
        let locked = db.write(move |c| alerts::lock(c, id)).await.unwrap();
        assert_eq!(locked.unwrap().id, id);
        assert_eq!(db.write(|c| alerts::lock(c, 99)).await.unwrap(), None);
        assert!(!db.write(move |c| alerts::escalate(c, id, 0, at(8))).await.unwrap());
        assert_eq!(db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap().escalated_at, Some(at(7)));
        let id = open(&db, "z", None).await.id;
        db.write(move |c| alerts::acknowledge(c, id, "ann", None, at(3))).await.unwrap();
        assert!(!db.write(move |c| alerts::escalate(c, id, 0, at(9))).await.unwrap());
    }

    async fn alerts_are_listed_by_what_they_are(db) {
        let db = db.open().await;
        for key in ["x", "z", "z"] {
            open(&db, key, None).await;
        }
        db.write(|c| {
            alerts::acknowledge(c, 2, "ann", None, at(3))?;
            alerts::resolve(c, 1, at(4), None)
        }).await.unwrap();
        let ids = async |filter: alerts::Filter| -> Vec<i64> {
            let found = db.read(move |c| alerts::page(c, &filter, 10)).await.unwrap();
            found.into_iter().map(|alert| alert.id).collect()
        };
        let all = alerts::Filter::default();
        assert_eq!(ids(all.clone()).await, [3, 2, 1]);
        assert_eq!(ids(alerts::Filter { open: true, ..all.clone() }).await, [3, 2]);
        assert_eq!(ids(alerts::Filter { unacknowledged: true, ..all.clone() }).await, [3, 1]);
        assert_eq!(ids(alerts::Filter { key: Some("z".into()), before: Some(3), ..all }).await, [2]);
        let some = db.read(|c| alerts::by_ids(c, &[3, 1, 99])).await.unwrap();
        assert_eq!(some.iter().map(|a| a.id).collect::<Vec<_>>(), [1, 3]);
    }

    async fn silences_are_in_force_from_their_start_to_their_end(db) {
        let db = db.open().await;
        let made = db.write(|c| {
            silences::create(c, &silence(Some("z"), 10, 20))?;
            silences::create(c, &NewSilence { severity: Some(Severity::Info), ..silence(None, 0, 30) })
        }).await.unwrap();
        assert!(made.is_about("x", Severity::Info) && !made.is_about("x", Severity::Critical));
        let active = async |now| -> Vec<i64> {
            let found = db.read(move |c| silences::active(c, at(now))).await.unwrap();
            found.into_iter().map(|silence| silence.id).collect()
        };
        assert_eq!(active(9).await, [2]);
        assert_eq!(active(10).await, [1, 2]);
        assert_eq!(active(20).await, [2]);
        assert_eq!(db.read(|c| silences::count_live(c, at(5))).await.unwrap(), 2);
        assert!(db.write(|c| silences::cancel(c, 2, "bob", at(15))).await.unwrap());
        assert!(!db.write(|c| silences::cancel(c, 2, "bob", at(16))).await.unwrap(), "it is over already");
        assert!(!db.write(|c| silences::cancel(c, 1, "bob", at(20))).await.unwrap(), "it ended by itself");
        assert_eq!(active(15).await, [1]);
        let two = db.read(|c| silences::get(c, 2)).await.unwrap().unwrap();
        assert_eq!((two.cancelled_at, two.cancelled_by.as_deref()), (Some(at(15)), Some("bob")));
        let page = db.read(|c| silences::page(c, i64::MAX, 1)).await.unwrap();
        assert_eq!(page[0].id, 2);
    }

    async fn the_latest_evaluations_are_kept_and_no_more(db) {
        let db = db.open().await;
        let kept = evaluations::KEPT;
        db.write(move |c| {
            for version in 1..=kept + 5 {
                let evaluation = Evaluation {
                    key: MetricKey::stored("z"),
                    slot: 0,
                    version,
                    at: at(version),
                    value: None,
                    phase: "no_data".to_owned(),
                    reason: format!("timed\0 out {version}"),
                    effects: "no_data".to_owned(),
                };
                evaluations::record(c, &evaluation)?;
            }
            Ok(())
        }).await.unwrap();
        let all = db.read(|c| evaluations::of(c, "z", 1_000)).await.unwrap();
        assert_eq!(all.len() as i64, kept);
        assert_eq!((all[0].version, all[0].reason.as_str()), (kept + 5, format!("timed\u{FFFD} out {}", kept + 5).as_str()));
        assert_eq!(all.last().unwrap().version, 6);
        assert!(db.read(|c| evaluations::of(c, "y", 10)).await.unwrap().is_empty());
    }

    async fn an_incident_is_open_once(db) {
        let db = db.open().await;
        let open = |kind, subject: &'static str| db.write(move |c| incidents::open(c, &incident(kind, subject)));
        let first = open(IncidentKind::System, "a").await.unwrap().unwrap();
        assert_eq!(open(IncidentKind::System, "a").await.unwrap(), None);
        assert!(open(IncidentKind::System, "b").await.unwrap().is_some());
        assert!(open(IncidentKind::Channel, "a").await.unwrap().is_some());
        let locked = db.write(|c| incidents::lock_open(c, IncidentKind::System, "a")).await.unwrap();
        assert_eq!(locked.as_ref(), Some(&first));
        assert_eq!(db.write(|c| incidents::lock_open(c, IncidentKind::Gap, "a")).await.unwrap(), None);
        let id = first.id;
        assert!(db.write(move |c| incidents::end(c, id, at(90))).await.unwrap());
        assert!(!db.write(move |c| incidents::end(c, id, at(91))).await.unwrap());
        assert!(open(IncidentKind::System, "a").await.unwrap().is_some(), "the next one");
        assert_eq!(db.read(incidents::all_open).await.unwrap().len(), 3);
        let page = db.read(|c| incidents::page(c, i64::MAX, 10)).await.unwrap();
        let oldest = page.last().unwrap();
        assert_eq!((oldest.id, oldest.ended_at), (id, Some(at(90))));
    }

    async fn notified_recipients_are_listed(db) {
        let db = db.open().await;
        let id = open(&db, "z", None).await.id;
        let about = move |key: &str, lane: &str, event: &str, recipient: &str| NewDelivery {
            alert_id: Some(id),
            event: event.to_owned(),
            recipient: recipient.to_owned(),
            ..delivery(lane, key, at(0))
        };
        db.write(move |c| {
            deliveries::enqueue(c, &[
                about("1", "mail", "alert", "ann"),
                about("2", "mail", "alert", "ann"),
                about("3", "mail", "alert", "refused"),
                about("4", "chat", "escalation", ""),
                about("5", "@alarm", "alarm", ""),
            ])
        }).await.unwrap();
        let refused = db.write(|c| {
            deliveries::claim(c, &Claim { lane: "mail", worker: "w", now: at(1), lease_until: at(9), limit: 9, in_flight: &[], turns: &monitor_model::deliveries::Turns::default() })?;
            deliveries::mark_final(c, 3, 1, Failed, at(2), "550")
        }).await.unwrap();
        assert!(refused);
        let notified = db.read(move |c| deliveries::notified_of_alert(c, id, &["alert", "escalation"])).await.unwrap();
        assert_eq!(notified, [("chat".to_owned(), String::new()), ("mail".to_owned(), "ann".to_owned())]);

        let incident = db.write(|c| incidents::open(c, &incident(IncidentKind::System, "a"))).await.unwrap().unwrap().id;
        db.write(move |c| deliveries::enqueue(c, &[NewDelivery { incident_id: Some(incident), ..delivery("mail", "t", at(0)) }]))
            .await.unwrap();
        let notified = db.read(move |c| deliveries::notified_of_incident(c, incident)).await.unwrap();
        assert_eq!(notified, [("mail".to_owned(), "ops@example.com".to_owned())]);
    }

    async fn what_ended_unsent_is_tried_again_on_request(db) {
        let db = db.open().await;
        db.write(|c| deliveries::enqueue(c, &[delivery("mail", "a", at(0)), delivery("mail", "b", at(0))])).await.unwrap();
        let (status, finish) = (GivenUp, at(5));
        db.write(move |c| {
            deliveries::claim(c, &Claim { lane: "mail", worker: "w", now: at(1), lease_until: at(9), limit: 1, in_flight: &[], turns: &monitor_model::deliveries::Turns::default() })?;
            deliveries::mark_final(c, 1, 1, status, finish, "down")
        }).await.unwrap();
        assert_eq!(db.read(deliveries::undelivered_by_lane).await.unwrap(), [("mail".to_owned(), 1)]);
        let filter = deliveries::Filter { statuses: vec![Failed, GivenUp], ..Default::default() };
        let found = db.read(move |c| deliveries::page(c, &filter, 10)).await.unwrap();
        assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [1]);
        assert!(!db.write(|c| deliveries::retry(c, 2, at(100))).await.unwrap(), "it did not end");
        assert!(db.write(|c| deliveries::retry(c, 1, at(100))).await.unwrap());
        let again = db.read(|c| deliveries::get(c, 1)).await.unwrap().unwrap();
        assert_eq!((again.status, again.next_at, again.retried_at, again.finished_at), (Pending, at(100), Some(at(100)), None));
        assert_eq!(again.last_error.as_deref(), Some("down"), "why is still known");
        assert!(db.read(deliveries::undelivered_by_lane).await.unwrap().is_empty());
        let filter = deliveries::Filter { lane: Some("mail".into()), alert_id: None, statuses: vec![], before: Some(2) };
        assert_eq!(db.read(move |c| deliveries::page(c, &filter, 10)).await.unwrap().len(), 1);
    }

    async fn a_digest_takes_all_that_is_due_and_stays_one_message(db) {
        let db = db.open().await;
        db.write(|c| deliveries::enqueue(c, &[
            to("ann", "a1", 0), to("bob", "b1", 1), to("ann", "a2", 2), to("cid", "c1", 3), to("ann", "a3", 50),
        ])).await.unwrap();
        let groups = claim_groups(&db, 10, 2, &["bob"]).await;
        assert_eq!(keys(&groups), [vec!["a1", "a2"], vec!["c1"]]);
        assert!(groups[0].iter().all(|d| d.batch.as_deref() == Some("digest-10-2-1@monitor") && d.attempt == 1));
        assert!(groups[1][0].batch.is_some(), "one alone is a message of its own from then on, too");
        assert_eq!(keys(&claim_groups(&db, 10, 9, &[]).await), [vec!["b1"]]);
        // Its worker dies; meanwhile another message to ann has come. The repeat is the same message all the same.
        assert_eq!(keys(&claim_groups(&db, 60, 1, &[]).await), [vec!["a1", "a2"]]);
        let again = claim_groups(&db, 120, 1, &[]).await;
        assert_eq!((keys(&again), again[0][0].attempt, again[0][0].batch.as_deref()), (vec![vec!["a1", "a2"]], 3, Some("digest-10-2-1@monitor")));
        let sent = db.write(|c| {
            Ok(deliveries::mark_sent(c, 1, 3, at(121))? && deliveries::mark_sent(c, 3, 3, at(121))?)
        }).await.unwrap();
        assert!(sent);
        let lately = async |since, now| {
            let mut recipients = db.read(move |c| deliveries::recently_notified(c, "mail", at(since), at(now))).await.unwrap();
            recipients.sort();
            recipients
        };
        let ann = ("ann".to_owned(), Some(at(121)));
        assert_eq!(lately(120, 125).await, std::slice::from_ref(&ann), "a recipient whose lease is over is not being notified");
        assert_eq!(lately(120, 39).await, [("bob".into(), None), ("cid".into(), None)]);
        assert!(lately(121, 125).await.is_empty() && !lately(100, 120).await.contains(&ann), "nor in the future");
        // What is left of a digest goes whole or not at all.
        db.write(|c| deliveries::enqueue(c, &[to("eve", "e1", 0), to("eve", "e2", 0)])).await.unwrap();
        let eve = claim_groups(&db, 130, 9, &["ann", "bob", "cid"]).await;
        assert_eq!(keys(&eve), [vec!["e1", "e2"]]);
        let first = eve[0][0].id;
        db.write(move |c| deliveries::release(c, first, 1)).await.unwrap();
        assert!(claim_groups(&db, 131, 9, &["ann", "bob", "cid"]).await.is_empty(), "the other half is under way");
        assert_eq!(keys(&claim_groups(&db, 161, 9, &["ann", "bob", "cid"]).await), [vec!["e1", "e2"]]);
        let passage = db.read(|c| deliveries::passage(c, "mail")).await.unwrap();
        assert_eq!((passage.waiting, passage.failing, passage.last_sent), (5, 0, Some(at(121))));
        let rest = claim_groups(&db, 200, 9, &[]).await;
        assert!(keys(&rest).contains(&vec!["a3"]), "{rest:?}");
        assert_eq!(rest.iter().flatten().filter(|d| d.status == DeliveryStatus::Sending).count(), 5);
    }
}
