//! What came through the channels is what is owed: each order to each reader, and nothing else. What came twice is the same
//! message, by its id where the channel has one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use monitor_model::Delivery;

use super::channels::{Came, LANES, is_later, readers};

/// What came through one channel.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) lane: &'static str,
    pub(super) messages: usize,
    pub(super) repeats: usize,
}

/// Checks all channels; `orders` are the ids of all orders that people are to be notified of.
pub(super) fn check(
    deliveries: &[Delivery],
    came: &[Came],
    orders: &BTreeSet<String>,
    kills: usize,
) -> Vec<Reached> {
    let reached = LANES.map(|lane| {
        let owed: Vec<&Delivery> = deliveries.iter().filter(|one| one.lane == lane).collect();
        let came: Vec<&Came> = came.iter().filter(|one| one.lane == lane).collect();
        let orders = orders
            .iter()
            .filter(|id| !is_later(lane) || !id.starts_with("w-"));
        let orders: BTreeSet<&str> = orders.map(String::as_str).collect();
        for to in readers(lane) {
            let owed: Vec<&Delivery> = owed.iter().copied().filter(|one| one.recipient == *to).collect();
            let came: Vec<&Came> = came.iter().copied().filter(|one| one.to == *to).collect();
            let copies = copies(&came);
            sent(lane, &owed, &copies);
            read(lane, &owed, &copies, &orders);
        }
        // To anybody else it would be nobody's.
        let repeats = came.len() - owed.len();
        assert!(repeats <= kills, "{lane}: {repeats} repeats by {kills} kills");
        Reached {
            lane,
            messages: came.len(),
            repeats,
        }
    });
    reached.into()
}

/// What is one message: by its id, or else by what it says.
fn copies<'a>(came: &[&'a Came]) -> HashMap<&'a str, Vec<&'a Came>> {
    let mut copies: HashMap<&str, Vec<&Came>> = HashMap::new();
    for one in came {
        let id = one.id.as_deref().unwrap_or(&one.text);
        copies.entry(id).or_default().push(one);
    }
    copies
}

/// As many messages as are owed, each at least once and no more often than it was attempted; and each repeat says the same.
fn sent(lane: &str, owed: &[&Delivery], copies: &HashMap<&str, Vec<&Came>>) {
    for same in copies.values() {
        let is_same = same.iter().all(|one| one.text == same[0].text);
        assert!(is_same, "a repeat that says something else: {same:?}");
    }
    assert_eq!(copies.len(), owed.len(), "{lane}: what came, and what is owed");
    let most: i32 = owed.iter().map(|one| one.attempt).sum();
    let times: usize = copies.values().map(Vec::len).sum();
    assert!(
        times <= usize::try_from(most).unwrap(),
        "{lane}: {times} of {most}"
    );
    for one in owed {
        let id = match lane {
            "mail" => &one.message_id,
            "hook" => &one.dedupe_key,
            _ => continue,
        };
        let times = copies.get(id.as_str()).map_or(0, Vec::len);
        assert!(times >= 1, "never came: {one:?}");
        assert!(
            times <= usize::try_from(one.attempt).unwrap(),
            "{times} times: {one:?}"
        );
    }
}

/// And what people can read, whatever the database says: each order in one message, which has all orders of its alert, and
/// the rest is what else is owed.
fn read(lane: &str, owed: &[&Delivery], copies: &HashMap<&str, Vec<&Came>>, orders: &BTreeSet<&str>) {
    let (mut read, mut others): (BTreeMap<&str, usize>, usize) = (BTreeMap::new(), 0);
    for same in copies.values() {
        let ids = orders_in(&same[0].text);
        others += usize::from(ids.is_empty());
        for id in ids {
            *read.entry(id).or_default() += 1;
        }
    }
    assert!(
        read.values().all(|messages| *messages == 1),
        "{lane}: reported by two different messages: {read:?}"
    );
    assert!(
        read.keys().eq(orders.iter()),
        "{lane}: {read:?} instead of {orders:?}"
    );
    let rest = owed.iter().filter(|one| one.event != "alert").count();
    assert_eq!(others, rest, "{lane}: recoveries and escalations");
}

/// The ids of the orders that a message is about, each once: the subject says the first again.
fn orders_in(text: &str) -> BTreeSet<&str> {
    let after = text.split("Order ").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once(" is unpaid")?.0))
        .collect()
}
