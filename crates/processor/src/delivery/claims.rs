//! Claiming what is due, for all lanes in one transaction.

use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::deliveries::{Claim, Turns};
use monitor_model::{Conn, DbError, deliveries};

use super::leases::LEASE;
use crate::context::{Context, ago};
use crate::outbox::{Batch, message_id};

/// What a lane can take on.
pub(super) struct ClaimRequest {
    /// The index of the lane.
    pub(super) lane: usize,
    pub(super) name: String,
    pub(super) free: usize,
    pub(super) digest: Option<Duration>,
    pub(super) turns: Turns,
}

/// What was claimed.
#[derive(Default)]
pub(super) struct Claimed {
    /// Each with the index of its lane.
    pub(super) batches: Vec<(usize, Batch)>,
    /// When one of those can be sent something again to whom nothing goes just now.
    pub(super) quiet_until: Option<NaiveDateTime>,
}

/// Claims what is requested, but nothing of `in_flight`.
pub(super) async fn claim(
    context: &Context,
    mut requests: Vec<ClaimRequest>,
    in_flight: Vec<i64>,
    now: NaiveDateTime,
) -> Result<Claimed, DbError> {
    let worker = context.worker();
    let claim_all = move |conn: &mut Conn| {
        let mut claimed = Claimed::default();
        for request in &mut requests {
            if let Some(every) = request.digest {
                let notified = deliveries::recently_notified(conn, &request.name, ago(now, every), now)?;
                let again = notified.iter().filter_map(|(_, at)| at.map(|at| at + every));
                claimed.quiet_until = claimed.quiet_until.into_iter().chain(again).min();
                let quiet = notified.into_iter().map(|(to, _)| (to, 0));
                request.turns.to.extend(quiet);
            }
            let claim = Claim {
                lane: &request.name,
                worker: &worker,
                now,
                lease_until: now + LEASE,
                limit: i64::try_from(request.free).unwrap_or(i64::MAX),
                in_flight: &in_flight,
                turns: &request.turns,
            };
            let groups = match request.digest {
                None => {
                    let each = deliveries::claim(conn, &claim)?.into_iter();
                    each.map(|one| vec![one]).collect()
                }
                // The Message-ID of a digest is made where it is claimed: a repeat of it has the same.
                Some(_) => deliveries::claim_groups(conn, &claim, || message_id("digest"))?,
            };
            let batches = groups.into_iter().filter_map(Batch::of);
            claimed.batches.extend(batches.map(|batch| (request.lane, batch)));
        }
        Ok(claimed)
    };
    context.db.write(claim_all).await
}
