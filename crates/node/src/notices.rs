//! Shipment notices: what a consignee is told, with proofs, and what is made of it there.

mod incoming;
mod outgoing;

use ledger::{OrganisationId, SigningKey};
use std::sync::Arc;
use store::PgPool;
use uuid::Uuid;

use crate::chain::Chain;
use crate::config::Clock;

/// Kind of a shipment notice in `message_out` and `message_in`.
pub const KIND_NOTICE: i16 = 3;

/// Writes and reads shipment notices.
pub struct Notices {
    /// The database.
    pub pool: PgPool,
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// The state after the last block.
    pub chain: Arc<Chain>,
    /// The node's clock.
    pub clock: Clock,
}

/// Id of one page of a notice, the same however often it is sent.
pub fn page_id(notice: [u8; 16], page: u16) -> Uuid {
    let mut bytes = notice;
    let [high, low] = page.to_be_bytes();
    bytes[14] ^= high;
    bytes[15] ^= low;
    Uuid::from_bytes(bytes)
}

/// Secret that pads this organisation's batches, drawn from its key: the same after a restart.
pub fn padding_secret(key: &SigningKey) -> [u8; 32] {
    ledger::hash::TaggedHasher::new(ledger::tags::PADDING_SECRET).fixed(&key.secret().to_bytes()).finish().0
}
