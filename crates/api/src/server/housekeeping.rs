//! What an API tidies up by itself.

use std::time::Duration;

use actix_web::web;
use tokio_util::sync::CancellationToken;

use super::cli::chain;
use crate::clock::moment;
use crate::intake;
use crate::shared::Shared;

/// How long an answer is kept under its idempotency key: over a night's outage of whoever repeats the request.
pub const ANSWERS_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// How often old answers are removed: often enough that one removal stays short.
const EVERY: Duration = Duration::from_secs(600);

/// Forgets old answers, and keeps the index of events, until told to stop.
pub(super) async fn keep_tidy(shared: web::Data<Shared>, stop: CancellationToken) {
    let mut turns = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(turns.tick()).await.is_some() {
        if let Err(error) = tidy(&shared).await {
            tracing::warn!(error = chain(&error), "old answers stay until the next turn");
        }
        if let Err(problem) = intake::index(&shared.pool, &stop).await {
            let causes = problem.causes().unwrap_or_default();
            tracing::warn!(
                problem = problem.kind().name(),
                causes,
                "the index of events waits for the next turn"
            );
        }
    }
}

/// Forgets answers older than [`ANSWERS_KEPT_MS`]; returns how many.
///
/// # Errors
/// What the store fails with.
pub async fn tidy(shared: &Shared) -> Result<u64, store::Error> {
    let mut conn = shared.pool.acquire().await?;
    let before = moment(shared.now_ms().saturating_sub(ANSWERS_KEPT_MS));
    store::idempotency::purge(&mut conn, before).await
}
