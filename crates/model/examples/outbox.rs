//! An outbox in a file: what was committed is sent, also by a process that starts after this one died.
//!
//! `cargo run -p monitor-model --example outbox -- sqlite:/tmp/outbox.db`

use chrono::{Duration, Utc};
use monitor_model::{Db, DbError, DbOptions, NewDelivery, deliveries, realtime, stored};

#[tokio::main]
async fn main() -> Result<(), DbError> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "sqlite:outbox.db".to_owned());
    let db = Db::open(&DbOptions::new(url)).await?;
    db.migrate().await?;

    // One transaction: the reading is stored with the notification about it, or neither is.
    let now = stored(Utc::now());
    db.write(move |c| {
        realtime::record_value(c, "x", 131.0, now)?;
        let mail = NewDelivery {
            alert_id: None,
            record_id: None,
            incident_id: None,
            lane: "mail".to_owned(),
            event: "alert".to_owned(),
            recipient: "ops@example.com".to_owned(),
            dedupe_key: format!("x/{now}"),
            message_id: format!("x.{}@monitor.example", now.and_utc().timestamp_micros()),
            payload: r#"{"text":"x rose to 131"}"#.to_owned(),
            next_at: now,
            created_at: now,
            urgency: 0,
        };
        deliveries::enqueue(c, &[mail])
    })
    .await?;

    // A claim is a short transaction; the sending is outside of any.
    let lease = now + Duration::seconds(30);
    let claimed = db
        .write(move |c| {
            deliveries::claim(
                c,
                &deliveries::Claim {
                    lane: "mail",
                    worker: "example",
                    now,
                    lease_until: lease,
                    limit: 10,
                    in_flight: &[],
                    turns: &monitor_model::deliveries::Turns::default(),
                },
            )
        })
        .await?;
    for delivery in claimed {
        let (id, attempt, at) = (delivery.id, delivery.attempt, stored(Utc::now()));
        let ours = db
            .write(move |c| deliveries::mark_sent(c, id, attempt, at))
            .await?;
        log::info!("sent {} to {}: {ours}", delivery.payload, delivery.recipient);
    }
    db.close().await;
    Ok(())
}
