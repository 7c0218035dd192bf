//! `monitor try metric` of a list: its items, each of which is a metric.

use anyhow::anyhow;
use monitor_domain::{Number, SharedClock, counted, timeout};
use monitor_processor::{Metric, MetricList};
use monitor_settings::Settings;
use monitor_upstream::{Items, Tick, Upstreams};
use monitor_worker::{Exit, Program};

use super::PATIENCE;
use super::words::{more, row};

/// Items that are shown.
const LISTED: usize = 100;

/// The list of this key, or the one that has an item of it.
pub(super) fn find(program: &Program, settings: &Settings, key: &str) -> Result<Option<MetricList>, Exit> {
    let list = key.split_once('.').map_or(key, |(list, _)| list);
    let lists = program.lists(settings)?.into_iter();
    Ok(lists.into_iter().find(|known| known.config().key == *list))
}

/// Shows all items: key, label and number of each.
pub(super) async fn show(list: &MetricList, upstreams: &Upstreams, clock: &SharedClock) -> Result<(), Exit> {
    let config = list.config();
    row("list", &format!("{}: {}", config.key, config.title));
    row("read from", &format!("system {}", list.fetch().system));
    row("rule", &format!("of each item: {}", config.rule.describe()));
    let items = read(list, upstreams, clock).await.map_err(|why| {
        row("items", &format!("cannot be read: {why}"));
        Exit::Failed(anyhow!("list {} cannot be read", config.key))
    })?;
    let (there, limit) = (items.all().len(), list.limit());
    let watched = match there > limit {
        true => format!("; {limit} are watched (for_each.limit)"),
        false => String::new(),
    };
    row("items", &format!("{}{watched}", counted(there, "item")));
    for item in items.all().iter().take(LISTED) {
        let number = match list.fetch().number_of(item) {
            Ok(number) => format!("{} {}", Number(number), config.unit),
            Err(error) => format!("cannot be read: {error}"),
        };
        let key = config.key.of_item(&item.key);
        more(&format!("{key} ({}): {}", item.label, number.trim_end()));
    }
    if there > LISTED {
        more(&format!("and {} more", there - LISTED));
    }
    row("one item", &format!("monitor try metric {}.ITEM", config.key));
    Ok(())
}

/// The metric that one item is, as it stands in the list now.
pub(super) async fn item(
    list: &MetricList,
    upstreams: &Upstreams,
    clock: &SharedClock,
    key: &str,
) -> Result<Box<dyn Metric>, Exit> {
    let config = list.config();
    let items = read(list, upstreams, clock).await;
    let items = items.map_err(|why| Exit::Failed(anyhow!("list {} cannot be read: {why}", config.key)))?;
    let found = items
        .all()
        .iter()
        .find(|item| config.key.of_item(&item.key) == key);
    let found = found.ok_or_else(|| {
        let there = counted(items.all().len(), "item");
        Exit::Usage(format!(
            "error: the list {} has {there}, and none is {key}; monitor try metric {} shows them",
            config.key, config.key
        ))
    })?;
    Ok(list.item(&found.key, &found.label))
}

async fn read(
    list: &MetricList,
    upstreams: &Upstreams,
    clock: &SharedClock,
) -> Result<std::sync::Arc<Items>, String> {
    match timeout(&**clock, PATIENCE, list.read(upstreams, &Tick::default())).await {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(late) => Err(late.to_string()),
    }
}
