//! Metrics whose key is another one in the config than before: what the database has of them moves to the new key, at a start
//! or before the first cycle by a changed config.

use monitor_domain::MetricKey;
use monitor_model::metric_keys::{self, Renamed};
use monitor_model::{Conn, DbError};

use crate::context::Context;

/// Moves what is left under an old key. One transaction a metric: all of it has the new key, or none of it.
pub(crate) async fn rename_metrics(context: &Context) -> Result<(), DbError> {
    for (from, to) in &context.options.renamed {
        rename_metric(context, from, to).await?;
    }
    Ok(())
}

/// The same for one metric.
pub(super) async fn rename_metric(
    context: &Context,
    from: &MetricKey,
    to: &MetricKey,
) -> Result<(), DbError> {
    let (old, new) = (from.clone(), to.clone());
    let rename = move |conn: &mut Conn| metric_keys::rename(conn, &old, &new);
    report(from, to, context.db.write(rename).await?);
    Ok(())
}

fn report(from: &MetricKey, to: &MetricKey, renamed: Renamed) {
    match renamed {
        Renamed::Nothing => log::debug!("metric {to}: nothing is left of {from}"),
        Renamed::All => log::info!("metric {to}: everything of {from} is its own now"),
        Renamed::Taken => log::warn!(
            "metric {to}: what is stored of {from} stays there: {to} has been read already, and two histories cannot \
             be one. Does another worker still read {from}?"
        ),
    }
}
