//! Reads the lists whose items are metrics, and stores which items came, are missing, or are gone. By that all processes go on, as by
//! a changed config.
//!
//! A list that cannot be read says nothing of its items. One that is empty does: they are missing.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use monitor_domain::counted;
use monitor_model::{Conn, DbError, ItemChange, MetricItem, metric_items};
use monitor_upstream::{Items, Tick};

use super::Polling;
use super::cycle::SAMPLE_LIMIT;
use crate::context::{Context, Counted};
use crate::metric_list::MetricList;

/// Changes that are stored in one transaction: short enough that no reading waits for it.
const BATCH: usize = 100;
/// The least time between two times that labels are taken over: one that has a count in it changes with each reading.
const RELABEL: Duration = Duration::from_secs(60);
/// Items that are gone and known still, so that they go on where they come again; of a list whose items are always others.
const KEEP: i64 = 5_000;

/// Reads a list, in the same tick as its items, unless it is being read.
pub(super) async fn run(polling: &Polling, list: &MetricList, tick: Tick) {
    let context = &polling.context;
    let Some(_permit) = context.list_states.begin(list.key()) else {
        return;
    };
    let limit = SAMPLE_LIMIT.max(list.config().interval);
    let reading = AssertUnwindSafe(list.read(&context.upstreams, &tick)).catch_unwind();
    let read = match monitor_domain::timeout(&*context.clock, limit, reading).await {
        Ok(Ok(read)) => read.map_err(|error| error.to_string()),
        Ok(Err(_)) => Err("reading it panicked; see the log".to_owned()),
        Err(_) => Err(format!("no answer within {}", humantime::format_duration(limit))),
    };
    match read {
        Ok(items) => is_read(context, list, &items).await,
        Err(why) => is_not_read(context, list, why),
    }
}

fn is_not_read(context: &Context, list: &MetricList, why: String) {
    let (now, wall) = (context.clock.monotonic(), context.clock.wall());
    let line = format!(
        "list {}: cannot be read, so nothing is known of its items: {why}",
        list.key()
    );
    let is_first = context.list_states.update(list.key(), |state| {
        let since = state.failing.take();
        let is_first = since.is_none();
        let (since, at) = since.map_or((now, wall), |(since, at, _)| (since, at));
        state.failing = Some((since, at, why));
        is_first
    });
    match is_first {
        true => log::warn!("{line}"),
        false => log::debug!("{line}"),
    }
}

async fn is_read(context: &Arc<Context>, list: &MetricList, items: &Items) {
    let state = context.list_states.get(list.key());
    if state.failing.is_some() {
        log::info!("list {}: can be read again", list.key());
    }
    let now = context.clock.monotonic();
    let may_relabel = state
        .relabelled
        .is_none_or(|before| now.saturating_sub(before) >= RELABEL);
    let known: Vec<&MetricItem> = context
        .items
        .iter()
        .filter(|item| item.list == *list.key())
        .collect();
    let compared = compare(&known, items, list.limit(), may_relabel);
    context.list_states.update(list.key(), |state| {
        (state.failing, state.counted) = (None, Some(compared.counted));
        if compared.is_relabelled {
            state.relabelled = Some(now);
        }
    });
    log_limit(list, state.counted, compared.counted);
    if let Err(error) = store(context, list, compared, &known).await {
        let what = format!(
            "list {}: which items came or went could not be stored",
            list.key()
        );
        context.database_failed(list.key(), what, &error);
    }
}

/// Logged as it begins, and as it ends.
fn log_limit(list: &MetricList, before: Option<Counted>, now: Counted) {
    let was_over = before.is_some_and(Counted::is_over);
    let (
        key,
        Counted {
            listed,
            watched,
            limit,
        },
    ) = (list.key(), now);
    let items = counted(listed, "item");
    match (was_over, now.is_over()) {
        (false, true) => log::warn!("list {key}: has {items}, and {watched} are watched (limit {limit})"),
        (true, false) => log::info!("list {key}: has {items}, and all are watched again"),
        _ => {}
    }
}

