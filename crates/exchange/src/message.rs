//! What organisations tell each other, and the bytes it travels as.
//!
//! | kind | message | who waits for it |
//! |---|---|---|
//! | 1 | [`Message::Batch`] | the proposers' mempools; best effort |
//! | 2 | [`Message::Wake`] | the paced consensus loop; best effort, the latest replaces earlier ones |
//! | 3 | [`Message::ShipmentNotice`] | the consignee; stored until acknowledged |
//! | 4 | [`Message::Alert`] | the owner of the product; stored until acknowledged |
//!
//! Kinds 5 and up are free. A peer answers a kind it does not know with [`Reply::Refused`] and
//! the code [`UNSUPPORTED`], so that a newer sender can tell and keep the message.

mod alert;
mod notice;
mod reply;

use bytes::Bytes;
use ledger::Height;
use ledger::codec::Canonical;

pub use self::alert::Alert;
pub use self::notice::{DisclosedEvent, Shipment, ShipmentNotice};
pub use self::reply::{MALFORMED, Reply, UNSUPPORTED};
use crate::limits::{BATCH_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::wire::{self, MessageError};

const BATCH: u8 = 1;
const WAKE: u8 = 2;
const SHIPMENT_NOTICE: u8 = 3;
const ALERT: u8 = 4;

/// One message from one organisation's node to another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A signed batch in the ledger's canonical bytes, for every validator's mempool.
    Batch(Bytes),
    /// There is work: the next block is worth proposing at once.
    Wake {
        /// The height at which the sender has work.
        height: Height,
    },
    /// Goods are on their way; a page of what happened to them so far.
    ShipmentNotice(ShipmentNotice),
    /// Something happened to a pack that its owner has to know of.
    Alert(Alert),
}

impl Message {
    /// The kind's name in logs and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Batch(_) => "batch",
            Self::Wake { .. } => "wake",
            Self::ShipmentNotice(_) => "shipment_notice",
            Self::Alert(_) => "alert",
        }
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`MessageError::TooLarge`] when a field, or the whole, breaks its bound; [`MessageError::Pages`]
    /// for a page that is not within its notice.
    pub fn encode(&self) -> Result<Bytes, MessageError> {
        let writer = match self {
            Self::Batch(batch) => {
                let mut writer = wire::begin(BATCH, batch.len().saturating_add(4));
                wire::put(&mut writer, "batch", batch, BATCH_BYTES_MAX)?;
                writer
            }
            Self::Wake { height } => {
                let mut writer = wire::begin(WAKE, 8);
                height.0.write(&mut writer);
                writer
            }
            Self::ShipmentNotice(notice) => {
                let mut writer = wire::begin(SHIPMENT_NOTICE, notice.encoded_bytes());
                notice.write(&mut writer)?;
                writer
            }
            Self::Alert(alert) => {
                let mut writer = wire::begin(ALERT, 256);
                alert.write(&mut writer)?;
                writer
            }
        };
        wire::finish(writer, MESSAGE_BYTES_MAX)
    }

    /// Reads one message that must fill `input`. Large contents are shared with `input`, not copied.
    ///
    /// # Errors
    /// [`MessageError`] naming the first thing that is wrong.
    pub fn decode(input: &Bytes) -> Result<Self, MessageError> {
        let (kind, mut reader) = wire::open(input, MESSAGE_BYTES_MAX)?;
        let message = match kind {
            BATCH => Self::Batch(input.slice_ref(reader.var("batch", BATCH_BYTES_MAX as usize)?)),
            WAKE => Self::Wake { height: Height(u64::read(&mut reader)?) },
            SHIPMENT_NOTICE => Self::ShipmentNotice(ShipmentNotice::read(&mut reader, input)?),
            ALERT => Self::Alert(Alert::read(&mut reader)?),
            other => return Err(MessageError::Kind(other)),
        };
        reader.finish()?;
        Ok(message)
    }
}
