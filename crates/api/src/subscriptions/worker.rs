//! The delivery worker: takes subscriptions whose turn it is, several at once, and has them delivered.
//!
//! Many processes may do so on one database: each leases the rows it works on. What a process that died had begun is
//! delivered again, the same events under the same id, when its lease is over; one that stops gives its leases back.

use std::sync::Arc;

use store::subscription::Due;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::sender::Sender;
use super::{deliver, needed};
use crate::clock::moment;
use crate::limits::{ARRIVALS_LOOK_EVERY, DELIVERIES_AT_ONCE, DELIVERY_LEASE_MS};
use crate::problem::Problem;
use crate::shared::Shared;

/// Delivers until `stop`.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let sender = match Sender::new(shared.config.webhooks.clone()) {
        Ok(sender) => Arc::new(sender),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "nothing can be delivered");
            return;
        }
    };
    let mut arrivals = shared.subscriptions.arrivals();
    let mut under_way = JoinSet::new();
    while !stop.is_cancelled() {
        let free = DELIVERIES_AT_ONCE.saturating_sub(under_way.len());
        match claim(&shared, free).await {
            Ok((lease, due)) => due.into_iter().for_each(|due| {
                let (shared, sender, stop) = (Arc::clone(&shared), Arc::clone(&sender), stop.clone());
                under_way.spawn(async move { deliver::run(&shared, &sender, &due, lease, &stop).await });
            }),
            Err(problem) => {
                let causes = problem.causes().unwrap_or_default();
                tracing::warn!(problem = problem.kind().name(), causes, "deliveries wait");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = under_way.join_next() => report(ended),
            _ = arrivals.changed() => {}
            () = tokio::time::sleep(ARRIVALS_LOOK_EVERY) => {}
        }
    }
    while let Some(ended) = under_way.join_next().await {
        report(ended);
    }
}

/// A delivery that panicked keeps its lease until that is over.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "a delivery ended by itself");
    }
}

/// Leases as many subscriptions as may be worked on.
async fn claim(shared: &Shared, free: usize) -> Result<(Uuid, Vec<Due>), Problem> {
    let (lease, now_ms) = (shared.new_id(), shared.now_ms());
    let limit = u32::try_from(free).unwrap_or(0);
    if limit == 0 {
        return Ok((lease, Vec::new()));
    }
    let (now, until) = (moment(now_ms), moment(now_ms.saturating_add(DELIVERY_LEASE_MS)));
    let secrets = shared.subscriptions.vault.is_some();
    let due = store::tx(&shared.pool, "claim_subscriptions", move |conn| {
        Box::pin(async move {
            let horizon = store::event::horizon(conn).await?;
            let needed = needed();
            store::subscription::claim(conn, lease, now, until, horizon, &needed, secrets, limit).await
        })
    })
    .await?;
    Ok((lease, due))
}
