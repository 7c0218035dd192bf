//! What is owed in the end: every breach has its alert, alarm, records and messages, and nothing is sent that did not
//! happen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use monitor_model::{Alert, AlertKind, Db, Delivery, DeliveryStatus, Record, alerts, deliveries, records};
use monitor_tests::Site;

use super::LONG;
use super::channels::{LANES, Sinks, is_later, readers};
use super::driver::{Happened, Held};
use super::reached::{self, Reached};

/// More rows than there are.
const ALL: i64 = 1_000_000;

/// What was counted, for a person.
#[derive(Debug, Default)]
pub(super) struct Counted {
    alerts: BTreeMap<String, usize>,
    held: usize,
    alarms: usize,
    repeated_alarms: usize,
    records: usize,
    recoveries: usize,
    escalations: usize,
    reached: Vec<Reached>,
    slowest: Duration,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  alerts: {:?}, {} of them of values that were held",
            self.alerts, self.held
        )?;
        writeln!(
            f,
            "  alarms: {}, {} of them repeats",
            self.alarms, self.repeated_alarms
        )?;
        writeln!(
            f,
            "  records: {}, and {} recoveries; steps of escalations: {}",
            self.records, self.recoveries, self.escalations
        )?;
        for Reached {
            lane,
            messages,
            repeats,
        } in &self.reached
        {
            writeln!(f, "  {lane}: {messages}, {repeats} of them repeats")?;
        }
        write!(f, "  the slowest delivery took {:.1?}", self.slowest)
    }
}

struct Rows {
    alerts: Vec<Alert>,
    records: Vec<Record>,
    deliveries: Vec<Delivery>,
}

/// Checks all of it.
pub(super) async fn check(
    (site, sinks): (&Site, &Sinks),
    db: &Db,
    happened: &Happened,
    kills: usize,
) -> Counted {
    let mut rows = Rows {
        alerts: db.read(|c| alerts::recent(c, ALL)).await.unwrap(),
        records: db.read(|c| records::recent(c, ALL)).await.unwrap(),
        deliveries: db.read(|c| deliveries::recent(c, ALL)).await.unwrap(),
    };
    rows.alerts.reverse();
    rows.records.reverse();
    let mut counted = Counted::default();

    let other = rows.alerts.iter().find(|alert| alert.kind == AlertKind::NoData);
    assert_eq!(other, None, "there was always data");
    for (key, held) in [("x", &happened.x), ("y", &happened.y)] {
        climbed(key, held, &of(&rows.alerts, key));
    }
    swung(&happened.z, &of(&rows.alerts, "z"));
    swung(&happened.w, &of(&rows.alerts, "w"));
    counted.held = [&happened.x, &happened.y, &happened.z, &happened.w]
        .map(Vec::len)
        .iter()
        .sum();
    for alert in &rows.alerts {
        *counted.alerts.entry(alert.key.to_string()).or_default() += 1;
    }

    let messages = owed(happened);
    recorded(&rows, happened, &messages, &mut counted);
    delivered(&rows, &mut counted);
    escalated(&rows, &mut counted);
    sounded(&rows, &site.world.b.alarms(), kills, &mut counted);
    let came = sinks.came(&site.world.mail);
    counted.reached = reached::check(&rows.deliveries, &came, &messages, kills);
    counted
}

fn of(alerts: &[Alert], key: &str) -> Vec<Alert> {
    alerts.iter().filter(|alert| alert.key == key).cloned().collect()
}

/// Each rise is reported from where the one before ended: nothing is left out, and nothing twice.
fn climbed(key: &str, held: &[Held], alerts: &[Alert]) {
    let mut top = 0.0;
    for alert in alerts {
        assert_eq!(alert.previous, Some(top), "a gap or an overlap: {alert:?}");
        assert!(alert.value.unwrap() >= top + 1.0, "no rise: {alert:?}");
        top = alert.value.unwrap();
    }
    assert_eq!(top, held.last().unwrap().value, "{key} climbed on, untold");
    for held in held {
        reported_once(held, alerts);
    }
}

/// Each excursion has one alert and is over.
fn swung(excursions: &[Held], alerts: &[Alert]) {
    let values: Vec<f64> = alerts.iter().map(|alert| alert.value.unwrap()).collect();
    let owed: Vec<f64> = excursions.iter().map(|held| held.value).collect();
    assert_eq!(values, owed, "one alert an excursion");
    for held in excursions {
        reported_once(held, alerts);
    }
    assert!(
        alerts.iter().all(|alert| alert.resolved_at.is_some()),
        "{alerts:?}"
    );
}

/// A value that was held was alerted on, while it was there.
fn reported_once(held: &Held, alerts: &[Alert]) {
    let about: Vec<&Alert> = alerts
        .iter()
        .filter(|alert| alert.value == Some(held.value))
        .collect();
    assert_eq!(about.len(), 1, "{held:?} has these alerts: {about:?}");
    let at = about[0].opened_at.and_utc() + TimeDelta::milliseconds(1); // the database rounds down
    assert!(
        held.from <= at && at <= held.until + TimeDelta::milliseconds(1),
        "{held:?}: {:?}",
        about[0]
    );
}

/// The ids of all messages that there are to tell, by what System B says of a rise.
fn owed(happened: &Happened) -> BTreeSet<String> {
    let last = |held: &[Held]| held.last().map_or(0, |held| held.value as u64);
    let x = (1..=last(&happened.x)).map(|n| format!("x-{n}"));
    let y = (1..=last(&happened.y)).map(|n| format!("y-{n}"));
    let z = happened.z.iter().map(|held| format!("z-{}", held.value));
    let w = happened.w.iter().map(|held| format!("w-{}", held.value));
    x.chain(y).chain(z).chain(w).collect()
}

