//! What the database knows of a metric, which is left as it is.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_domain::counted;
use monitor_model::{
    Alert, AlertKind, Conn, DbError, Evaluation, Inspected, MetricState, alerts, evaluations, inspect,
    states, utc,
};
use monitor_processor::{HistoryQuery, Metric, history};
use monitor_rules::{History, Lifetime, State};
use monitor_settings::Settings;

/// Evaluations that are shown.
const TRAIL: i64 = 10;
/// Alerts among which the last breach is searched for: those of missing data are between them.
const ALERTS: i64 = 100;

/// What is known of a metric.
#[derive(Default)]
pub(super) struct Stored {
    /// Whether the database was read.
    pub(super) is_known: bool,
    /// Why less is known than there may be.
    pub(super) remark: Option<String>,
    /// What the next reading is judged against.
    pub(super) state: State,
    /// What its rule needs to know besides.
    pub(super) history: History,
    /// The state's row.
    pub(super) row: Option<MetricState>,
    /// The latest evaluations, newest first.
    pub(super) evaluations: Vec<Evaluation>,
    /// The latest alert about a breach.
    alert: Option<Alert>,
}

/// Looks it up, for a reading at `at`. Where there is nothing to inspect at, it is as for a new metric, and the remark says so: what the metric
/// reads now is worth knowing all the same.
pub(super) async fn look_up(settings: &Settings, metric: &dyn Metric, at: DateTime<Utc>) -> Stored {
    let config = metric.config();
    let kind = match config.rule.condition.lifetime() {
        Lifetime::Event => AlertKind::Event,
        Lifetime::Level | Lifetime::Never => AlertKind::Level,
    };
    let no_data_of = |key: &str| {
        let other = settings.metrics.iter().find(|other| other.key == *key)?;
        Some(other.rule.no_data)
    };
    let query = HistoryQuery::of(&config.key, &config.rule, config.interval, no_data_of);
    let options = settings.database.options();
    let without = |why: String| Stored {
        remark: Some(format!("judged as a new metric: {why}")),
        ..Stored::default()
    };
    match inspect(&options, move |c| load(c, &query, kind, at)).await {
        Ok(Inspected::Found(stored)) => stored,
        Ok(Inspected::Nowhere) => without("there is no database yet".to_owned()),
        Ok(Inspected::Behind(missing)) => without(format!(
            "the database is not migrated ({} to go)",
            counted(missing.len(), "migration")
        )),
        Err(error) => without(format!("the database cannot be read: {error}")),
    }
}

fn load(c: &mut Conn, query: &HistoryQuery, kind: AlertKind, at: DateTime<Utc>) -> Result<Stored, DbError> {
    let key = query.key.as_str();
    let row = states::load(c, key)?;
    let filter = alerts::Filter {
        key: Some(key.to_owned()),
        ..alerts::Filter::default()
    };
    let alert = alerts::page(c, &filter, ALERTS)?
        .into_iter()
        .find(|alert| alert.kind == kind);
    let (state, remark) = match row.as_ref().map(|row| serde_json::from_str(&row.state)) {
        None => (State::default(), None),
        Some(Ok(state)) => (state, None),
        // As the worker does.
        Some(Err(error)) => {
            let why = format!("the stored rule state cannot be read, so it starts afresh: {error}");
            (State::default(), Some(why))
        }
    };
    Ok(Stored {
        is_known: true,
        remark,
        state,
        history: history(c, query, at)?,
        row,
        evaluations: evaluations::of(c, key, TRAIL)?,
        alert,
    })
}

impl Stored {
    /// Time since it was judged, as a worker that starts now would have it: of an evaluation by another process the wall
    /// clock tells, for no more than one interval.
    pub(super) fn elapsed(&self, now: DateTime<Utc>, interval: Duration) -> Duration {
        let updated: Option<NaiveDateTime> = self.row.as_ref().map(|row| row.updated_at);
        updated
            .and_then(|updated| (now - utc(updated)).to_std().ok())
            .unwrap_or_default()
            .min(interval)
    }

    /// When the value last alerted on was.
    pub(super) fn alerted_at(&self) -> Option<DateTime<Utc>> {
        let alert = self.alert.as_ref()?;
        (alert.value == self.state.last_alerted()).then(|| utc(alert.opened_at))
    }

    /// What the value was before the breach that is open.
    pub(super) fn before_the_breach(&self) -> Option<f64> {
        let alert = self.alert.as_ref()?;
        alert.resolved_at.is_none().then_some(alert.previous).flatten()
    }
}
