//! Whether what was done with goods is anchored yet: asked anew each time that an answer is given.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::changes::patience;
use crate::finality::Fate;
use crate::idempotency::Answer;
use crate::problem::Problem;
use crate::shared::Shared;

/// What is told of an event that goods moved by.
pub(super) trait Anchored: Serialize + DeserializeOwned {
    /// Identifiers of the events that recorded it.
    fn event_ids(&self) -> Vec<&str>;

    /// Says that all of them are final, the last in the block of this height.
    fn set_final(&mut self, block: u64);
}

/// Answers with what was kept, and whether it is final by now; waits for that as long as a change of state does. A
/// refusal is answered as it was kept.
pub(super) async fn respond<T: Anchored>(shared: &Shared, kept: Answer) -> Result<HttpResponse, Problem> {
    let status = StatusCode::from_u16(kept.status()).map_err(Problem::internal)?;
    if !status.is_success() {
        return Ok(kept.respond());
    }
    let mut told: T = serde_json::from_slice(kept.body()).map_err(Problem::internal)?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let found = store::event_identity::find(&mut conn, &told.event_ids()).await?;
    drop(conn);
    if found.len() < told.event_ids().len() {
        return Err(Problem::internal("goods were answered whose events are not stored"));
    }
    let events: Vec<_> = found.into_iter().map(|one| (one.event_seq, one.captured_at)).collect();
    if let Fate::Final { height, .. } = shared.finality.wait_events(&events, patience(shared)).await {
        told.set_final(height.0);
    }
    Ok(Answer::json(status, &told)?.respond())
}
