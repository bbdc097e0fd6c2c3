//! What arrives from partners: taken into the mempool or stored, then acknowledged.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Inbox, Message, Reply};
use ledger::OrganisationId;
use store::PgPool;
use store::message_in::InMessage;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::alerts::KIND_ALERT;
use crate::chain::Chain;
use crate::config::Clock;
use crate::error::Error;
use crate::mempool::{self, Mempool, Offer};
use crate::notices::{KIND_NOTICE, page_id};
use crate::time::at_ms;

/// How long a sender waits when the database is away, in milliseconds.
const BUSY_MS: u32 = 1_000;

/// The receiving side.
pub struct NodeInbox {
    /// The state after the last block.
    pub chain: Arc<Chain>,
    /// Batches that wait.
    pub mempool: Arc<Mempool>,
    /// The database.
    pub pool: PgPool,
    /// The node's clock.
    pub clock: Clock,
    /// Wakes the worker on stored messages.
    pub arrived: Arc<Notify>,
}

#[async_trait]
impl Inbox for NodeInbox {
    async fn receive(&self, from: OrganisationId, message: Message) -> Reply {
        match message {
            Message::Batch(bytes) => self.batch(&bytes),
            // The mempool's own news already ends the pause; a wake-up only says that work may come.
            Message::Wake { .. } => Reply::Accepted,
            Message::ShipmentNotice(ref notice) => {
                let id = page_id(notice.id, notice.page);
                self.store(from, id, KIND_NOTICE, &message).await
            }
            Message::Alert(ref alert) => {
                let id = Uuid::from_bytes(alert.id);
                self.store(from, id, KIND_ALERT, &message).await
            }
        }
    }
}

impl NodeInbox {
    fn batch(&self, bytes: &[u8]) -> Reply {
        let Some(signed) = mempool::decode(bytes) else {
            return Reply::refused("malformed", "these bytes are no batch");
        };
        match self.mempool.offer(&self.chain.state(), signed, bytes.len()) {
            Offer::Taken => Reply::Accepted,
            Offer::Known => Reply::Duplicate,
            Offer::Full => Reply::Busy { retry_after_ms: BUSY_MS },
            Offer::Invalid => Reply::refused("invalid", "no block could include this batch"),
        }
    }

    async fn store(&self, from: OrganisationId, id: Uuid, kind: i16, message: &Message) -> Reply {
        let Ok(payload) = message.encode() else {
            return Reply::refused("malformed", "the message breaks a bound");
        };
        let row = InMessage {
            id,
            kind,
            sender: from.0,
            payload: payload.to_vec(),
            received_at: at_ms((self.clock)()),
        };
        let row = Arc::new(row);
        let stored = store::tx(&self.pool, "receive_message", move |conn| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(store::message_in::insert(conn, &row).await?) })
        });
        match stored.await {
            Ok(true) => {
                self.arrived.notify_one();
                Reply::Accepted
            }
            Ok(false) => Reply::Duplicate,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a message could not be stored");
                Reply::Busy { retry_after_ms: BUSY_MS }
            }
        }
    }
}