/// Each message is one record of the alert that it explains, each recovery one notice.
fn recorded(rows: &Rows, happened: &Happened, messages: &BTreeSet<String>, counted: &mut Counted) {
    let by_id: HashMap<i64, &Alert> = rows.alerts.iter().map(|alert| (alert.id, alert)).collect();
    let (alerts, notices): (Vec<&Record>, Vec<&Record>) =
        rows.records.iter().partition(|record| record.alert);
    let ids: BTreeSet<String> = alerts
        .iter()
        .map(|record| {
            record
                .source_id
                .clone()
                .unwrap_or_else(|| format!("unexplained: {record:?}"))
        })
        .collect();
    assert_eq!(ids, *messages);
    assert_eq!(alerts.len(), messages.len(), "each once");
    for record in &alerts {
        let alert = by_id[&record.alert_id.unwrap()];
        let source = record.source_id.as_deref().unwrap();
        let (key, n) = source.split_once('-').unwrap();
        let n: f64 = n.parse().unwrap();
        assert_eq!(alert.key, key);
        assert!(
            n <= alert.value.unwrap() && n > alert.previous.unwrap(),
            "{record:?} is not of {alert:?}"
        );
        assert_eq!(record.alert_message, format!("Order {source} is unpaid"));
    }
    let explained: BTreeSet<i64> = alerts.iter().filter_map(|record| record.alert_id).collect();
    assert_eq!(explained.len(), rows.alerts.len(), "each alert has its records");
    let are_ends = notices
        .iter()
        .all(|record| record.key == "z" || record.key == "w");
    assert!(are_ends, "{notices:?}");
    let over: BTreeSet<i64> = notices.iter().filter_map(|record| record.alert_id).collect();
    let excursions = happened.z.len() + happened.w.len();
    assert_eq!(
        (over.len(), notices.len()),
        (excursions, excursions),
        "one recovery an excursion"
    );
    (counted.records, counted.recoveries) = (alerts.len(), notices.len());
}

/// Nothing is left in the outbox or given up, and what is in it is what is owed.
fn delivered(rows: &Rows, counted: &mut Counted) {
    let mut sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for delivery in &rows.deliveries {
        assert_eq!(delivery.status, DeliveryStatus::Sent, "{delivery:?}");
        *sent.entry((&delivery.lane, &delivery.event)).or_default() += 1;
        let took = delivery.finished_at.unwrap() - delivery.created_at;
        counted.slowest = counted.slowest.max(took.to_std().unwrap_or_default());
    }
    // One message an alert, however many orders it is about.
    let alerts = rows.alerts.len();
    let of_w = of(&rows.alerts, "w").len();
    let mut owed = BTreeMap::from([(("@alarm", "alarm"), alerts), (("@details", "details"), alerts)]);
    for lane in LANES {
        let to = readers(lane).len();
        owed.insert((lane, "recovered"), counted.recoveries * to);
        if is_later(lane) {
            owed.insert((lane, "alert"), (alerts - of_w) * to);
            owed.insert((lane, "escalation"), of_w * to);
        } else {
            owed.insert((lane, "alert"), alerts * to);
        }
    }
    assert_eq!(sent, owed);
}

/// Each alert of w was escalated by both steps, each once and not before its time.
fn escalated(rows: &Rows, counted: &mut Counted) {
    for alert in of(&rows.alerts, "w") {
        assert_eq!(alert.escalation_step, 2, "{alert:?}");
        let steps = rows
            .deliveries
            .iter()
            .filter(|delivery| delivery.event == "escalation" && delivery.alert_id == Some(alert.id));
        let mut steps: Vec<_> = steps
            .map(|delivery| (delivery.lane.as_str(), delivery.created_at - alert.opened_at))
            .collect();
        steps.sort_by_key(|(_, after)| *after);
        let [("phone", first), ("hook", second)] = steps[..] else {
            panic!("{steps:?} of {alert:?}");
        };
        assert!(
            first >= TimeDelta::seconds(1) && second >= TimeDelta::seconds(2),
            "{steps:?}"
        );
        counted.escalations += 2;
    }
}

/// One alarm an alert at least, and no more than attempts: each was made once, and once more for each worker that died
/// over it. Up to four sound at one time, so that a few kills may repeat more than one each, but not many kills.
fn sounded(rows: &Rows, alarms: &[String], kills: usize, counted: &mut Counted) {
    let mut sounded: BTreeMap<String, usize> = BTreeMap::new();
    for key in alarms {
        *sounded.entry(key.clone()).or_default() += 1;
    }
    let alerts = &counted.alerts;
    assert!(sounded.keys().eq(alerts.keys()), "{sounded:?} for {alerts:?}");
    for (key, times) in &sounded {
        assert!(
            *times >= alerts[key],
            "{key}: {times} alarms for {} alerts",
            alerts[key]
        );
    }
    let attempts: i32 = rows
        .deliveries
        .iter()
        .filter(|delivery| delivery.lane == "@alarm")
        .map(|delivery| delivery.attempt)
        .sum();
    assert!(alarms.len() <= usize::try_from(attempts).unwrap(), "{alarms:?}");
    counted.alarms = alarms.len();
    counted.repeated_alarms = alarms.len() - rows.alerts.len();
    assert!(kills < LONG || counted.repeated_alarms <= kills, "{counted:?}");
}
