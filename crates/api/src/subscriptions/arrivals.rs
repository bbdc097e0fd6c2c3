//! Up to where events are there, for everyone who waits for more; and whether those who wait may still.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Subscriptions, needed};
use crate::limits::{ARRIVALS_LOOK_EVERY, ARRIVALS_PAUSE, SOCKETS_LOOK_EVERY};
use crate::shared::Shared;

impl Subscriptions {
    /// Hears of new events.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.horizon.subscribe()
    }
}

/// Looks for new events, when told of some and now and then by itself, until `stop`.
pub async fn follow(shared: Arc<Shared>, stop: CancellationToken) {
    let mut looked_at_sockets = Instant::now();
    while !stop.is_cancelled() {
        if let Err(error) = look(&shared).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "new events wait to be seen");
        }
        if looked_at_sockets.elapsed() >= SOCKETS_LOOK_EVERY {
            looked_at_sockets = Instant::now();
            if let Err(error) = end_orphans(&shared).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "sockets wait to be looked after");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = shared.subscriptions.wanted.notified() => tokio::time::sleep(ARRIVALS_PAUSE).await,
            () = tokio::time::sleep(ARRIVALS_LOOK_EVERY) => {}
        }
    }
}

async fn look(shared: &Shared) -> Result<(), store::Error> {
    let mut conn = shared.pool.acquire().await?;
    let horizon = store::event::horizon(&mut conn).await?;
    shared.subscriptions.horizon.send_if_modified(|known| std::mem::replace(known, horizon) != horizon);
    Ok(())
}

/// Ends the sockets of queries that are gone, and of keys that are void.
async fn end_orphans(shared: &Shared) -> Result<(), store::Error> {
    let queries = shared.subscriptions.sockets.queries();
    if queries.is_empty() {
        return Ok(());
    }
    let mut conn = shared.pool.acquire().await?;
    let alive = store::named_query::alive(&mut conn, &queries, &needed()).await?;
    let alive: HashSet<_> = alive.into_iter().collect();
    queries.into_iter().filter(|query| !alive.contains(query)).for_each(|query| {
        shared.subscriptions.sockets.end_query(query);
    });
    Ok(())
}