/// What a reading of a list says of its items.
#[derive(Debug, PartialEq)]
struct Compared {
    changes: Vec<ItemChange>,
    /// Those that were missing before, and are.
    missing: Vec<MetricItem>,
    counted: Counted,
    is_relabelled: bool,
}

/// Compares what is known with what was read. While there are too many, those that are known go first, and of the others those whose
/// keys come first.
fn compare(known: &[&MetricItem], read: &Items, limit: usize, may_relabel: bool) -> Compared {
    let by_item: HashMap<&str, &MetricItem> = known.iter().map(|item| (item.item.as_str(), *item)).collect();
    let listed = |key: &str, label: &str| ItemChange::Listed {
        item: key.to_owned(),
        label: label.to_owned(),
    };
    let (mut changes, mut missing, mut new) = (Vec::new(), Vec::new(), Vec::new());
    let (mut watched, mut is_relabelled) = (0, false);
    for item in read.all() {
        let Some(known) = by_item.get(item.key.as_str()) else {
            new.push(item);
            continue;
        };
        watched += 1;
        let is_relabelled_now = may_relabel && known.label != item.label;
        is_relabelled |= is_relabelled_now;
        if is_relabelled_now || known.missing_since.is_some() {
            changes.push(listed(&item.key, &item.label));
        }
    }
    new.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    // One that is missing may come back, so it has its place still.
    new.truncate(limit.saturating_sub(known.len()));
    watched += new.len();
    changes.extend(new.into_iter().map(|item| listed(&item.key, &item.label)));
    for item in known.iter().filter(|item| read.get(&item.item).is_none()) {
        match item.missing_since {
            None => changes.push(ItemChange::Missing(item.key.clone())),
            Some(_) => missing.push(MetricItem::clone(item)),
        }
    }
    Compared {
        changes,
        missing,
        counted: Counted {
            listed: read.all().len(),
            watched,
            limit,
        },
        is_relabelled,
    }
}

/// Stores what changed, in short transactions, and hands it on.
async fn store(
    context: &Arc<Context>,
    list: &MetricList,
    compared: Compared,
    known: &[&MetricItem],
) -> Result<(), DbError> {
    let Compared {
        mut changes, missing, ..
    } = compared;
    let mut gone = 0;
    if !missing.is_empty() {
        let (history, no_data) = (context.clock_history().await?, list.config().rule.no_data);
        let is_over = |item: &&MetricItem| {
            item.missing_since
                .is_some_and(|since| history.age(since) >= no_data)
        };
        let over: Vec<ItemChange> = missing
            .iter()
            .filter(is_over)
            .map(|item| ItemChange::Gone(item.key.clone()))
            .collect();
        gone = over.len();
        changes.extend(over);
    }
    if changes.is_empty() {
        return Ok(());
    }
    log_changes(list, &changes, known);
    let at = context.clock.wall().naive_utc();
    for some in changes.chunks(BATCH) {
        let (key, some) = (list.key().clone(), some.to_vec());
        let apply = move |conn: &mut Conn| metric_items::apply(conn, &key, &some, at);
        context.db.write(apply).await?;
    }
    if gone > 0 {
        let (key, most) = (list.key().clone(), BATCH as i64);
        let forget = move |conn: &mut Conn| metric_items::forget_all_but(conn, &key, KEEP, most);
        context.db.write(forget).await?;
    }
    context.items_changed.notify_one();
    Ok(())
}

/// One line, however many there are.
fn log_changes(list: &MetricList, changes: &[ItemChange], known: &[&MetricItem]) {
    let is_known = |item: &str| known.iter().any(|known| known.item == item);
    let (mut came, mut again, mut missing, mut gone) = (0, 0, 0, 0);
    for change in changes {
        *match change {
            ItemChange::Listed { item, .. } if is_known(item) => &mut again,
            ItemChange::Listed { .. } => &mut came,
            ItemChange::Missing(_) => &mut missing,
            ItemChange::Gone(_) => &mut gone,
        } += 1;
    }
    let parts = [
        (came, "came"),
        (again, "there again or relabelled"),
        (missing, "missing"),
        (gone, "gone"),
    ];
    let parts = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"));
    log::info!(
        "list {}: items: {}",
        list.key(),
        parts.collect::<Vec<_>>().join(", ")
    );
}
