//! `monitor try metric` of one whose values are sent: how to send one, and what came last. Nothing is requested of anybody.

use std::net::{IpAddr, SocketAddr};

use monitor_domain::{Number, counted};
use monitor_model::{Conn, DbError, Inspected, PushedValue, inspect, pushed_values, utc};
use monitor_processor::Metric;
use monitor_requests::SecretSource;
use monitor_settings::{PushSettings, Settings};

use super::stored::Stored;
use super::words::{row, time, trail};
use crate::init::say;

/// Shows it. `stored` is what is known of the metric.
pub(super) async fn show(settings: &Settings, metric: &dyn Metric, push: &PushSettings, stored: &Stored) {
    let config = metric.config();
    let unit = match config.unit.as_str() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    let path = format!("/api/v1/metrics/{}/values", config.key);
    row("metric", &format!("{}: {}{unit}", config.key, config.title));
    row(
        "read from",
        &format!("nothing: its values are sent, to POST {path}"),
    );
    row("rule", &config.rule.describe());
    row(
        "to send",
        "this, with an id of its own for each value and the same one to repeat it",
    );
    say(&curl(&format!("{}{path}", address(settings)), &push.token));
    let key = config.key.clone();
    let found = inspect(&settings.database.options(), move |c| received(c, &key)).await;
    let came = match found {
        Ok(Inspected::Found((newest, waiting))) => came(newest.as_ref(), waiting),
        Ok(Inspected::Nowhere) => "not known: there is no database yet".to_owned(),
        Ok(Inspected::Behind(_)) => "not known: the database is not migrated".to_owned(),
        Err(error) => format!("not known: the database cannot be read: {error}"),
    };
    row("received", &came);
    if let Some(remark) = &stored.remark {
        row("database", remark);
    }
    let state = stored.row.as_ref().map(|row| {
        let since = time(row.since.and_utc());
        format!("{} since {since}: {}", row.phase, row.reason)
    });
    row("stored", &state.unwrap_or_else(|| "never judged".to_owned()));
    if stored.is_known {
        trail(&stored.evaluations);
    }
}

fn received(c: &mut Conn, key: &str) -> Result<(Option<PushedValue>, i64), DbError> {
    Ok((pushed_values::newest(c, key)?, pushed_values::waiting_of(c, key)?))
}

fn came(newest: Option<&PushedValue>, waiting: i64) -> String {
    let Some(newest) = newest else {
        return "nothing that is still known".to_owned();
    };
    let (value, at) = (Number(newest.value), time(utc(newest.received_at)));
    let last = format!("{value} at {at}, id {}", newest.push_id);
    match newest.judged_at {
        Some(at) => format!("{last}; judged at {}", time(utc(at))),
        None => {
            let wait = counted(usize::try_from(waiting).unwrap_or_default(), "value");
            format!("{last}; to be judged still, {wait} in all: is a worker running?")
        }
    }
}

/// Where the web is reached from here.
fn address(settings: &Settings) -> String {
    let bind = settings.web.bind;
    let here = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], bind.port())),
        _ => bind,
    };
    let own = || format!("http://{here}");
    settings.web.base_url.clone().unwrap_or_else(own)
}

/// A line for a shell, with where the token is to be had in place of the token.
fn curl(url: &str, token: &SecretSource) -> String {
    let token = match token {
        SecretSource::Env(name) => format!("${name}"),
        SecretSource::File(path) => format!("$(cat '{}')", path.display()),
        SecretSource::Plain(_) => "$TOKEN".to_owned(),
    };
    format!(
        "curl -H \"Authorization: Bearer {token}\" -d '{{\"id\": \"order-4711\", \"value\": 3, \"messages\": \
         [{{\"id\": \"m-1\", \"text\": \"Order 4711 is unpaid\"}}]}}' '{url}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_the_token_is_and_not_what_it_is() {
        let line = |source| curl("http://127.0.0.1:8080/api/v1/metrics/w/values", &source);
        let env = line(SecretSource::Env("W_PUSH_TOKEN".to_owned()));
        assert_eq!(
            env,
            "curl -H \"Authorization: Bearer $W_PUSH_TOKEN\" -d '{\"id\": \"order-4711\", \"value\": 3, \"messages\": \
             [{\"id\": \"m-1\", \"text\": \"Order 4711 is unpaid\"}]}' 'http://127.0.0.1:8080/api/v1/metrics/w/values'"
        );
        let file = line(SecretSource::File("/run/secrets/w token".into()));
        assert!(file.contains("Bearer $(cat '/run/secrets/w token')\""), "{file}");
        let plain = line(SecretSource::Plain("hunter2".into()));
        assert!(
            plain.contains("Bearer $TOKEN\"") && !plain.contains("hunter2"),
            "{plain}"
        );
    }
}
