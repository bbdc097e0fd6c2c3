//! The events of one delivery.

use std::sync::Arc;

use epcis::query::EventQuery;
use store::event::StoredEvent;
use store::{PgConnection, PgPool};

use crate::limits::DELIVERY_BYTES_MAX;

/// What is listened to: a query, as one client may ask it.
#[derive(Debug, Clone)]
pub struct Interest {
    /// The query.
    pub query: Arc<EventQuery>,
    /// GLN that the client is bound to.
    pub site: Option<String>,
}

/// Some events that came, in the order of their capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The events; there may be none.
    pub events: Vec<StoredEvent>,
    /// Every event of the query after the one asked for and up to this one is among them.
    pub through_seq: u64,
    /// Whether there was none beyond them when they were read.
    pub is_last: bool,
}

impl Interest {
    /// The events after one, up to another, as many as fit into a delivery. Runs in a transaction of the caller. They are
    /// read in steps that double, so that no more than a few that are large are in memory for nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn batch(
        &self,
        conn: &mut PgConnection,
        after_seq: u64,
        horizon: u64,
        events_max: u32,
    ) -> Result<Batch, store::Error> {
        let (one_more, site) = (events_max.saturating_add(1), self.site.as_deref());
        let (mut found, mut bytes, mut after) = (Vec::new(), 0, after_seq);
        for step in (2..).map(|doublings| 1_u32 << doublings.min(16)) {
            let have = u32::try_from(found.len()).unwrap_or(u32::MAX);
            let limit = step.min(one_more.saturating_sub(have));
            let part = store::event::arrived(conn, &self.query, site, after, horizon, limit).await?;
            after = part.last().map_or(after, |last| last.seq);
            bytes += part.iter().map(|event| event.body.len()).sum::<usize>();
            let is_all = part.len() < limit as usize;
            found.extend(part);
            if is_all || found.len() >= one_more as usize || bytes > DELIVERY_BYTES_MAX {
                break;
            }
        }
        Ok(cut(found, after_seq.max(horizon), events_max))
    }

    /// As [`Interest::batch`], in a transaction of its own, up to what is there now.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next(&self, pool: &PgPool, after_seq: u64, events_max: u32) -> Result<Batch, store::Error> {
        let interest = self.clone();
        store::tx(pool, "read_arrivals", move |conn| {
            let interest = interest.clone();
            Box::pin(async move {
                let horizon = store::event::horizon(conn).await?;
                interest.batch(conn, after_seq, horizon, events_max).await
            })
        })
        .await
    }
}

/// The first events that fit; one always does.
fn cut(mut found: Vec<StoredEvent>, horizon: u64, events_max: u32) -> Batch {
    let mut bytes = 0_usize;
    let fitting = found.iter().take(events_max as usize).take_while(|event| {
        let first = bytes == 0;
        bytes = bytes.saturating_add(event.body.len());
        first || bytes <= DELIVERY_BYTES_MAX
    });
    let kept = fitting.count();
    let is_last = kept == found.len();
    found.truncate(kept);
    let through_seq = found.last().filter(|_| !is_last).map_or(horizon, |last| last.seq);
    Batch { events: found, through_seq, is_last }
}

#[cfg(test)]
mod tests {
    use store::event::EventType;
    use time::OffsetDateTime;

    use super::*;

    fn event(seq: u64, bytes: usize) -> StoredEvent {
        StoredEvent {
            seq,
            captured_at: OffsetDateTime::UNIX_EPOCH,
            event_id: seq.to_string(),
            hash_id: String::new(),
            event_type: EventType::Object,
            event_time: OffsetDateTime::UNIX_EPOCH,
            body: "x".repeat(bytes),
            salt: [0; 32],
            commitment: [0; 32],
            capture_id: None,
            anchor: None,
        }
    }

    fn shape(batch: &Batch) -> (usize, u64, bool) {
        (batch.events.len(), batch.through_seq, batch.is_last)
    }

    #[test]
    fn a_batch_ends_at_its_bounds_and_says_how_far_it_goes() {
        assert_eq!(shape(&cut(Vec::new(), 9, 2)), (0, 9, true));
        assert_eq!(shape(&cut(vec![event(3, 1), event(5, 1)], 9, 2)), (2, 9, true));
        assert_eq!(shape(&cut(vec![event(3, 1), event(5, 1), event(6, 1)], 9, 2)), (2, 5, false));
        let large = DELIVERY_BYTES_MAX + 1;
        assert_eq!(shape(&cut(vec![event(3, large), event(5, 1)], 9, 2)), (1, 3, false));
        assert_eq!(shape(&cut(vec![event(3, 1), event(5, large)], 9, 2)), (1, 3, false));
        assert_eq!(shape(&cut(vec![event(3, large)], 9, 2)), (1, 9, true));
    }
}
